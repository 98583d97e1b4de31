/**
 * What trends: counts, scores, ranks, and the lists that visitors see.
 *
 * Counts and artists' scores are kept by whoever writes what they are made of, so the four jobs have little to do: two verify a page of a table a run,
 * two move the few ranks that changed. `before/trending.ts` computes everything for every row, every time.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import type { Doc } from "./_generated/dataModel.js";
import { internalMutation, query, type MutationCtx, type QueryCtx } from "./_generated/server.js";
import { countUpcomingShows, patchArtist } from "./model/artists.ts";
import { dateOf } from "./model/days.ts";
import { runBy } from "./model/fields.ts";
import { runWithin } from "./model/runs.ts";
import { ARTIST_RANKS, artistScore, rankShows, SHOW_HORIZON_DAYS, SHOW_RANKS } from "./model/scores.ts";
import { restart, SWEEP_PAUSE_MS, SWEEP_ROWS, sweepOf, sweepPage } from "./model/sweeps.ts";
import { artistLine, showLine, type ShowLine } from "./model/trendingCache.ts";
import { highestScores, rankedArtists, rankedShows } from "./model/trendingRead.ts";
import { artistDoc, jobResult, type JobResult, pageOf, showDoc, trendingArtist, trendingShow } from "./model/views.ts";
import { countEngagement } from "./model/votes.ts";

/** Upcoming shows within the horizon that are ranked; a site with more of them ranks the nearest. */
const WINDOW_SHOWS_MAX = 4_000;
const LIST_MAX = 100;
/** Votes that the check of one page counts; with the largest countable setlist on top it stays within a transaction. */
const VOTES_A_PAGE_MAX = 16_000;
const ENGAGEMENT = "engagement";
const ARTISTS = "artists";

/** Verifies the counters of the next page of shows. */
export const updateEngagementCounts = internalMutation({
  args: { by: v.optional(runBy), batchSize: v.optional(v.number()) },
  returns: jobResult,
  handler: async (ctx, { by = "cron", batchSize = SWEEP_ROWS }): Promise<JobResult> =>
    await runWithin(ctx, "sync-engagement-counts", by, async () => note(await engagementPage(ctx, batchSize))),
});

/** Verifies the counts and scores of the next page of artists. */
export const updateArtistShowCounts = internalMutation({
  args: { by: v.optional(runBy), batchSize: v.optional(v.number()) },
  returns: jobResult,
  handler: async (ctx, { by = "cron", batchSize = SWEEP_ROWS }): Promise<JobResult> =>
    await runWithin(ctx, "update-artist-show-counts", by, async () => note(await artistPage(ctx, batchSize))),
});

/** Operator command: verifies the counters of all shows, page after page; after a change from the before form, its backfill. */
export const recountEngagement = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const generation = await restart(ctx, ENGAGEMENT);
    await ctx.scheduler.runAfter(0, internal.trending.recountNext, { name: ENGAGEMENT, generation });
    return null;
  },
});

/** Operator command: verifies the counts and scores of all artists, page after page. */
export const recountArtists = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const generation = await restart(ctx, ARTISTS);
    await ctx.scheduler.runAfter(0, internal.trending.recountNext, { name: ARTISTS, generation });
    return null;
  },
});

/** One page of an operator's pass, and the next one after a pause; a pass that another one replaced ends here. */
export const recountNext = internalMutation({
  args: { name: v.union(v.literal("engagement"), v.literal("artists")), generation: v.number() },
  returns: v.null(),
  handler: async (ctx, { name, generation }) => {
    if ((await sweepOf(ctx, name)).generation !== generation) return null;
    const { isDone } = await (name === ENGAGEMENT ? engagementPage(ctx, SWEEP_ROWS) : artistPage(ctx, SWEEP_ROWS));
    if (!isDone) await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.trending.recountNext, { name, generation });
    return null;
  },
});

