/**
 * The *before* form of the regular work: whole tables, once for each figure. Nothing is registered; an operator calls these.
 */
import { internalMutation } from "../_generated/server.js";
import { databaseStats } from "../model/fields.ts";
import { cleanupArgs, cleanupResult, cutoffOf } from "../model/purge.ts";
import { scanDeleted } from "../model/scans.ts";
import { reportOf } from "../model/statKeys.ts";

export { cleanupExpiredRateLimits } from "../crons.ts";

/** Five scans: both tables whole, both again for what is deleted, and the users. */
export const generateDatabaseStats = internalMutation({
  args: {},
  returns: databaseStats,
  handler: async (ctx) => {
    const chats = await ctx.db.query("chats").collect();
    const deletedChats = await ctx.db
      .query("chats")
      .filter((q) => q.neq(q.field("deletedAt"), undefined))
      .collect();
    const messages = await ctx.db.query("messages").collect();
    const deletedMessages = await ctx.db
      .query("messages")
      .filter((q) => q.neq(q.field("deletedAt"), undefined))
      .collect();
    const users = await ctx.db.query("users").collect();
    return reportOf(
      {
        chats_total: chats.length,
        chats_soft_deleted: deletedChats.length,
        messages_total: messages.length,
        messages_soft_deleted: deletedMessages.length,
        users_total: users.length,
      },
      Date.now(),
    );
  },
});

export const cleanupSoftDeletedRecords = internalMutation({
  args: cleanupArgs,
  returns: cleanupResult,
  handler: async (ctx, { retentionDays, batchSize = 100, dryRun = false }) => {
    const { cutoff, cutoffDate } = cutoffOf(retentionDays, Date.now());
    const chats = await scanDeleted(ctx, "chats", cutoff, batchSize);
    const messages = await scanDeleted(ctx, "messages", cutoff, batchSize);
    if (!dryRun) for (const { _id } of chats) await ctx.db.delete("chats", _id);
    if (!dryRun) for (const { _id } of messages) await ctx.db.delete("messages", _id);
    return { success: true, deleted: chats.length + messages.length, dryRun, cutoffDate };
  },
});
