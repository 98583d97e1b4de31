/**
 * Goal: by the rules of `fields` an app shows the same and costs what changed.
 *
 * Method: an app of the orchestrator's kind (jobs that tick all the time, lists and badges that look at a few of their fields) on a deployment of each
 * kind; work is counted, not timed.
 */
import { afterEach, expect, test } from "vitest";
import type { DeploymentOptions } from "../host/deployment.ts";
import { NO_IDENTITY } from "../protocol/live-types.ts";
import { openTestDeployment, type TestDeployment } from "./test-deployment.ts";
import { writeApp } from "./text-app.ts";

const JOBS = `
import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
import { ConvexError } from "convex/values";
export const seed = mutation(async (ctx, { count }) => {
  const ids = [];
  for (let n = 0; n < count; n++) {
    const state = n % 10 === 0 ? "ready" : "running";
    ids.push(await ctx.db.insert("jobs", { namespace: "ns" + (n % 5), state, name: "job " + n, metrics: { ticks: 0 }, log: [] }));
  }
  return ids;
});
export const tick = mutation(async (ctx, { id, ticks }) => ctx.db.patch(id, { metrics: { ticks } }));
export const rename = mutation(async (ctx, { id, name }) => ctx.db.patch(id, { name }));
export const start = mutation(async (ctx, { id }) => ctx.db.patch(id, { state: "running" }));
const all = (ctx) => ctx.db.query("jobs").collect();
export const sweep = mutation(async (ctx) => {
  let ready = 0;
  for (const job of await all(ctx)) {
    if (job.state === "ready") ready++;
    const sum = (await ctx.db.query("jobs").withIndex("by_namespace", (q) => q.eq("namespace", job.namespace)).collect()).length;
    if (job.sum !== sum) await ctx.db.patch(job._id, { sum });
  }
  return ready;
});
export const look = mutation(async (ctx, { id }) => (await ctx.db.get(id)).name);
export const ready = query(async (ctx) =>
  (await ctx.db.query("jobs").filter((q) => q.eq(q.field("state"), "ready")).collect()).map((job) => job._id));
export const names = query(async (ctx) => (await all(ctx)).map(({ name }) => name));
export const namespaces = query(async (ctx) => [...new Set((await all(ctx)).map((job) => job.namespace))]);
export const badge = query(async (ctx) => (await all(ctx)).filter((job) => job.state === "running").length);
export const total = query(async (ctx) => (await all(ctx)).length);
export const ticks = query(async (ctx) => (await all(ctx)).reduce((sum, job) => sum + job.metrics.ticks, 0));
export const detail = query(async (ctx, { id }) => ctx.db.get(id));
export const title = query(async (ctx, { id }) => (await ctx.db.get(id))?.name ?? null);
export const whole = query(async (ctx) => all(ctx));
export const page = query(async (ctx, { paginationOpts, isFiltered }) => {
  const jobs = ctx.db.query("jobs").withIndex("by_namespace").order("desc");
  return (isFiltered ? jobs.filter((q) => q.neq(q.field("state"), "ready")) : jobs).paginate(paginationOpts);
});
export const odd = query(async (ctx, { id, how }) => {
  const job = await ctx.db.get(id);
  if (how === "log") console.log(job, [job], new Map([["job", job]]), new Error("x", { cause: job }).cause);
  if (how === "clone") return structuredClone({ job, list: [job] });
  if (how === "error") throw new ConvexError({ job });
  if (how === "throw") throw new Error("failed " + JSON.stringify(job));
  if (how === "spread") return { ...job, mine: true };
  if (how === "write") { job.name = "mine"; job.log.push("line"); delete job.metrics; return job; }
  if (how === "frozen") return Object.isFrozen(Object.freeze(job)) && Object.keys(job).length;
  if (how === "nested") return { a: [{ job }], b: job };
  return null;
});
`;
const SCHEMA = `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({ jobs: defineTable(v.any()).index("by_namespace", ["namespace"]) });
`;

const open: { close(): Promise<void>; remove(): void }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) {
    await one.close();
    one.remove();
  }
});

