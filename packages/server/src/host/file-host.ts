/**
 * Main's side of file storage: all bytes but those of mutations go through here, so the core's thread never waits for them.
 *
 *   upload, action's store ─▶ store.put ─durable─▶ core: `commitFile` ─▶ id
 *   core: `filesDeleted` ─▶ store.delete
 *   the core is ready ─▶ sweep: bytes that no row names are removed
 *
 * Invariants:
 *   - A row is asked for when the bytes are durable; if there will be no row, the bytes go.
 *   - The sweep leaves alone what is under way here, and asks the core about everything else.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { newInternalId, type Limits } from "@narrowcast/values";
import { checkFileSize, FileRefusal, type FileName, type FileStore, type PutRules } from "../engine/file-store.ts";
import type { FileAccount } from "../meter/file-account.ts";
import type { StorageMethod } from "../protocol/action-protocol.ts";
import type { CoreClient } from "./core-client.ts";
import type { DeploymentFiles, Download, Upload, UploadOutcome } from "../protocol/deployment-types.ts";
import { readWhole } from "../engine/file-bytes.ts";
import { SoundFiles } from "./sound-files.ts";
import type { SlotPool } from "./slot-pool.ts";

/** Names that the core is asked about at once. */
const SWEEP_NAMES = 500;

/** What the host works with. `client` is asked lazily: it is opened after the host. */
export interface FileHostParts {
  readonly store: FileStore;
  readonly slots: SlotPool;
  readonly limits: Limits;
  client(): CoreClient;
}

/** See the module comment. */
export class FileHost implements DeploymentFiles {
  readonly #parts: FileHostParts;
  readonly #sound = new SoundFiles();
  /** Names whose row may still come. */
  readonly #underWay = new Set<FileName>();
  #isStopped = false;
  /** Nothing is removed before it resolves. */
  #kept: Promise<void> = Promise.resolve();
  #sweeping: Promise<void> = Promise.resolve();
  #removing: Promise<void> = Promise.resolve();

  constructor(parts: FileHostParts) {
    this.#parts = parts;
  }

