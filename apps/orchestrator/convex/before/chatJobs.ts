/**
 * The *before* form of `chatJobs`: the typing indicator reads every chat job of the thread, each with its copy of the
 * thread's history.
 */
import { v } from "convex/values";
import { query } from "../_generated/server.js";
import { requirePassword } from "../model/auth.ts";
import { chatJobDoc } from "../model/documents.ts";

export { complete, fail, get, getPending, start, trigger, updateMetrics } from "../chatJobs.ts";

/** The newest chat job of the thread that is pending or running, or null. */
export const getActiveForThread = query({
  args: { password: v.string(), threadId: v.id("chatThreads") },
  returns: v.nullable(chatJobDoc),
  handler: async (ctx, { password, threadId }) => {
    requirePassword(password);
    const all = await ctx.db
      .query("chatJobs")
      .withIndex("by_thread", (q) => q.eq("threadId", threadId))
      .collect();
    return all.findLast((job) => job.status === "pending" || job.status === "running") ?? null;
  },
});
