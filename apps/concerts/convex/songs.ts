/**
 * Songs of artists.
 */
import { v } from "convex/values";
import { internalQuery } from "./_generated/server.js";
import { songsOf } from "./model/catalogue.ts";

/** Titles of an artist's songs, the most popular first. */
export const getByArtistInternal = internalQuery({
  args: { artistId: v.id("artists") },
  returns: v.array(v.string()),
  handler: async (ctx, { artistId }) => (await songsOf(ctx, artistId)).map(({ title }) => title),
});
