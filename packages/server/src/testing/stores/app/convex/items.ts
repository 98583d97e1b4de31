import {
  internalMutationGeneric,
  makeFunctionReference,
  mutationGeneric,
  paginationOptsValidator,
  queryGeneric,
} from "convex/server";
import { v } from "convex/values";
import { shout } from "./text.js";

const noteReference = makeFunctionReference<"mutation">("items:note");
const failReference = makeFunctionReference<"mutation">("items:fail");
const hashAllReference = makeFunctionReference<"action">("hashing:hashAll");

export const all = queryGeneric({ args: {}, handler: async (ctx) => ctx.db.query("items").collect() });

export const names = queryGeneric({
  args: {},
  handler: async (ctx) =>
    (await ctx.db.query("lists").withIndex("by_name").order("desc").collect()).map(({ name }) => shout(name)),
});

export const lists = queryGeneric({ args: {}, handler: async (ctx) => ctx.db.query("lists").collect() });

export const open = queryGeneric({
  args: { list: v.id("lists") },
  handler: async (ctx, { list }) =>
    ctx.db
      .query("items")
      .withIndex("by_list", (q) => (q.eq("list", list) as typeof q).eq("isDone", false))
      .collect(),
});

export const onShelf = queryGeneric({
  args: { shelf: v.union(v.string(), v.null()) },
  handler: async (ctx, { shelf }) =>
    ctx.db
      .query("items")
      .withIndex("by_shelf", (q) => q.eq("place.shelf", shelf))
      .collect(),
});

export const page = queryGeneric({
  args: { paginationOpts: paginationOptsValidator },
  handler: async (ctx, { paginationOpts }) => ctx.db.query("items").order("desc").paginate(paginationOpts),
});

/** A table that the schema does not have. */
export const notes = queryGeneric({
  args: {},
  handler: async (ctx) => (await ctx.db.query("notes").collect()).map(({ text }) => text),
});

export const jobs = queryGeneric({
  args: {},
  handler: async (ctx) => ctx.db.system.query("_scheduled_functions").collect(),
});

export const files = queryGeneric({
  args: {},
  handler: async (ctx) => {
    const rows = await ctx.db.system.query("_storage").collect();
    return Promise.all(rows.map(async (row) => ({ ...row, url: await ctx.storage.getUrl(row._id) })));
  },
});

export const greeting = queryGeneric({
  args: {},
  handler: async () => ({ greeting: process.env["GREETING"] ?? null, removed: process.env["REMOVED"] ?? null }),
});

export const normalized = queryGeneric({
  args: { id: v.string() },
  handler: async (ctx, { id }) => [ctx.db.normalizeId("lists", id), ctx.db.normalizeId("items", id)],
});

export const addList = mutationGeneric({
  args: { name: v.string(), rank: v.int64() },
  handler: async (ctx, list) => ctx.db.insert("lists", list),
});

export const add = mutationGeneric({
  args: {
    list: v.id("lists"),
    text: v.string(),
    weight: v.number(),
    blob: v.optional(v.bytes()),
    place: v.optional(v.object({ shelf: v.union(v.string(), v.null()), box: v.array(v.number()) })),
  },
  handler: async (ctx, item) => {
    console.log("adding", item.text);
    return ctx.db.insert("items", { ...item, isDone: false });
  },
});

export const finish = mutationGeneric({
  args: { id: v.id("items") },
  handler: async (ctx, { id }) => ctx.db.patch(id, { isDone: true }),
});

export const remove = mutationGeneric({
  args: { id: v.id("items") },
  handler: async (ctx, { id }) => ctx.db.delete(id),
});

export const note = internalMutationGeneric({
  args: { text: v.string() },
  handler: async (ctx, { text }) => {
    await ctx.db.insert("notes", { text });
  },
});

export const fail = internalMutationGeneric({
  args: {},
  handler: async () => {
    throw new Error("this one fails");
  },
});

/** One job of every state, and three that wait. */
export const schedule = mutationGeneric({
  args: { text: v.string() },
  handler: async (ctx, { text }) => {
    await ctx.scheduler.runAfter(0, noteReference, { text: `${text}, at once` });
    await ctx.scheduler.runAfter(0, failReference, {});
    await ctx.scheduler.cancel(await ctx.scheduler.runAfter(1_000, noteReference, { text: `${text}, cancelled` }));
    await ctx.scheduler.runAfter(3_600_000, noteReference, { text: `${text}, an hour later` });
    await ctx.scheduler.runAfter(2 * 3_600_000, hashAllReference, {});
    return ctx.scheduler.runAfter(90 * 24 * 3_600_000, noteReference, { text: `${text}, a season later` });
  },
});

export const uploadUrl = mutationGeneric({ args: {}, handler: async (ctx) => ctx.storage.generateUploadUrl() });

export const cover = mutationGeneric({
  args: { list: v.id("lists"), file: v.id("_storage") },
  handler: async (ctx, row) => ctx.db.insert("covers", row),
});

export const dropFile = mutationGeneric({
  args: { file: v.id("_storage") },
  handler: async (ctx, { file }) => ctx.storage.delete(file),
});
