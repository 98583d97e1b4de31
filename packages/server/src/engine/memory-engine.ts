/**
 * The engine that lives in memory only: for tests, simulations and throw-away deployments.
 *
 * The same trees over stable rows as the disk engine's resident set, with plain values and nothing behind them: a flush
 * acknowledges, but nothing survives the process.
 *
 * @module
 */
import { ResidentCollection } from "./resident-collection.ts";
import { PlainRowStore } from "./row.ts";
import type { Undo } from "./rows-view.ts";
import { assertBetweenTransactions, assertTsGrows } from "./transaction-rules.ts";
import type { Cursor, Engine, EngineCounters, Key, KeyRange, RowWrite, Savepoint, Ts } from "./types.ts";

/** See the module comment; the contract is `Engine`'s. */
export class MemoryEngine<T> implements Engine<T> {
  readonly #store = new PlainRowStore<T>();
  readonly #collections = new Map<number, ResidentCollection<T>>();
  #undos: Undo[] = [];
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

  get head(): Ts {
    return this.#head;
  }

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
    this.#undos.push(rows.apply(write.key, write.value, undefined, write.moves));
  }

  savepoint(): Savepoint {
    return this.#undos.length;
  }

  rollback(to: Savepoint): void {
    while (this.#undos.length > to) this.#undos.pop()!.revert();
  }

  commit(ts: Ts, _note: string): void {
    assertTsGrows(ts, this.#head);
    if (this.#undos.length === 0) return;
    this.#undos = [];
    this.#head = ts;
  }

  flush(): Promise<void> {
    this.#durable = this.#head;
    this.#counters.flushes += 1;
    return Promise.resolve();
  }

  fillIndex(
    collection: number,
    index: number,
    entries: readonly { readonly indexKey: Key; readonly key: Key }[],
  ): void {
    assertBetweenTransactions(this.#undos.length, "fill index");
    const rows = this.#collectionOf(collection);
    for (const entry of entries) rows.fill(index, entry.indexKey, entry.key);
  }

  registerIndex(collection: number, index: number): void {
    this.#collectionOf(collection).registerIndex(index);
  }

  dropIndex(collection: number, index: number): void {
    assertBetweenTransactions(this.#undos.length, "drop index");
    this.#collections.get(collection)?.dropIndex(index);
  }

  dropCollection(collection: number): void {
    assertBetweenTransactions(this.#undos.length, "drop collection");
    this.#collections.delete(collection);
  }

  close(): Promise<void> {
    return this.flush();
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
