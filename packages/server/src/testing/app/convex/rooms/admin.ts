import { v } from "convex/values";
import { internalAction, mutation, query } from "../_generated/server.js";
import { internal } from "../_generated/api.js";

export const open = mutation({
  args: { name: v.string() },
  handler: async (ctx, { name }) => ctx.db.insert("rooms", { name, isOpen: true }),
});

export const byName = query({
  args: { name: v.string() },
  handler: async (ctx, { name }) =>
    ctx.db
      .query("rooms")
      .withIndex("by_name", (q) => q.eq("name", name))
      .unique(),
});

const whoAmI = query({ args: {}, handler: async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? null });
export default whoAmI;

export const report = internalAction({
  args: { room: v.id("rooms") },
  handler: async (ctx, { room }): Promise<{ count: number; last: string | null }> => {
    const summary = await ctx.runQuery(internal.messages.summary, { room });
    console.log("summary", summary);
    return summary;
  },
});
