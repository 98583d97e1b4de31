/**
 * Trending: an action asks for each day by itself and stores what it makes of them. No transaction reads more than a page of one day.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import type { Id } from "./_generated/dataModel.js";
import { internalAction, internalMutation, internalQuery, query } from "./_generated/server.js";
import { isComplete } from "./model/backfills.ts";
import { listEntry } from "./model/listEntries.ts";
import {
  addTotals,
  boardArgs,
  dayTotal,
  readTrending,
  rebuildArgs,
  rebuildResult,
  storeBoard,
  topItems,
  trendingRange,
  TRENDING_LIMIT,
  type DayTotal,
} from "./model/trending.ts";

/** Rows of a day that one query reads; a usual day has 4,500. */
const DAY_PAGE = 8_000;

/** Public skills of the newest board, best first. */
export const trending = query({
  args: rebuildArgs,
  returns: v.array(listEntry),
  handler: async (ctx, { limit }) => await readTrending(ctx, limit, await isComplete(ctx, "latestVersionSummary")),
});

interface DayPage {
  readonly totals: DayTotal[];
  readonly nextCursor: number | null;
}

/** One day's rows behind a creation time. */
export const getDailyStatsInternal = internalQuery({
  args: { day: v.number(), cursor: v.optional(v.number()) },
  returns: v.object({ totals: v.array(dayTotal), nextCursor: v.nullable(v.number()) }),
  handler: async (ctx, { day, cursor = -1 }): Promise<DayPage> => {
    const rows = await ctx.db
      .query("skillDailyStats")
      .withIndex("by_day", (q) => q.eq("day", day).gt("_creationTime", cursor))
      .take(DAY_PAGE);
    const totals = rows.map(({ skillId, downloads, installs }) => ({ skillId, downloads, installs }));
    return { totals, nextCursor: rows.length < DAY_PAGE ? null : (rows.at(-1)?._creationTime ?? null) };
  },
});

export const storeTrendingInternal = internalMutation({
  args: boardArgs,
  returns: rebuildResult,
  handler: async (ctx, board) => await storeBoard(ctx, board),
});

export const rebuildTrendingLeaderboardAction = internalAction({
  args: rebuildArgs,
  returns: rebuildResult,
  handler: async (ctx, { limit = TRENDING_LIMIT }): Promise<{ readonly count: number }> => {
    const range = trendingRange(Date.now());
    const sums = new Map<Id<"skills">, { downloads: number; installs: number }>();
    for (let day = range.rangeStartDay; day <= range.rangeEndDay; day++) {
      let cursor: number | null = -1;
      while (cursor !== null) {
        const page: DayPage = await ctx.runQuery(internal.leaderboards.getDailyStatsInternal, { day, cursor });
        addTotals(sums, page.totals);
        cursor = page.nextCursor;
      }
    }
    return await ctx.runMutation(internal.leaderboards.storeTrendingInternal, {
      ...range,
      items: topItems(sums, limit),
    });
  },
});
