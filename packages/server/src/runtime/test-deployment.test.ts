import { anyApi } from "convex/server";
import { afterEach, expect, test } from "vitest";
import { writeApp } from "./testing/app-harness.ts";
import { openTestDeployment, type TestDeployment } from "./test-deployment.ts";

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
