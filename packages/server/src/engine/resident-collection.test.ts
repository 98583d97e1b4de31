import { expect, test } from "vitest";
import { ResidentCollection } from "./resident-collection.ts";
import { RowCache } from "./row-cache.ts";
import { SlabRowStore } from "./slab-rows.ts";
import { movesOf, testCodec } from "./testing/test-rows.ts";
import type { TestRow } from "./testing/test-rows.ts";
import { PRIMARY } from "./types.ts";

const counters = { rowsDecoded: 0, rowsFromBase: 0, bytesFromBase: 0, flushes: 0, bytesLogged: 0, checkpoints: 0 };

function fresh(cacheBytes = 10_000) {
  const store = new SlabRowStore<TestRow>({ codec: testCodec, cache: new RowCache(cacheBytes), counters });
  const rows = new ResidentCollection<TestRow>(store);
  const put = (key: string, row: TestRow | undefined) => {
    const bytes = row === undefined ? undefined : testCodec.encode(row);
    return rows.apply(key, row, bytes, movesOf(key, rows.get(key), row));
  };
  return { store, rows, put };
}

test("updates, deletes and rollbacks give their memory back", () => {
  const { store, rows, put } = fresh();
  const cycle = (at: number) => {
    put("a", { a: at % 256, text: "x".repeat(100) }).settle();
    put("a", { a: at % 256, text: "taken back" }).revert();
    put("b", { a: 1, text: "y".repeat(100) }).settle();
    put("b", undefined).settle();
  };
  cycle(0);
  const { bytes } = store;
  for (let at = 0; at < 5000; at += 1) cycle(at);
  expect(store.bytes).toBe(bytes);
  expect([rows.count, rows.get("a")?.text.length]).toEqual([1, 100]);
});

test("a value that was evicted is decoded again, also after a rollback", () => {
  const { rows, put } = fresh(0);
  put("a", { a: 1, text: "first" }).settle();
  const before = counters.rowsDecoded;
  expect(rows.get("a")).toEqual({ a: 1, text: "first" });
  const undo = put("a", { a: 2, text: "second" });
  expect(rows.get("a")).toEqual({ a: 2, text: "second" });
  undo.revert();
  expect(rows.get("a")).toEqual({ a: 1, text: "first" });
  expect(counters.rowsDecoded).toBeGreaterThan(before + 2);
});

test("the primary tree is built at the first scan and kept true afterwards", () => {
  const { rows, put } = fresh();
  const keys = () => {
    const cursor = rows.scan(PRIMARY, { start: "", end: undefined }, "asc");
    const found: string[] = [];
    while (cursor.next()) found.push(cursor.key);
    return found;
  };
  put("b", { a: 1, text: "" }).settle();
  put("a", { a: 1, text: "" }).settle();
  expect(keys()).toEqual(["a", "b"]);
  put("c", { a: 1, text: "" }).settle();
  put("a", undefined).revert();
  put("b", undefined).settle();
  expect(keys()).toEqual(["a", "c"]);
});
