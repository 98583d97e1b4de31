import { expect, test } from "vitest";
import { Row } from "./row.ts";
import { RowCache } from "./row-cache.ts";

function admitted(cache: RowCache<string>, key: string, bytes = 100): Row<string> {
  const row = new Row<string>(key);
  row.value = key;
  cache.admit(row, bytes);
  return row;
}

test("the cache stays under its limit, and cold rows lose their values first", () => {
  const cache = new RowCache<string>(1000);
  const hot = admitted(cache, "hot");
  const rows = Array.from({ length: 50 }, (_, at) => {
    hot.isHot = true;
    return admitted(cache, String(at));
  });
  expect(cache.bytes).toBeLessThanOrEqual(1000);
  expect(hot.value).toBe("hot");
  expect(rows.filter((row) => row.value !== undefined).length).toBeLessThan(5);
});

test("old cold rows go, not those that just came", () => {
  const cache = new RowCache<string>(10_000);
  const rows = Array.from({ length: 1000 }, (_, at) => admitted(cache, String(at)));
  const kept = rows.flatMap((row, at) => (row.value === undefined ? [] : [at]));
  expect(kept.at(-1)).toBe(999);
  expect(kept.filter((at) => at >= 900).length).toBeGreaterThan(kept.length / 2);
});

test("with every row hot, admitting still ends and evicts", () => {
  const cache = new RowCache<string>(1000);
  const rows = Array.from({ length: 4 }, (_, at) => admitted(cache, String(at)));
  for (const row of rows) row.isHot = true;
  const next = admitted(cache, "next", 400);
  expect(cache.bytes).toBeLessThanOrEqual(1000);
  expect([...rows, next].some((row) => row.value === undefined)).toBe(true);
});

test("a row that is written again is counted once", () => {
  const cache = new RowCache<string>(10_000);
  const row = admitted(cache, "a", 1000);
  const { bytes } = cache;
  for (let at = 0; at < 100; at += 1) cache.admit(row, 1000);
  expect(cache.bytes).toBe(bytes);
  cache.admit(row, 10);
  expect(cache.bytes).toBeLessThan(bytes);
});

test("whoever keeps rows by key observes an eviction", () => {
  const cache = new RowCache<string>(100);
  const row = new Row<string>("a");
  row.value = "a";
  const evicted: string[] = [];
  cache.admit(row, 1000, { evicted: ({ key }) => evicted.push(key) });
  expect([evicted, row.value, cache.bytes]).toEqual([["a"], undefined, 0]);
});
