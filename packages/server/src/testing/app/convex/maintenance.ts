import { v } from "convex/values";
import { internalMutation } from "./_generated/server.js";

export const tidy = internalMutation({
  args: { keep: v.int64() },
  handler: async (ctx, { keep }) => {
    const messages = await ctx.db.query("messages").order("desc").collect();
    for (const message of messages.slice(Number(keep))) await ctx.db.delete(message._id);
  },
});
