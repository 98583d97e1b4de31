/**
 * The *before* form of `maintenance`: the trending job runs the four updates that have timers of their own, lists are written anew as a whole, and orphans are
 * looked for in whole tables.
 */
import { v } from "convex/values";
import { api, internal } from "../_generated/api.js";
import type { Doc, Id } from "../_generated/dataModel.js";
import { internalAction, internalMutation, internalQuery } from "../_generated/server.js";
import { HOUR_MS } from "../model/days.ts";
import { parentOf, type ChildTable } from "../model/orphans.ts";
import { askMusic, askTickets } from "../model/services.ts";
import { artistLine, artistsOfFeed, CACHE_ROWS, showLine, showsOfFeed } from "../model/trendingCache.ts";

const LOCK = "trending";
const STALE_MS = HOUR_MS;
const POPULATED_MAX = 10;
const childTable = v.union(v.literal("setlists"), v.literal("votes"), v.literal("songVotes"), v.literal("artistSongs"));

export const acquireLock = internalMutation({
  args: {},
  returns: v.boolean(),
  handler: async (ctx) => {
    const now = Date.now();
    const lock = await ctx.db
      .query("maintenanceLocks")
      .withIndex("by_name", (q) => q.eq("name", LOCK))
      .first();
    if (lock?.isRunning === true && now - lock.updatedAt < STALE_MS) return false;
    if (lock === null) await ctx.db.insert("maintenanceLocks", { name: LOCK, isRunning: true, updatedAt: now });
    else await ctx.db.patch("maintenanceLocks", lock._id, { isRunning: true, updatedAt: now });
    return true;
  },
});

export const releaseLock = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const lock = await ctx.db
      .query("maintenanceLocks")
      .withIndex("by_name", (q) => q.eq("name", LOCK))
      .first();
    if (lock !== null) await ctx.db.patch("maintenanceLocks", lock._id, { isRunning: false, updatedAt: Date.now() });
    return null;
  },
});

/** Runs all four updates once more, then writes the lists. */
export const syncTrendingData = internalAction({
  args: {},
  returns: v.boolean(),
  handler: async (ctx): Promise<boolean> => {
    const { trending, maintenance } = internal.before;
    if (!(await ctx.runMutation(maintenance.acquireLock, {}))) return false;
    try {
      await ctx.runMutation(trending.updateEngagementCounts, {});
      await ctx.runMutation(trending.updateArtistShowCounts, {});
      await ctx.runMutation(trending.updateArtistTrending, {});
      await ctx.runMutation(trending.updateShowTrending, {});
      const feed = await askTickets();
      const shows: Doc<"shows">[] = await ctx.runQuery(api.before.trending.getTopRankedShows, {});
      const artists: Doc<"artists">[] = await ctx.runQuery(api.before.trending.getTopRankedArtists, {});
      await ctx.runMutation(maintenance.writeCaches, {
        showIds: shows.map(({ _id }) => _id),
        artistIds: artists.map(({ _id }) => _id),
        feedShows: feed.ok ? [...feed.value.shows] : [],
        feedArtists: feed.ok ? [...feed.value.artists] : [],
      });
      return true;
    } finally {
      await ctx.runMutation(maintenance.releaseLock, {});
    }
  },
});

/** Replaces the lists, unless there is nothing to put there. With ranks that read as none, that is what the ticket service says, or nothing. */
export const writeCaches = internalMutation({
  args: {
    showIds: v.array(v.id("shows")),
    artistIds: v.array(v.id("artists")),
    feedShows: v.array(v.string()),
    feedArtists: v.array(v.string()),
  },
  returns: v.object({ shows: v.number(), artists: v.number() }),
  handler: async (ctx, { showIds, artistIds, feedShows, feedArtists }) => {
    const ranked = await Promise.all(showIds.map(async (id) => await ctx.db.get("shows", id)));
    const shows = ranked.length > 0 ? ranked : await showsOfFeed(ctx, feedShows.slice(0, CACHE_ROWS));
    const found = await Promise.all(artistIds.map(async (id) => await ctx.db.get("artists", id)));
    const artists = found.length > 0 ? found : await artistsOfFeed(ctx, feedArtists.slice(0, CACHE_ROWS));
    if (shows.length > 0) {
      for (const row of await ctx.db.query("trendingShows").collect()) await ctx.db.delete("trendingShows", row._id);
    }
    for (const [index, show] of shows.entries()) {
      const line = show === null ? null : await showLine(ctx, show, index + 1);
      if (line !== null) await ctx.db.insert("trendingShows", line);
    }
    if (artists.length > 0) {
      for (const row of await ctx.db.query("trendingArtists").collect())
        await ctx.db.delete("trendingArtists", row._id);
    }
    for (const [index, artist] of artists.entries()) {
      if (artist !== null) await ctx.db.insert("trendingArtists", artistLine(artist, index + 1));
    }
    return { shows: shows.length, artists: artists.length };
  },
});

/** Orphans of one table: the whole table, and the parent of every row. */
export const orphansOf = internalQuery({
  args: { table: childTable },
  returns: v.array(v.string()),
  handler: async (ctx, { table }): Promise<string[]> => {
    const rows: Doc<ChildTable>[] = await ctx.db.query(table).collect();
    const orphans = [];
    for (const row of rows) if ((await ctx.db.get(parentOf(row))) === null) orphans.push(row._id);
    return orphans;
  },
});

export const removeOrphans = internalMutation({
  args: { table: childTable, ids: v.array(v.string()) },
  returns: v.null(),
  handler: async (ctx, { table, ids }) => {
    for (const id of ids) {
      const known = ctx.db.normalizeId(table, id);
      if (known !== null && (await ctx.db.get(known)) !== null) await ctx.db.delete(known);
    }
    return null;
  },
});

/** Removes rows whose parent is gone. A table that is too large to be read at once stays as it is; the log says so. */
export const cleanupOrphanedRecords = internalAction({
  args: {},
  returns: v.number(),
  handler: async (ctx): Promise<number> => {
    let removed = 0;
    for (const table of ["setlists", "votes", "songVotes", "artistSongs"] as const) {
      try {
        const ids: string[] = await ctx.runQuery(internal.before.maintenance.orphansOf, { table });
        if (ids.length > 0) await ctx.runMutation(internal.before.maintenance.removeOrphans, { table, ids });
        removed += ids.length;
      } catch (error) {
        console.error(`Clean-up of ${table} failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return removed;
  },
});

/** Reads all artists to find ten. */
export const incompleteArtists = internalQuery({
  args: {},
  returns: v.array(v.object({ artistId: v.id("artists"), slug: v.string() })),
  handler: async (ctx): Promise<{ artistId: Id<"artists">; slug: string }[]> => {
    const artists = await ctx.db.query("artists").collect();
    return artists
      .filter(({ spotifyId }) => spotifyId === undefined)
      .slice(0, POPULATED_MAX)
      .map(({ _id, slug }) => ({ artistId: _id, slug }));
  },
});

export const populateMissingFields = internalAction({
  args: {},
  returns: v.number(),
  handler: async (ctx): Promise<number> => {
    let populated = 0;
    for (const { artistId, slug } of await ctx.runQuery(internal.before.maintenance.incompleteArtists, {})) {
      const answer = await askMusic(slug);
      if (!answer.ok) continue;
      const { spotifyId, popularity, followers } = answer.value;
      await ctx.runMutation(internal.before.artists.updateSpotifyData, { artistId, spotifyId, popularity, followers });
      populated += 1;
    }
    return populated;
  },
});
