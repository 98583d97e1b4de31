/**
 * Setlists: what is shown of them, and predictions for shows that have none.
 *
 * A show without songs to predict from gets a placeholder and its artist at most one synchronisation a day, staggered; so the two functions that
 * schedule each other, this one and `spotify:syncArtistCatalog`, come to an end. `before/setlists.ts` has neither.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import type { Doc, Id } from "./_generated/dataModel.js";
import { internalMutation, query, type MutationCtx } from "./_generated/server.js";
import { predictSetlist, songsOf } from "./model/catalogue.ts";
import { DAY_MS } from "./model/days.ts";
import { mustExist } from "./model/errors.ts";
import { runBy } from "./model/fields.ts";
import { runWithin } from "./model/runs.ts";
import { jobResult, type JobResult, setlistView } from "./model/views.ts";
import { setlistsOf } from "./model/votes.ts";

/** Setlists of one show that its page shows. */
const SETLISTS_MAX = 20;
/** Confidence of a prediction from an artist's most popular songs. */
export const PREDICTED_CONFIDENCE = 0.6;
const SYNC_DELAY_MS = 10_000;
const SHOW_PACE_MS = 5_000;
/** Shows that one synchronisation gives a setlist; the others get theirs from the job. */
const SHOWS_A_SYNC = 10;
const LIMIT_MAX = 200;

/** The setlists of a show, read as they stand: each carries its counters. */
export const getByShow = query({
  args: { showId: v.id("shows") },
  returns: v.array(setlistView),
  handler: async (ctx, { showId }) => {
    const setlists = await ctx.db
      .query("setlists")
      .withIndex("by_show", (q) => q.eq("showId", showId))
      .take(SETLISTS_MAX);
    return setlists.map(viewOf);
  },
});

/** Gives a show a predicted setlist, unless it has one. Without songs: a placeholder, and its artist's catalogue is asked for once a day. */
export const autoGenerateSetlist = internalMutation({
  args: { showId: v.id("shows") },
  returns: v.nullable(v.id("setlists")),
  handler: async (ctx, { showId }) => {
    const show = await ctx.db.get("shows", showId);
    if (show === null) return null;
    const present = await ctx.db
      .query("setlists")
      .withIndex("by_show", (q) => q.eq("showId", showId))
      .first();
    // A show that was never counted would stay at the head of the job's list for ever.
    if (present !== null && (show.setlistCount ?? 0) === 0) {
      await ctx.db.patch("shows", showId, { setlistCount: (await setlistsOf(ctx, showId)).length });
    }
    if (present !== null && present.songs.length > 0) return present._id;
    const songs = predictSetlist(await songsOf(ctx, show.artistId));
    const setlistId = present?._id ?? (await insertPlaceholder(ctx, show));
    if (songs.length > 0) await ctx.db.patch("setlists", setlistId, { songs, confidence: PREDICTED_CONFIDENCE });
    else await queueSync(ctx, show.artistId);
    return setlistId;
  },
});

/** After a synchronisation that brought songs: setlists for at most ten of the artist's shows that have a placeholder, one every five seconds. */
export const fillPlaceholders = internalMutation({
  args: { artistId: v.id("artists") },
  returns: v.number(),
  handler: async (ctx, { artistId }) => {
    const shows = ctx.db
      .query("shows")
      .withIndex("by_artist_and_status", (q) => q.eq("artistId", artistId).eq("status", "upcoming"));
    let count = 0;
    for await (const show of shows) {
      const setlist = await ctx.db
        .query("setlists")
        .withIndex("by_show", (q) => q.eq("showId", show._id))
        .first();
      if (setlist !== null && setlist.songs.length > 0) continue;
      await ctx.scheduler.runAfter(count * SHOW_PACE_MS, internal.setlists.autoGenerateSetlist, { showId: show._id });
      count += 1;
      if (count === SHOWS_A_SYNC) break;
    }
    return count;
  },
});

/** Predicts setlists for shows that have none, a few a run and one every five seconds. Reads those shows and no other. */
export const refreshMissingAutoSetlists = internalMutation({
  args: { by: v.optional(runBy), limit: v.optional(v.number()), includeCompleted: v.optional(v.boolean()) },
  returns: jobResult,
  handler: async (ctx, { by = "cron", limit = 20, includeCompleted = false }): Promise<JobResult> =>
    await runWithin(ctx, includeCompleted ? "backfill-legacy-setlists" : "refresh-auto-setlists", by, async () => {
      const missing = await withoutSetlist(ctx, "upcoming", Math.min(limit, LIMIT_MAX));
      if (includeCompleted) {
        missing.push(...(await withoutSetlist(ctx, "completed", Math.min(limit, LIMIT_MAX) - missing.length)));
      }
      for (const [index, showId] of missing.entries()) {
        await ctx.scheduler.runAfter(index * SHOW_PACE_MS, internal.setlists.autoGenerateSetlist, { showId });
      }
      return `${missing.length} setlists asked for`;
    }),
});

/** Shows whose count is 0, or was never made (an absent field sorts before every number). */
async function withoutSetlist(
  ctx: MutationCtx,
  status: "upcoming" | "completed",
  limit: number,
): Promise<Id<"shows">[]> {
  if (limit <= 0) return [];
  const shows = await ctx.db
    .query("shows")
    .withIndex("by_status_and_setlist_count", (q) => q.eq("status", status).lt("setlistCount", 1))
    .take(limit);
  return shows.map(({ _id }) => _id);
}

async function insertPlaceholder(ctx: MutationCtx, show: Doc<"shows">): Promise<Id<"setlists">> {
  const id = await ctx.db.insert("setlists", {
    showId: show._id,
    songs: [],
    isOfficial: false,
    confidence: 0,
    upvotes: 0,
    downvotes: 0,
  });
  const setlistCount =
    show.setlistCount === undefined ? (await setlistsOf(ctx, show._id)).length : show.setlistCount + 1;
  await ctx.db.patch("shows", show._id, { setlistCount });
  return id;
}

/** The stamp is set with the order and not with its success: 44 shows of one artist give one order. */
async function queueSync(ctx: MutationCtx, artistId: Id<"artists">): Promise<void> {
  const artist = mustExist(await ctx.db.get("artists", artistId), "Artist");
  const now = Date.now();
  if (now - (artist.catalogSyncAttemptedAt ?? -Infinity) < DAY_MS) return;
  await ctx.db.patch("artists", artistId, { catalogSyncAttemptedAt: now, catalogSyncStatus: "pending" });
  await ctx.scheduler.runAfter(SYNC_DELAY_MS, internal.spotify.syncArtistCatalog, { artistId });
}

function viewOf({ _creationTime, userId: _author, upvotes = 0, downvotes = 0, songs, ...setlist }: Doc<"setlists">) {
  return { ...setlist, upvotes, downvotes, songs: songs.map((song) => ({ ...song, votes: song.votes ?? 0 })) };
}
