/**
 * Writes of what an artist's score is made of (root form): the score moves in the same transaction, so that ranking never computes it for all.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { artistScore } from "./scores.ts";

/** Patches an artist and keeps its score true. */
export async function patchArtist(
  ctx: MutationCtx,
  artist: Doc<"artists">,
  changes: Partial<Omit<Doc<"artists">, "_id" | "_creationTime">>,
): Promise<void> {
  await ctx.db.patch("artists", artist._id, { ...changes, trendingScore: artistScore({ ...artist, ...changes }) });
}

/** Moves an artist's count of upcoming shows. An artist that was never counted is counted now, and then `delta` is in it already. */
export async function moveUpcomingShows(ctx: MutationCtx, artistId: Id<"artists">, delta: number): Promise<void> {
  const artist = await ctx.db.get("artists", artistId);
  if (artist === null || delta === 0) return;
  const counted = artist.upcomingShowsCount;
  const upcomingShowsCount = counted === undefined ? await countUpcomingShows(ctx, artistId) : counted + delta;
  if (upcomingShowsCount < 0)
    console.warn(`Upcoming shows of ${artist.name} have drifted; run trending:recountArtists`);
  await patchArtist(ctx, artist, { upcomingShowsCount: Math.max(0, upcomingShowsCount) });
}

/** The truth that the count is compared with. */
export async function countUpcomingShows(ctx: QueryCtx, artistId: Id<"artists">): Promise<number> {
  const shows = await ctx.db
    .query("shows")
    .withIndex("by_artist_and_status", (q) => q.eq("artistId", artistId).eq("status", "upcoming"))
    .collect();
  return shows.length;
}