async function openJobs(
  options: Partial<DeploymentOptions>,
  count = 100,
): Promise<{ app: TestDeployment; ids: string[] }> {
  const written = writeApp({ "jobs.ts": JOBS, "schema.ts": SCHEMA });
  const app = await openTestDeployment(written.dir, options);
  open.push({ close: () => app.close(), remove: () => written.remove() });
  const ids = (await app.mutation("jobs:seed", { count })) as string[];
  return { app, ids };
}

const LISTS = ["ready", "names", "namespaces", "badge", "total", "ticks", "whole"] as const;

/** Which subscriptions `work` makes run again. */
async function rerunBy(app: TestDeployment, work: () => unknown): Promise<{ reruns: string[]; documents: number }> {
  const cost = await app.expectCost(work);
  const reruns = Object.entries(cost.functions).filter(([, { reruns }]) => reruns > 0);
  return { reruns: reruns.map(([path]) => path.replace("jobs:", "")).sort(), documents: cost.documents };
}

test("a write re-runs only what looks at what it changes, and reads only what changed", async () => {
  const { app, ids } = await openJobs({ tracking: "fields" });
  const id = ids[11] ?? "";
  for (const name of LISTS) await app.subscribe(`jobs:${name}`);
  const detail = await app.subscribe("jobs:detail", { id });
  await app.subscribe("jobs:title", { id });
  await app.subscribe("jobs:title", { id: ids[12] ?? "" });

  const tick = await rerunBy(app, () => app.mutation("jobs:tick", { id, ticks: 1 }));
  expect(tick.reruns).toEqual(["detail", "ticks", "whole"]);
  expect(tick.documents).toBeLessThanOrEqual(3);
  expect(detail.value).toMatchObject({ metrics: { ticks: 1 } });

  const rename = await rerunBy(app, () => app.mutation("jobs:rename", { id, name: "new" }));
  expect(rename.reruns).toEqual(["detail", "names", "title", "whole"]);

  const start = await rerunBy(app, () => app.mutation("jobs:start", { id: ids[20] ?? "" }));
  expect(start.reruns).toEqual(["badge", "ready", "whole"]);

  const more = await rerunBy(app, () => app.mutation("jobs:seed", { count: 1 }));
  expect(more.reruns).toEqual([...LISTS].sort());

  const same = await rerunBy(app, () => app.mutation("jobs:rename", { id, name: "new" }));
  expect(same.reruns).toEqual([]);
});

test("by Convex's rules everything that read the document runs again and reads again", async () => {
  const { app, ids } = await openJobs({ tracking: "document" });
  for (const name of LISTS) await app.subscribe(`jobs:${name}`);
  const tick = await rerunBy(app, () => app.mutation("jobs:tick", { id: ids[11] ?? "", ticks: 1 }));
  expect(tick.reruns).toEqual([...LISTS].sort());
  expect(tick.documents).toBe(100 * LISTS.length + 1);
});

test("a function named in trackingFor has rules of its own", async () => {
  const { app, ids } = await openJobs({ tracking: "fields", trackingFor: { "jobs.js:names": "document" } });
  for (const name of LISTS) await app.subscribe(`jobs:${name}`);
  const tick = await rerunBy(app, () => app.mutation("jobs:tick", { id: ids[11] ?? "", ticks: 1 }));
  expect(tick.reruns).toEqual(["names", "ticks", "whole"]);
});

test("a re-run after one of 1,000 documents changed visits one row, and the log says so", async () => {
  const { app, ids } = await openJobs({ tracking: "fields" }, 1_000);
  await app.subscribe("jobs:ticks");
  // Entries without lines are kept from the first look on.
  await app.deployment.logs(0, 0);
  const cost = await app.expectCost(() => app.mutation("jobs:tick", { id: ids[500] ?? "", ticks: 7 }));
  expect(cost.functions["jobs:ticks"]).toMatchObject({ reruns: 1, documents: 1, convexDocuments: 1_000 });
  const { entries } = await app.deployment.logs(0, 0);
  const last = entries.filter(({ path }) => path === "jobs:ticks").at(-1);
  expect(last?.usage).toMatchObject({ documentsRead: 1_000, storageDocuments: 1 });
});

