/**
 * The *before* form of `trending`: everything derived is computed for every row, by jobs that read whole tables, and readers over-fetch and join.
 *
 * Ranks read from the open end of their index are none: rows without a rank and rows with rank 0 come first (see `getTopRankedArtists`).
 */
import { v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import { internalMutation, query, type QueryCtx } from "../_generated/server.js";
import { ARTIST_RANKS, artistScore, rankShows, SHOW_RANKS } from "../model/scores.ts";
import { artistLine, showLine } from "../model/trendingCache.ts";
import { artistDoc, pageOf, showDoc, trendingArtist, trendingShow } from "../model/views.ts";

const updated = v.object({ checked: v.number(), patched: v.number() });

/** Recounts setlists and votes of all shows. Reads all shows, setlists and votes. */
export const updateEngagementCounts = internalMutation({
  args: {},
  returns: updated,
  handler: async (ctx) => {
    const shows = await ctx.db.query("shows").collect();
    const setlists = await ctx.db.query("setlists").collect();
    const votes = await ctx.db.query("votes").collect();
    const showOf = new Map(setlists.map(({ _id, showId }) => [_id, showId]));
    const setlistCounts = countBy(setlists.map(({ showId }) => showId));
    const voteCounts = countBy(votes.map(({ setlistId }) => showOf.get(setlistId)));
    let patched = 0;
    for (const show of shows) {
      const setlistCount = setlistCounts.get(show._id) ?? 0;
      const voteCount = voteCounts.get(show._id) ?? 0;
      if (show.setlistCount === setlistCount && show.voteCount === voteCount) continue;
      await ctx.db.patch("shows", show._id, { setlistCount, voteCount });
      patched += 1;
    }
    return { checked: shows.length, patched };
  },
});

/** Recounts upcoming shows of all artists: a query an artist, and a write an artist, with a fresh time, whether anything changed or not. */
export const updateArtistShowCounts = internalMutation({
  args: {},
  returns: updated,
  handler: async (ctx) => {
    const artists = await ctx.db.query("artists").collect();
    for (const artist of artists) {
      const upcoming = await ctx.db
        .query("shows")
        .withIndex("by_artist", (q) => q.eq("artistId", artist._id))
        .filter((q) => q.eq(q.field("status"), "upcoming"))
        .collect();
      await ctx.db.patch("artists", artist._id, {
        upcomingShowsCount: upcoming.length,
        lastTrendingUpdate: Date.now(),
      });
    }
    return { checked: artists.length, patched: artists.length };
  },
});

/** Scores and ranks all artists, and writes all of them. */
export const updateArtistTrending = internalMutation({
  args: {},
  returns: updated,
  handler: async (ctx) => {
    const artists = await ctx.db.query("artists").collect();
    const scored = artists
      .map((artist) => ({ artist, score: artistScore(artist) }))
      .toSorted((a, b) => b.score - a.score);
    for (const [index, { artist, score }] of scored.entries()) {
      await ctx.db.patch("artists", artist._id, {
        trendingScore: score,
        trendingRank: index < ARTIST_RANKS ? index + 1 : 0,
        lastTrendingUpdate: Date.now(),
      });
    }
    return { checked: artists.length, patched: artists.length };
  },
});

/** Scores and ranks all upcoming shows, and writes all of them. A show that is over keeps the rank it had. */
export const updateShowTrending = internalMutation({
  args: {},
  returns: updated,
  handler: async (ctx) => {
    const shows = await ctx.db
      .query("shows")
      .withIndex("by_status", (q) => q.eq("status", "upcoming"))
      .collect();
    const ranking = rankShows(shows, Date.now());
    for (const [index, { show, score }] of ranking.entries()) {
      await ctx.db.patch("shows", show._id, {
        trendingScore: score,
        trendingRank: index < SHOW_RANKS ? index + 1 : 0,
        lastTrendingUpdate: Date.now(),
      });
    }
    return { checked: shows.length, patched: ranking.length };
  },
});

/** Meant as the best-ranked artists. Always empty once twice `limit` artists have rank 0 or none: those sort first. */
export const getTopRankedArtists = query({
  args: { limit: v.optional(v.number()) },
  returns: v.array(artistDoc),
  handler: async (ctx, { limit = 50 }) => await topArtists(ctx, limit),
});

/** Meant as the best-ranked shows; empty for the same reason. */
export const getTopRankedShows = query({
  args: { limit: v.optional(v.number()) },
  returns: v.array(showDoc),
  handler: async (ctx, { limit = 50 }) => await topShows(ctx, limit),
});

/** The list of shows: three times as many lines as asked for, each joined to its show, artist and venue. */
export const getTrendingShows = query({
  args: { limit: v.optional(v.number()) },
  returns: pageOf(trendingShow),
  handler: async (ctx, { limit = 20 }) => {
    const cached = await ctx.db
      .query("trendingShows")
      .withIndex("by_rank")
      .take(3 * limit);
    let shows = await Promise.all(cached.map(async ({ showId }) => await present(ctx, showId)));
    if (shows.length === 0) shows = await topShows(ctx, limit);
    if (shows.length === 0) {
      shows = await ctx.db
        .query("shows")
        .withIndex("by_status", (q) => q.eq("status", "upcoming"))
        .take(3 * limit);
    }
    const seen = new Set<string>();
    const lines = [];
    for (const show of shows) {
      if (show === null || show.status !== "upcoming" || seen.has(show._id)) continue;
      seen.add(show._id);
      const line = await showLine(ctx, show, lines.length + 1);
      if (line !== null) lines.push(line);
    }
    return { page: lines.slice(0, limit), isDone: lines.length <= limit, continueCursor: "" };
  },
});

/** The list of artists, in the same way. */
export const getTrendingArtists = query({
  args: { limit: v.optional(v.number()) },
  returns: pageOf(trendingArtist),
  handler: async (ctx, { limit = 20 }) => {
    const cached = await ctx.db
      .query("trendingArtists")
      .withIndex("by_rank")
      .take(3 * limit);
    let artists = await Promise.all(
      cached.map(async ({ artistId }) => (artistId === undefined ? null : await ctx.db.get("artists", artistId))),
    );
    if (artists.length === 0) artists = await topArtists(ctx, limit);
    if (artists.length === 0) artists = await ctx.db.query("artists").take(3 * limit);
    const seen = new Set<string>();
    const lines = [];
    for (const artist of artists) {
      if (artist === null || !artist.isActive || seen.has(artist._id)) continue;
      seen.add(artist._id);
      lines.push(artistLine(artist, lines.length + 1));
    }
    return { page: lines.slice(0, limit), isDone: lines.length <= limit, continueCursor: "" };
  },
});

async function topArtists(ctx: QueryCtx, limit: number): Promise<Doc<"artists">[]> {
  const artists = await ctx.db
    .query("artists")
    .withIndex("by_trending_rank")
    .order("asc")
    .take(2 * limit);
  return artists.filter(({ trendingRank = 0 }) => trendingRank > 0).slice(0, limit);
}

async function topShows(ctx: QueryCtx, limit: number): Promise<Doc<"shows">[]> {
  const shows = await ctx.db
    .query("shows")
    .withIndex("by_trending_rank")
    .order("asc")
    .take(2 * limit);
  return shows.filter(({ trendingRank = 0 }) => trendingRank > 0).slice(0, limit);
}

async function present(ctx: QueryCtx, showId: Id<"shows"> | undefined): Promise<Doc<"shows"> | null> {
  return showId === undefined ? null : await ctx.db.get("shows", showId);
}

function countBy<Key>(keys: readonly (Key | undefined)[]): Map<Key, number> {
  const counts = new Map<Key, number>();
  for (const key of keys) if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
