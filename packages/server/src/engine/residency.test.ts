import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { DiskEngine } from "./disk-engine.ts";
import { openDiskEngine } from "./open-disk-engine.ts";
import type { DiskEngineOptions } from "./disk-engine.ts";
import { indexKeyOf, movesOf, testCodec } from "./testing/test-rows.ts";
import type { TestRow } from "./testing/test-rows.ts";
import { PRIMARY } from "./types.ts";

const root = mkdtempSync(join(tmpdir(), "narrowcast-residency-"));
let stores = 0;
afterAll(() => rmSync(root, { recursive: true, force: true }));

const everything = { start: "", end: undefined };

function optionsFor(tuning: Partial<DiskEngineOptions<TestRow>> = {}): DiskEngineOptions<TestRow> {
  stores += 1;
  const directory = join(root, String(stores));
  return { directory, codec: testCodec, segmentBytes: 256 * 1024, checkpointDelayMs: Infinity, ...tuning };
}

function keyAt(at: number): string {
  return `row${String(at).padStart(6, "0")}`;
}

function write(engine: DiskEngine<TestRow>, collection: number, from: number, to: number): void {
  for (let at = from; at < to; at += 1) {
    const key = keyAt(at);
    const value = { a: at % 200, text: "some text" };
    engine.put({ collection, key, value, moves: movesOf(key, engine.get(collection, key), value) });
  }
  engine.commit(engine.head + 1, "");
}

function keysOf(engine: DiskEngine<TestRow>, collection: number): string[] {
  const cursor = engine.scan(collection, PRIMARY, everything, "asc");
  const keys: string[] = [];
  while (cursor.next()) keys.push(cursor.key);
  return keys;
}

test("opening serves from the base at once, and reads no row of it again when resident", async () => {
  const options = optionsFor();
  const first = openDiskEngine(options);
  write(first, 1, 0, 2000);
  await first.close();
  const engine = openDiskEngine(options);
  expect(engine.isResident(1)).toBe(false);
  expect(engine.counters.rowsFromBase).toBe(0);
  expect([engine.count(1), engine.get(1, keyAt(1999))?.a]).toEqual([2000, 199]);
  expect(engine.counters.rowsFromBase).toBe(1);
  await engine.settled();
  expect(engine.isResident(1)).toBe(true);
  const { rowsFromBase } = engine.counters;
  expect(keysOf(engine, 1).length).toBe(2000);
  expect(engine.get(1, keyAt(77))?.a).toBe(77);
  expect(engine.counters.rowsFromBase).toBe(rowsFromBase);
  await engine.close();
});

/** Enough for many turns of the event loop, however quick the machine. */
const ROWS = 3_000;

