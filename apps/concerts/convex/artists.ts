/**
 * Artists, and the books of their catalogue's synchronisation: at most one attempt an artist and day, whatever becomes of it.
 */
import { v } from "convex/values";
import { internalMutation, internalQuery, query } from "./_generated/server.js";
import { patchArtist } from "./model/artists.ts";
import { importTracks } from "./model/catalogue.ts";
import { DAY_MS } from "./model/days.ts";
import { track } from "./model/fields.ts";
import { artistDoc } from "./model/views.ts";

/** One artist by its address, or null. */
export const getBySlug = query({
  args: { slug: v.string() },
  returns: v.nullable(artistDoc),
  handler: async (ctx, { slug }) =>
    await ctx.db
      .query("artists")
      .withIndex("by_slug", (q) => q.eq("slug", slug))
      .first(),
});

export const getByIdInternal = internalQuery({
  args: { artistId: v.id("artists") },
  returns: v.nullable(artistDoc),
  handler: async (ctx, { artistId }) => await ctx.db.get("artists", artistId),
});

/**
 * The artist, if its catalogue may be fetched now. The attempt is recorded before anything is fetched: a guard that only success sets is none while
 * the service refuses.
 */
export const claimSync = internalMutation({
  args: { artistId: v.id("artists") },
  returns: v.nullable(artistDoc),
  handler: async (ctx, { artistId }) => {
    const artist = await ctx.db.get("artists", artistId);
    if (artist === null) return null;
    const now = Date.now();
    const isQueued = artist.catalogSyncStatus === "pending";
    if (!isQueued && now - (artist.catalogSyncAttemptedAt ?? -Infinity) < DAY_MS) return null;
    await ctx.db.patch("artists", artistId, { catalogSyncAttemptedAt: now, catalogSyncStatus: "syncing" });
    return artist;
  },
});

/** Ends an attempt. Null `tracks`: the service refused. Gives how many songs are new. */
export const finishSync = internalMutation({
  args: {
    artistId: v.id("artists"),
    tracks: v.nullable(v.array(track)),
    popularity: v.optional(v.number()),
    followers: v.optional(v.number()),
  },
  returns: v.number(),
  handler: async (ctx, { artistId, tracks, ...facts }) => {
    const artist = await ctx.db.get("artists", artistId);
    if (artist === null) return 0;
    if (tracks === null) {
      await ctx.db.patch("artists", artistId, { catalogSyncStatus: "failed" });
      return 0;
    }
    const imported = await importTracks(ctx, artistId, tracks);
    await patchArtist(ctx, artist, { ...facts, catalogSyncStatus: "completed", lastSynced: Date.now() });
    return imported;
  },
});