/** Gives the 100 highest scores the ranks 1 to 100, and takes the rank of whoever dropped out. */
export const updateArtistTrending = internalMutation({
  args: { by: v.optional(runBy) },
  returns: jobResult,
  handler: async (ctx, { by = "cron" }): Promise<JobResult> =>
    await runWithin(ctx, "update-artist-trending", by, async () => {
      const best = await highestScores(ctx, ARTIST_RANKS);
      const ids = new Set(best.map(({ _id }) => _id));
      const dropped = (await rankedArtists(ctx, 2 * ARTIST_RANKS)).filter(({ _id }) => !ids.has(_id));
      const moved = best.map((artist, index) => [artist, index + 1] as const);
      let changed = 0;
      for (const [artist, trendingRank] of [...moved, ...dropped.map((artist) => [artist, 0] as const)]) {
        if (artist.trendingRank === trendingRank) continue;
        await ctx.db.patch("artists", artist._id, { trendingRank, lastTrendingUpdate: Date.now() });
        changed += 1;
      }
      return `${changed} artists moved`;
    }),
});

/** Scores the shows of the next 30 days and gives the best 200 their ranks; shows further away have score 0 and come last. */
export const updateShowTrending = internalMutation({
  args: { by: v.optional(runBy) },
  returns: jobResult,
  handler: async (ctx, { by = "cron" }): Promise<JobResult> =>
    await runWithin(ctx, "update-show-trending", by, async () => {
      const now = Date.now();
      const ranking = rankShows(await candidates(ctx, now), now);
      const known = new Set(ranking.map(({ show }) => show._id));
      let changed = 0;
      for (const [index, { show, score }] of ranking.entries()) {
        changed += Number(await moveShow(ctx, show, score, index < SHOW_RANKS ? index + 1 : 0, now));
      }
      for (const show of await rankedShows(ctx, 2 * SHOW_RANKS)) {
        if (!known.has(show._id)) changed += Number(await moveShow(ctx, show, 0, 0, now));
      }
      return `${changed} of ${ranking.length} shows moved`;
    }),
});

/** The best-ranked artists, best first. */
export const getTopRankedArtists = query({
  args: { limit: v.optional(v.number()) },
  returns: v.array(artistDoc),
  handler: async (ctx, { limit = 50 }) => await rankedArtists(ctx, Math.min(limit, ARTIST_RANKS)),
});

/** The best-ranked shows, best first. */
export const getTopRankedShows = query({
  args: { limit: v.optional(v.number()) },
  returns: v.array(showDoc),
  handler: async (ctx, { limit = 50 }) => await rankedShows(ctx, Math.min(limit, SHOW_RANKS)),
});

/** The list of shows. Each line carries its labels: what is read is what is shown, and a vote wakes nobody. */
export const getTrendingShows = query({
  args: { limit: v.optional(v.number()) },
  returns: pageOf(trendingShow),
  handler: async (ctx, { limit = 20 }) => {
    const lines = await ctx.db.query("trendingShows").withIndex("by_rank").take(Math.min(limit, LIST_MAX));
    const page = lines.length > 0 ? lines.map(bare) : await showFallback(ctx, Math.min(limit, LIST_MAX));
    return { page, isDone: true, continueCursor: "" };
  },
});

/** The list of artists. */
export const getTrendingArtists = query({
  args: { limit: v.optional(v.number()) },
  returns: pageOf(trendingArtist),
  handler: async (ctx, { limit = 20 }) => {
    const lines = await ctx.db.query("trendingArtists").withIndex("by_rank").take(Math.min(limit, LIST_MAX));
    if (lines.length > 0) return { page: lines.map(bare), isDone: true, continueCursor: "" };
    const ranked = await rankedArtists(ctx, Math.min(limit, LIST_MAX));
    const best = ranked.length > 0 ? ranked : await highestScores(ctx, Math.min(limit, LIST_MAX));
    return { page: best.map((artist, index) => artistLine(artist, index + 1)), isDone: true, continueCursor: "" };
  },
});

