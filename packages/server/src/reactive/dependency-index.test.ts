import { rootTable } from "@narrowcast/values";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ReadSet } from "../tx/read-set.ts";
import { PRIMARY } from "../tx/types.ts";
import type { Commit, DocumentChange, IndexMove } from "../tx/types.ts";
import { DependencyIndex } from "./dependency-index.ts";

const key = fc.string({ unit: fc.constantFrom("a", "b", "c", "\0", "\xff"), maxLength: 3 });
const collection = fc.integer({ min: 1, max: 2 });
const indexNumber = fc.integer({ min: PRIMARY, max: 2 });
const name = fc.constantFrom("table:a", "table:b", "env:X", "schema");

const reads = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("point" as const), collection, key }),
    fc.record({
      kind: fc.constant("interval" as const),
      collection,
      index: indexNumber,
      start: key,
      end: fc.option(key, { nil: undefined }),
    }),
    fc.record({ kind: fc.constant("name" as const), name: fc.constantFrom("table:a", "table:b", "env:X") }),
  ),
  { maxLength: 6 },
);
type Reads = typeof reads extends fc.Arbitrary<infer T> ? T : never;

const move: fc.Arbitrary<IndexMove> = fc.record({
  index: fc.integer({ min: 1, max: 2 }),
  remove: fc.option(key, { nil: undefined }),
  add: fc.option(key, { nil: undefined }),
});
const change: fc.Arbitrary<DocumentChange> = fc.record({
  table: fc.constant(rootTable("t")),
  collection,
  id: key,
  before: fc.constant(undefined),
  after: fc.constant(undefined),
  moves: fc.array(move, { maxLength: 2 }),
});
const commit: fc.Arbitrary<Commit> = fc.record({
  ts: fc.constant(1),
  changes: fc.array(change, { maxLength: 3 }),
  names: fc.array(name, { maxLength: 1 }),
  source: fc.constant("test:fn"),
});

function readSetOf(items: Reads): ReadSet {
  const set = new ReadSet();
  for (const item of items) {
    if (item.kind === "point") set.addPoint(item.collection, item.key);
    else if (item.kind === "name") set.addName(item.name);
    else Object.assign(set.openStretch(item.collection, item.index), { start: item.start, end: item.end });
  }
  return set;
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("set" as const), id: fc.nat(7), reads }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), id: fc.nat(7) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("stab" as const), commit }) },
);

test("stab() finds exactly the subscribers whose read set is touched, through any history", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const index = new DependencyIndex();
      const model = new Map<number, ReadSet>();
      for (const action of steps) {
        if (action.kind === "set") {
          const readSet = readSetOf(action.reads);
          model.set(action.id, readSet);
          index.set(action.id, readSet);
        } else if (action.kind === "remove") {
          model.delete(action.id);
          index.remove(action.id);
        } else {
          const expected = [...model].filter(([, readSet]) => readSet.touchedBy(action.commit)).map(([id]) => id);
          expect([...index.stab(action.commit)].sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b));
        }
      }
      for (const id of model.keys()) index.remove(id);
      expect(index.watchedCount).toBe(0);
    }),
    { numRuns: Number(process.env["SIMS"] ?? 400) },
  );
});

/** A subscriber that watches one document, one range of an index, and one name. */
function narrowReadSet(n: number): ReadSet {
  const set = new ReadSet();
  const id = String(n).padStart(6, "0");
  set.addPoint(1, id);
  Object.assign(set.openStretch(1, 1), { start: id, end: `${id}~` });
  set.addName("table:t");
  return set;
}

function writeTo(numbers: readonly number[]): Commit {
  const changes = numbers.map((n) => {
    const id = String(n).padStart(6, "0");
    return {
      table: rootTable("t"),
      collection: 1,
      id,
      before: undefined,
      after: undefined,
      moves: [{ index: 1, remove: undefined, add: `${id}x` }],
    };
  });
  return { ts: 1, changes, names: [], source: "test:fn" };
}

test("a commit of 100 documents costs what it writes, not the 20,000 subscribers on disjoint ranges", () => {
  const index = new DependencyIndex();
  for (let n = 0; n < 20_000; n++) index.set(n, narrowReadSet(n));
  const { lookups, visited } = index;
  const numbers = Array.from({ length: 100 }, (_, n) => n * 150);
  expect([...index.stab(writeTo(numbers))].sort((a, b) => a - b)).toEqual(numbers);
  expect(index.lookups - lookups).toBe(300); // Per document: the row by hash, the row by range, one index key.
  expect(index.visited - visited).toBeLessThan(100 * 60); // A treap of 20,000 is about 30 deep.
});

test("equal ranges of many subscribers cost one node", () => {
  const index = new DependencyIndex();
  for (let n = 0; n < 1_000; n++) index.set(n, narrowReadSet(7));
  expect(index.watchedCount).toBe(3);
  expect(index.stab(writeTo([7])).size).toBe(1_000);
  expect(index.visited).toBeLessThan(3);
});

test("set() again with the same read set leaves the watches in place", () => {
  const index = new DependencyIndex();
  index.set(1, narrowReadSet(1));
  index.set(1, narrowReadSet(1));
  expect(index.watchedCount).toBe(3);
  index.set(1, narrowReadSet(2));
  expect(index.stab(writeTo([1])).size).toBe(0);
  expect([...index.stab(writeTo([2]))]).toEqual([1]);
});

test("stabNames() finds those who asked for a name", () => {
  const index = new DependencyIndex();
  const set = new ReadSet();
  set.addName("env:KEY");
  index.set(3, set);
  expect([...index.stabNames(["env:KEY"])]).toEqual([3]);
  expect([...index.stabNames(["env:OTHER"])]).toEqual([]);
});

test("remove() of an unknown subscriber is ignored", () => {
  const index = new DependencyIndex();
  index.remove(5);
  expect(index.size).toBe(0);
});
