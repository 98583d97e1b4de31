/**
 * A disk in memory that loses power.
 *
 * What was not synced survives a crash sector by sector, at random; names survive in order, up to a random one. That is
 * what real devices with a volatile cache and a journalling file system promise, and no more.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import type { LogFs } from "../log-fs.ts";

const SECTOR_BYTES = 512;

interface SimFile {
  data: Buffer;
  durable: Buffer;
  readonly dirty: Set<number>;
}

type NameChange = (names: Map<string, SimFile>) => void;

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** See the module comment. */
export class SimDisk implements LogFs {
  #names = new Map<string, SimFile>();
  #durableNames = new Map<string, SimFile>();
  #changes: NameChange[] = [];
  readonly #open = new Map<number, SimFile | "directory">();
  readonly #directories = new Set<string>();
  #nextFd = 1_000_000;
  #isForgetful = false;

  makeDirectory(path: string): void {
    this.#directories.add(path);
  }

  list(directory: string): string[] {
    if (!this.#directories.has(directory)) throw failure("ENOENT", directory);
    return [...this.#names.keys()].filter((path) => dirname(path) === directory).map((path) => basename(path));
  }

  async listBehind(directory: string): Promise<string[]> {
    await Promise.resolve();
    return this.list(directory);
  }

  open(path: string, flags: "r" | "r+" | "wx+"): number {
    const fd = this.#nextFd++;
    if (this.#directories.has(path)) {
      this.#open.set(fd, "directory");
      return fd;
    }
    let file = this.#names.get(path);
    if (flags === "wx+") {
      if (file !== undefined) throw failure("EEXIST", path);
      file = { data: Buffer.alloc(0), durable: Buffer.alloc(0), dirty: new Set() };
      const created = file;
      this.#change((names) => names.set(path, created));
    }
    if (file === undefined) throw failure("ENOENT", path);
    this.#open.set(fd, file);
    return fd;
  }

  close(fd: number): void {
    if (!this.#open.delete(fd)) throw failure("EBADF", String(fd));
  }

  size(fd: number): number {
    return this.#file(fd).data.length;
  }

  read(fd: number, into: Uint8Array, position: number): number {
    const { data } = this.#file(fd);
    return data.copy(into, 0, Math.min(position, data.length));
  }

  async readBehind(fd: number, into: Uint8Array, position: number): Promise<number> {
    await Promise.resolve();
    return this.read(fd, into, position);
  }

  write(fd: number, bytes: Uint8Array, position: number): number {
    const file = this.#file(fd);
    const end = position + bytes.length;
    if (end > file.data.length) file.data = Buffer.concat([file.data, Buffer.alloc(end - file.data.length)]);
    file.data.set(bytes, position);
    for (let sector = Math.floor(position / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++)
      file.dirty.add(sector);
    return bytes.length;
  }

  async writeBehind(fd: number, bytes: Uint8Array, position: number): Promise<number> {
    await Promise.resolve();
    return this.write(fd, bytes, position);
  }

  async syncData(fd: number): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    this.syncNow(fd);
  }

  syncDataNow(fd: number): void {
    this.syncNow(fd);
  }

  sync(fd: number): Promise<void> {
    return this.syncData(fd);
  }

  syncNow(fd: number): void {
    const file = this.#open.get(fd);
    if (file === "directory") {
      for (const change of this.#changes.splice(0)) change(this.#durableNames);
      return;
    }
    const target = this.#file(fd);
    if (!this.#isForgetful) keepSectors(target, target.dirty);
    target.dirty.clear();
  }

  /** It has one process only. */
  lock(): undefined {
    return undefined;
  }

  rename(from: string, to: string): void {
    const file = this.#names.get(from);
    if (file === undefined) throw failure("ENOENT", from);
    this.#change((names) => {
      names.delete(from);
      names.set(to, file);
    });
  }

  link(from: string, to: string): void {
    const file = this.#names.get(from);
    if (file === undefined) throw failure("ENOENT", from);
    if (this.#names.has(to)) throw failure("EEXIST", to);
    this.#change((names) => names.set(to, file));
  }

  unlink(path: string): void {
    if (!this.#names.has(path)) throw failure("ENOENT", path);
    this.#change((names) => names.delete(path));
  }

  async unlinkBehind(path: string): Promise<void> {
    await Promise.resolve();
    this.unlink(path);
  }

  /** The disk as it comes back after a power loss now. This one goes on by itself and reaches nobody. */
  crash(random: () => number): SimDisk {
    const names = new Map(this.#durableNames);
    const kept = Math.floor(random() * (this.#changes.length + 1));
    for (const change of this.#changes.slice(0, kept)) change(names);
    return this.#copy(names, (file) => {
      const survivor = { data: file.data, durable: Buffer.from(file.durable), dirty: new Set<number>() };
      const luck = random();
      keepSectors(
        survivor,
        [...file.dirty].filter(() => random() < luck),
      );
      return survivor.durable;
    });
  }

  /** An independent copy of what a process sees now: the state after `kill -9`. */
  fork(): SimDisk {
    return this.#copy(this.#names, (file) => Buffer.from(file.data));
  }

  /** Until `restore`, syncing marks pages clean without writing them: a kernel after a failed sync. */
  forgetful(): { restore(): void } {
    this.#isForgetful = true;
    return {
      restore: () => {
        this.#isForgetful = false;
      },
    };
  }

  /** Bytes of a file; changing them is rot. */
  bytesOf(path: string): Buffer {
    const file = this.#names.get(path);
    if (file === undefined) throw failure("ENOENT", path);
    return file.data;
  }

  /** Replaces a file's content behind the log's back. */
  overwrite(path: string, data: Buffer): void {
    this.#names.set(path, { data, durable: Buffer.from(data), dirty: new Set() });
  }

  /** Number of open descriptors. */
  get openFiles(): number {
    return this.#open.size;
  }

  #copy(names: ReadonlyMap<string, SimFile>, bytesOf: (file: SimFile) => Buffer): SimDisk {
    const copy = new SimDisk();
    for (const directory of this.#directories) copy.makeDirectory(directory);
    const files = new Map<SimFile, SimFile>();
    for (const [path, file] of names) {
      let twin = files.get(file);
      if (twin === undefined) {
        const bytes = bytesOf(file);
        twin = { data: bytes, durable: Buffer.from(bytes), dirty: new Set() };
        files.set(file, twin);
      }
      copy.#names.set(path, twin);
      copy.#durableNames.set(path, twin);
    }
    return copy;
  }

  #change(change: NameChange): void {
    change(this.#names);
    this.#changes.push(change);
  }

  #file(fd: number): SimFile {
    const file = this.#open.get(fd);
    if (file === undefined || file === "directory") throw failure("EBADF", String(fd));
    return file;
  }
}

/** Makes the named sectors of `file` durable. */
function keepSectors(file: SimFile, sectors: Iterable<number>): void {
  const kept = [...sectors];
  const size = kept.reduce((end, sector) => Math.max(end, (sector + 1) * SECTOR_BYTES), file.durable.length);
  const missing = Math.min(size, file.data.length) - file.durable.length;
  if (missing > 0) file.durable = Buffer.concat([file.durable, Buffer.alloc(missing)]);
  for (const sector of kept) {
    const start = sector * SECTOR_BYTES;
    file.data.copy(file.durable, start, start, Math.min(start + SECTOR_BYTES, file.data.length));
  }
}

/** Numbers in [0, 1) from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
