import * as fc from "fast-check";
import { expect, test } from "vitest";
import { OrderedTree } from "./ordered-tree.ts";

const key = fc.integer({ min: 0, max: 400 }).map((n) => String.fromCharCode(n >> 8, n & 255));

function drain(tree: OrderedTree<number>, start: string, end: string | undefined, order: "asc" | "desc"): string[] {
  const cursor = tree.cursor(start, end, order);
  const keys: string[] = [];
  while (cursor.next()) keys.push(cursor.key);
  return keys;
}

test("a tree equals a sorted map after any sequence of sets and deletes", () => {
  const step = fc.record({ key, isDelete: fc.boolean(), value: fc.integer() });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 600 }),
      fc.boolean(),
      key,
      fc.option(key, { nil: undefined }),
      (steps, bulk, start, end) => {
        const model = new Map<string, number>();
        let tree = new OrderedTree<number>();
        for (const [at, { key, isDelete, value }] of steps.entries()) {
          if (bulk && at === steps.length >> 1) {
            const keys = [...model.keys()].sort();
            tree = OrderedTree.fromSorted(
              keys,
              keys.map((one) => model.get(one)!),
            );
          }
          const before = model.get(key);
          expect(isDelete ? tree.delete(key) : tree.set(key, value)).toBe(before);
          if (isDelete) model.delete(key);
          else model.set(key, value);
        }
        const inRange = [...model.keys()].sort().filter((k) => k >= start && (end === undefined || k < end));
        expect(tree.size).toBe(model.size);
        expect(drain(tree, start, end, "asc")).toEqual(inRange);
        expect(drain(tree, start, end, "desc")).toEqual(inRange.toReversed());
        for (const [k, value] of model) expect(tree.get(k)).toBe(value);
      },
    ),
    { numRuns: 150 },
  );
});

test("a tree grows to several levels and shrinks to nothing", () => {
  const keys = Array.from({ length: 5000 }, (_, n) => String.fromCharCode(n >> 8, n & 255));
  const tree = new OrderedTree<number>();
  for (const [n, one] of keys.entries()) tree.set(one, n);
  expect(drain(tree, "", undefined, "asc")).toEqual(keys);
  for (const one of keys) tree.delete(one);
  expect(tree.size).toBe(0);
  expect(drain(tree, "", undefined, "desc")).toEqual([]);
  tree.set("a", 1);
  expect(drain(tree, "", undefined, "asc")).toEqual(["a"]);
});

test("a cursor sees writes ahead of it and not those behind it, while it walks", () => {
  const write = fc.record({ after: fc.integer({ min: 0, max: 30 }), key, isDelete: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(key, { maxLength: 200 }),
      fc.array(write, { maxLength: 40 }),
      fc.boolean(),
      (initial, writes, up) => {
        const tree = new OrderedTree<number>();
        const model = new Set(initial);
        for (const one of initial) tree.set(one, 0);
        const cursor = tree.cursor("", undefined, up ? "asc" : "desc");
        let last: string | undefined;
        for (let at = 0; ; at += 1) {
          for (const one of writes.filter((write) => write.after === at)) {
            if (one.isDelete) tree.delete(one.key);
            else tree.set(one.key, 1);
            if (one.isDelete) model.delete(one.key);
            else model.add(one.key);
          }
          const sorted = [...model].sort();
          if (!up) sorted.reverse();
          const expected = sorted.find((one) => last === undefined || (up ? one > last : one < last));
          expect(cursor.next() ? cursor.key : undefined).toBe(expected);
          if (expected === undefined) break;
          last = expected;
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("a cursor that came to its end finds keys that are appended later", () => {
  const tree = new OrderedTree<number>();
  tree.set("a", 1);
  const cursor = tree.cursor("", "m", "asc");
  expect([cursor.next(), cursor.next()]).toEqual([true, false]);
  tree.set("b", 2);
  tree.set("z", 3);
  expect([cursor.next(), cursor.key, cursor.next()]).toEqual([true, "b", false]);
});
