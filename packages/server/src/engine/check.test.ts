import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { BaseBatch } from "./base-batch.ts";
import { Base } from "./base.ts";
import { checkEngine, checkStore } from "./check.ts";
import { DiskEngine } from "./disk-engine.ts";
import { openDiskEngine } from "./open-disk-engine.ts";
import type { CollectionStats } from "./stats.ts";
import { indexKeyOf, INDEXES, movesOf, testCodec } from "./testing/test-rows.ts";
import type { TestRow } from "./testing/test-rows.ts";

const root = mkdtempSync(join(tmpdir(), "narrowcast-check-"));
let stores = 0;
afterAll(() => rmSync(root, { recursive: true, force: true }));

const expected = (collection: number, value: TestRow, key: string) =>
  collection === 1 ? INDEXES.map((index) => ({ index, indexKey: indexKeyOf(index, key, value) })) : undefined;

function entriesOfBytes(collection: number, value: Uint8Array, key: string) {
  return expected(collection, testCodec.decode(value, 0, value.length), key);
}

/** A closed store with three rows in its base; `spoil` gets it open before the end. */
async function storeWith(spoil: (engine: DiskEngine<TestRow>) => void): Promise<string> {
  stores += 1;
  const directory = join(root, String(stores));
  const engine = openDiskEngine<TestRow>({ directory, codec: testCodec, segmentBytes: 64 * 1024 });
  for (const [at, key] of ["a", "b", "c"].entries()) {
    const value = { a: at, text: key };
    engine.put({ collection: 1, key, value, moves: movesOf(key, undefined, value) });
  }
  engine.commit(1, "");
  spoil(engine);
  await engine.close();
  return directory;
}

/** Changes the base behind the engine's back. */
async function spoilBase(
  directory: string,
  change: (batch: BaseBatch) => void,
  stats?: CollectionStats,
): Promise<void> {
  const base = new Base(join(directory, "base"));
  const batch = new BaseBatch(base.reader, base.state.nextLink);
  change(batch);
  await base.write(batch, base.state, new Map(stats === undefined ? [] : [[1, stats]]));
  await base.close();
}

test("a sound store has no problems", async () => {
  const directory = await storeWith(() => {});
  expect(await checkStore(directory)).toEqual([]);
  expect(await checkStore(directory, { expectedEntries: entriesOfBytes })).toEqual([]);
});

test("an entry without a row, a wrong count and a missing store are found", async () => {
  const directory = await storeWith(() => {});
  await spoilBase(directory, (batch) => batch.remove(1, 0, "b"));
  const messages = (await checkStore(directory)).map(({ place, message }) => `${place}: ${message}`);
  expect(messages).toContain("collection 1: it counts 3 rows, but has 2");
  expect(messages).toContain("collection 1, index 1, entry 0162: the entry leads to row 62, which does not exist");
  expect(await checkStore(join(root, "nothing"))).toEqual([
    { place: join(root, "nothing"), message: "it holds no store" },
  ]);
});

test("a base that counts too few rows is found", async () => {
  const directory = await storeWith(() => {});
  await spoilBase(directory, () => {}, { rows: 1, rowBytes: 0, indexes: {} });
  const messages = (await checkStore(directory)).map(({ message }) => message);
  expect(messages).toContain("it counts 1 rows, but has 3");
});

test("entries that rows should not have, or lack, are found when entries are known", async () => {
  const value = { a: 9, text: "d" };
  const directory = await storeWith((engine) => {
    engine.put({
      collection: 1,
      key: "d",
      value,
      moves: [
        { index: 1, add: indexKeyOf(1, "d", value) },
        { index: 2, add: "wrong" },
      ],
    });
    engine.commit(2, "");
  });
  expect(await checkStore(directory)).toEqual([]);
  expect(await checkStore(directory, { expectedEntries: entriesOfBytes })).toEqual([
    { place: "collection 1, index 2, entry 640064", message: "the entry is missing" },
    { place: "collection 1, index 2, entry 77726f6e67", message: "row 64 should not have the entry" },
  ]);
});

test("an open engine is checked as it stands, resident or not, with what only its log has", async () => {
  await storeWith((engine) => {
    expect(checkEngine(engine, expected)).toEqual([]);
    engine.put({ collection: 1, key: "a", value: undefined, moves: [] });
    engine.commit(2, "");
    expect(checkEngine(engine).map(({ message }) => message)).toContain(
      "the entry leads to row 61, which does not exist",
    );
  });
});

test("a wrong count is told when the collection is read into memory, and no other", async () => {
  const told: string[] = [];
  const miscounted = (message: string): void => void told.push(message);
  for (const isSpoiled of [false, true]) {
    const directory = await storeWith(() => {});
    if (isSpoiled) await spoilBase(directory, () => {}, { rows: 5, rowBytes: 10, indexes: {} });
    const engine = openDiskEngine<TestRow>({ directory, codec: testCodec, miscounted });
    await engine.settled();
    expect(engine.isResident(1)).toBe(true);
    await engine.close();
    if (!isSpoiled) expect(told).toEqual([]);
  }
  expect(told).toEqual([
    'Collection 1 of the store counts 5 rows, but has 3: stop the server and run "narrowcast check"',
  ]);
});
