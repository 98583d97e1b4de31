import { expect, test } from "vitest";
import type { LedgerReport, ReportTable } from "../meter/report.ts";
import { NOBODY, World } from "../testing/core-world.ts";

const APP = {
  "schema.ts": `
    import { defineSchema, defineTable } from "convex/server";
    import { v } from "convex/values";
    export default defineSchema({
      jobs: defineTable({ group: v.string(), progress: v.number() }).index("by_group", ["group"]),
      notes: defineTable({ text: v.string() }),
    });`,
  "jobs.ts": `
    import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
    export const add = mutation(async (ctx, { group }) => ctx.db.insert("jobs", { group, progress: 0 }));
    export const tick = mutation(async (ctx, { id, progress }) => ctx.db.patch(id, { progress }));
    export const refuse = mutation(async (ctx, { id }) => { await ctx.db.patch(id, { progress: -1 }); throw new Error("no"); });
    export const list = query(async (ctx, { group }) =>
      (await ctx.db.query("jobs").withIndex("by_group", (q) => q.eq("group", group)).collect()).map((job) => job.progress));
    export const one = query(async (ctx, { id }) => { await ctx.db.query("notes").collect(); return (await ctx.db.get(id))?.group ?? null; });
    export const mine = query(async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? null);
  `,
};

async function open(): Promise<World> {
  const world = await World.open(APP);
  for (const socket of [1, 2]) world.signal({ type: "openSocket", socket });
  return world;
}

async function subscribe(world: World, socket: number, queryId: number, path: string, args: object): Promise<void> {
  const add = [{ queryId, path, args: JSON.stringify(args), journal: null }];
  world.signal({ type: "modifyQueries", socket, querySet: queryId, add, remove: [] });
  await world.idle();
}

async function ledgerOf(world: World): Promise<LedgerReport> {
  const report = await world.request<"ledger">({ type: "ledger", options: {} });
  if (report === null) throw new Error("metering is off");
  return report;
}

function row(table: ReportTable, name: string) {
  const found = table.rows.find((other) => other.name === name);
  if (found === undefined) throw new Error(`no line "${name}" among ${table.rows.map((line) => line.name).join(", ")}`);
  return found;
}

async function add(world: World, group: string): Promise<string> {
  const outcome = await world.mutation("jobs:add", { group });
  if (!outcome.ok) throw new Error(outcome.errorMessage);
  return JSON.parse(outcome.value) as string;
}

test("one write that wakes a list of three, held by two sockets, is accounted to the last document", async () => {
  const world = await open();
  const [id] = [await add(world, "a"), await add(world, "a"), await add(world, "a"), await add(world, "b")];
  await subscribe(world, 1, 1, "jobs:list", { group: "a" });
  await subscribe(world, 2, 1, "jobs:list", { group: "a" });
  await world.mutation("jobs:tick", { id, progress: 5 });
  await world.idle();
  const ledger = await ledgerOf(world);
  const list = row(ledger.functions, "jobs:list").account;
  expect(list).toMatchObject({ runs: 2, firstRuns: 1, reruns: 1, answers: 1, calls: 3, convexCalls: 4 });
  expect(list).toMatchObject({ convexDocuments: 6, convexFirstDocuments: 3, resultCutOffs: 0 });
  expect(row(ledger.functions, "jobs:tick").account).toMatchObject({
    runs: 1,
    convexDocuments: 1,
    documentsWritten: 1,
  });
  expect(row(ledger.tables, "jobs").account).toMatchObject({ convexDocuments: 7, documentsWritten: 5, reruns: 1 });
  const pair = row(ledger.pairs, "jobs:tick → jobs:list");
  expect(pair.causePaths).toEqual({ "jobs.by_group [progress]": 1 });
  expect(pair.account).toMatchObject({ reruns: 1, convexDocuments: 3, convexCalls: 2 });
  expect(row(ledger.subscriptions, 'jobs:list {"group":"a"}').account).toMatchObject({ runs: 2, convexDocuments: 6 });
});

test("a result that stays equal, and a write that changes nothing, are told apart", async () => {
  const world = await open();
  const id = await add(world, "a");
  await subscribe(world, 1, 1, "jobs:one", { id });
  await world.mutation("jobs:tick", { id, progress: 1 });
  await world.mutation("jobs:tick", { id, progress: 1 });
  await world.idle();
  const ledger = await ledgerOf(world);
  const { nodeCutOffs, fieldCutOffs, resultCutOffs, reruns } = row(ledger.functions, "jobs:one").account;
  // Under document rules the run is repeated and equal; under finer rules it is spared. Either way nothing is sent.
  expect(nodeCutOffs + fieldCutOffs + resultCutOffs).toBe(1);
  expect(reruns).toBe(resultCutOffs);
  expect(row(ledger.functions, "jobs:tick").account).toMatchObject({ runs: 2, documentsWritten: 1, writeCutOffs: 1 });
});

test("a mutation that fails wrote nothing, and is an error", async () => {
  const world = await open();
  const id = await add(world, "a");
  expect((await world.mutation("jobs:refuse", { id })).ok).toBe(false);
  const ledger = await ledgerOf(world);
  expect(row(ledger.functions, "jobs:refuse").account).toMatchObject({
    errors: 1,
    documentsWritten: 0,
    convexDocuments: 1,
  });
});

test("who asks with an identity that is looked at has a line of their own, without the identity in it", async () => {
  const world = await open();
  const ann = { kind: "user", key: "ann|secret", attributes: { subject: "ann" } } as const;
  world.signal({ type: "setIdentity", socket: 1, version: 1, identity: ann });
  await subscribe(world, 1, 1, "jobs:mine", {});
  await subscribe(world, 2, 1, "jobs:mine", {});
  const names = (await ledgerOf(world)).subscriptions.rows.map(({ name }) => name);
  expect(names.sort()).toEqual([expect.stringMatching(/^jobs:mine @[0-9a-f]{8}$/), "jobs:mine @nobody"]);
});

test("bytes that main sent go to the subscription's line, by identity only where there is one", async () => {
  const world = await open();
  await subscribe(world, 1, 1, "jobs:list", { group: "a" });
  const note = { path: "jobs:list", args: '{"group":"a"}', identityKey: "ann", bytes: 10, convexBytes: 90, sends: 2 };
  world.signal({ type: "sent", notes: [note, note] });
  const { subscriptions, totals } = await ledgerOf(world);
  expect(subscriptions.rows).toHaveLength(1);
  expect(subscriptions.rows[0]?.account).toMatchObject({ bytesSent: 20, convexBytesSent: 180, sends: 4, runs: 1 });
  expect(totals.bytesSent).toBe(20);
});

test("one-shot queries are no first runs, and system queries are not counted", async () => {
  const world = await open();
  await add(world, "a");
  await world.query("jobs:list", { group: "a" });
  await world.query("jobs:list", { group: "a" });
  await world.query(
    "_system/cli/tables",
    { paginationOpts: { numItems: 5, cursor: null } },
    { ...NOBODY, kind: "admin" },
  );
  const ledger = await ledgerOf(world);
  expect(row(ledger.functions, "jobs:list").account).toMatchObject({ runs: 1, firstRuns: 0, answers: 1, calls: 2 });
  expect(ledger.functions.rows.map(({ name }) => name).sort()).toEqual(["jobs:add", "jobs:list"]);
});
