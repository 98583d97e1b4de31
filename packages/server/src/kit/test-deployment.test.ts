import { anyApi } from "convex/server";
import { afterEach, expect, test } from "vitest";
import { writeApp } from "./text-app.ts";
import { openTestDeployment, type TestDeployment } from "./test-deployment.ts";
import { VirtualClock } from "../protocol/virtual-clock.ts";

const MESSAGES = `
import { internalMutationGeneric as internalMutation, mutationGeneric as mutation, queryGeneric as query,
  actionGeneric as action, makeFunctionReference } from "convex/server";
export const list = query(async (ctx, { channel }) =>
  (await ctx.db.query("messages").withIndex("by_channel", (q) => q.eq("channel", channel)).collect()).map((m) => m.body));
export const count = query(async (ctx) => (await ctx.db.query("messages").collect()).length);
export const send = mutation(async (ctx, { channel, body }) => ctx.db.insert("messages", { channel, body, seen: 0 }));
export const edit = mutation(async (ctx, { id, body }) => ctx.db.patch(id, { body }));
export const sendLater = mutation(async (ctx, args) => {
  await ctx.scheduler.runAfter(0, makeFunctionReference("messages:send"), args);
});
export const who = query(async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? "nobody");
export const broken = query(async () => { throw new Error("broken"); });
export const hidden = internalMutation(async (ctx, { channel }) => ctx.db.insert("messages", { channel, body: "hidden", seen: 0 }));
`;
const SCHEMA = `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({
  messages: defineTable({ channel: v.string(), body: v.string(), seen: v.number() }).index("by_channel", ["channel"]),
});
`;

let open: { app: TestDeployment; remove(): void } | undefined;
afterEach(async () => {
  await open?.app.close();
  open?.remove();
  open = undefined;
});

async function openApp(): Promise<TestDeployment> {
  const written = writeApp({ "messages.ts": MESSAGES, "schema.ts": SCHEMA });
  const app = await openTestDeployment(written.dir);
  open = { app, remove: () => written.remove() };
  return app;
}

const messages = anyApi["messages"] as Record<string, never>;

test("what a message costs: one re-run of its channel's list, none of the others'", async () => {
  const app = await openApp();
  for (const channel of ["a", "a", "b"]) await app.mutation(messages["send"]!, { channel, body: "old" });
  const a = await app.subscribe(messages["list"]!, { channel: "a" });
  const b = await app.subscribe("messages:list", { channel: "b" });
  const cost = await app.expectCost(() => app.mutation(messages["send"]!, { channel: "a", body: "new" }));
  expect(a.value).toEqual(["old", "old", "new"]);
  expect(b.updates).toBe(1);
  expect(cost).toMatchObject({ runs: 2, reruns: 1, convexDocuments: 3, documentsWritten: 1, bytesSent: 19 });
  expect(cost.documents).toBeLessThanOrEqual(3);
  expect(cost.functions).toEqual({
    "messages:send": expect.objectContaining({ runs: 1, reruns: 0, convexDocuments: 0, documentsWritten: 1 }),
    "messages:list": expect.objectContaining({ runs: 1, reruns: 1, convexDocuments: 3, documentsWritten: 0 }),
  });
});

test("work that nothing depends on costs its own documents and no re-run", async () => {
  const app = await openApp();
  const id = await app.mutation("messages:send", { channel: "a", body: "x" });
  await app.subscribe("messages:list", { channel: "b" });
  const cost = await app.expectCost(() => app.mutation("messages:edit", { id, body: "y" }));
  expect(cost).toMatchObject({ runs: 1, reruns: 0, documents: 1, documentsWritten: 1 });
  expect(await app.expectCost(() => undefined)).toMatchObject({ runs: 0, documents: 0, functions: {} });
});

test("functions scheduled for at once are part of the cost", async () => {
  const app = await openApp();
  const count = await app.subscribe("messages:count");
  const cost = await app.expectCost(() => app.mutation("messages:sendLater", { channel: "a", body: "x" }));
  expect(count.value).toBe(1);
  expect(cost.functions["messages:send"]).toMatchObject({ runs: 1, documentsWritten: 1 });
  expect(cost.functions["messages:count"]).toMatchObject({ reruns: 1 });
});