test.each([
  { name: "page", isFiltered: false },
  { name: "filtered page", isFiltered: true },
])("a re-run of a $name after one of its 25 documents changed visits that one, the first re-run too", async (kind) => {
  const { app } = await openJobs({ tracking: "fields" }, 100);
  const { isFiltered } = kind;
  const one = await app.subscribe("jobs:page", { paginationOpts: { numItems: 25, cursor: null }, isFiltered });
  const { continueCursor: cursor } = one.value as { continueCursor: string };
  const two = await app.subscribe("jobs:page", { paginationOpts: { numItems: 25, cursor }, isFiltered });
  for (const page of [one, two]) {
    for (const ticks of [1, 2]) {
      const { _id: id } = (page.value as { page: { _id: string }[] }).page[7] ?? { _id: "" };
      const cost = await app.expectCost(() => app.mutation("jobs:tick", { id, ticks }));
      expect(cost.functions["jobs:page"]).toMatchObject({ reruns: 1, documents: 1 });
      expect((page.value as { page: unknown[] }).page[7]).toMatchObject({ metrics: { ticks } });
    }
  }
});

test("what handlers do with documents looks the same from outside by both rules", async () => {
  const narrow = await openJobs({ tracking: "fields" }, 3);
  const plain = await openJobs({ tracking: "document" }, 3);
  for (const how of ["log", "clone", "error", "throw", "spread", "write", "frozen", "nested", "none"]) {
    const [a, b] = await Promise.all([outcome(narrow, how), outcome(plain, how)]);
    expect(a, how).toEqual(b);
  }
});

/** Outcome of a call with what differs from deployment to deployment taken out. */
async function outcome({ app, ids }: { app: TestDeployment; ids: string[] }, how: string): Promise<string> {
  const id = ids[1] ?? "";
  const answer = await app.deployment.query({
    path: "jobs:odd",
    args: JSON.stringify({ how, id }),
    identity: NO_IDENTITY,
    allowInternal: false,
    requestId: "0123456789abcdef",
  });
  const { ts: _, ...shown } = { ts: null, ...answer };
  return JSON.stringify(shown)
    .replaceAll(id, "ID")
    .replaceAll(/Request ID: \w+/g, "Request ID")
    .replaceAll(/_creationTime(\W+)[\d.]+/g, "_creationTime$1TIME");
}

test("a mutation that scans again visits what changed; one that looks up a row makes no node", async () => {
  const { app, ids } = await openJobs({}, 50);
  const sweep = async () => {
    let ready: unknown;
    const cost = await app.expectCost(async () => {
      ready = await app.mutation("jobs:sweep");
    });
    return { ready, documents: cost.documents, convex: cost.convexDocuments, written: cost.documentsWritten };
  };
  // 50 rows, ten of each namespace: for each, and the patches' own.
  expect(await sweep()).toMatchObject({ ready: 5, convex: 50 + 500 + 50, written: 50 });
  // Every row has changed, and is met in the list and in its namespace.
  expect(await sweep()).toEqual({ ready: 5, documents: 100, convex: 550, written: 0 });
  expect(await sweep()).toEqual({ ready: 5, documents: 0, convex: 550, written: 0 });
  await app.mutation("jobs:start", { id: ids[10]! });
  expect(await sweep()).toEqual({ ready: 4, documents: 2, convex: 550, written: 0 });
  for (const _ of [1, 2, 3]) await app.mutation("jobs:look", { id: ids[3]! });
  const cost = await app.expectCost(() => app.mutation("jobs:look", { id: ids[3]! }));
  expect(cost).toMatchObject({ documents: 1, convexDocuments: 1 });
});

test("by Convex's rules a mutation that scans again visits everything again", async () => {
  const { app } = await openJobs({ tracking: "document" }, 50);
  for (const _ of [1, 2]) await app.mutation("jobs:sweep");
  const cost = await app.expectCost(() => app.mutation("jobs:sweep"));
  expect(cost).toMatchObject({ documents: 550, convexDocuments: 550 });
});
