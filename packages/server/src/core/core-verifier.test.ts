/**
 * Goal: a held result that is false is found, told with its cause, and put right at the client; nothing else is ever called false.
 *
 * Method: a core whose cut-offs are broken on purpose, and cores that are not.
 */
import { ROOT_COMPONENT } from "@narrowcast/values";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import type { VerifierCounters } from "../reactive/verifier.ts";
import type { ReadSetView } from "../tx/types.ts";
import { NOBODY, World } from "../testing/core-world.ts";
import type { WorldOptions } from "../testing/core-world.ts";

const APP = {
  "jobs.ts": `
    import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
    export const add = mutation(async (ctx, fields) => ctx.db.insert("jobs", fields));
    export const patch = mutation(async (ctx, { id, ...fields }) => ctx.db.patch(id, fields));
    export const names = query(async (ctx) => (await ctx.db.query("jobs").collect()).map(({ name }) => ({ name })));
    export const random = query(async (ctx) => [Date.now(), Math.random(), crypto.randomUUID(), (await ctx.db.query("jobs").collect()).length]);
    export const page = query(async (ctx) => ctx.db.query("jobs").paginate({ cursor: null, numItems: 2 }));
    export const mine = query(async (ctx) => (await ctx.auth.getUserIdentity())?.name ?? "nobody");
    export const fails = query(async (ctx) => { throw new Error("no " + (await ctx.db.query("jobs").collect()).length); });
    export const nth = query(async (ctx, { n }) => (await ctx.db.query("jobs").collect())[n]?.name ?? null);
    export const throws = query(async () => { throw new Error("at once"); });
    export const counts = query(async (ctx) => (await ctx.db.query("jobs").collect()).length + 1000 * (Map.prototype.calls = (Map.prototype.calls ?? 0) + 1));
  `,
};
const EVERY = { share: 1, every: 1 };

afterEach(() => vi.restoreAllMocks());

function open(start: WorldOptions["start"] = {}): Promise<World> {
  return World.open(APP, { start: { tracking: { tracking: "fields" }, verify: EVERY, ...start } });
}

async function subscribe(world: World, ...paths: readonly string[]): Promise<void> {
  world.signal({ type: "openSocket", socket: 1 });
  const identity = { kind: "user", key: "ann", attributes: { name: "Ann" } } as const;
  world.signal({ type: "setIdentity", socket: 1, version: 1, identity });
  const add = paths.map((path, queryId) => ({
    queryId,
    component: ROOT_COMPONENT,
    path: `jobs:${path}`,
    args: "{}",
    journal: null,
  }));
  world.signal({ type: "modifyQueries", socket: 1, querySet: 1, add, remove: [] });
  await world.idle();
}

/** What the socket shows for its queries. */
function shown(world: World): readonly unknown[] {
  const held: unknown[] = [];
  for (const { changes } of world.updates) {
    for (const { queryId, result } of changes) held[queryId] = result?.ok === true ? JSON.parse(result.value) : result;
  }
  return held;
}

async function add(world: World, name: string): Promise<string> {
  const outcome = await world.mutation("jobs:add", { name, ticks: 0 });
  if (!outcome.ok) throw new Error(outcome.errorMessage);
  return JSON.parse(outcome.value) as string;
}

/** Does something that executes a query, and nothing else. */
async function executeSomething(world: World, times = 1): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    await world.query("jobs:throws");
    // It verifies only when nobody waits for anything.
    await world.idle();
  }
}

function countersOf(world: World): VerifierCounters | undefined {
  return world.core.verifier?.counters;
}

