/**
 * The *before* form of `spotify`: the other half of the chain reaction.
 *
 * Nothing is recorded of an attempt that fails, and the guard of one that succeeded is passed over while the artist has no songs. An artist of whose
 * tracks none is usable never has any: each completed synchronisation orders one more for every show of the artist.
 */
import { v } from "convex/values";
import { api, internal } from "../_generated/api.js";
import { internalAction } from "../_generated/server.js";
import { DAY_MS } from "../model/days.ts";
import { usableTracks } from "../model/catalogue.ts";
import { askMusic } from "../model/services.ts";

export const syncArtistCatalog = internalAction({
  args: { artistId: v.id("artists") },
  returns: v.null(),
  handler: async (ctx, { artistId }): Promise<null> => {
    const { before } = internal;
    const artist = await ctx.runQuery(before.artists.getByIdInternal, { artistId });
    if (artist === null) return null;
    const songs = await ctx.runQuery(before.songs.getByArtistInternal, { artistId });
    if (songs.length > 0 && Date.now() - (artist.lastSynced ?? 0) < DAY_MS) return null;
    const answer = await askMusic(artist.spotifyId ?? artist.slug);
    if (!answer.ok) return null;
    const { spotifyId, popularity, followers, tracks } = answer.value;
    await ctx.runMutation(before.artists.updateSpotifyData, { artistId, spotifyId, popularity, followers });
    const usable = usableTracks(tracks);
    if (usable.length > 0) await ctx.runMutation(before.artists.importTracksInternal, { artistId, tracks: usable });
    for (const show of await ctx.runQuery(before.shows.getAllByArtistInternal, { artistId })) {
      const setlists = await ctx.runQuery(api.before.setlists.getByShow, { showId: show._id });
      if (setlists.length > 0) continue;
      await ctx.runMutation(before.setlists.autoGenerateSetlist, { showId: show._id });
    }
    return null;
  },
});
