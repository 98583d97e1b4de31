/**
 * Ranks read by their index (root form).
 *
 * The range begins above 0: rows without a rank and rows with rank 0 sort first, so an open range would give nothing but those.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";

/** The best-ranked artists, best first. */
export async function rankedArtists(ctx: QueryCtx, limit: number): Promise<Doc<"artists">[]> {
  return await ctx.db
    .query("artists")
    .withIndex("by_trending_rank", (q) => q.gt("trendingRank", 0))
    .take(limit);
}

/** The best-ranked shows, best first. */
export async function rankedShows(ctx: QueryCtx, limit: number): Promise<Doc<"shows">[]> {
  return await ctx.db
    .query("shows")
    .withIndex("by_trending_rank", (q) => q.gt("trendingRank", 0))
    .take(limit);
}

/** The artists with the highest scores; among equals the oldest first, as a sort of the whole table in its order gives. */
export async function highestScores(ctx: QueryCtx, limit: number): Promise<Doc<"artists">[]> {
  const best = await ctx.db.query("artists").withIndex("by_trending_score").order("desc").take(limit);
  const lowest = best.at(-1)?.trendingScore;
  if (lowest === undefined) return best.filter(({ trendingScore }) => trendingScore !== undefined);
  // Where the list is cut, an index read backwards prefers the youngest of equals; those are read again from the front.
  const above = best.filter(({ trendingScore }) => trendingScore !== lowest);
  const equals = await ctx.db
    .query("artists")
    .withIndex("by_trending_score", (q) => q.eq("trendingScore", lowest))
    .take(limit - above.length);
  const oldestFirst = above.toSorted(
    (a, b) => (b.trendingScore ?? 0) - (a.trendingScore ?? 0) || a._creationTime - b._creationTime,
  );
  return [...oldestFirst, ...equals];
}