/** From now on commits are thought to change nothing. */
function breakCutOffs(world: World): () => void {
  const { runner } = world.core;
  const query = runner.query.bind(runner);
  let isBroken = true;
  runner.query = async (request, caller) => {
    const outcome = await query(request, caller);
    const { readSet } = outcome;
    const broken: ReadSetView = {
      points: () => readSet.points(),
      intervals: () => readSet.intervals(),
      names: () => readSet.names(),
      touchedBy: (commit) => readSet.touchedBy(commit),
      isFine: readSet.isFine,
      observedCount: readSet.observedCount,
      concernOf: (commit) => (isBroken ? "field" : readSet.concernOf(commit)),
    };
    return { ...outcome, readSet: broken };
  };
  return () => {
    isBroken = false;
  };
}

test("a result left stale by a broken cut-off is found, told with its cause, and repaired at the client", async () => {
  const alarms = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const world = await open();
  const id = await add(world, "first");
  const restore = breakCutOffs(world);
  await subscribe(world, "names");
  await executeSomething(world);
  expect(countersOf(world)).toMatchObject({ divergences: 0 });
  await world.mutation("jobs:patch", { id, name: "second" });
  await world.idle();
  expect(shown(world)).toEqual([[{ name: "first" }]]);

  await executeSomething(world);
  expect(shown(world)).toEqual([[{ name: "second" }]]);
  expect(countersOf(world)).toMatchObject({ divergences: 1 });
  expect(alarms).toHaveBeenCalledTimes(1);
  const text = String(alarms.mock.calls[0]?.[0]);
  expect(text).toContain(`Alarm: the held result of jobs:names {} is not what a run from scratch gives`);
  expect(text).toContain(`At $[0].name: held "first", should be "second"`);
  expect(text).toContain(`1 commits touched what it read and were cut off since it ran, the last one by jobs:patch`);
  expect(text).toContain(`(update in "jobs", index 1, fields name)`);

  restore();
  await executeSomething(world, 3);
  expect(countersOf(world)).toMatchObject({ divergences: 1 });
});

test("a result left stale by a broken node is repaired by reading anew", async () => {
  const alarms = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const world = await open();
  const id = await add(world, "first");
  await subscribe(world, "names");
  world.core.nodes.apply = () => undefined;
  await world.mutation("jobs:patch", { id, name: "second" });
  await world.idle();
  await executeSomething(world);
  expect(alarms).toHaveBeenCalledTimes(1);
  expect(shown(world)).toEqual([[{ name: "second" }]]);
  // The function is not trusted to memory any more: the node store stays broken, its results do not.
  await world.mutation("jobs:patch", { id, name: "third" });
  await world.idle();
  expect(shown(world)).toEqual([[{ name: "third" }]]);
});

test("what misled one run misled others: they are repaired with it, and nothing false stays in memory", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const world = await open();
  const id = await add(world, "first");
  await subscribe(world, "names");
  world.signal({ type: "openSocket", socket: 2 });
  const other = { queryId: 9, component: ROOT_COMPONENT, path: "jobs:nth", args: `{"n":0}`, journal: null };
  world.signal({ type: "modifyQueries", socket: 2, querySet: 1, add: [other], remove: [] });
  await world.idle();
  const { nodes } = world.core;
  const apply = nodes.apply.bind(nodes);
  nodes.apply = () => undefined;
  await world.mutation("jobs:patch", { id, name: "second" });
  await world.idle();
  nodes.apply = apply;
  expect(shown(world)[9]).toBe("first");

  await executeSomething(world);
  expect(countersOf(world)).toMatchObject({ divergences: 1 });
  expect([shown(world)[0], shown(world)[9]]).toEqual([[{ name: "second" }], "second"]);
  // Read by a function that is still trusted, from the nodes of the same table.
  expect(await world.value("jobs:nth", { n: 1 })).toBe(null);
  await executeSomething(world, 4);
  expect(countersOf(world)).toMatchObject({ divergences: 1 });
});

test("the alarm is in the ledger's report", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const world = await open();
  const id = await add(world, "first");
  breakCutOffs(world);
  await subscribe(world, "names");
  await world.mutation("jobs:patch", { id, name: "second" });
  await executeSomething(world);
  const report = await world.request<"ledger">({ type: "ledger", options: {} });
  expect(report?.verifier).toMatchObject({ divergences: 1, unsteady: 0 });
});

