/**
 * Proves a store sound, without knowing documents: the log's checksums, that log and base belong together, that counts are right, and that every
 * index entry leads to a row.
 *
 * Works on a store that nobody has open, and changes nothing in it beyond what every opening does (a write that a crash cut short is removed).
 *
 * Not here: what rows mean. The caller gives `expectedEntries`, and every row is compared with its entries.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { problemOfPages } from "./base-pages.ts";
import { Base } from "./base.ts";
import { DiskEngine } from "./disk-engine.ts";
import { openDiskEngine } from "./open-disk-engine.ts";
import { checkLog } from "./log.ts";
import { PRIMARY } from "./types.ts";
import type { Codec, Key } from "./types.ts";

/** Something that is wrong with the store, and where. */
export interface StoreProblem {
  /** A file with an offset, or a collection with an index and a key. */
  readonly place: string;
  readonly message: string;
}

/** Index entries that a row must have, complete for the indexes it names; `undefined` = unknown. */
export type ExpectedEntries<T> = (
  collection: number,
  value: T,
  key: Key,
) => readonly { readonly index: number; readonly indexKey: Key }[] | undefined;

/** How to check a store. */
export interface CheckOptions {
  readonly expectedEntries?: ExpectedEntries<Uint8Array> | undefined;
}

/** More than this many problems are not listed: the first ones tell what is wrong. */
export const PROBLEMS_MAX = 100;

const everything = { start: "", end: undefined };

/** Hands the bytes through. */
const bytesCodec: Codec<Uint8Array> = {
  encode: (value) => value,
  decode: (bytes, start, end) => Buffer.from(bytes.subarray(start, end)),
};

/** Checks the store in `directory`; gives what is wrong with it, nothing when it is sound. */
export async function checkStore(directory: string, options: CheckOptions = {}): Promise<StoreProblem[]> {
  if (!existsSync(join(directory, "log"))) return [{ place: directory, message: "it holds no store" }];
  const base = join(directory, "base");
  // The storage library must not see pages that would end its process. Damaged values are told with their keys, later.
  const torn = Base.exists(base) ? problemOfPages(join(base, "data.mdb"), { hasSeals: false }) : undefined;
  const { damage } = checkLog(join(directory, "log"));
  if (damage !== undefined) {
    const place = `${damage.file} at byte ${damage.offset}`;
    const ofBase = torn === undefined ? await checkBase(base) : [{ place: base, message: torn }];
    return [{ place, message: damage.reason }, ...ofBase];
  }
  if (torn !== undefined) return [{ place: base, message: torn }];
  const problems = await checkBase(base);
  try {
    const engine = openDiskEngine<Uint8Array>({
      directory,
      codec: bytesCodec,
      memoryBytes: 0,
      checkpointDelayMs: Infinity,
      checkpointOnClose: false,
    });
    try {
      problems.push(...checkEngine(engine, options.expectedEntries));
    } finally {
      await engine.close();
    }
  } catch (error) {
    problems.push({ place: directory, message: error instanceof Error ? error.message : String(error) });
  }
  return problems.slice(0, PROBLEMS_MAX);
}

/** Checks what an open engine shows: log and base laid together. */
export function checkEngine<T>(engine: DiskEngine<T>, expectedEntries?: ExpectedEntries<T>): StoreProblem[] {
  const problems: StoreProblem[] = [];
  for (const collection of engine.collections) {
    for (const problem of checkCollection(engine, collection, expectedEntries)) {
      problems.push(problem);
      if (problems.length >= PROBLEMS_MAX) return problems;
    }
  }
  return problems;
}

function* checkCollection<T>(
  engine: DiskEngine<T>,
  collection: number,
  expectedEntries: ExpectedEntries<T> | undefined,
): IterableIterator<StoreProblem> {
  let rows = 0;
  const cursor = engine.scan(collection, PRIMARY, everything, "asc");
  for (; cursor.next(); rows += 1) {
    if (expectedEntries === undefined) continue;
    yield* checkRow(engine, collection, cursor.key, expectedEntries);
  }
  const counted = engine.count(collection);
  if (counted !== rows)
    yield { place: `collection ${collection}`, message: `it counts ${counted} rows, but has ${rows}` };
  for (const index of engine.indexes(collection)) yield* checkIndex(engine, collection, index, expectedEntries);
}

