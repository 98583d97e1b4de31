/**
 * The lists that visitors see, as rows that carry their labels: a reader joins nothing, and a vote concerns no reader.
 */
import type { WithoutSystemFields } from "convex/server";
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";

/** Lines of each list. */
export const CACHE_ROWS = 60;

export type ShowLine = WithoutSystemFields<Doc<"trendingShows">>;
export type ArtistLine = WithoutSystemFields<Doc<"trendingArtists">>;

/** A show's line, or null when its artist or venue is gone. */
export async function showLine(ctx: QueryCtx, show: Doc<"shows">, rank: number): Promise<ShowLine | null> {
  const [artist, venue] = [await ctx.db.get("artists", show.artistId), await ctx.db.get("venues", show.venueId)];
  if (artist === null || venue === null) return null;
  return {
    rank,
    showId: show._id,
    artistId: artist._id,
    ...(show.ticketmasterId === undefined ? {} : { ticketmasterId: show.ticketmasterId }),
    ...(show.slug === undefined ? {} : { slug: show.slug }),
    artistName: artist.name,
    venueName: venue.name,
    city: venue.city,
    date: show.date,
    score: show.trendingScore ?? 0,
  };
}

export function artistLine(artist: Doc<"artists">, rank: number): ArtistLine {
  return {
    rank,
    artistId: artist._id,
    ...(artist.ticketmasterId === undefined ? {} : { ticketmasterId: artist.ticketmasterId }),
    name: artist.name,
    slug: artist.slug,
    score: artist.trendingScore ?? 0,
    upcomingShowsCount: artist.upcomingShowsCount ?? 0,
  };
}

/** The shows of these ids at the ticket service, in their order; unknown ones are left out. */
export async function showsOfFeed(ctx: QueryCtx, ids: readonly string[]): Promise<Doc<"shows">[]> {
  const shows = await Promise.all(
    ids.map(
      async (id) =>
        await ctx.db
          .query("shows")
          .withIndex("by_ticketmaster_id", (q) => q.eq("ticketmasterId", id))
          .first(),
    ),
  );
  return shows.filter((show) => show !== null);
}

/** The artists of these ids at the ticket service, in their order; unknown ones are left out. */
export async function artistsOfFeed(ctx: QueryCtx, ids: readonly string[]): Promise<Doc<"artists">[]> {
  const artists = await Promise.all(
    ids.map(
      async (id) =>
        await ctx.db
          .query("artists")
          .withIndex("by_ticketmaster_id", (q) => q.eq("ticketmasterId", id))
          .first(),
    ),
  );
  return artists.filter((artist) => artist !== null);
}

/** Makes a list say what `lines` say, in their order: equal lines are not written, surplus ones go. Gives how many rows changed. */
export async function rewriteList<Table extends "trendingShows" | "trendingArtists">(
  ctx: MutationCtx,
  table: Table,
  lines: readonly WithoutSystemFields<Doc<Table>>[],
): Promise<number> {
  const present = await ctx.db
    .query(table as "trendingShows")
    .withIndex("by_rank")
    .take(2 * CACHE_ROWS);
  let changed = Math.max(0, present.length - lines.length);
  for (const [index, line] of lines.entries()) {
    const row = present[index];
    if (row !== undefined && isSame(row, line)) continue;
    // The two tables differ in their fields, and a write names one of them: the line is of the table that was named.
    if (row === undefined) await ctx.db.insert(table, line);
    else await ctx.db.replace(row._id, line as never);
    changed += 1;
  }
  for (const row of present.slice(lines.length)) await ctx.db.delete(row._id);
  return changed;
}

function isSame(row: object, line: object): boolean {
  const { _id, _creationTime, ...fields } = row as { _id: string; _creationTime: number };
  const entries = Object.entries(line);
  return (
    Object.keys(fields).length === entries.length &&
    entries.every(([name, value]) => (fields as Record<string, unknown>)[name] === value)
  );
}
