/**
 * The *before* form of `setlists`: one half of the chain reaction.
 *
 * A show without songs to predict from orders its artist's synchronisation at once, and writes nothing: so it is without a setlist when the
 * synchronisation looks at it, and orders the next one. `before/spotify.ts` is the other half.
 */
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Doc, Id } from "../_generated/dataModel.js";
import { internalMutation, query, type QueryCtx } from "../_generated/server.js";
import { predictSetlist, songsOf } from "../model/catalogue.ts";
import { mustExist } from "../model/errors.ts";
import { setlistView } from "../model/views.ts";
import { songVotesOf, type Tally } from "../model/votes.ts";
import { PREDICTED_CONFIDENCE } from "../setlists.ts";

/** The setlists of a show, with every vote of each and every vote for each song counted again. */
export const getByShow = query({
  args: { showId: v.id("shows") },
  returns: v.array(setlistView),
  handler: async (ctx, { showId }) => {
    const setlists = await ctx.db
      .query("setlists")
      .withIndex("by_show", (q) => q.eq("showId", showId))
      .collect();
    return await Promise.all(
      setlists.map(async ({ _creationTime, userId: _author, ...setlist }) => ({
        ...setlist,
        ...(await tallyOfAll(ctx, setlist._id)),
        songs: await Promise.all(
          setlist.songs.map(async (song) => ({ ...song, votes: await songVotesOf(ctx, setlist._id, song.title) })),
        ),
      })),
    );
  },
});

export const autoGenerateSetlist = internalMutation({
  args: { showId: v.id("shows") },
  returns: v.nullable(v.id("setlists")),
  handler: async (ctx, { showId }): Promise<Id<"setlists"> | null> => {
    const show = mustExist(await ctx.db.get("shows", showId), "Show");
    const present = await ctx.db
      .query("setlists")
      .withIndex("by_show", (q) => q.eq("showId", showId))
      .first();
    if (present !== null) return present._id;
    const songs = predictSetlist(await songsOf(ctx, show.artistId));
    if (songs.length === 0) {
      const artist: Doc<"artists"> = mustExist(await ctx.db.get("artists", show.artistId), "Artist");
      const syncStatus = { isImporting: true, phase: "queued", updatedAt: Date.now() };
      await ctx.db.patch("artists", artist._id, { syncStatus });
      await ctx.scheduler.runAfter(0, internal.before.spotify.syncArtistCatalog, { artistId: artist._id });
      return null;
    }
    return await ctx.db.insert("setlists", { showId, songs, isOfficial: false, confidence: PREDICTED_CONFIDENCE });
  },
});

/** Looks at shows one by one for those without a setlist, and orders one for each, all at once. */
export const refreshMissingAutoSetlists = internalMutation({
  args: { limit: v.optional(v.number()), includeCompleted: v.optional(v.boolean()) },
  returns: v.object({ checked: v.number(), ordered: v.number() }),
  handler: async (ctx, { limit = 60, includeCompleted = false }) => {
    const shows = includeCompleted
      ? await ctx.db.query("shows").collect()
      : await ctx.db
          .query("shows")
          .withIndex("by_status", (q) => q.eq("status", "upcoming"))
          .collect();
    let ordered = 0;
    for (const show of shows) {
      if (ordered === limit) break;
      const present = await ctx.db
        .query("setlists")
        .withIndex("by_show", (q) => q.eq("showId", show._id))
        .first();
      if (present !== null) continue;
      await ctx.scheduler.runAfter(0, internal.before.setlists.autoGenerateSetlist, { showId: show._id });
      ordered += 1;
    }
    return { checked: shows.length, ordered };
  },
});

async function tallyOfAll(ctx: QueryCtx, setlistId: Id<"setlists">): Promise<Tally> {
  const votes = await ctx.db
    .query("votes")
    .withIndex("by_setlist", (q) => q.eq("setlistId", setlistId))
    .collect();
  const upvotes = votes.filter(({ voteType }) => voteType === "accurate").length;
  return { upvotes, downvotes: votes.length - upvotes };
}
