import { expect, test } from "vitest";
import { PRIMARY } from "../tx/types.ts";
import type { Commit, DocumentChange } from "../tx/types.ts";
import { ReadSet } from "../tx/read-set.ts";
import { DependencyIndex } from "./dependency-index.ts";
import type { LiveQueryObserver } from "./options.ts";
import { CellWorld } from "./testing/cells.ts";
import { WakeTrail } from "./wake.ts";

const BY_TAG = 2;

function change(
  id: string,
  before: object | undefined,
  after: object | undefined,
  tags: readonly (string | undefined)[] = [],
) {
  const [remove, add] = tags;
  const moves = remove === undefined && add === undefined ? [] : [{ index: BY_TAG, remove, add }];
  return { table: "items", collection: 10_001, id, before, after, moves } as unknown as DocumentChange;
}

function commitOf(changes: readonly DocumentChange[], names: readonly string[] = []): Commit {
  return { ts: 7, changes, names, source: "items:set" };
}

/** Subscribers: 1 reads document a, 2 the tag "x", 3 both and the name, 4 the name. */
function index(): DependencyIndex {
  const dependencies = new DependencyIndex();
  const sets = [new ReadSet(), new ReadSet(), new ReadSet(), new ReadSet()] as const;
  sets[0].addPoint(10_001, "a");
  sets[2].addPoint(10_001, "a");
  for (const set of [sets[1], sets[2]]) {
    const stretch = set.openStretch(10_001, BY_TAG);
    stretch.start = "x";
    stretch.end = "y";
  }
  for (const set of [sets[2], sets[3]]) set.addName("env:KEY");
  sets.forEach((set, at) => dependencies.set(at + 1, set));
  return dependencies;
}

function wakesOf(commit: Commit) {
  const trail = new WakeTrail(commit);
  const hits = [...index().stab(commit, trail)];
  return hits.map((id, at) => {
    const wake = trail.wakeOf(at);
    return [id, wake?.table, wake?.index, wake?.change, wake?.fields];
  });
}

test("a wake names the first key that touched each run, and the fields that changed", () => {
  const changed = change("a", { tag: "x", n: 1, old: 1 }, { tag: "x", n: 2, fresh: 1 }, ["x1", "x1"]);
  expect(wakesOf(commitOf([changed], ["env:KEY"]))).toEqual([
    [1, "items", PRIMARY, "update", ["n", "old", "fresh"]],
    [3, "items", PRIMARY, "update", ["n", "old", "fresh"]],
    [2, "items", BY_TAG, "update", ["n", "old", "fresh"]],
    [4, null, PRIMARY, "name", ["env:KEY"]],
  ]);
});

test("a wake tells insertions and deletions from updates", () => {
  expect(wakesOf(commitOf([change("b", undefined, { tag: "x" }, [undefined, "x2"])]))).toEqual([
    [2, "items", BY_TAG, "insert", []],
    [3, "items", BY_TAG, "insert", []],
  ]);
  expect(wakesOf(commitOf([change("b", { tag: "x" }, undefined, ["x2", undefined])]))[0]).toEqual([
    2,
    "items",
    BY_TAG,
    "delete",
    [],
  ]);
});

test("a commit that touches nobody has no wakes", () => {
  const trail = new WakeTrail(commitOf([change("c", { n: 1 }, { n: 2 })]));
  expect(index().stab(commitOf([change("c", { n: 1 }, { n: 2 })]), trail).size).toBe(0);
  expect(trail.wakeOf(0)).toBeUndefined();
});

test("runs that one change touched share its wake", () => {
  const commit = commitOf([change("a", { n: 1 }, { n: 2 })]);
  const trail = new WakeTrail(commit);
  index().stab(commit, trail);
  expect(trail.wakeOf(0)).toBe(trail.wakeOf(1));
});

test("an observer is told of first runs, repetitions with their wake, and answers without a run", async () => {
  const observed: unknown[] = [];
  const observer: LiveQueryObserver = {
    ran: ({ path, wake }, { isFirst, isNews, askers }) =>
      observed.push([path, wake?.source ?? null, isFirst ? "first" : "again", isNews ? "news" : "same", askers]),
    shared: ({ path }) => observed.push([path, "shared"]),
    cutOff: () => observed.push("cut off"),
  };
  const world = new CellWorld({ a: (ctx) => ctx.read("a"), same: (ctx) => String(ctx.read("a").length) }, {}, observer);
  for (const id of [1, 2, 3]) world.open(id);
  world.add(1, 1, "a");
  world.add(2, 1, "a");
  world.add(2, 2, "same");
  await world.reactor.settle();
  world.add(3, 1, "a");
  await world.reactor.settle();
  expect(observed.splice(0)).toEqual([
    ["a", null, "first", "news", 2],
    ["same", null, "first", "news", 1],
    ["a", "shared"],
  ]);
  world.write({ a: "x" });
  await world.reactor.settle();
  world.write({ a: "y" });
  await world.reactor.settle();
  world.reactor.invalidateAll();
  await world.reactor.settle();
  expect(observed).toEqual([
    ["a", "test:write", "again", "news", 3],
    ["same", "test:write", "again", "news", 1],
    ["a", "test:write", "again", "news", 3],
    ["same", "test:write", "again", "same", 1],
    ["a", "deployment", "again", "same", 3],
    ["same", "deployment", "again", "same", 1],
  ]);
});