test("writes, deletes and open cursors go on while a collection becomes resident", async () => {
  const options = optionsFor();
  const first = openDiskEngine(options);
  write(first, 1, 0, ROWS);
  await first.close();
  const engine = openDiskEngine(options);
  const cursor = engine.scan(1, 1, everything, "desc");
  const walked: string[] = [];
  const checkpoints: Promise<void>[] = [];
  let turns = 0;
  while (!engine.isResident(1)) {
    turns += 1;
    write(engine, 1, ROWS + turns, ROWS + 1 + turns);
    const key = keyAt(turns);
    engine.put({ collection: 1, key, value: undefined, moves: movesOf(key, engine.get(1, key), undefined) });
    engine.commit(engine.head + 1, "");
    if (cursor.next()) walked.push(cursor.indexKey);
    if (turns % 3 === 0) checkpoints.push(engine.checkpoint());
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(checkpoints);
  expect(turns).toBeGreaterThan(3);
  // Written in the new view, ahead of the cursor.
  const late = { a: 0, text: "late" };
  engine.put({ collection: 1, key: "zlate", value: late, moves: movesOf("zlate", undefined, late) });
  const lowest = engine.get(1, keyAt(0));
  engine.put({ collection: 1, key: keyAt(0), value: undefined, moves: movesOf(keyAt(0), lowest, undefined) });
  engine.commit(engine.head + 1, "");
  while (cursor.next()) walked.push(cursor.indexKey);
  expect(walked).toEqual(walked.toSorted().toReversed());
  expect(new Set(walked).size).toBe(walked.length);
  expect(walked).toContain(indexKeyOf(1, "zlate", late));
  expect(walked).not.toContain(indexKeyOf(1, keyAt(0), { a: 0, text: "" }));
  expect(engine.count(1)).toBe(ROWS);
  const remaining = Array.from({ length: ROWS - 1 - turns }, (_, at) => keyAt(at + turns + 1));
  const added = Array.from({ length: turns }, (_, at) => keyAt(ROWS + 1 + at));
  expect(keysOf(engine, 1)).toEqual([...remaining, ...added, "zlate"]);
  await engine.close();
});

test("a collection does not become resident under an open transaction", async () => {
  const options = optionsFor();
  const first = openDiskEngine(options);
  write(first, 1, 0, 10);
  await first.close();
  const engine = openDiskEngine(options);
  const value = { a: 1, text: "open" };
  engine.put({ collection: 1, key: "open", value, moves: movesOf("open", undefined, value) });
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(engine.isResident(1)).toBe(false);
  engine.rollback(0);
  await engine.settled();
  expect([engine.isResident(1), engine.get(1, "open"), keysOf(engine, 1).length]).toEqual([true, undefined, 10]);
  await engine.close();
});

test("over the budget the largest collection is paged again, and small ones stay", async () => {
  const engine = openDiskEngine(optionsFor({ memoryBytes: 1_000_000, checkpointBytes: 100_000 }));
  write(engine, 1, 0, 50);
  const cursor = engine.scan(2, PRIMARY, everything, "asc");
  for (let at = 0; at < 40; at += 1) {
    write(engine, 2, at * 100, at * 100 + 100);
    await engine.flush();
    expect([cursor.next(), cursor.key, cursor.value().a]).toEqual([true, keyAt(at), at % 200]);
  }
  expect([engine.isResident(1), engine.isResident(2)]).toEqual([true, false]);
  expect(engine.residentBytes).toBeLessThan(750_000);
  expect([engine.count(2), keysOf(engine, 2).length]).toEqual([4000, 4000]);
  await engine.checkpoint();
  expect(keysOf(engine, 2).length).toBe(4000);
  await engine.close();
});

test("a paged collection keeps decoded rows within the budget, and forgets them when they change", async () => {
  const options = optionsFor({ memoryBytes: 300_000 });
  const first = openDiskEngine(options);
  write(first, 1, 0, 4000);
  await first.close();
  const engine = openDiskEngine(options);
  await engine.settled();
  expect(engine.isResident(1)).toBe(false);
  for (let round = 0; round < 5; round += 1) engine.get(1, keyAt(7));
  expect(engine.counters.rowsFromBase).toBe(1);
  for (let at = 0; at < 4000; at += 1) engine.get(1, keyAt(at));
  engine.get(1, keyAt(7));
  expect(engine.counters.rowsFromBase).toBe(4001);
  write(engine, 1, 7, 8);
  const value = { a: 1, text: "changed" };
  engine.put({ collection: 1, key: keyAt(7), value, moves: movesOf(keyAt(7), engine.get(1, keyAt(7)), value) });
  engine.commit(engine.head + 1, "");
  expect(engine.get(1, keyAt(7))).toEqual(value);
  await engine.checkpoint();
  expect(engine.get(1, keyAt(7))).toEqual(value);
  await engine.close();
});

test("a dropped collection stays empty, also while the base still has its rows, and may be filled again", async () => {
  const options = optionsFor();
  const first = openDiskEngine(options);
  write(first, 1, 0, 1500);
  await first.checkpoint();
  first.dropCollection(1);
  write(first, 1, 5, 6);
  first.dropIndex(1, 2);
  await first.flush();
  expect(keysOf(first, 1)).toEqual([keyAt(5)]);
  await first.close();
  const engine = openDiskEngine({ ...options, memoryBytes: 0 });
  expect(keysOf(engine, 1)).toEqual([keyAt(5)]);
  expect(engine.indexes(1)).toEqual([1]);
  const cursor = engine.scan(1, 1, everything, "asc");
  expect([cursor.next(), cursor.indexKey, cursor.next()]).toEqual([
    true,
    indexKeyOf(1, keyAt(5), cursor.value()),
    false,
  ]);
  await engine.close();
});
