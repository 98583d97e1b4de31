/**
 * A show's life (root form): every change of its status moves what depends on it, in the same transaction.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { moveUpcomingShows } from "./artists.ts";
import type { ShowStatus } from "./fields.ts";

/**
 * Gives a show another status: the artist's count follows, a show that is no longer ahead loses its score, its rank and its line in the trending list,
 * and one that was played waits for its import.
 */
export async function setStatus(ctx: MutationCtx, show: Doc<"shows">, status: ShowStatus): Promise<void> {
  if (show.status === status) return;
  const isAhead = status === "upcoming";
  await ctx.db.patch("shows", show._id, {
    status,
    ...(isAhead ? {} : { trendingRank: 0, trendingScore: 0 }),
    ...(status === "completed" && show.importStatus === undefined ? { importStatus: "pending" as const } : {}),
  });
  if (isAhead || show.status === "upcoming") await moveUpcomingShows(ctx, show.artistId, isAhead ? 1 : -1);
  if (!isAhead) await dropFromTrending(ctx, show._id);
}

async function dropFromTrending(ctx: MutationCtx, showId: Doc<"shows">["_id"]): Promise<void> {
  const lines = await ctx.db
    .query("trendingShows")
    .withIndex("by_show", (q) => q.eq("showId", showId))
    .collect();
  for (const line of lines) await ctx.db.delete("trendingShows", line._id);
}
