/**
 * A small app for tests of the network side: numbered items in tags, failures of every kind, actions, HTTP actions.
 *
 * @module
 */
import { bundleTexts } from "../../kit/text-app.ts";
import type { CodePackage } from "../../app/types.ts";

const ITEMS = `
import { actionGeneric as action, internalMutationGeneric as internalMutation, internalQueryGeneric as internalQuery,
  mutationGeneric as mutation, paginationOptsValidator, queryGeneric as query } from "convex/server";
import { ConvexError, v } from "convex/values";

const tagged = (ctx, tag) => ctx.db.query("items").withIndex("by_tag", (q) => q.eq("tag", tag));

export const add = mutation({ args: { tag: v.string(), n: v.number() }, handler: async (ctx, args) => {
  await ctx.db.insert("items", args);
  return args.n;
} });
export const list = query({ args: { tag: v.string() }, handler: async (ctx, { tag }) =>
  (await tagged(ctx, tag).collect()).map((item) => item.n) });
export const count = query({ args: { tag: v.string() }, handler: async (ctx, { tag }) =>
  (await tagged(ctx, tag).collect()).length });
export const page = query({ args: { tag: v.string(), paginationOpts: paginationOptsValidator }, handler: async (ctx, { tag, paginationOpts }) => {
  const page = await tagged(ctx, tag).paginate(paginationOpts);
  return { ...page, page: page.page.map((item) => item.n) };
} });
export const narrowPage = query({ args: { tag: v.string(), odd: v.boolean(), paginationOpts: paginationOptsValidator }, handler: async (ctx, { tag, odd, paginationOpts }) => {
  const rows = ctx.db.query("items").withIndex("by_tag_n", (q) => q.eq("tag", tag));
  const page = await (odd ? rows.filter((q) => q.eq(q.mod(q.field("n"), 2), 1)) : rows).paginate({ ...paginationOpts, maximumRowsRead: 4 });
  return { ...page, page: page.page.map((item) => item.n) };
} });
export const remove = mutation({ args: { tag: v.string(), n: v.number() }, handler: async (ctx, { tag, n }) => {
  const found = await ctx.db.query("items").withIndex("by_tag_n", (q) => q.eq("tag", tag).eq("n", n)).first();
  if (found !== null) await ctx.db.delete(found._id);
} });
export const newest = query({ args: { tag: v.string(), paginationOpts: paginationOptsValidator }, handler: async (ctx, { tag, paginationOpts }) => {
  const page = await tagged(ctx, tag).order("desc").paginate(paginationOpts);
  return { ...page, page: page.page.map((item) => item.n) };
} });
export const setText = mutation({ args: { tag: v.string(), unit: v.string(), times: v.number() }, handler: async (ctx, { tag, unit, times }) => {
  const found = await ctx.db.query("texts").withIndex("by_tag", (q) => q.eq("tag", tag)).unique();
  if (found === null) await ctx.db.insert("texts", { tag, unit, times });
  else await ctx.db.patch(found._id, { unit, times });
} });
export const text = query({ args: { tag: v.string() }, handler: async (ctx, { tag }) => {
  const found = await ctx.db.query("texts").withIndex("by_tag", (q) => q.eq("tag", tag)).unique();
  return found === null ? "" : found.unit.repeat(found.times);
} });
export const give = mutation({ args: { size: v.number() }, handler: async (_ctx, { size }) => "x".repeat(size) });
export const nothing = mutation({ args: {}, handler: async () => null });
export const logged = query({ args: {}, handler: async () => { console.log("hi"); console.warn({ a: 1 }); return 1n; } });
export const refuse = mutation({ args: { n: v.number() }, handler: async (ctx, { n }) => {
  await ctx.db.insert("items", { tag: "refused", n });
  throw new ConvexError({ code: "refused", n });
} });
export const broken = query({ args: { n: v.number() }, handler: async (_ctx, { n }) => { throw new Error("broken " + n); } });
export const refuses = query({ args: { n: v.number() }, handler: async (_ctx, { n }) => { throw new ConvexError({ n }); } });
export const whoAmI = query({ args: {}, handler: async (ctx) => (await ctx.auth.getUserIdentity())?.tokenIdentifier ?? null });
export const secret = internalQuery({ args: {}, handler: async () => "secret" });
export const secretAdd = internalMutation({ args: { n: v.number() }, handler: async (ctx, { n }) => ctx.db.insert("items", { tag: "secret", n }) });
export const typed = query({ args: { big: v.int64(), bytes: v.bytes() }, handler: async (_ctx, { big, bytes }) => ({ big, bytes, nan: NaN, zero: -0 }) });
export const double = action({ args: { n: v.number() }, handler: async (_ctx, { n }) => n * 2 });
export const addByAction = action({ args: { tag: v.string(), n: v.number() }, handler: async (ctx, { tag, n }) => {
  await ctx.runMutation("items:add", { tag, n });
  return ctx.runQuery("items:count", { tag });
} });
export const refuseByAction = action({ args: {}, handler: async () => { throw new ConvexError("no"); } });
export const loop = mutation({ args: {}, handler: async () => { for (;;); } });
export const sleep = action({ args: { ms: v.number() }, handler: async (_ctx, { ms }) => { await new Promise((resolve) => setTimeout(resolve, ms)); return ms; } });
`;

const SCHEMA = `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({
  items: defineTable({ tag: v.string(), n: v.number() }).index("by_tag", ["tag"]).index("by_tag_n", ["tag", "n"]),
  texts: defineTable({ tag: v.string(), unit: v.string(), times: v.number() }).index("by_tag", ["tag"]),
});
`;

const HTTP = `
import { httpActionGeneric as httpAction, httpRouter } from "convex/server";
import { ConvexError } from "convex/values";
const http = httpRouter();
http.route({ path: "/hello", method: "GET", handler: httpAction(async (_ctx, request) =>
  new Response("hello " + request.url, { headers: { "x-app": "1", "access-control-allow-origin": "https://app.example" } })) });
http.route({ pathPrefix: "/echo/", method: "POST", handler: httpAction(async (_ctx, request) =>
  new Response(await request.arrayBuffer(), { status: 201 })) });
http.route({ path: "/slow", method: "GET", handler: httpAction(async () => new Response(new ReadableStream({
  async start(controller) {
    controller.enqueue(new TextEncoder().encode("first "));
    await new Promise((resolve) => setTimeout(resolve, 300));
    controller.enqueue(new TextEncoder().encode("second"));
    controller.close();
  } }))) });
http.route({ path: "/endless", method: "GET", handler: httpAction(async () => new Response(new ReadableStream({
  start(controller) { controller.enqueue(new TextEncoder().encode("first")); } }))) });
http.route({ path: "/add", method: "POST", handler: httpAction(async (ctx, request) => {
  await ctx.runMutation("items:add", await request.json());
  return new Response(null, { status: 204 });
}) });
http.route({ path: "/options", method: "OPTIONS", handler: httpAction(async () => new Response(null, { status: 204, headers: { "x-own": "1" } })) });
http.route({ path: "/broken", method: "GET", handler: httpAction(async () => { throw new Error("broken handler"); }) });
http.route({ path: "/refuse", method: "GET", handler: httpAction(async () => { throw new ConvexError({ why: "told" }); }) });
export default http;
`;

let bundled: Promise<CodePackage> | undefined;

/** The app, bundled once per test file. */
export function testApp(): Promise<CodePackage> {
  bundled ??= bundleTexts({ "items.ts": ITEMS, "schema.ts": SCHEMA, "http.ts": HTTP });
  return bundled;
}
