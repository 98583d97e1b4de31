/**
 * Trending, as first written: a week in one transaction. Asking for the days side by side changes nothing about its limits.
 */
import { v } from "convex/values";
import type { Id } from "../_generated/dataModel.js";
import { internalMutation, query } from "../_generated/server.js";
import { listEntry } from "../model/listEntries.ts";
import {
  addTotals,
  readTrending,
  rebuildArgs,
  rebuildResult,
  storeBoard,
  topItems,
  trendingRange,
  TRENDING_DAYS,
  TRENDING_LIMIT,
} from "../model/trending.ts";

export const trending = query({
  args: rebuildArgs,
  returns: v.array(listEntry),
  handler: async (ctx, { limit }) => await readTrending(ctx, limit, false),
});

export const rebuildTrendingLeaderboardInternal = internalMutation({
  args: rebuildArgs,
  returns: rebuildResult,
  handler: async (ctx, { limit = TRENDING_LIMIT }) => {
    const range = trendingRange(Date.now());
    const days = await Promise.all(
      Array.from({ length: TRENDING_DAYS }, (_, offset) =>
        ctx.db
          .query("skillDailyStats")
          .withIndex("by_day", (q) => q.eq("day", range.rangeStartDay + offset))
          .collect(),
      ),
    );
    const sums = new Map<Id<"skills">, { downloads: number; installs: number }>();
    for (const rows of days) addTotals(sums, rows);
    return await storeBoard(ctx, { ...range, items: topItems(sums, limit) });
  },
});