test("failures are errors, identities are told apart, internal functions may be called", async () => {
  const app = await openApp();
  await expect(app.query("messages:broken")).rejects.toThrow("broken");
  expect((await app.as({ subject: "ann" }).subscribe("messages:who")).value).toBe("ann");
  expect(await app.query("messages:who")).toBe("nobody");
  await app.mutation("messages:hidden", { channel: "h" });
  expect(await app.query("messages:list", { channel: "h" })).toEqual(["hidden"]);
  const failing = await app.subscribe("messages:broken");
  expect(() => failing.value).toThrow("broken");
});

test("an app that cannot be pushed says why", async () => {
  const written = writeApp({ "messages.ts": "export const x = ;" });
  await expect(openTestDeployment(written.dir)).rejects.toThrow(/messages/);
  written.remove();
});

test("run arranges and looks at data past the app's functions, in one transaction", async () => {
  const app = await openApp();
  const list = await app.subscribe("messages:list", { channel: "a" });
  const id = await app.run((ctx) => ctx.db.insert("messages", { channel: "a", body: "arranged", seen: 0 }));
  await app.settled();
  expect(list.value).toEqual(["arranged"]);
  expect(await app.run(async (ctx) => (await ctx.db.get(id as never))!["body"])).toBe("arranged");
  expect(await app.run(() => undefined)).toBeNull();
  const half = app.run(async (ctx) => {
    await ctx.db.insert("messages", { channel: "a", body: "half", seen: 0 });
    throw new Error("no");
  });
  await expect(half).rejects.toThrow("no");
  await expect(app.run((ctx) => ctx.db.insert("messages", { channel: 1 }))).rejects.toThrow("Validator");
  expect(list.value).toEqual(["arranged"]);
});

const TIMES = `
import { internalMutationGeneric as internalMutation, internalActionGeneric as internalAction, queryGeneric as query,
  makeFunctionReference } from "convex/server";
export const all = query(async (ctx) => (await ctx.db.query("ticks").collect()).map(({ what, at }) => [what, at]));
export const note = internalMutation(async (ctx, { what }) => ctx.db.insert("ticks", { what, at: Date.now() }));
export const chain = internalAction(async (ctx, { left }) => {
  await new Promise((done) => setTimeout(done, 5));
  await ctx.runMutation(makeFunctionReference("times:note"), { what: "chain " + left + " " + new Date().getUTCSeconds() });
  if (left > 0) await ctx.scheduler.runAfter(60_000, makeFunctionReference("times:chain"), { left: left - 1 });
});
export const settings = query(async () => [process.env.A ?? null, process.env.B ?? null]);
`;
const CRONS = `
import { cronJobs, makeFunctionReference } from "convex/server";
const crons = cronJobs();
crons.interval("hourly", { minutes: 90 }, makeFunctionReference("times:note"), { what: "cron" });
export default crons;
`;

test("advance lets scheduled actions and crons happen at their virtual times, in order", async () => {
  const written = writeApp({ "times.ts": TIMES, "crons.ts": CRONS });
  const startMs = Date.UTC(2026, 0, 1);
  const app = await openTestDeployment(written.dir, { clock: new VirtualClock(startMs) });
  open = { app, remove: () => written.remove() };
  const ticks = async (): Promise<string[]> =>
    ((await app.query("times:all")) as [string, number][]).map(([what, at]) => `${(at - startMs) / 60_000}: ${what}`);
  await app.run((ctx) => ctx.scheduler.runAfter(89 * 60_000, "times:chain" as never, { left: 2 } as never));
  // An interval begins with the push.
  await app.advance(89 * 60_000 - 1);
  expect(await ticks()).toEqual(["0: cron"]);
  await app.advance(3 * 60_000 + 1);
  // The action sees the virtual second too. What is due at the same moment has no order.
  expect((await ticks()).toSorted()).toEqual([
    "0: cron",
    "89: chain 2 0",
    "90: chain 1 0",
    "90: cron",
    "91: chain 0 0",
  ]);
  await app.advance(24 * 3_600_000);
  const crons = (await ticks()).filter((tick) => tick.endsWith("cron"));
  expect(crons).toEqual(Array.from({ length: 18 }, (_, n) => `${90 * n}: cron`));
});

test("setEnvironment sets and removes; advance without a virtual clock says what is missing", async () => {
  const written = writeApp({ "times.ts": TIMES });
  const app = await openTestDeployment(written.dir);
  open = { app, remove: () => written.remove() };
  await app.setEnvironment({ A: "1", B: "2" });
  await app.setEnvironment({ A: null });
  expect(await app.query("times:settings")).toEqual([null, "2"]);
  await expect(app.advance(1)).rejects.toThrow("Cannot move time: the deployment was opened without a VirtualClock");
});
