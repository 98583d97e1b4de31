/**
 * The core's side of file storage: rows, addresses, tokens. Bytes are main's (`file-host.ts`), but for the files of mutations.
 *
 *   commit that deletes a row ──durable──▶ `filesDeleted` ──▶ main removes the bytes
 *
 * Invariants:
 *   - Main is told of a deletion only when it is durable, as of everything (`durable-outbox.ts`).
 *   - Bytes that a mutation put and whose row did not come to be are removed after it.
 *
 * @module
 */
import { newInternalId } from "@narrowcast/values";
import type { FileStore } from "../engine/file-store.ts";
import type { Commit, Transaction } from "../tx/types.ts";
import type { Core } from "./core.ts";
import type { CoreReplies, FileRequest, StoredFile } from "../protocol/core-protocol.ts";
import { FILE_SECRET_BYTES, FileAddresses, fileNameOf, uploadUrl } from "../functions/file-addresses.ts";
import { readWhole } from "../engine/file-bytes.ts";
import {
  deleteFile,
  factsOf,
  fileMetadata,
  fileUrl,
  findFile,
  insertFile,
  STORAGE_TABLE,
  type FileScope,
} from "../functions/file-rows.ts";
import { findOutcome, recordOutcome } from "./sessions.ts";
import { readRows } from "../functions/system-rows.ts";
import type { RunFiles } from "../functions/execute-types.ts";

const SECRETS_TABLE = "_secrets";
const SECRET_NAME = "files";
const SOURCE = "_system/storage";

/** See the module comment. */
export class CoreFiles implements RunFiles {
  readonly #core: Core;
  readonly #store: FileStore;
  #addresses: FileAddresses | undefined;

  constructor(core: Core, store: FileStore) {
    this.#core = core;
    this.#store = store;
  }

  /** Reads the secret, or makes that of a new deployment. */
  open(): void {
    const core = this.#core;
    this.#addresses = new FileAddresses(core.read(readSecret) ?? core.write(SOURCE, (tx) => this.#makeSecret(tx)));
  }

  get addresses(): FileAddresses {
    if (this.#addresses === undefined) throw new Error("Cannot use files: they are not open yet");
    return this.#addresses;
  }

  async put(bytes: Uint8Array, sha256: Uint8Array | undefined): ReturnType<RunFiles["put"]> {
    const { options, clock, limits } = this.#core;
    const name = Buffer.from(newInternalId(options.random.bytes(14), clock.nowMs())).toString("hex");
    try {
      const facts = await this.#store.put(name, [bytes], { bytesMax: limits.fileBytesMax, sha256 });
      this.#core.meter?.filesMoved({ stored: 1, bytesIn: facts.size });
      return { name, size: facts.size, sha256: facts.sha256.toString("base64") };
    } finally {
      // Comes after the mutation that is under way.
      this.#core.enqueue(() => this.#removeIfLoose(name));
    }
  }

  async read(id: string): Promise<Uint8Array> {
    const name = fileNameOf(id);
    const file = await this.#store.open(name);
    if (file === undefined) throw new Error(`Cannot read file "${name}": its bytes are missing`);
    this.#core.meter?.filesMoved({ reads: 1, bytesOut: file.size });
    return readWhole(file, name);
  }

  /** Tells main of bytes that no row names any more. */
  noteCommit({ changes }: Commit): void {
    const deleted = changes.filter(({ table, after }) => table === STORAGE_TABLE && after === undefined);
    if (deleted.length > 0) this.#core.say({ type: "filesDeleted", names: deleted.map(({ id }) => fileNameOf(id)) });
  }

  /** What main asks. */
  answer(message: FileRequest): CoreReplies[FileRequest["type"]] {
    const core = this.#core;
    switch (message.type) {
      case "storage":
        return this.#call(message);
      case "findFile":
        return core.read((tx) => this.#find(tx, message.storageId, message.byAddress));
      case "checkUpload":
        return this.addresses.checkToken(message.token, core.clock.nowMs());
      case "commitFile":
        return this.#once(message, (tx) => insertFile(tx, message.name, message.facts));
      default:
        return core.read((tx) => message.names.filter((name) => !hasRow(tx, name)));
    }
  }

  #call(message: Extract<FileRequest, { type: "storage" }>): string {
    const { options, clock, limits } = this.#core;
    const { cloudUrl } = options.start;
    const read = (work: (scope: FileScope) => unknown): string =>
      JSON.stringify(this.#core.read((tx) => work({ tx, addresses: this.addresses })));
    switch (message.method) {
      case "getUrl":
        return read((scope) => fileUrl(scope, message.storageId, cloudUrl));
      case "getMetadata":
        return read((scope) => fileMetadata(scope, message.storageId));
      case "generateUploadUrl":
        return JSON.stringify(
          uploadUrl(cloudUrl, this.addresses.tokenUntil(Math.floor(clock.nowMs()) + limits.uploadUrlMs)),
        );
      default:
        return this.#once(message, (tx) => {
          deleteFile({ tx, addresses: this.addresses }, message.storageId);
          return "null";
        });
    }
  }

  /** Does `work` in a transaction that a second message with the same key does not repeat. */
  #once(
    { dedupe }: Pick<Extract<FileRequest, { type: "commitFile" }>, "dedupe">,
    work: (tx: Transaction) => string,
  ): string {
    const core = this.#core;
    return core.write(SOURCE, (tx) => {
      const earlier = findOutcome(tx, dedupe);
      if (earlier !== undefined) return earlier.value;
      const value = work(tx);
      recordOutcome(tx, dedupe, { value, logLines: [], ts: core.promiseTs(tx) });
      return value;
    });
  }

  #find(tx: Transaction, storageId: string, byAddress: boolean): StoredFile | null {
    // A URL holds the secret name; who has only the id must not get the bytes.
    if (byAddress && this.addresses.internalOf(storageId) === undefined) return null;
    const row = findFile({ tx, addresses: this.addresses }, storageId, "get");
    return row === null ? null : { name: fileNameOf(row._id), ...factsOf(row) };
  }

  async #removeIfLoose(name: string): Promise<void> {
    if (this.#core.read((tx) => hasRow(tx, name))) return;
    try {
      await this.#store.delete(name);
    } catch (error) {
      // The next sweep tries again; a disk that fails is no reason to end the core.
      console.error("Cannot remove file", name, error);
    }
  }

  #makeSecret(tx: Transaction): Uint8Array {
    // A copy: what is stored is the whole of its memory.
    const secret = Uint8Array.from(this.#core.options.random.bytes(FILE_SECRET_BYTES));
    tx.system.insert(SECRETS_TABLE, { name: SECRET_NAME, value: secret.buffer });
    return secret;
  }
}

function readSecret(tx: Transaction): Uint8Array | undefined {
  const [row] = readRows(tx, SECRETS_TABLE, "by_name", [{ type: "eq", fieldPath: "name", value: SECRET_NAME }], 1);
  if (row === undefined) return undefined;
  const { value } = row;
  if (!(value instanceof ArrayBuffer)) throw new Error("Cannot open files: their secret is not bytes");
  return new Uint8Array(value);
}

function hasRow(tx: Transaction, name: string): boolean {
  return tx.system.getAt(STORAGE_TABLE, Buffer.from(name, "hex")) !== null;
}
