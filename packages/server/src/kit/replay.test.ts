import { afterEach, expect, test } from "vitest";
import type { Account } from "../meter/account.ts";
import type { LedgerReport } from "../meter/report.ts";
import { replayTrace } from "./replay.ts";
import { writeApp } from "./text-app.ts";
import { openFiles } from "../testing/files-app.ts";
import { openTestDeployment, type TestDeployment } from "./test-deployment.ts";

const JOBS = `
import { actionGeneric as action, makeFunctionReference, mutationGeneric as mutation, queryGeneric as query } from "convex/server";
const tick$ = makeFunctionReference("jobs:tick");
export const addGroup = mutation(async (ctx, { name }) => ctx.db.insert("groups", { name, lead: null }));
export const setLead = mutation(async (ctx, { group, job }) => ctx.db.patch(group, { lead: job }));
export const add = mutation(async (ctx, { group }) => ctx.db.insert("jobs", { group, progress: 0 }));
export const tick = mutation(async (ctx, { id, progress }) => ctx.db.patch(id, { progress }));
export const tickLater = mutation(async (ctx, { id, ms }) => { await ctx.scheduler.runAfter(ms, tick$, { id, progress: 99 }); });
export const tickByAction = action(async (ctx, { id }) => { await ctx.runMutation(tick$, { id, progress: 7 }); });
export const list = query(async (ctx, { group }) => {
  const name = (await ctx.db.get(group))?.name;
  const jobs = await ctx.db.query("jobs").withIndex("by_group", (q) => q.eq("group", group)).collect();
  return jobs.map((job) => name + ":" + job.progress);
});
export const names = query(async (ctx) => {
  const groups = await ctx.db.query("groups").collect();
  return Promise.all(groups.map(async ({ name, lead }) => [name, lead === null ? null : (await ctx.db.get(lead))?.progress ?? "lost"]));
});
export const greeting = query(async () => process.env.GREETING ?? null);
`;
const SCHEMA = `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({
  groups: defineTable({ name: v.string(), lead: v.union(v.null(), v.id("jobs")) }),
  jobs: defineTable({ group: v.id("groups"), progress: v.number() }).index("by_group", ["group"]),
});
`;

let open: { app: TestDeployment; remove(): void } | undefined;
afterEach(async () => {
  await open?.app.close();
  open?.remove();
  open = undefined;
});

async function openApp(): Promise<TestDeployment> {
  const written = writeApp({ "jobs.ts": JOBS, "schema.ts": SCHEMA });
  const app = await openTestDeployment(written.dir);
  open = { app, remove: () => written.remove() };
  return app;
}

/** Data and a subscriber from before the trace, then a history in which ids made in it are used. */
async function traced(app: TestDeployment): Promise<{ lines: string[]; values: unknown[] }> {
  await app.deployment.setEnvironment([{ name: "GREETING", value: "hello" }]);
  const group = await app.mutation("jobs:addGroup", { name: "a" });
  const old = await app.mutation("jobs:add", { group });
  await app.mutation("jobs:setLead", { group, job: old });
  const list = await app.subscribe("jobs:list", { group });
  const lines: string[] = [];
  const end = app.deployment.trace((more) => void lines.push(...more));
  const names = await app.subscribe("jobs:names");
  await app.settled();
  const fresh = await app.mutation("jobs:add", { group });
  await app.settled();
  for (const [id, progress] of [
    [old, 1],
    [fresh, 2],
    [fresh, 2],
    [old, 3],
  ] as const) {
    await app.mutation("jobs:tick", { id, progress });
    await app.settled();
  }
  await app.mutation("jobs:tickLater", { id: fresh, ms: 20 });
  await expect.poll(() => list.value).toEqual(["a:3", "a:99"]);
  await app.action("jobs:tickByAction", { id: fresh });
  await app.settled();
  await end();
  return { lines, values: [list.value, names.value] };
}

function line({ functions }: LedgerReport, path: string): Partial<Account> {
  return functions.rows.find(({ name }) => name === path)?.account ?? {};
}

