/**
 * The music service: an artist's catalogue becomes songs, and songs become setlists.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalAction } from "./_generated/server.js";
import { askMusic } from "./model/services.ts";

/**
 * Fetches an artist's catalogue, at most once a day, whatever becomes of it. Only when it brought songs are setlists asked for: without songs there is
 * nothing to predict, and asking would lead back here.
 */
export const syncArtistCatalog = internalAction({
  args: { artistId: v.id("artists") },
  returns: v.object({ attempted: v.boolean(), imported: v.number() }),
  handler: async (ctx, { artistId }): Promise<{ attempted: boolean; imported: number }> => {
    const artist = await ctx.runMutation(internal.artists.claimSync, { artistId });
    if (artist === null) return { attempted: false, imported: 0 };
    const answer = await askMusic(artist.spotifyId ?? artist.slug);
    if (!answer.ok) {
      await ctx.runMutation(internal.artists.finishSync, { artistId, tracks: null });
      console.warn(`The music service refused ${artist.name} (${answer.status}); next attempt in a day`);
      return { attempted: true, imported: 0 };
    }
    const { tracks, popularity, followers } = answer.value;
    const imported = await ctx.runMutation(internal.artists.finishSync, { artistId, tracks, popularity, followers });
    if (imported > 0) await ctx.runMutation(internal.setlists.fillPlaceholders, { artistId });
    return { attempted: true, imported };
  },
});