type Page = { readonly checked: number; readonly repaired: number; readonly isDone: boolean };

function note({ checked, repaired }: Page): string {
  return `${checked} checked, ${repaired} repaired`;
}

async function engagementPage(ctx: MutationCtx, numItems: number): Promise<Page> {
  const sweep = await sweepOf(ctx, ENGAGEMENT);
  const shows = await ctx.db.query("shows").paginate({ cursor: sweep.cursor, numItems });
  let counted = 0;
  return await sweepPage(ctx, sweep, shows, async (show) => {
    const truth = counted > VOTES_A_PAGE_MAX ? undefined : await countEngagement(ctx, show._id);
    if (truth === undefined) {
      console.warn(`Show ${show._id} has too many votes to verify here; its counters stay as the votes have made them`);
      return false;
    }
    const { setlistCount, voteCount, tallies } = truth;
    counted += voteCount;
    let isRepaired = false;
    for (const { setlist, tally } of tallies) {
      if (setlist.upvotes === tally.upvotes && setlist.downvotes === tally.downvotes) continue;
      await ctx.db.patch("setlists", setlist._id, { ...tally });
      isRepaired = true;
    }
    if (show.setlistCount === setlistCount && show.voteCount === voteCount) return isRepaired;
    await ctx.db.patch("shows", show._id, { setlistCount, voteCount });
    return true;
  });
}

async function artistPage(ctx: MutationCtx, numItems: number): Promise<Page> {
  const sweep = await sweepOf(ctx, ARTISTS);
  const artists = await ctx.db.query("artists").paginate({ cursor: sweep.cursor, numItems });
  return await sweepPage(ctx, sweep, artists, async (artist) => {
    const upcomingShowsCount = await countUpcomingShows(ctx, artist._id);
    const trendingScore = artistScore({ ...artist, upcomingShowsCount });
    if (artist.upcomingShowsCount === upcomingShowsCount && artist.trendingScore === trendingScore) return false;
    await patchArtist(ctx, artist, { upcomingShowsCount });
    return true;
  });
}

/** Upcoming shows that can have a score or a rank: all within the horizon, and at least as many as there are ranks. */
async function candidates(ctx: MutationCtx, now: number): Promise<Doc<"shows">[]> {
  const horizon = dateOf(now, SHOW_HORIZON_DAYS);
  const near = await ctx.db
    .query("shows")
    .withIndex("by_status_and_date", (q) => q.eq("status", "upcoming").lte("date", horizon))
    .take(WINDOW_SHOWS_MAX);
  if (near.length >= SHOW_RANKS) return near;
  const far = await ctx.db
    .query("shows")
    .withIndex("by_status_and_date", (q) => q.eq("status", "upcoming").gt("date", horizon))
    .take(SHOW_RANKS - near.length);
  return [...near, ...far];
}

async function moveShow(
  ctx: MutationCtx,
  show: Doc<"shows">,
  trendingScore: number,
  trendingRank: number,
  now: number,
): Promise<boolean> {
  if ((show.trendingScore ?? 0) === trendingScore && (show.trendingRank ?? 0) === trendingRank) return false;
  await ctx.db.patch("shows", show._id, { trendingScore, trendingRank, lastTrendingUpdate: now });
  return true;
}

/** Before the list was first written: ranked shows, or else the next ones. */
async function showFallback(ctx: QueryCtx, limit: number): Promise<ShowLine[]> {
  const ranked = await rankedShows(ctx, limit);
  const shows =
    ranked.length > 0
      ? ranked
      : await ctx.db
          .query("shows")
          .withIndex("by_status_and_date", (q) => q.eq("status", "upcoming"))
          .take(limit);
  const lines = await Promise.all(shows.map(async (show, index) => await showLine(ctx, show, index + 1)));
  return lines.filter((line) => line !== null);
}

function bare<Row extends { _id: unknown; _creationTime: number }>({ _id, _creationTime, ...line }: Row) {
  return line;
}
