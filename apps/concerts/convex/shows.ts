/**
 * Shows: one for its page, those of an artist, and the job that closes past ones.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import type { Doc } from "./_generated/dataModel.js";
import { internalMutation, internalQuery, query } from "./_generated/server.js";
import { dateOf } from "./model/days.ts";
import { mustExist } from "./model/errors.ts";
import { runBy, showStatus } from "./model/fields.ts";
import { runWithin } from "./model/runs.ts";
import { setStatus } from "./model/shows.ts";
import { jobResult, type JobResult, showDoc, showView } from "./model/views.ts";

/** Shows that one transaction closes. */
const CLOSED_MAX = 200;
const SHOWS_MAX = 200;

/** A show with its artist and venue, or null. */
export const getBySlug = query({
  args: { slug: v.string() },
  returns: v.nullable(showView),
  handler: async (ctx, { slug }) => {
    const show = await ctx.db
      .query("shows")
      .withIndex("by_slug", (q) => q.eq("slug", slug))
      .first();
    if (show === null) return null;
    const artist = mustExist(await ctx.db.get("artists", show.artistId), "Artist");
    const venue = mustExist(await ctx.db.get("venues", show.venueId), "Venue");
    return {
      ...show,
      artist: { name: artist.name, slug: artist.slug, genres: artist.genres ?? [] },
      venue: { name: venue.name, city: venue.city, country: venue.country },
    };
  },
});

/** Upcoming shows of an artist, as a list; the first 200. */
export const upcomingOf = query({
  args: { artistSlug: v.string() },
  returns: v.array(showDoc),
  handler: async (ctx, { artistSlug }) => {
    const artist = await ctx.db
      .query("artists")
      .withIndex("by_slug", (q) => q.eq("slug", artistSlug))
      .first();
    if (artist === null) return [];
    return await ctx.db
      .query("shows")
      .withIndex("by_artist_and_status", (q) => q.eq("artistId", artist._id).eq("status", "upcoming"))
      .take(SHOWS_MAX);
  },
});

/** Every show of an artist, the first 200. */
export const getAllByArtistInternal = internalQuery({
  args: { artistId: v.id("artists") },
  returns: v.array(showDoc),
  handler: async (ctx, { artistId }): Promise<Doc<"shows">[]> =>
    await ctx.db
      .query("shows")
      .withIndex("by_artist", (q) => q.eq("artistId", artistId))
      .take(SHOWS_MAX),
});

/** Changes a show's status with all that depends on it. */
export const setShowStatus = internalMutation({
  args: { showId: v.id("shows"), status: showStatus },
  returns: v.null(),
  handler: async (ctx, { showId, status }) => {
    await setStatus(ctx, mustExist(await ctx.db.get("shows", showId), "Show"), status);
    return null;
  },
});

/** Closes upcoming shows whose date has passed: reads those and no other. What does not fit into a transaction follows in the next. */
export const autoTransitionStatuses = internalMutation({
  args: { by: v.optional(runBy) },
  returns: jobResult,
  handler: async (ctx, { by = "cron" }): Promise<JobResult> =>
    await runWithin(ctx, "auto-transition-shows", by, async () => {
      const due = await ctx.db
        .query("shows")
        .withIndex("by_status_and_date", (q) => q.eq("status", "upcoming").lt("date", dateOf(Date.now())))
        .take(CLOSED_MAX);
      for (const show of due) await setStatus(ctx, show, "completed");
      if (due.length === CLOSED_MAX) {
        await ctx.scheduler.runAfter(0, internal.shows.autoTransitionStatuses, { by: "continuation" });
      }
      return `${due.length} shows closed`;
    }),
});
