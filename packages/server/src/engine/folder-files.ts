/**
 * Files in a folder, one each.
 *
 *   put: <name>.<writer> written ─▶ synced ─▶ renamed to <name> ─▶ folder synced
 *
 * The rename comes after the sync, so a name never stands for a part of its bytes. Two writers of one process (the main thread, the core)
 * have tags of their own, so that each may tidy up its own unfinished files when it begins.
 *
 * Disk calls that can take long go to the thread pool, which the log shares. So few are there at a time, and large files are synced as they come: a commit
 * must not wait for gigabytes. All go through `LogFs`, so a simulation can cut the power.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { checkFileSha256, checkFileSize } from "./file-store.ts";
import type { FileName, FileStore, OpenFile, PutFacts, PutRules } from "./file-store.ts";
import { nodeLogFs, syncDirectory } from "./log-fs.ts";
import type { LogFs } from "./log-fs.ts";
import { Turns } from "./turns.ts";

/** Of the four threads that Node has for disk calls, those that files may keep busy. */
const CALLS_AT_ONCE = 2;
/** Bytes after which a file that is coming is synced, so that no sync is long. */
const SYNC_BYTES = 8_388_608;
const NAME = /^[0-9a-f]{32}$/;

/** See the module comment. */
export class FolderFiles implements FileStore {
  readonly #folder: string;
  readonly #writer: string;
  readonly #disk: LogFs;
  readonly #turns = new Turns(CALLS_AT_ONCE);
  #made: Promise<void> | undefined;

  /** @param writer Tag of this writer's unfinished files. The folder is made with its first file. */
  constructor(folder: string, writer: string, disk: LogFs = nodeLogFs) {
    this.#folder = folder;
    this.#writer = writer;
    this.#disk = disk;
  }

  async put(
    name: FileName,
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    rules: PutRules,
  ): Promise<PutFacts> {
    await this.#ensureFolder();
    const unfinished = this.#path(`${name}.${this.#writer}`);
    const whole = this.#path(name);
    const fd = this.#disk.open(unfinished, "wx+");
    let place = unfinished;
    try {
      const facts = await this.#fill(fd, pieces, rules);
      this.#disk.rename(unfinished, whole);
      place = whole;
      await this.#turns.take(() => syncDirectory(this.#disk, this.#folder));
      return facts;
    } catch (error) {
      await this.#remove(place);
      throw error;
    }
  }

  async open(name: FileName): Promise<OpenFile | undefined> {
    const disk = this.#disk;
    let fd: number;
    try {
      fd = disk.open(this.#path(name), "r");
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    let isClosed = false;
    let reads = 0;
    const closeIfDone = (): void => {
      // A descriptor must not be closed, and its number given to another file, while a read is under way.
      if (isClosed && reads === 0) disk.close(fd);
    };
    return {
      size: disk.size(fd),
      read: async (position, bytesMax) => {
        if (isClosed) throw new Error(`Cannot read file "${name}": it was closed`);
        const bytes = Buffer.allocUnsafeSlow(bytesMax);
        reads += 1;
        try {
          return bytes.subarray(0, await this.#turns.take(() => disk.readBehind(fd, bytes, position)));
        } finally {
          reads -= 1;
          closeIfDone();
        }
      },
      close: () => {
        if (isClosed) return;
        isClosed = true;
        closeIfDone();
      },
    };
  }

  async delete(name: FileName): Promise<void> {
    await this.#remove(this.#path(name));
  }

  async list(): Promise<readonly FileName[]> {
    return (await this.#names()).filter((name) => NAME.test(name));
  }

  async removeUnfinished(underWay: ReadonlySet<FileName>): Promise<void> {
    for (const file of await this.#names()) {
      const [name = "", writer] = file.split(".");
      if (writer === this.#writer && !underWay.has(name)) await this.#remove(this.#path(file));
    }
  }

  /** Writes, syncs and closes. */
  async #fill(
    fd: number,
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    rules: PutRules,
  ): Promise<PutFacts> {
    const hash = createHash("sha256");
    let size = 0;
    let unsynced = 0;
    try {
      for await (const piece of pieces) {
        checkFileSize(size + piece.length, rules);
        hash.update(piece);
        for (let done = 0; done < piece.length;) {
          const [rest, at] = [piece.subarray(done), size + done];
          const taken = await this.#turns.take(() => this.#disk.writeBehind(fd, rest, at));
          if (taken <= 0) throw new Error("Cannot write file: the disk took no bytes");
          done += taken;
        }
        size += piece.length;
        unsynced += piece.length;
        if (unsynced < SYNC_BYTES) continue;
        await this.#turns.take(() => this.#disk.syncData(fd));
        unsynced = 0;
      }
      const sha256 = hash.digest();
      checkFileSha256(sha256, rules);
      await this.#turns.take(() => this.#disk.sync(fd));
      return { size, sha256 };
    } finally {
      this.#disk.close(fd);
    }
  }

  /** The folder's own name must be durable before a file in it can be. */
  async #ensureFolder(): Promise<void> {
    this.#made ??= (async () => {
      this.#disk.makeDirectory(this.#folder);
      await this.#turns.take(() => syncDirectory(this.#disk, dirname(this.#folder)));
    })();
    try {
      await this.#made;
    } catch (error) {
      this.#made = undefined;
      throw error;
    }
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await this.#turns.take(() => this.#disk.listBehind(this.#folder));
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  async #remove(path: string): Promise<void> {
    try {
      await this.#turns.take(() => this.#disk.unlinkBehind(path));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
