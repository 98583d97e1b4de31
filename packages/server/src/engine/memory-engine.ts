/**
 * The engine that lives in memory only: for tests, simulations and throw-away deployments.
 *
 * The same trees over stable rows as the disk engine's resident set, with plain values and nothing behind them: a flush
 * acknowledges, but nothing survives the process. With a log beside it every change is a record there, which others may follow.
 *
 * @module
 */
import type { Log } from "./log-types.ts";
import {
  CommitWriter,
  decodeRecord,
  encodeDropCollection,
  encodeDropIndex,
  encodeFill,
  type StoredRecord,
} from "./record-codec.ts";
import { ResidentCollection } from "./resident-collection.ts";
import { PlainRowStore } from "./row.ts";
import type { Undo } from "./rows-view.ts";
import { assertBetweenTransactions, assertTsGrows } from "./transaction-rules.ts";
import type { Codec, Cursor, Engine, EngineCounters, Key, KeyRange, RowWrite, Savepoint, Ts } from "./types.ts";

/** What an engine in memory may be given. */
export interface MemoryEngineOptions<T> {
  /** For records, those of a log of its own and those of others. */
  readonly codec: Codec<T>;
  /** Takes a record of every change; what it holds when the engine is opened is laid over it first. */
  readonly log?: Log | undefined;
}

/** A write of the open transaction, as a record needs it. */
interface OpenWrite<T> {
  readonly write: RowWrite<T>;
  readonly existed: boolean;
}

/** See the module comment; the contract is `Engine`'s. */
export class MemoryEngine<T> implements Engine<T> {
  readonly #store = new PlainRowStore<T>();
  readonly #collections = new Map<number, ResidentCollection<T>>();
  readonly #codec: Codec<T> | undefined;
  readonly #log: Log | undefined;
  #undos: Undo[] = [];
  /** Beside `#undos`, if there is a log. */
  #open: OpenWrite<T>[] = [];
  #head: Ts = 0;
  #durable: Ts = 0;
  readonly #counters: EngineCounters = {
    rowsDecoded: 0,
    rowsFromBase: 0,
    bytesFromBase: 0,
    flushes: 0,
    bytesLogged: 0,
    checkpoints: 0,
  };

  constructor(options?: MemoryEngineOptions<T>) {
    this.#codec = options?.codec;
    this.#log = options?.log;
    for (const { payload } of this.#log?.replay(0) ?? []) this.#lay(decodeRecord(payload));
    this.#durable = this.#head;
  }

  get head(): Ts {
    return this.#head;
  }

  /** Memory takes everything. */
  readonly obstacle = undefined;

  get durable(): Ts {
    return this.#durable;
  }

  get counters(): Readonly<EngineCounters> {
    return this.#counters;
  }

  get(collection: number, key: Key): T | undefined {
    return this.#collections.get(collection)?.get(key);
  }

  scan(collection: number, index: number, range: KeyRange, order: "asc" | "desc"): Cursor<T> {
    return this.#collectionOf(collection).scan(index, range, order);
  }

  count(collection: number): number {
    return this.#collections.get(collection)?.count ?? 0;
  }

  put(write: RowWrite<T>): void {
    const rows = this.#collectionOf(write.collection);
    if (this.#log !== undefined) this.#open.push({ write, existed: rows.get(write.key) !== undefined });
    this.#undos.push(rows.apply(write.key, write.value, undefined, write.moves));
  }

  savepoint(): Savepoint {
    return this.#undos.length;
  }

  rollback(to: Savepoint): void {
    while (this.#undos.length > to) this.#undos.pop()!.revert();
    if (this.#log !== undefined) this.#open.length = to;
  }

  commit(ts: Ts, note: string): void {
    assertTsGrows(ts, this.#head);
    if (this.#undos.length === 0) return;
    if (this.#log !== undefined) this.#append(this.#recordOf(ts, note));
    this.#undos = [];
    this.#open = [];
    this.#head = ts;
  }

  async flush(): Promise<void> {
    const head = this.#head;
    await this.#log?.flush();
    this.#durable = Math.max(this.#durable, head);
    this.#counters.flushes += 1;
  }

  fillIndex(
    collection: number,
    index: number,
    entries: readonly { readonly indexKey: Key; readonly key: Key }[],
  ): void {
    assertBetweenTransactions(this.#undos.length, "fill index");
    const rows = this.#collectionOf(collection);
    const added = entries.filter(({ indexKey, key }) => rows.fill(index, indexKey, key));
    if (added.length > 0) this.#append(encodeFill(collection, index, added));
  }

  registerIndex(collection: number, index: number): void {
    this.#collectionOf(collection).registerIndex(index);
  }

  dropIndex(collection: number, index: number): void {
    assertBetweenTransactions(this.#undos.length, "drop index");
    this.#collections.get(collection)?.dropIndex(index);
    this.#append(encodeDropIndex(collection, index));
  }

  dropCollection(collection: number): void {
    assertBetweenTransactions(this.#undos.length, "drop collection");
    this.#collections.delete(collection);
    this.#append(encodeDropCollection(collection));
  }

  apply(payload: Uint8Array): void {
    assertBetweenTransactions(this.#undos.length, "apply record");
    this.#lay(decodeRecord(payload));
    this.#append(payload);
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#log?.close();
  }

  #append(payload: Uint8Array): void {
    this.#log?.append(payload);
    this.#counters.bytesLogged = this.#log?.bytesAppended ?? 0;
  }

  #recordOf(ts: Ts, note: string): Uint8Array {
    const record = new CommitWriter();
    for (const { write, existed } of this.#open) {
      const { collection, key, value, moves } = write;
      const bytes = value === undefined ? undefined : this.#mustCode().encode(value);
      // Plain values have no length; whoever applies records counts its own.
      record.add({ collection, key, bytes, lengthBefore: existed ? 0 : -1, moves });
    }
    return record.seal(ts, note);
  }

  #lay(record: StoredRecord): void {
    switch (record.kind) {
      case "commit":
        assertTsGrows(record.ts, this.#head);
        for (const { collection, key, bytes, moves } of record.writes) {
          const value = bytes === undefined ? undefined : this.#mustCode().decode(bytes, 0, bytes.length);
          this.#collectionOf(collection).apply(key, value, undefined, moves);
        }
        this.#head = record.ts;
        return;
      case "fill": {
        const rows = this.#collectionOf(record.collection);
        for (const { indexKey, key } of record.entries) rows.fill(record.index, indexKey, key);
        return;
      }
      case "dropIndex":
        this.#collections.get(record.collection)?.dropIndex(record.index);
        return;
      case "dropCollection":
        this.#collections.delete(record.collection);
    }
  }

  #mustCode(): Codec<T> {
    if (this.#codec !== undefined) return this.#codec;
    throw new Error("Cannot use records: the engine has no codec; it should be opened with one");
  }

  #collectionOf(collection: number): ResidentCollection<T> {
    let rows = this.#collections.get(collection);
    if (rows === undefined) {
      rows = new ResidentCollection<T>(this.#store);
      this.#collections.set(collection, rows);
    }
    return rows;
  }
}
