/**
 * The Engine interface: rows in collections, found by primary key or through ordered index trees.
 *
 * A collection holds rows `primary key → bytes`. Any number of ordered trees (indexes) point at the rows of
 * one collection; the caller computes every index key, the engine never looks into a row. All reads are
 * synchronous: memory, or memory-mapped pages.
 *
 *   put / remove ──in place──▶ rows + trees ──commit()──▶ sealed record ──flush()──▶ durable
 *        └── undone by rollback(savepoint) until commit()
 *
 * Contract:
 *   - One transaction at a time; a write is visible to every later read at once.
 *   - `commit` is atomic: after a crash a commit is there wholly or not at all, in commit order, with no gap.
 *   - What `flush` acknowledged survives `kill -9` and power loss.
 *   - Keys are binary strings (char codes 0..255), ordered byte by byte, which is JavaScript's `<`.
 *   - Values handed out are shared: callers must not write to them.
 *
 * Not here: documents, tables, schemas, timestamps' meaning (`tx/`).
 *
 * @module
 */

/** Microseconds since the epoch; strictly increasing from commit to commit. */
export type { Ts } from "@narrowcast/values";
import type { Ts } from "@narrowcast/values";
import type { StorageError } from "./storage-error.ts";

/** A key in byte order: every char code is 0..255. */
export type Key = string;

/** Names the implicit tree of a collection in primary key order. */
export const PRIMARY = 0;

/** Half-open `[start, end)`; `end: undefined` has no upper bound. */
export interface KeyRange {
  readonly start: Key;
  readonly end: Key | undefined;
}

/** An index entry that comes, goes or moves with a row's write. */
export interface IndexMove {
  readonly index: number;
  readonly remove?: Key | undefined;
  readonly add?: Key | undefined;
}

/** One row's write: `value: undefined` deletes the row. `moves` lists the index entries that change. */
export interface RowWrite<T> {
  readonly collection: number;
  readonly key: Key;
  readonly value: T | undefined;
  readonly moves: readonly IndexMove[];
}

/** Turns a row's value into bytes and back. `decode` gets the exact byte range of one value. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array, start: number, end: number): T;
}

/**
 * Walks the entries of one range. Stays valid while rows are written: it continues after the last key it
 * gave, and sees writes made ahead of it.
 */
export interface Cursor<T> {
  /** Moves to the next entry; false at the end. */
  next(): boolean;
  /** Key of the current entry in the scanned tree (the primary key when the tree is `PRIMARY`). */
  readonly indexKey: Key;
  /** Primary key of the current entry's row. */
  readonly key: Key;
  /** The current row's value; decoded on demand, shared, read-only. */
  value(): T;
}

/** Opaque mark inside the running transaction. */
export type Savepoint = number;

/** Counters of real work, for tests and the meter; monotone. */
export interface EngineCounters {
  rowsDecoded: number;
  rowsFromBase: number;
  bytesFromBase: number;
  flushes: number;
  bytesLogged: number;
  checkpoints: number;
}

/** See the module comment for the contract. `T` is the decoded value of a row. */
export interface Engine<T> {
  /** Timestamp of the newest sealed commit, 0 when there is none. */
  readonly head: Ts;
  /** Timestamp of the newest durable commit. */
  readonly durable: Ts;
  readonly counters: Readonly<EngineCounters>;
  /** Why commits are refused now, or will be soon; `undefined`: they are not. */
  readonly obstacle: StorageError | undefined;

  get(collection: number, key: Key): T | undefined;
  /** Walks `index` (or `PRIMARY`) of `collection` over `range`, ascending or descending. */
  scan(collection: number, index: number, range: KeyRange, order: "asc" | "desc"): Cursor<T>;
  /** Number of rows of a collection, O(1). */
  count(collection: number): number;

  /** Writes one row in place. The caller passes moves that agree with the row's previous entries. */
  put(write: RowWrite<T>): void;
  savepoint(): Savepoint;
  /** Undoes every write since `to`. */
  rollback(to: Savepoint): void;
  /**
   * Seals the writes since the last commit as one record; with no writes nothing is logged. `ts` must exceed `head`.
   *
   * @throws {StorageError} If the disk may have no room for it: nothing is sealed then, and the writes can be undone.
   */
  commit(ts: Ts, note: string): void;
  /**
   * Resolves once everything sealed before the call is durable. Concurrent calls share one flush.
   *
   * @param mayBlock The caller has nothing else to do: this thread may wait for the disk, which is sooner done than through another thread.
   */
  flush(mayBlock?: boolean): Promise<void>;

  /**
   * Fills a new index online, in steps between transactions: adds entries for rows that exist. Logged as records of their
   * own kind, in log order, so a later commit that declares the index complete is never durable before its entries.
   * Entries that exist already are left alone. `registerIndex` comes first.
   */
  fillIndex(collection: number, index: number, entries: readonly { readonly indexKey: Key; readonly key: Key }[]): void;
  /** Tells the engine which indexes a collection has; needed before scans after opening. */
  registerIndex(collection: number, index: number): void;
  dropIndex(collection: number, index: number): void;
  dropCollection(collection: number): void;

  /**
   * Lays a record of another engine's log over this one: a commit, an index fill or a drop. Done between transactions, in the order of that log; a record
   * that is laid over twice in a row changes nothing the second time, except that a commit must exceed `head`.
   *
   * @throws {RangeError} If `payload` is no record, or a commit that is not behind `head`.
   */
  apply(payload: Uint8Array): void;

  /** Releases files; pending sealed commits are flushed first. */
  close(): Promise<void>;
}
