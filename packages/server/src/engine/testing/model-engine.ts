/**
 * The engine as plainly as it can be said: maps, sorted anew at every step of a scan. Other engines are compared with it.
 *
 * @module
 */
import { assertBetweenTransactions, assertTsGrows } from "../transaction-rules.ts";
import { PRIMARY } from "../types.ts";
import type { Cursor, Engine, EngineCounters, Key, KeyRange, RowWrite, Savepoint, Ts } from "../types.ts";

interface ModelCollection<T> {
  readonly rows: Map<Key, T>;
  readonly indexes: Map<number, Map<Key, Key>>;
}

function copyOf<T>(collections: ReadonlyMap<number, ModelCollection<T>>): Map<number, ModelCollection<T>> {
  const copy = new Map<number, ModelCollection<T>>();
  for (const [number, { rows, indexes }] of collections) {
    const indexCopy = new Map([...indexes].map(([index, entries]) => [index, new Map(entries)]));
    copy.set(number, { rows: new Map(rows), indexes: indexCopy });
  }
  return copy;
}

/** See the module comment. */
export class ModelEngine<T> implements Omit<Engine<T>, "apply"> {
  #collections = new Map<number, ModelCollection<T>>();
  /** The state before each write since the last commit. */
  #before: Map<number, ModelCollection<T>>[] = [];
  head: Ts = 0;
  durable: Ts = 0;
  /** Memory takes everything. */
  readonly obstacle = undefined;
  readonly counters: EngineCounters = {
    rowsDecoded: 0,
    rowsFromBase: 0,
    bytesFromBase: 0,
    flushes: 0,
    bytesLogged: 0,
    checkpoints: 0,
  };

  get(collection: number, key: Key): T | undefined {
    return this.#of(collection).rows.get(key);
  }

  scan(collection: number, index: number, range: KeyRange, order: "asc" | "desc"): Cursor<T> {
    const entries = () => {
      const { rows, indexes } = this.#of(collection);
      if (index === PRIMARY) return [...rows.keys()].map((key) => [key, key] as const);
      const found = indexes.get(index);
      if (found === undefined) throw new RangeError(`Cannot scan index ${index}: it is unknown; register it first`);
      return [...found];
    };
    entries();
    return new ModelCursor<T>(entries, range, order, (key) => this.get(collection, key)!);
  }

  count(collection: number): number {
    return this.#of(collection).rows.size;
  }

  put({ collection, key, value, moves }: RowWrite<T>): void {
    this.#before.push(copyOf(this.#collections));
    const { rows } = this.#of(collection);
    if (value === undefined) rows.delete(key);
    else rows.set(key, value);
    for (const { index, remove, add } of moves) {
      this.registerIndex(collection, index);
      const entries = this.#of(collection).indexes.get(index)!;
      if (remove !== undefined) entries.delete(remove);
      if (add !== undefined) entries.set(add, key);
    }
  }

  savepoint(): Savepoint {
    return this.#before.length;
  }

  rollback(to: Savepoint): void {
    if (to < this.#before.length) this.#collections = this.#before[to]!;
    this.#before.length = Math.min(to, this.#before.length);
  }

  commit(ts: Ts): void {
    assertTsGrows(ts, this.head);
    if (this.#before.length === 0) return;
    this.#before = [];
    this.head = ts;
  }

  flush(): Promise<void> {
    this.durable = this.head;
    return Promise.resolve();
  }

  fillIndex(
    collection: number,
    index: number,
    entries: readonly { readonly indexKey: Key; readonly key: Key }[],
  ): void {
    assertBetweenTransactions(this.#before.length, "fill index");
    this.registerIndex(collection, index);
    const { rows, indexes } = this.#of(collection);
    const filled = indexes.get(index)!;
    for (const { indexKey, key } of entries) if (rows.has(key) && !filled.has(indexKey)) filled.set(indexKey, key);
  }

  registerIndex(collection: number, index: number): void {
    const { indexes } = this.#of(collection);
    if (!indexes.has(index)) indexes.set(index, new Map());
  }

  dropIndex(collection: number, index: number): void {
    assertBetweenTransactions(this.#before.length, "drop index");
    this.#of(collection).indexes.delete(index);
  }

  dropCollection(collection: number): void {
    assertBetweenTransactions(this.#before.length, "drop collection");
    this.#collections.delete(collection);
  }

  close(): Promise<void> {
    return this.flush();
  }

  #of(collection: number): ModelCollection<T> {
    let found = this.#collections.get(collection);
    if (found === undefined) {
      found = { rows: new Map(), indexes: new Map() };
      this.#collections.set(collection, found);
    }
    return found;
  }
}

class ModelCursor<T> implements Cursor<T> {
  readonly #entries: () => readonly (readonly [Key, Key])[];
  readonly #range: KeyRange;
  readonly #order: "asc" | "desc";
  readonly #read: (key: Key) => T;
  indexKey: Key = "";
  key: Key = "";
  #hasKey = false;

  constructor(
    entries: () => readonly (readonly [Key, Key])[],
    range: KeyRange,
    order: "asc" | "desc",
    read: (key: Key) => T,
  ) {
    this.#entries = entries;
    this.#range = range;
    this.#order = order;
    this.#read = read;
  }

  next(): boolean {
    const { start, end } = this.#range;
    const isUp = this.#order === "asc";
    const rest = this.#entries().filter(([key]) => key >= start && (end === undefined || key < end));
    const ahead = rest.filter(([key]) => !this.#hasKey || (isUp ? key > this.indexKey : key < this.indexKey));
    const sorted = ahead.toSorted(([a], [b]) => (a < b === isUp ? -1 : 1));
    const next = sorted[0];
    if (next === undefined) return false;
    [this.indexKey, this.key] = next;
    this.#hasKey = true;
    return true;
  }

  value(): T {
    return this.#read(this.key);
  }
}
