/**
 * The *before* form of `crons.ts`: one timer that asks every five minutes whether one of thirteen jobs is due.
 *
 * A deployment has one set of timers, and this form's replaces the root's: to serve it, `crons.ts` has to read `export { default } from "./before/crons.ts";`
 * and nothing else. `testing/folder.ts` makes such a folder.
 *
 * Each look costs a query for every job, and nearly all of them answer "not due": 4,189 of 4,346 calls a day.
 */
import { cronJobs, type FunctionReference } from "convex/server";
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import { internalAction, type ActionCtx } from "../_generated/server.js";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../model/days.ts";

const crons = cronJobs();

crons.interval("orchestrate", { minutes: 5 }, internal.before.crons.orchestrate, {});

export default crons;

/** Looks at every job in turn and runs those that are due. */
export const orchestrate = internalAction({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const { maintenance, setlistfm, trending, shows, spotifyAuth, setlists } = internal.before;
    const act = (fn: FunctionReference<"action", "internal">) => async () => void (await ctx.runAction(fn, {}));
    const mutate =
      (fn: FunctionReference<"mutation", "internal">, args: object = {}) =>
      async () =>
        void (await ctx.runMutation(fn, args));
    await maybeRun(ctx, "update-trending", 4 * HOUR_MS, act(maintenance.syncTrendingData));
    await maybeRun(ctx, "check-completed-shows", 2 * HOUR_MS, act(setlistfm.checkCompletedShows));
    await maybeRun(ctx, "daily-cleanup", DAY_MS, act(maintenance.cleanupOrphanedRecords));
    await maybeRun(ctx, "setlistfm-scan", 30 * MINUTE_MS, act(setlistfm.scanPendingImports));
    await maybeRun(ctx, "sync-engagement-counts", HOUR_MS, mutate(trending.updateEngagementCounts));
    await maybeRun(ctx, "update-artist-show-counts", 2 * HOUR_MS, mutate(trending.updateArtistShowCounts));
    await maybeRun(ctx, "update-artist-trending", 4 * HOUR_MS, mutate(trending.updateArtistTrending));
    await maybeRun(ctx, "update-show-trending", 4 * HOUR_MS, mutate(trending.updateShowTrending));
    await maybeRun(ctx, "auto-transition-shows", 2 * HOUR_MS, mutate(shows.autoTransitionStatuses));
    await maybeRun(ctx, "populate-missing-fields", HOUR_MS, act(maintenance.populateMissingFields));
    await maybeRun(ctx, "spotify-refresh", 12 * HOUR_MS, act(spotifyAuth.refreshUserTokens));
    const refresh = setlists.refreshMissingAutoSetlists;
    await maybeRun(ctx, "refresh-auto-setlists", 6 * HOUR_MS, mutate(refresh, { limit: 60 }));
    const legacy = { limit: 200, includeCompleted: true };
    await maybeRun(ctx, "backfill-legacy-setlists", 7 * DAY_MS, mutate(refresh, legacy));
    return null;
  },
});

async function maybeRun(ctx: ActionCtx, name: string, defaultMs: number, run: () => Promise<void>): Promise<void> {
  const { getByNameInternal, upsertInternal } = internal.before.cronSettings;
  let setting: { intervalMs: number; enabled: boolean; lastRunAt?: number } | null;
  setting = await ctx.runQuery(getByNameInternal, { name });
  if (setting === null) {
    setting = { intervalMs: defaultMs, enabled: true, lastRunAt: 0 };
    await ctx.runMutation(upsertInternal, { name, intervalMs: defaultMs, enabled: true, lastRunAt: 0 });
  }
  const { intervalMs, enabled, lastRunAt = 0 } = setting;
  if (!enabled) return;
  const now = Date.now();
  if (now - lastRunAt < intervalMs) return;
  try {
    await run();
  } finally {
    await ctx.runMutation(upsertInternal, { name, intervalMs, enabled, lastRunAt: now });
  }
}
