/**
 * The base: everything that the log has carried and that was checkpointed, in one LMDB environment.
 *
 * Two databases: `data` holds rows and index entries (`base-keys.ts`), `meta` tells up to which log record they are applied, and a collection's
 * numbers. Both change in the same LMDB transaction, so the base is always exactly "all records up to `applied`".
 *
 * `applied` may point into the middle of a large commit: then its first `progress` writes are in the base and the rest is not. No reader sees that:
 * it applies the whole record on top of the base.
 *
 * @module
 */
import { existsSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { open } from "lmdb";
import type { Database, RootDatabase } from "lmdb";
import type { BaseBatch } from "./base-batch.ts";
import { admitBase, noteAdmitted } from "./base-admission.ts";
import { BaseReader } from "./base-reader.ts";
import { seal } from "./base-seal.ts";
import { makeFolder, ownOnly, syncFile } from "./copy-store.ts";
import { StorageError } from "./storage-error.ts";
import type { CollectionStats } from "./stats.ts";
import type { Ts } from "./types.ts";

/** Raised when the layout changes; a base of another format is refused. */
const FORMAT = 2;
const STATE_KEY = "state";
const COLLECTION_PREFIX = "collection:";
/** What pages of trees may take beside the values of a batch. */
const ROOM_BYTES = 8 * 1024 * 1024;
/** Between two looks at how far a copy is, in milliseconds. */
const COPY_LOOK_MS = 100;

/** How far the base is. */
export interface BaseState {
  readonly format: number;
  /** Log sequence up to which records are wholly applied. */
  readonly applied: number;
  /** Writes of record `applied + 1` that are applied too. */
  readonly progress: number;
  /** Timestamp of the newest commit that is wholly applied. */
  readonly head: Ts;
  readonly nextLink: number;
}

const EMPTY: BaseState = { format: FORMAT, applied: 0, progress: 0, head: 0, nextLink: 1 };

/** Binary strings are written to LMDB's key buffer as they are. */
const keyEncoder = {
  writeKey(key: string, target: Buffer, at: number): number {
    return at + target.write(key, at, "latin1");
  },
  readKey(source: Buffer, start: number, end: number): string {
    return source.toString("latin1", start, end);
  },
};

/** See the module comment. */
export class Base {
  readonly #root: RootDatabase<Uint8Array, string>;
  readonly #data: Database<Uint8Array, string>;
  readonly #meta: Database<Uint8Array, string>;
  readonly #stats = new Map<number, CollectionStats>();
  #state: BaseState;
  #reader: BaseReader;
  #version = 0;
  readonly #freeBytes: () => number;

  /**
   * Opens the base, or makes an empty one.
   *
   * @throws {TornBaseError} If the base came from elsewhere and is not whole.
   * @throws {Error} If the base has another format.
   */
  constructor(directory: string, freeBytes: (directory: string) => number = freeOnDisk) {
    this.#freeBytes = () => freeBytes(directory);
    admitBase(directory);
    const options = { encoding: "binary", keyEncoder, cache: false } as const;
    this.#root = open<Uint8Array, string>({ path: directory, maxDbs: 4, noMemInit: true, ...options });
    this.#data = this.#root.openDB<Uint8Array, string>({ name: "data", ...options });
    this.#meta = this.#root.openDB<Uint8Array, string>({ name: "meta", ...options });
    this.#state = this.#loadState(directory);
    this.#reader = new BaseReader(this.#data);
    noteAdmitted(directory);
  }

  /** True when a directory holds a base. */
  static exists(directory: string): boolean {
    return existsSync(join(directory, "data.mdb"));
  }

  get state(): BaseState {
    return this.#state;
  }

  /** Grows whenever `reader` sees another state. */
  get version(): number {
    return this.#version;
  }

  /** Reads the state as of the last `write` that resolved. */
  get reader(): BaseReader {
    return this.#reader;
  }

  /** Collections that have something in the base. */
  get collections(): IterableIterator<number> {
    return this.#stats.keys();
  }

  stats(collection: number): CollectionStats | undefined {
    return this.#stats.get(collection);
  }

  /** How many rows a collection counted in the state that `reader` sees. */
  rowsCounted(reader: BaseReader, collection: number): number {
    const bytes = this.#meta.get(COLLECTION_PREFIX + String(collection), { transaction: reader.transaction });
    return bytes === undefined ? 0 : (JSON.parse(Buffer.from(bytes).toString()) as CollectionStats).rows;
  }

  /** A reader of its own for long reads; close it. */
  openReader(): BaseReader {
    return new BaseReader(this.#data);
  }

  /**
   * Applies a batch with the state and numbers that hold after it, atomically. Resolves when it is visible, which is before it is on the disk; see `flushed`.
   *
   * @param stats Changed numbers by collection; `undefined` = the collection is gone.
   * @throws {StorageError} If the disk is nearly full: nothing is written then.
   */
  async write(
    batch: BaseBatch,
    state: Omit<BaseState, "format" | "nextLink">,
    stats: ReadonlyMap<number, CollectionStats | undefined>,
  ): Promise<void> {
    const changes = batch.seal();
    this.#mustHaveRoom(changes);
    const next: BaseState = { format: FORMAT, nextLink: batch.nextLink, ...state };
    await this.#root.batch(() => {
      for (const [key, value] of changes) {
        // The promises of single changes are those of the batch.
        if (value === undefined) void this.#data.remove(key);
        else void this.#data.put(key, seal(key, value));
      }
      void this.#meta.put(STATE_KEY, Buffer.from(JSON.stringify(next)));
      for (const [collection, numbers] of stats) this.#putStats(collection, numbers);
    });
    for (const [collection, numbers] of stats) {
      if (numbers === undefined) this.#stats.delete(collection);
      else this.#stats.set(collection, numbers);
    }
    this.#state = next;
    this.#reader.close();
    this.#reader = new BaseReader(this.#data);
    this.#version += 1;
  }

  /** Resolves when everything written so far is on the disk. */
  async flushed(): Promise<void> {
    await this.#root.flushed;
  }

  /**
   * Copies a snapshot into `directory`, which is made, on the storage library's own thread; writes go on meanwhile. It has no unused pages.
   *
   * @param onProgress Is told now and then how many bytes are there.
   */
  async copyTo(directory: string, onProgress: (bytes: number) => void): Promise<void> {
    await makeFolder(directory);
    const file = join(directory, "data.mdb");
    const timer = setInterval(() => onProgress(statSync(file, { throwIfNoEntry: false })?.size ?? 0), COPY_LOOK_MS);
    try {
      await this.#root.backup(directory, true);
    } finally {
      clearInterval(timer);
    }
    await ownOnly(file);
    await syncFile(file);
    await syncFile(directory);
  }

  async close(): Promise<void> {
    this.#reader.close();
    await this.#root.close();
  }

  /** The library meets a full disk with a rejection that nobody can catch, and that ends the thread: it is kept from meeting one. */
  #mustHaveRoom(changes: ReadonlyMap<string, Uint8Array | undefined>): void {
    let bytes = ROOM_BYTES;
    for (const value of changes.values()) bytes += 2 * (value?.length ?? 0);
    if (this.#freeBytes() >= bytes) return;
    throw new StorageError("ENOSPC", new Error("The disk has no room for the pages of a checkpoint"));
  }

  #putStats(collection: number, numbers: CollectionStats | undefined): void {
    const key = COLLECTION_PREFIX + String(collection);
    if (numbers === undefined) void this.#meta.remove(key);
    else void this.#meta.put(key, Buffer.from(JSON.stringify(numbers)));
  }

  #loadState(directory: string): BaseState {
    const bytes = this.#meta.get(STATE_KEY);
    if (bytes === undefined) return EMPTY;
    const state = JSON.parse(Buffer.from(bytes).toString()) as BaseState;
    if (state.format !== FORMAT) {
      throw new Error(`Cannot open base "${directory}": its format is ${state.format}; this version reads ${FORMAT}`);
    }
    for (const { key, value } of this.#meta.getRange({ start: COLLECTION_PREFIX, end: `${COLLECTION_PREFIX}~` })) {
      const collection = Number(key.slice(COLLECTION_PREFIX.length));
      this.#stats.set(collection, JSON.parse(Buffer.from(value).toString()) as CollectionStats);
    }
    return state;
  }
}

function freeOnDisk(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
