/**
 * Regular work, registered: the statistics once a day, and the emptying of the bin.
 *
 * The bin is emptied through indexes on `deletedAt`, so what is not there is not looked for. A run is an action that does one bounded
 * transaction after the other, each going on where the one before ended in its table, until the bin is empty.
 */
import { cronJobs } from "convex/server";
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalAction, internalMutation } from "./_generated/server.js";
import { getStats } from "./lib/dbStats.ts";
import { cleanupArgs, cleanupResult, cutoffOf, purgeStep, PURGED_TABLES, type PurgedStep } from "./model/purge.ts";
import { databaseStats } from "./model/fields.ts";
import { ALL_STAT_KEYS, reportOf } from "./model/statKeys.ts";
import { currentStatsRun } from "./model/statsRun.ts";

/**
 * The deployment in numbers, from its counters. `success` is false as long as the tables have not been counted (it begins that count), and
 * when a counter is below 0, which only drift can make.
 */
export const generateDatabaseStats = internalMutation({
  args: {},
  returns: databaseStats,
  handler: async (ctx) => {
    const { isComplete } = await currentStatsRun(ctx);
    const values = await getStats(ctx, ALL_STAT_KEYS);
    const negative = ALL_STAT_KEYS.filter((key) => values[key] < 0);
    if (negative.length > 0)
      console.warn(`Below 0, so not true: ${negative.join(", ")}; run migrations:initializeStats with force`);
    const report = { ...reportOf(values, Date.now()), success: isComplete && negative.length === 0 };
    console.log(JSON.stringify(report));
    return report;
  },
});

/** Deletes for good what has been in the bin for longer than `retentionDays`. With `dryRun` it only counts. */
export const cleanupSoftDeletedRecords = internalAction({
  args: cleanupArgs,
  returns: cleanupResult,
  handler: async (ctx, { retentionDays, batchSize = 100, dryRun = false }) => {
    const { cutoff, cutoffDate } = cutoffOf(retentionDays, Date.now());
    let deleted = 0;
    for (const table of PURGED_TABLES) {
      let cursor: string | null = null;
      do {
        const args = { table, cursor, cutoff, batchSize, dryRun };
        const step: PurgedStep = await ctx.runMutation(internal.crons.cleanupStep, args);
        deleted += step.deleted;
        cursor = step.cursor;
      } while (cursor !== null);
      console.log(`${table}: ${deleted} ${dryRun ? "would be " : ""}deleted so far`);
    }
    return { success: true, deleted, dryRun, cutoffDate };
  },
});

/** One transaction of the emptying: up to `batchSize` documents of one table, from `cursor` on. The new cursor is null at the end. */
export const cleanupStep = internalMutation({
  args: {
    table: v.union(v.literal("messages"), v.literal("chats")),
    cursor: v.nullable(v.string()),
    cutoff: v.number(),
    batchSize: v.number(),
    dryRun: v.boolean(),
  },
  returns: v.object({ deleted: v.number(), cursor: v.nullable(v.string()) }),
  handler: async (ctx, args) => await purgeStep(ctx, args),
});

/** Rate limits are read from the uploads themselves, so there is nothing that could expire. Kept because operators call it. */
export const cleanupExpiredRateLimits = internalMutation({
  args: {},
  returns: v.object({ success: v.boolean(), deleted: v.number() }),
  handler: async () => ({ success: true, deleted: 0 }),
});

const crons = cronJobs();
crons.daily("database statistics", { hourUTC: 3, minuteUTC: 17 }, internal.crons.generateDatabaseStats, {});
crons.daily("empty the bin", { hourUTC: 3, minuteUTC: 42 }, internal.crons.cleanupSoftDeletedRecords, {});
export default crons;
