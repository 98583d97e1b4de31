/**
 * A workload whose every transaction follows from its number: after a crash the state must be that of some number, and of none before the last
 * acknowledged one.
 *
 * Collection 1 holds rows with two indexes, collection 2 the number of the last transaction and whether index 2 is complete, collection 3 is dropped
 * now and then.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert";
import type { DiskEngine } from "../disk-engine.ts";
import type { DiskEngineOptions } from "../disk-engine.ts";
import { PRIMARY } from "../types.ts";
import type { Engine, Key } from "../types.ts";
import { indexKeyOf, INDEXES, movesOf, testCodec } from "./test-rows.ts";
import type { TestRow } from "./test-rows.ts";

const KEYS = 400;
/** Larger than one checkpoint batch, so that kills meet commits that are applied in part. */
const LARGE = 250;
const LARGE_EVERY = 17;
const REBUILD_EVERY = 61;
const DROP_EVERY = 43;

const everything = { start: "", end: undefined };

/** Tiny thresholds: the checkpointer runs all the time, segments change often, collections come and go. */
export function workloadOptions(directory: string): DiskEngineOptions<TestRow> {
  return { directory, codec: testCodec, segmentBytes: 128 * 1024, checkpointBytes: 1, memoryBytes: 150_000 };
}

/** A small generator of numbers (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed * 2654435761;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The rows of collection 1 that transaction `n` writes; `undefined` deletes. */
function* writesOf(n: number): IterableIterator<readonly [Key, TestRow | undefined]> {
  const random = randomOf(n);
  const count = n % LARGE_EVERY === 0 ? LARGE : 1 + Math.floor(random() * 5);
  for (let at = 0; at < count; at += 1) {
    const key = `key${Math.floor(random() * KEYS)}`;
    const isDelete = random() < 0.2;
    const text = `${n}:${at}:`.padEnd(Math.floor(random() * 200), "x") + (random() < 0.02 ? "y".repeat(2500) : "");
    yield [key, isDelete ? undefined : { a: Math.floor(random() * 256), text }];
  }
}

/** Number of the last transaction in an engine. */
export function numberOf(engine: Engine<TestRow>): number {
  return engine.get(2, "last")?.a ?? 0;
}

function put(engine: Engine<TestRow>, collection: number, key: Key, value: TestRow | undefined): void {
  const moves = collection === 1 ? movesOf(key, engine.get(1, key), value) : [];
  engine.put({ collection, key, value, moves });
}

function commit(engine: Engine<TestRow>): void {
  engine.commit(engine.head + 1, "workload");
}

/** Registers indexes, and builds index 2 anew if a crash left it incomplete. */
export function beginWorkload(engine: Engine<TestRow>): void {
  for (const index of INDEXES) engine.registerIndex(1, index);
  if (engine.get(2, "index")?.text === "building") rebuildIndex(engine);
}

/** Runs transaction `n`. */
export function runTransaction(engine: Engine<TestRow>, n: number): void {
  for (const [key, row] of writesOf(n)) put(engine, 1, key, row);
  const mark = engine.savepoint();
  put(engine, 1, "never", { a: 1, text: "rolled back" });
  put(engine, 1, `key${n % KEYS}`, undefined);
  engine.rollback(mark);
  put(engine, 3, `row${n}`, { a: n % 256, text: "third" });
  put(engine, 2, "last", { a: n, text: "" });
  commit(engine);
  if (n % DROP_EVERY === 0) engine.dropCollection(3);
  if (n % REBUILD_EVERY === 0) rebuildIndex(engine);
}

function rebuildIndex(engine: Engine<TestRow>): void {
  put(engine, 2, "index", { a: 0, text: "building" });
  commit(engine);
  engine.dropIndex(1, 2);
  engine.registerIndex(1, 2);
  const cursor = engine.scan(1, PRIMARY, everything, "asc");
  const entries: { indexKey: Key; key: Key }[] = [];
  while (cursor.next()) entries.push({ indexKey: indexKeyOf(2, cursor.key, cursor.value()), key: cursor.key });
  for (let at = 0; at < entries.length; at += 50) engine.fillIndex(1, 2, entries.slice(at, at + 50));
  put(engine, 2, "index", { a: 0, text: "ready" });
  commit(engine);
}

/** What collection 1 must hold after the transactions so far. */
export class WorkloadModel {
  readonly rows = new Map<Key, TestRow>();
  #number = 0;

  /** The last transaction that the model has. */
  get number(): number {
    return this.#number;
  }

  advanceTo(number: number): void {
    for (; this.#number < number; this.#number += 1) {
      for (const [key, row] of writesOf(this.#number + 1)) {
        if (row === undefined) this.rows.delete(key);
        else this.rows.set(key, row);
      }
    }
  }

  /** Throws when the engine differs from the state after its last transaction. */
  compare(engine: DiskEngine<TestRow>): void {
    const number = numberOf(engine);
    this.advanceTo(number);
    deepStrictEqual(number, this.#number);
    deepStrictEqual(engine.count(1), this.rows.size);
    const keys = [...this.rows.keys()].sort();
    deepStrictEqual(
      scanned(engine, 1, PRIMARY),
      keys.map((key) => [key, this.rows.get(key)]),
    );
    for (const index of INDEXES) this.#compareIndex(engine, index);
    this.#compareThird(engine, number);
  }

  #compareIndex(engine: DiskEngine<TestRow>, index: number): void {
    const found = scanned(engine, 1, index);
    if (index === 2 && engine.get(2, "index")?.text === "building") return;
    const expected = [...this.rows].map(([key, row]) => [indexKeyOf(index, key, row), row] as const);
    deepStrictEqual(
      found,
      expected.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, row]) => [key, row]),
    );
  }

  /** Collection 3 is dropped by a record of its own, right behind a transaction. */
  #compareThird(engine: DiskEngine<TestRow>, number: number): void {
    const dropped = number - (number % DROP_EVERY);
    const rowsSince = number - dropped;
    if (engine.count(3) === DROP_EVERY && rowsSince === 0) return;
    deepStrictEqual(engine.count(3), rowsSince);
    deepStrictEqual(scanned(engine, 3, PRIMARY).length, rowsSince);
  }
}

function scanned(engine: Engine<TestRow>, collection: number, index: number): (readonly [Key, TestRow])[] {
  const found: (readonly [Key, TestRow])[] = [];
  const cursor = engine.scan(collection, index, everything, "asc");
  while (cursor.next()) found.push([cursor.indexKey, cursor.value()]);
  return found;
}
