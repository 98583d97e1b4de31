/**
 * An artist's songs, and what of the music service's answer becomes one.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import type { SetlistSong, Track } from "./fields.ts";

/** Songs of an artist that are looked at. */
const SONGS_MAX = 120;
/** Lines of a predicted setlist. */
export const SETLIST_SONGS = 18;

/** The artist's songs, the most popular first. */
export async function songsOf(ctx: QueryCtx, artistId: Id<"artists">): Promise<Doc<"songs">[]> {
  const links = await ctx.db
    .query("artistSongs")
    .withIndex("by_artist", (q) => q.eq("artistId", artistId))
    .take(SONGS_MAX);
  const songs = await Promise.all(links.map(async ({ songId }) => await ctx.db.get("songs", songId)));
  return songs.filter((song) => song !== null).toSorted((a, b) => (b.popularity ?? 0) - (a.popularity ?? 0));
}

/** The songs that an artist will probably play: its most popular ones. */
export function predictSetlist(songs: readonly Doc<"songs">[]): SetlistSong[] {
  return songs.slice(0, SETLIST_SONGS).map(({ _id, title, album, durationMs }) => ({
    title,
    songId: _id,
    ...(album === undefined ? {} : { album }),
    ...(durationMs === undefined ? {} : { duration: Math.round(durationMs / 1_000) }),
    votes: 0,
  }));
}

/** Studio tracks, each title once. Of a cast album or a karaoke series nothing is left. */
export function usableTracks(tracks: readonly Track[]): Track[] {
  const seen = new Set<string>();
  return tracks.filter(({ kind, title }) => {
    if (kind !== "studio" || seen.has(title)) return false;
    seen.add(title);
    return true;
  });
}

/** Adds the tracks that the artist does not have. Gives how many those were. */
export async function importTracks(
  ctx: MutationCtx,
  artistId: Id<"artists">,
  tracks: readonly Track[],
): Promise<number> {
  const known = new Set((await songsOf(ctx, artistId)).map(({ title }) => title));
  const fresh = usableTracks(tracks).filter(({ title }) => !known.has(title));
  for (const { title, album, durationMs, popularity } of fresh) {
    const songId = await ctx.db.insert("songs", { title, album, durationMs, popularity });
    await ctx.db.insert("artistSongs", { artistId, songId, isPrimary: true });
  }
  return fresh.length;
}
