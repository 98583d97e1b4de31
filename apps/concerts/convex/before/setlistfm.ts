/**
 * The *before* form of `setlistfm`: whole tables read to find a few shows, and an action that sleeps between two questions.
 */
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Id } from "../_generated/dataModel.js";
import { internalAction, internalMutation, internalQuery } from "../_generated/server.js";
import { askSetlist, setlistPauseMs } from "../model/services.ts";

/** Shows that one scan fetches. */
const SCANNED_MAX = 5;

export const completedWithoutImport = internalQuery({
  args: {},
  returns: v.array(v.id("shows")),
  handler: async (ctx): Promise<Id<"shows">[]> => {
    const completed = await ctx.db
      .query("shows")
      .withIndex("by_status", (q) => q.eq("status", "completed"))
      .collect();
    return completed.filter(({ importStatus }) => importStatus === undefined).map(({ _id }) => _id);
  },
});

export const setImportStatus = internalMutation({
  args: { showId: v.id("shows"), importStatus: v.union(v.literal("pending"), v.literal("importing")) },
  returns: v.null(),
  handler: async (ctx, { showId, importStatus }) => {
    await ctx.db.patch("shows", showId, { importStatus });
    return null;
  },
});

/** Queues shows that are over, a mutation each. */
export const checkCompletedShows = internalAction({
  args: {},
  returns: v.number(),
  handler: async (ctx): Promise<number> => {
    const shows: Id<"shows">[] = await ctx.runQuery(internal.before.setlistfm.completedWithoutImport, {});
    for (const showId of shows) {
      await ctx.runMutation(internal.before.setlistfm.setImportStatus, { showId, importStatus: "pending" });
    }
    return shows.length;
  },
});

export const pending = internalQuery({
  args: {},
  returns: v.array(v.object({ showId: v.id("shows"), slug: v.string() })),
  handler: async (ctx) => {
    const shows = await ctx.db
      .query("shows")
      .withIndex("by_import_status", (q) => q.eq("importStatus", "pending"))
      .take(SCANNED_MAX);
    return shows.map(({ _id, slug }) => ({ showId: _id, slug: slug ?? _id }));
  },
});

/** Fetches a few shows, asleep between two questions: the sleep is billed as compute. */
export const scanPendingImports = internalAction({
  args: {},
  returns: v.number(),
  handler: async (ctx): Promise<number> => {
    const shows: { showId: Id<"shows">; slug: string }[] = await ctx.runQuery(internal.before.setlistfm.pending, {});
    for (const { showId, slug } of shows) {
      await ctx.runMutation(internal.before.setlistfm.setImportStatus, { showId, importStatus: "importing" });
      const answer = await askSetlist(slug);
      await ctx.runMutation(internal.setlistfm.save, { showId, played: answer.ok ? answer.value : null });
      await new Promise((resolve) => setTimeout(resolve, setlistPauseMs()));
    }
    return shows.length;
  },
});