  async upload({ token, contentType, sha256, size, bytes }: Upload): Promise<UploadOutcome> {
    const verdict = await this.#parts.client().request<"checkUpload">({ type: "checkUpload", token });
    if (verdict !== "good") return tokenRefused(verdict);
    const rules = { bytesMax: this.#parts.limits.fileBytesMax, sha256: sha256 ?? undefined };
    try {
      checkFileSize(size ?? 0, rules);
      return { ok: true, storageId: await this.#take(bytes, contentType, rules) };
    } catch (error) {
      if (!(error instanceof FileRefusal)) throw error;
      return { ok: false, code: error.code, message: error.message };
    }
  }

  async download(uuid: string): Promise<Download | null> {
    const found = await this.#find(uuid, true);
    if (found === null) return null;
    const { name, size, sha256, contentType } = found;
    const read: Download["read"] = async (start, end) =>
      this.#sound.pieces(await this.#open(name), name, found, { start, end }, (bytesOut) =>
        this.#note({ reads: 1, bytesOut }),
      );
    return { size, sha256, contentType, read };
  }

  /** For an action. @returns The id. */
  store(bytes: Uint8Array, contentType: string | null, sha256: Uint8Array | undefined): Promise<string> {
    return this.#take([bytes], contentType, { bytesMax: this.#parts.limits.actionFileBytesMax, sha256 });
  }

  /** For an action. @returns `null` when there is no such file. */
  async read(storageId: string): Promise<{ readonly bytes: Uint8Array; readonly contentType: string | null } | null> {
    const found = await this.#find(storageId, false);
    if (found === null) return null;
    const { name, size, contentType } = found;
    const { actionFileBytesMax } = this.#parts.limits;
    if (size > actionFileBytesMax) {
      throw new Error(`File is too large to be read by an action: it has ${size} bytes (limit: ${actionFileBytesMax})`);
    }
    const bytes = await readWhole(await this.#open(name), name, found);
    this.#note({ reads: 1, bytesOut: size });
    return { bytes, contentType };
  }

  /** For an action: what needs no bytes. @returns JSON text. */
  call(method: StorageMethod, storageId: string): Promise<string> {
    return this.#parts.slots.use((dedupe) =>
      this.#parts.client().request<"storage">({ type: "storage", method, storageId, dedupe }),
    );
  }

  /** Rows of these files are gone for good. */
  discard(names: readonly FileName[]): void {
    this.#removing = this.#removing.then(() => this.#removeAll(names));
  }

  /** Nothing is removed until the returned function is called. */
  keep(): () => void {
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const before = this.#kept;
    this.#kept = before.then(() => held);
    return letGo;
  }

  /** Names of the files that are there. */
  list(): Promise<readonly FileName[]> {
    return this.#parts.store.list();
  }

  /** Whether the deployment is being closed. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Begins to look for bytes that no row names; after every start of the core. */
  sweep(): void {
    if (this.#isStopped) return;
    this.#sweeping = this.#sweeping.then(async () => {
      try {
        await this.#sweepOnce();
      } catch (error) {
        if (!this.#isStopped) console.error("Cannot look for files that nothing names:", error);
      }
    });
  }

  /** Resolves when nothing is being looked for or removed. */
  async settled(): Promise<void> {
    await this.#sweeping;
    await this.#removing;
  }

  /** Begins no sweep any more, and ends the one under way. Deletions that the core still tells of are done; wait for `settled`. */
  stop(): void {
    this.#isStopped = true;
  }

  async #take(
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    contentType: string | null,
    rules: PutRules,
  ): Promise<string> {
    const { store, slots } = this.#parts;
    const name = Buffer.from(newInternalId(randomBytes(14), Date.now())).toString("hex");
    this.#underWay.add(name);
    try {
      const { size, sha256 } = await store.put(name, bytes, rules);
      const facts = { size, sha256: sha256.toString("base64"), contentType };
      this.#note({ stored: 1, bytesIn: size });
      try {
        return await slots.use((dedupe) =>
          this.#parts.client().request<"commitFile">({ type: "commitFile", name, facts, dedupe }),
        );
      } catch (error) {
        // Refused, or the deployment is closing; in the latter case the row may be there. The next sweep knows.
        this.sweep();
        throw error;
      }
    } finally {
      this.#underWay.delete(name);
    }
  }

  #note(note: Partial<FileAccount>): void {
    this.#parts.client().signal({ type: "filesMoved", note });
  }

  async #find(storageId: string, byAddress: boolean) {
    return this.#parts.client().request<"findFile">({ type: "findFile", storageId, byAddress });
  }

  async #open(name: FileName) {
    const file = await this.#parts.store.open(name);
    if (file === undefined) throw new Error(`Cannot read file "${name}": its bytes are missing`);
    return file;
  }

  async #sweepOnce(): Promise<void> {
    const { store } = this.#parts;
    if (this.#isStopped) return;
    await store.removeUnfinished(this.#underWay);
    // Whatever is put from now on is not in this list; what is in it and under way may get its row yet.
    const names = (await store.list()).filter((name) => !this.#underWay.has(name));
    for (let at = 0; at < names.length && !this.#isStopped; at += SWEEP_NAMES) {
      const some = names.slice(at, at + SWEEP_NAMES);
      const loose = await this.#parts.client().request<"looseFiles">({ type: "looseFiles", names: some });
      await this.#removeAll(loose);
    }
  }

  async #removeAll(names: readonly FileName[]): Promise<void> {
    for (const name of names) {
      await this.#kept;
      try {
        await this.#parts.store.delete(name);
      } catch (error) {
        // The next sweep tries again.
        console.error("Cannot remove file", name, error);
      }
    }
  }
}

function tokenRefused(verdict: "invalid" | "expired"): UploadOutcome {
  return verdict === "invalid"
    ? { ok: false, code: "StorageTokenInvalid", message: "Cannot upload: the token of the upload URL is not valid" }
    : {
        ok: false,
        code: "StorageTokenExpired",
        message: "Cannot upload: the upload URL has expired; ask for a new one",
      };
}
