import { paginationOptsValidator } from "convex/server";
import { ConvexError, v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation, internalQuery, mutation, query } from "./_generated/server.js";
import { excerpt } from "./text.js";

export const list = query({
  args: { room: v.id("rooms") },
  handler: async (ctx, { room }) =>
    ctx.db
      .query("messages")
      .withIndex("by_room", (q) => q.eq("room", room))
      .order("desc")
      .take(50),
});

export const page = query({
  args: { room: v.id("rooms"), paginationOpts: paginationOptsValidator },
  handler: async (ctx, { room, paginationOpts }) =>
    ctx.db
      .query("messages")
      .withIndex("by_room", (q) => q.eq("room", room))
      .paginate(paginationOpts),
});

export const send = mutation({
  args: { room: v.id("rooms"), author: v.string(), body: v.string() },
  returns: v.id("messages"),
  handler: async (ctx, { room, author, body }) => {
    const found = await ctx.db.get(room);
    if (found === null || !found.isOpen) throw new ConvexError({ code: "closed", room });
    const id = await ctx.db.insert("messages", { room, author, body, likes: 0 });
    await ctx.scheduler.runAfter(1_000, internal.messages.like, { id });
    return id;
  },
});

export const like = internalMutation({
  args: { id: v.id("messages") },
  handler: async (ctx, { id }) => {
    const message = await ctx.db.get(id);
    if (message !== null) await ctx.db.patch(id, { likes: message.likes + 1 });
  },
});

export const summary = internalQuery({
  args: { room: v.id("rooms") },
  returns: v.object({ count: v.number(), last: v.union(v.string(), v.null()) }),
  handler: async (ctx, { room }) => {
    const messages = await ctx.db
      .query("messages")
      .withIndex("by_room", (q) => q.eq("room", room))
      .collect();
    const last = messages.at(-1);
    return { count: messages.length, last: last === undefined ? null : excerpt(last.body) };
  },
});

export const likeAll = mutation({
  args: { room: v.id("rooms"), failOn: v.optional(v.string()) },
  handler: async (ctx, { room, failOn }): Promise<number> => {
    let liked = 0;
    for await (const message of ctx.db.query("messages").withIndex("by_room", (q) => q.eq("room", room))) {
      try {
        await ctx.runMutation(internal.messages.likeUnless, { id: message._id, ...(failOn && { failOn }) });
        liked++;
      } catch (error) {
        console.warn("not liked", (error as Error).message.split("\n")[0]);
      }
    }
    return liked;
  },
});

export const likeUnless = internalMutation({
  args: { id: v.id("messages"), failOn: v.optional(v.string()) },
  handler: async (ctx, { id, failOn }) => {
    const message = await ctx.db.get("messages", id);
    if (message === null) throw new Error("no such message");
    await ctx.db.patch("messages", id, { likes: message.likes + 1 });
    if (message.author === failOn) throw new Error(`will not like ${failOn}`);
  },
});
