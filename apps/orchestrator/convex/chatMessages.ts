/**
 * Messages of a thread.
 */
import { v } from "convex/values";
import { mutation, query } from "./_generated/server.js";
import { requirePassword } from "./model/auth.ts";
import { messageDoc } from "./model/documents.ts";
import { mustExist } from "./model/errors.ts";
import { chatRole } from "./model/fields.ts";

/** Oldest first. */
export const list = query({
  args: { password: v.string(), threadId: v.id("chatThreads") },
  returns: v.array(messageDoc),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    return await ctx.db
      .query("chatMessages")
      .withIndex("by_thread_created", (q) => q.eq("threadId", args.threadId))
      .collect();
  },
});

/** Adds a message and moves its thread to the top of the list. */
export const add = mutation({
  args: { password: v.string(), threadId: v.id("chatThreads"), role: chatRole, content: v.string() },
  returns: v.id("chatMessages"),
  handler: async (ctx, { password, ...message }) => {
    requirePassword(password);
    mustExist(await ctx.db.get("chatThreads", message.threadId), "Thread");
    const now = Date.now();
    const id = await ctx.db.insert("chatMessages", { ...message, createdAt: now });
    await ctx.db.patch("chatThreads", message.threadId, { updatedAt: now });
    return id;
  },
});