/** A row must have the entries it should have. */
function* checkRow<T>(
  engine: DiskEngine<T>,
  collection: number,
  key: Key,
  expectedEntries: ExpectedEntries<T>,
): IterableIterator<StoreProblem> {
  const expected = entriesOf(engine, collection, key, expectedEntries);
  if (typeof expected === "string") {
    yield { place: placeOf(collection, PRIMARY, key), message: `its row cannot be read: ${expected}` };
    return;
  }
  for (const { index, indexKey } of expected ?? []) {
    const isKnown = engine.indexes(collection).includes(index);
    const cursor = isKnown
      ? engine.scan(collection, index, { start: indexKey, end: `${indexKey}\0` }, "asc")
      : undefined;
    if (cursor?.next() !== true) yield { place: placeOf(collection, index, indexKey), message: "the entry is missing" };
    else if (cursor.key !== key) {
      yield {
        place: placeOf(collection, index, indexKey),
        message: `the entry leads to row ${hex(cursor.key)}, not ${hex(key)}`,
      };
    }
  }
}

/** An entry must lead to a row, and to one that should have it. */
function* checkIndex<T>(
  engine: DiskEngine<T>,
  collection: number,
  index: number,
  expectedEntries: ExpectedEntries<T> | undefined,
): IterableIterator<StoreProblem> {
  const cursor = engine.scan(collection, index, everything, "asc");
  let last: Key | undefined;
  while (cursor.next()) {
    const { indexKey, key } = cursor;
    const place = placeOf(collection, index, indexKey);
    if (last !== undefined && indexKey <= last) yield { place, message: "the entry is out of order" };
    last = indexKey;
    if (engine.get(collection, key) === undefined) {
      yield { place, message: `the entry leads to row ${hex(key)}, which does not exist` };
    } else if (expectedEntries !== undefined) {
      const expected = entriesOf(engine, collection, key, expectedEntries);
      if (typeof expected === "string" || expected === undefined) continue;
      const isExpected = expected.some((entry) => entry.index === index && entry.indexKey === indexKey);
      if (!isExpected) yield { place, message: `row ${hex(key)} should not have the entry` };
    }
  }
}

/** What a row should have; a text when its value cannot be read. */
function entriesOf<T>(engine: DiskEngine<T>, collection: number, key: Key, expectedEntries: ExpectedEntries<T>) {
  try {
    return expectedEntries(collection, engine.get(collection, key)!, key);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Checks the base by itself: its numbers, and its entries against its rows. */
async function checkBase(directory: string): Promise<StoreProblem[]> {
  if (!Base.exists(directory)) return [];
  const problems: StoreProblem[] = [];
  try {
    const base = new Base(directory);
    try {
      for (const collection of base.collections) problems.push(...checkBaseCollection(base, collection));
    } finally {
      await base.close();
    }
  } catch (error) {
    problems.push({ place: directory, message: error instanceof Error ? error.message : String(error) });
  }
  return problems.slice(0, PROBLEMS_MAX);
}

function* checkBaseCollection(base: Base, collection: number): IterableIterator<StoreProblem> {
  let rows = 0;
  let start = "";
  for (;;) {
    const page = base.reader.page(collection, PRIMARY, { start, end: undefined }, "asc", 1000);
    rows += page.keys.length;
    if (page.isLast) break;
    start = `${page.keys[page.keys.length - 1]!}\0`;
  }
  const counted = base.stats(collection)!.rows;
  // A drop that is under way takes rows away before it takes the numbers.
  if (counted < rows) {
    yield { place: `base, collection ${collection}`, message: `it counts ${counted} rows, but has ${rows}` };
  }
}

function placeOf(collection: number, index: number, key: Key): string {
  return index === PRIMARY
    ? `collection ${collection}, row ${hex(key)}`
    : `collection ${collection}, index ${index}, entry ${hex(key)}`;
}

/** A key in a form that can be read and searched for; long ones are cut. */
function hex(key: Key): string {
  return Buffer.from(key.slice(0, 64), "latin1").toString("hex") + (key.length > 64 ? "…" : "");
}
