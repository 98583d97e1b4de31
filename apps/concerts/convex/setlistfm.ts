/**
 * What was really played: shows that are over wait for their import, and a scan fetches a few of them at a time.
 *
 * The setlist site wants a pause between two questions. No action sleeps through it, since sleep is billed as compute: each show is an action of its own,
 * scheduled its share of the pause later.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalAction, internalMutation } from "./_generated/server.js";
import { runLeased } from "./model/actionRuns.ts";
import { HOUR_MS } from "./model/days.ts";
import { runBy } from "./model/fields.ts";
import { saveImport } from "./model/imports.ts";
import { askSetlist, setlistPauseMs } from "./model/services.ts";
import { jobResult, type JobResult } from "./model/views.ts";

/** Shows that one scan fetches. */
const SCANNED_MAX = 5;
/** An import that has not ended by then never will. */
const LOST_MS = HOUR_MS;
/** Shows that one check queues. */
const QUEUED_MAX = 200;

/** Queues shows that are over and were never queued: those that were closed by the before form, or by hand. */
export const checkCompletedShows = internalAction({
  args: { by: v.optional(runBy) },
  returns: jobResult,
  handler: async (ctx, { by = "cron" }): Promise<JobResult> =>
    await runLeased(ctx, "check-completed-shows", by, async () => {
      const queued: number = await ctx.runMutation(internal.setlistfm.queueCompleted, {});
      return `${queued} shows queued`;
    }),
});

export const queueCompleted = internalMutation({
  args: {},
  returns: v.number(),
  handler: async (ctx) => {
    const shows = await ctx.db
      .query("shows")
      .withIndex("by_status_and_import_status", (q) => q.eq("status", "completed").eq("importStatus", undefined))
      .take(QUEUED_MAX);
    for (const show of shows) await ctx.db.patch("shows", show._id, { importStatus: "pending" });
    return shows.length;
  },
});

/** Starts the import of the next few shows, one every pause. */
export const scanPendingImports = internalAction({
  args: { by: v.optional(runBy) },
  returns: jobResult,
  handler: async (ctx, { by = "cron" }): Promise<JobResult> =>
    await runLeased(ctx, "setlistfm-scan", by, async () => {
      const pauseMs = setlistPauseMs();
      const claimed: number = await ctx.runMutation(internal.setlistfm.claimPending, { pauseMs });
      return `${claimed} imports started`;
    }),
});

export const claimPending = internalMutation({
  args: { pauseMs: v.number() },
  returns: v.number(),
  handler: async (ctx, { pauseMs }) => {
    const now = Date.now();
    const shows = await ctx.db
      .query("shows")
      .withIndex("by_import_status", (q) => q.eq("importStatus", "pending"))
      .take(SCANNED_MAX);
    // An action runs at most once: one that was lost leaves its show behind, which is fetched again.
    const underWay = await ctx.db
      .query("shows")
      .withIndex("by_import_status", (q) => q.eq("importStatus", "importing"))
      .take(SCANNED_MAX);
    shows.push(...underWay.filter(({ lastSynced = 0 }) => lastSynced < now - LOST_MS));
    for (const [index, show] of shows.entries()) {
      await ctx.db.patch("shows", show._id, { importStatus: "importing", lastSynced: now });
      const args = { showId: show._id, slug: show.slug ?? show._id };
      await ctx.scheduler.runAfter(index * pauseMs, internal.setlistfm.importShow, args);
    }
    return shows.length;
  },
});

/** Fetches what was played at one show. */
export const importShow = internalAction({
  args: { showId: v.id("shows"), slug: v.string() },
  returns: v.boolean(),
  handler: async (ctx, { showId, slug }): Promise<boolean> => {
    const answer = await askSetlist(slug);
    await ctx.runMutation(internal.setlistfm.save, { showId, played: answer.ok ? answer.value : null });
    return answer.ok;
  },
});

export const save = internalMutation({
  args: {
    showId: v.id("shows"),
    played: v.nullable(v.object({ setlistfmId: v.string(), songs: v.array(v.string()) })),
  },
  returns: v.null(),
  handler: async (ctx, { showId, played }) => {
    await saveImport(ctx, showId, played);
    return null;
  },
});
