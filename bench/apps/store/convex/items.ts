import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
import { v } from "convex/values";

const BODY = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor. ".repeat(2);

/** Document `at` of channel `channel`: about 320 bytes of JSON. */
function itemOf(channel: number, at: number, sentAt: number) {
  return { channel, author: `user${at % 1000}`, body: BODY, likes: at % 17, isPinned: at % 50 === 0, sentAt };
}

/** Preloads documents `from` (included) to `to`; those of one channel lie together. */
export const load = mutation({
  args: { from: v.number(), to: v.number(), perChannel: v.number() },
  handler: async (ctx, { from, to, perChannel }) => {
    for (let at = from; at < to; at++) await ctx.db.insert("items", itemOf(Math.floor(at / perChannel), at, 0));
  },
});

/** One small write. */
export const add = mutation({
  args: { channel: v.number(), at: v.number(), sentAt: v.number() },
  handler: async (ctx, { channel, at, sentAt }) => {
    await ctx.db.insert("items", itemOf(channel, at, sentAt));
  },
});

/** One document in each of `channels`. */
export const addToEach = mutation({
  args: { channels: v.array(v.number()), sentAt: v.number() },
  handler: async (ctx, { channels, sentAt }) => {
    for (const channel of channels) await ctx.db.insert("items", itemOf(channel, channel, sentAt));
  },
});

/** The last ten documents of a channel; `asker` keeps runs apart that would be shared. */
export const latest = query({
  args: { channel: v.number(), asker: v.optional(v.number()) },
  handler: async (ctx, { channel }) =>
    ctx.db
      .query("items")
      .withIndex("by_channel", (q) => q.eq("channel", channel))
      .order("desc")
      .take(10),
});

/** When the newest document of a channel was sent. */
export const newest = query({
  args: { channel: v.number() },
  handler: async (ctx, { channel }) => {
    const item = await ctx.db
      .query("items")
      .withIndex("by_channel", (q) => q.eq("channel", channel))
      .order("desc")
      .first();
    return item?.sentAt ?? 0;
  },
});

/** Reads `count` channels from `channel` on, whole, and adds up a field. */
export const sum = query({
  args: { channel: v.number(), count: v.number(), asker: v.optional(v.number()) },
  handler: async (ctx, { channel, count }) => {
    const items = await ctx.db
      .query("items")
      .withIndex("by_channel", (q) => q.gte("channel", channel).lt("channel", channel + count))
      .collect();
    let likes = 0;
    for (const item of items) likes += item["likes"] as number;
    return likes;
  },
});
