/**
 * Housekeeping: the trending lists, artists with missing fields, rows that lost their parent.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import type { Id } from "./_generated/dataModel.js";
import { internalAction, internalMutation } from "./_generated/server.js";
import { runLeased } from "./model/actionRuns.ts";
import { patchArtist } from "./model/artists.ts";
import { runBy } from "./model/fields.ts";
import { CHILD_TABLES, orphansOnPage, type ChildTable } from "./model/orphans.ts";
import { askMusic, askTickets } from "./model/services.ts";
import { sweepOf } from "./model/sweeps.ts";
import {
  artistLine,
  artistsOfFeed,
  CACHE_ROWS,
  rewriteList,
  showLine,
  showsOfFeed,
  type ShowLine,
} from "./model/trendingCache.ts";
import { rankedArtists, rankedShows } from "./model/trendingRead.ts";
import { jobResult, type JobResult } from "./model/views.ts";

/** Artists that one run fills in. */
const POPULATED_MAX = 10;
/** Rows whose parents one transaction looks for. */
const CLEANUP_ROWS = 1_000;

type Incomplete = { readonly artistId: Id<"artists">; readonly slug: string };

/** Rewrites the trending lists from the ranks. The ranks have jobs of their own; running those from here too would do them twice. */
export const syncTrendingData = internalAction({
  args: { by: v.optional(runBy) },
  returns: jobResult,
  handler: async (ctx, { by = "cron" }): Promise<JobResult> =>
    await runLeased(ctx, "update-trending", by, async () => {
      const feed = await askTickets();
      const ids = feed.ok ? feed.value : { shows: [], artists: [] };
      return await ctx.runMutation(internal.maintenance.rewriteTrending, {
        shows: [...ids.shows],
        artists: [...ids.artists],
      });
    }),
});

/** Lists from the ranks; while there are none, from what the ticket service finds popular. Writes only the lines that differ. */
export const rewriteTrending = internalMutation({
  args: { shows: v.array(v.string()), artists: v.array(v.string()) },
  returns: v.string(),
  handler: async (ctx, feed): Promise<string> => {
    const shows = await rankedShows(ctx, CACHE_ROWS);
    const artists = await rankedArtists(ctx, CACHE_ROWS);
    if (shows.length === 0) shows.push(...(await showsOfFeed(ctx, feed.shows.slice(0, CACHE_ROWS))));
    if (artists.length === 0) artists.push(...(await artistsOfFeed(ctx, feed.artists.slice(0, CACHE_ROWS))));
    const lines: ShowLine[] = [];
    for (const show of shows) {
      const line = show.status === "upcoming" ? await showLine(ctx, show, lines.length + 1) : null;
      if (line !== null) lines.push(line);
    }
    const changedShows = await rewriteList(ctx, "trendingShows", lines);
    const artistLines = artists.map((artist, index) => artistLine(artist, index + 1));
    const changedArtists = await rewriteList(ctx, "trendingArtists", artistLines);
    return `${changedShows} of ${lines.length} shows and ${changedArtists} of ${artists.length} artists changed`;
  },
});

/** Removes rows whose parent is gone, a page of a table a transaction; stops and goes on where it was. */
export const cleanupOrphanedRecords = internalAction({
  args: { by: v.optional(runBy) },
  returns: jobResult,
  handler: async (ctx, { by = "cron" }): Promise<JobResult> =>
    await runLeased(ctx, "daily-cleanup", by, async () => {
      let removed = 0;
      for (const table of CHILD_TABLES) {
        for (let isDone = false; !isDone;) {
          const page: { removed: number; isDone: boolean } = await ctx.runMutation(internal.maintenance.cleanupPage, {
            table,
          });
          removed += page.removed;
          isDone = page.isDone;
        }
        console.log(`Clean-up: ${table} looked through, ${removed} rows removed so far`);
      }
      return `${removed} rows removed`;
    }),
});

export const cleanupPage = internalMutation({
  args: { table: v.union(v.literal("setlists"), v.literal("votes"), v.literal("songVotes"), v.literal("artistSongs")) },
  returns: v.object({ removed: v.number(), isDone: v.boolean() }),
  handler: async (ctx, { table }: { table: ChildTable }) => {
    const sweep = await sweepOf(ctx, `cleanup ${table}`);
    const { orphans, isDone, continueCursor } = await orphansOnPage(ctx, table, sweep.cursor, CLEANUP_ROWS);
    for (const id of orphans) await ctx.db.delete(id);
    await ctx.db.patch("sweeps", sweep._id, { cursor: isDone ? null : continueCursor });
    return { removed: orphans.length, isDone };
  },
});

/** Fills in what the music service knows of artists that lack it, ten a run. */
export const populateMissingFields = internalAction({
  args: { by: v.optional(runBy) },
  returns: jobResult,
  handler: async (ctx, { by = "cron" }): Promise<JobResult> =>
    await runLeased(ctx, "populate-missing-fields", by, async () => {
      const artists: Incomplete[] = await ctx.runMutation(internal.maintenance.nextIncomplete, {});
      let populated = 0;
      for (const { artistId, slug } of artists) {
        const answer = await askMusic(slug);
        if (!answer.ok) continue;
        const { spotifyId, popularity, followers } = answer.value;
        await ctx.runMutation(internal.maintenance.populate, { artistId, spotifyId, popularity, followers });
        populated += 1;
      }
      return `${populated} of ${artists.length} artists filled in`;
    }),
});

/** The next artists without an id at the music service. Each run goes on where the last one stopped: those that the service refuses hold nobody up. */
export const nextIncomplete = internalMutation({
  args: {},
  returns: v.array(v.object({ artistId: v.id("artists"), slug: v.string() })),
  handler: async (ctx) => {
    const sweep = await sweepOf(ctx, "populate artists");
    const { page, isDone, continueCursor } = await ctx.db
      .query("artists")
      .withIndex("by_spotify_id", (q) => q.eq("spotifyId", undefined))
      .paginate({ cursor: sweep.cursor, numItems: POPULATED_MAX });
    await ctx.db.patch("sweeps", sweep._id, { cursor: isDone ? null : continueCursor });
    return page.map(({ _id, slug }) => ({ artistId: _id, slug }));
  },
});

export const populate = internalMutation({
  args: { artistId: v.id("artists"), spotifyId: v.string(), popularity: v.number(), followers: v.number() },
  returns: v.null(),
  handler: async (ctx, { artistId, ...facts }) => {
    const artist = await ctx.db.get("artists", artistId);
    if (artist !== null) await patchArtist(ctx, artist, { ...facts, lowerName: artist.name.toLowerCase() });
    return null;
  },
});
