/**
 * The *after* form of the regular work: five counters instead of five scans. The emptying of the bin still looks at every row, and
 * nothing is registered; an operator calls these.
 */
import { internalMutation } from "../_generated/server.js";
import { databaseStats } from "../model/fields.ts";
import { cleanupArgs, cleanupResult, cutoffOf } from "../model/purge.ts";
import { scanDeleted } from "../model/scans.ts";
import { ALL_STAT_KEYS, reportOf } from "../model/statKeys.ts";
import { decrementStat, getStats } from "./lib/dbStats.ts";

export { cleanupExpiredRateLimits } from "../crons.ts";

export const generateDatabaseStats = internalMutation({
  args: {},
  returns: databaseStats,
  handler: async (ctx) => reportOf(await getStats(ctx, ALL_STAT_KEYS), Date.now()),
});

export const cleanupSoftDeletedRecords = internalMutation({
  args: cleanupArgs,
  returns: cleanupResult,
  handler: async (ctx, { retentionDays, batchSize = 100, dryRun = false }) => {
    const { cutoff, cutoffDate } = cutoffOf(retentionDays, Date.now());
    const chats = await scanDeleted(ctx, "chats", cutoff, batchSize);
    const messages = await scanDeleted(ctx, "messages", cutoff, batchSize);
    if (dryRun) return { success: true, deleted: chats.length + messages.length, dryRun, cutoffDate };
    for (const { _id } of chats) {
      await ctx.db.delete("chats", _id);
      await decrementStat(ctx, "chats_total");
      await decrementStat(ctx, "chats_soft_deleted");
    }
    for (const { _id } of messages) {
      await ctx.db.delete("messages", _id);
      await decrementStat(ctx, "messages_total");
      await decrementStat(ctx, "messages_soft_deleted");
    }
    return { success: true, deleted: chats.length + messages.length, dryRun, cutoffDate };
  },
});
