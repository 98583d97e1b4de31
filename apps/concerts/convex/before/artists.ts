/**
 * The *before* form of `artists`: what the service says is written on success, and a failed attempt leaves no trace.
 */
import { v } from "convex/values";
import { internalMutation } from "../_generated/server.js";
import { importTracks } from "../model/catalogue.ts";
import { track } from "../model/fields.ts";

export { getByIdInternal, getBySlug } from "../artists.ts";

export const updateSpotifyData = internalMutation({
  args: { artistId: v.id("artists"), spotifyId: v.string(), popularity: v.number(), followers: v.number() },
  returns: v.null(),
  handler: async (ctx, { artistId, ...facts }) => {
    const artist = await ctx.db.get("artists", artistId);
    if (artist === null) return null;
    const lowerName = artist.name.toLowerCase();
    await ctx.db.patch("artists", artistId, { ...facts, lowerName, lastSynced: Date.now() });
    return null;
  },
});

export const importTracksInternal = internalMutation({
  args: { artistId: v.id("artists"), tracks: v.array(track) },
  returns: v.number(),
  handler: async (ctx, { artistId, tracks }) => await importTracks(ctx, artistId, tracks),
});