test("a replay does the work of the trace again: the same runs, documents and results' bytes", async () => {
  const app = await openApp();
  const { lines } = await traced(app);
  const report = await replayTrace(lines, "convex");
  expect(report.refused).toBe(0);
  const theirs = await app.deployment.ledger();
  // The subscriber of before the trace is established again: its first run is in both.
  const { runs, reruns, convexDocuments, convexBytes, convexCalls } = line(theirs as LedgerReport, "jobs:list");
  expect(line(report.ledger, "jobs:list")).toMatchObject({ runs, reruns, convexDocuments, convexBytes, convexCalls });
  expect(line(report.ledger, "jobs:names")).toMatchObject({
    runs: line(theirs as LedgerReport, "jobs:names").runs,
    convexDocuments: line(theirs as LedgerReport, "jobs:names").convexDocuments,
  });
  // Six ticks, one of them scheduled, one by an action, one that changed nothing; the clock is virtual.
  expect(line(report.ledger, "jobs:tick")).toMatchObject({ runs: 6, documentsWritten: 5, writeCutOffs: 1, errors: 0 });
  expect(line(report.ledger, "jobs:add")).toMatchObject({ runs: 1 });
  expect(report.ledger.totals.bytesSent).toBeGreaterThan(0);
});

test("replays are deterministic, and finer rules read less", async () => {
  const app = await openApp();
  const { lines } = await traced(app);
  const [once, again, narrow] = [
    await replayTrace(lines, "convex"),
    await replayTrace(lines, "convex"),
    await replayTrace(lines, "narrow"),
  ];
  const work = ({ totals: { userMs: _time, ...figures } }: LedgerReport) => figures;
  expect(work(again.ledger)).toEqual(work(once.ledger));
  expect(once.ledger.totals.documents).toBe(once.ledger.totals.convexDocuments);
  expect(narrow.ledger.totals.documents).toBeLessThan(once.ledger.totals.documents);
  expect(narrow.ledger.totals.convexDocuments).toBe(once.ledger.totals.convexDocuments);
  expect(narrow.ledger.totals.runs).toBeLessThanOrEqual(once.ledger.totals.runs);
});

test("a trace says who wrote and what ran, for people", async () => {
  const app = await openApp();
  const { lines } = await traced(app);
  const parsed = lines.map((text) => JSON.parse(text) as Record<string, unknown>);
  expect(parsed[0]).toMatchObject({ kind: "head", version: 1, documents: 2, environment: [{ name: "GREETING" }] });
  expect(parsed).toContainEqual(expect.objectContaining({ kind: "commit", source: "jobs:add" }));
  expect(parsed).toContainEqual(
    expect.objectContaining({
      kind: "run",
      path: "jobs:list",
      cause: expect.objectContaining({ writer: "jobs:tick", fields: ["progress"] }),
    }),
  );
});

test.each([
  ["nothing", [], "Cannot read trace: it is empty"],
  ["no JSON", ["{"], "Cannot read trace: line 1 is no JSON"],
  ["another file", ['{"a":1}'], "Cannot read trace: line 1 has no `kind`"],
  ["a trace without its head", ['{"kind":"commit"}'], "Cannot read trace: it does not begin with a head"],
  ["a trace of another version", ['{"kind":"head","version":9}'], "Cannot read trace: its version is 9; should be 1"],
])("%s is refused", async (_name, lines, message) => {
  await expect(replayTrace(lines, "convex")).rejects.toThrow(message);
});

test("files that were there, come and go are the same in a replay, by their rows", async () => {
  const world = await openFiles();
  const old = await world.upload(Buffer.from("old"));
  const lines: string[] = [];
  const end = world.deployment.trace((more) => void lines.push(...more));
  const fresh = await world.upload(Buffer.from("fresh"));
  const stored = await world.mutation("store", { text: "stored" });
  for (const id of [old, fresh, stored]) {
    await world.mutation("attach", { id });
    expect(await world.query("urlOfId", { id })).toMatch(/^http/);
    await world.mutation("remove", { id });
  }
  await end();
  await world.deployment.close();
  const report = await replayTrace(lines, "narrow");
  expect(report.refused).toBe(0);
  expect(line(report.ledger, "files:attach").documentsWritten).toBe(3);
});