test("clock, randomness, pages, identities and failures compare equal", async () => {
  const alarms = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const world = await open();
  for (const name of ["a", "b", "c"]) await add(world, name);
  await subscribe(world, "random", "page", "mine", "fails", "names");
  for (let n = 0; n < 20; n += 1) {
    world.clock.moveTo(world.clock.nowMs() + 1_000);
    if (n % 5 === 0) await add(world, `more ${n}`);
    await executeSomething(world);
  }
  expect(alarms).not.toHaveBeenCalled();
  expect(countersOf(world)).toMatchObject({ divergences: 0, unsteady: 0 });
  expect(countersOf(world)?.verified).toBeGreaterThan(15);
});

test("a function that remembers things between its runs raises no alarm", async () => {
  // Module variables begin anew; what is left on the prototype of a built-in class is there in the next run.
  onTestFinished(() => void Reflect.deleteProperty(Map.prototype, "calls"));
  const alarms = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const world = await open();
  await subscribe(world, "counts");
  const before = shown(world);
  await add(world, "a");
  await executeSomething(world, 4);
  expect(alarms).not.toHaveBeenCalled();
  expect(countersOf(world)).toMatchObject({ divergences: 0, verified: 0 });
  expect(countersOf(world)?.unsteady).toBeGreaterThan(2);
  expect(shown(world)).not.toEqual(before);
});

test("one held run is verified after so many executions, and none when nothing executes or nothing is held", async () => {
  const world = await open({ verify: { share: 1, every: 10 } });
  await executeSomething(world, 30);
  expect(countersOf(world)).toEqual({ verified: 0, divergences: 0, unsteady: 0 });
  await subscribe(world, "names", "page");
  await executeSomething(world, 100 - 2);
  expect(countersOf(world)?.verified).toBe(10);
  await world.advance(3_600_000);
  expect(countersOf(world)?.verified).toBe(10);
});

test("verification rests for as long as its share of the time asks", async () => {
  const world = await open({ verify: { share: 0.01, every: 1 } });
  await subscribe(world, "names");
  const { runner } = world.core;
  const fromScratch = runner.fromScratch.bind(runner);
  runner.fromScratch = async (request, moment) => {
    world.clock.moveTo(world.clock.nowMs() + 3);
    return fromScratch(request, moment);
  };
  const startMs = world.clock.nowMs();
  const verifiedBefore = countersOf(world)?.verified ?? 0;
  for (let n = 0; n < 200; n += 1) {
    world.clock.moveTo(world.clock.nowMs() + 10);
    await executeSomething(world);
  }
  const spentMs = 3 * ((countersOf(world)?.verified ?? 0) - verifiedBefore);
  expect(spentMs).toBeGreaterThan(0);
  expect(spentMs).toBeLessThanOrEqual(0.01 * (world.clock.nowMs() - startMs) + 3);
});

test("off is off, and by Convex's rules results are verified too", async () => {
  const off = await open({ verify: false });
  expect(off.core.verifier).toBeUndefined();
  const world = await open({ tracking: { tracking: "document" } });
  await subscribe(world, "names");
  await executeSomething(world, 3);
  expect(countersOf(world)?.verified).toBeGreaterThan(1);
  expect(await world.query("jobs:mine", {}, NOBODY)).toMatchObject({ value: `"nobody"` });
});

test("a verification leaves no log entry, no record and no execution behind", async () => {
  const world = await open();
  await subscribe(world, "names");
  const before = world.core.runner.queriesExecuted;
  await executeSomething(world, 5);
  expect(countersOf(world)?.verified).toBeGreaterThan(3);
  expect(world.core.runner.queriesExecuted - before).toBe(5);
  const report = await world.request<"ledger">({ type: "ledger", options: {} });
  const names = report?.functions.rows.find(({ name }) => name === "jobs:names");
  expect(names?.account.runs).toBe(1);
});
