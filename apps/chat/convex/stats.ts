/**
 * The deployment's counters for a page that shows them live.
 */
import { v } from "convex/values";
import { query } from "./_generated/server.js";
import { getStats } from "./lib/dbStats.ts";
import { findStatsRun } from "./model/statsRun.ts";

/** Totals by key. `isCounted` is false until the tables have been counted once. */
export const live = query({
  args: {},
  returns: v.object({
    isCounted: v.boolean(),
    users: v.number(),
    chats: v.number(),
    deletedChats: v.number(),
    messages: v.number(),
    deletedMessages: v.number(),
  }),
  handler: async (ctx) => {
    const run = await findStatsRun(ctx);
    const values = await getStats(ctx);
    return {
      isCounted: run?.isComplete ?? false,
      users: values.users_total,
      chats: values.chats_total,
      deletedChats: values.chats_soft_deleted,
      messages: values.messages_total,
      deletedMessages: values.messages_soft_deleted,
    };
  },
});
