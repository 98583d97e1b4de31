/**
 * Writes one step of the big data set. Rows of earlier steps are found by their names, in one range of an index each.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { predictSetlist } from "./catalogue.ts";
import { MINUTE_MS } from "./days.ts";
import { mustExist } from "./errors.ts";
import type { SetlistSong } from "./fields.ts";
import { plannedShow, showOfSetlist, SONGS_AN_ARTIST, upcomingCounts, type SeedStep, type Sizes } from "./seedPlan.ts";
import {
  artistRow,
  artistSlug,
  padded,
  personKey,
  rowRandom,
  showRow,
  showSlug,
  songTitles,
  venueName,
} from "./seedRows.ts";
import { venue } from "./texts.ts";

/** Lines of a setlist: as many as make 1.5 KB. */
const SEEDED_SONGS = 12;

/** What all steps share. */
export interface SeedContext {
  readonly sizes: Sizes;
  readonly seed: number;
  readonly now: number;
}

/** Does a step. Gives how many documents it wrote. */
export async function writeStep(ctx: MutationCtx, step: SeedStep, seed: SeedContext): Promise<number> {
  const numbers = Array.from({ length: step.to - step.from }, (_, index) => step.from + index);
  switch (step.kind) {
    case "users":
      for (const index of numbers) {
        await ctx.db.insert("users", { clientKey: personKey(index), name: `Person ${index}` });
      }
      return numbers.length;
    case "venues":
      for (const index of numbers) {
        const { city, country } = venue(rowRandom(seed.seed, 1, index));
        await ctx.db.insert("venues", { name: venueName(index), city, country, capacity: 500 + (index % 40) * 250 });
      }
      return numbers.length;
    case "artists":
      return await writeArtists(ctx, numbers, seed);
    case "songs":
      return await writeSongs(ctx, numbers, seed);
    case "shows":
      return await writeShows(ctx, numbers, seed);
    case "setlists":
      return await writeSetlists(ctx, numbers, seed);
    default:
      return await writeVotes(ctx, step.kind, numbers, seed);
  }
}

async function writeArtists(
  ctx: MutationCtx,
  numbers: readonly number[],
  { sizes, seed }: SeedContext,
): Promise<number> {
  const upcoming = upcomingCounts(sizes);
  for (const index of numbers) {
    await ctx.db.insert("artists", artistRow(sizes, index, upcoming[index]!, rowRandom(seed, 2, index)));
  }
  return numbers.length;
}

async function writeSongs(ctx: MutationCtx, numbers: readonly number[], { seed }: SeedContext): Promise<number> {
  const artists = await artistsBetween(ctx, numbers[0]!, numbers.at(-1)!);
  for (const [offset, artist] of artists.entries()) {
    const random = rowRandom(seed, 3, numbers[0]! + offset);
    for (const [index, title] of songTitles(random, SONGS_AN_ARTIST).entries()) {
      const song = {
        title,
        album: `Album ${1 + Math.floor(index / 11)}`,
        durationMs: 180_000,
        popularity: 90 - 2 * index,
      };
      const songId = await ctx.db.insert("songs", song);
      await ctx.db.insert("artistSongs", { artistId: artist._id, songId, isPrimary: true });
    }
  }
  return 2 * SONGS_AN_ARTIST * artists.length;
}

async function writeShows(ctx: MutationCtx, numbers: readonly number[], seed: SeedContext): Promise<number> {
  const artists = await artistsBetween(ctx, 0, seed.sizes.artists - 1);
  const venues = await ctx.db.query("venues").withIndex("by_name").take(seed.sizes.venues);
  for (const index of numbers) {
    const planned = plannedShow(seed.sizes, index);
    const ids = { artistId: artists[planned.artist]!._id, venueId: venues[index % venues.length]!._id };
    await ctx.db.insert("shows", showRow(seed.sizes, index, planned, ids, seed.now, rowRandom(seed.seed, 4, index)));
  }
  return numbers.length;
}

async function writeSetlists(ctx: MutationCtx, numbers: readonly number[], { sizes }: SeedContext): Promise<number> {
  const songs = new Map<Id<"artists">, SetlistSong[]>();
  const upvotes = Math.ceil(sizes.votesEach * 0.6);
  for (const number of numbers) {
    const show = await showAt(ctx, showOfSetlist(sizes, number));
    if (!songs.has(show.artistId)) songs.set(show.artistId, await firstSongs(ctx, show.artistId));
    await ctx.db.insert("setlists", {
      showId: show._id,
      songs: songs.get(show.artistId)!.map((song, index) => ({ ...song, votes: index < sizes.songVotesEach ? 1 : 0 })),
      isOfficial: false,
      confidence: 0.6,
      upvotes,
      downvotes: sizes.votesEach - upvotes,
    });
  }
  return numbers.length;
}

async function writeVotes(
  ctx: MutationCtx,
  kind: "votes" | "songVotes",
  numbers: readonly number[],
  { sizes, now }: SeedContext,
): Promise<number> {
  const people = await ctx.db.query("users").withIndex("by_client_key").take(sizes.users);
  const upvotes = Math.ceil(sizes.votesEach * 0.6);
  let written = 0;
  for (const number of numbers) {
    const show = await showAt(ctx, showOfSetlist(sizes, number));
    const setlist = await ctx.db
      .query("setlists")
      .withIndex("by_show", (q) => q.eq("showId", show._id))
      .first();
    const { _id: setlistId, songs } = mustExist(setlist, "Setlist");
    const person = (turn: number) => people[(number * 7 + turn) % people.length]!._id;
    const createdAt = now - number * MINUTE_MS;
    for (let turn = 0; turn < (kind === "votes" ? sizes.votesEach : sizes.songVotesEach); turn++) {
      if (kind === "votes") {
        const voteType = turn < upvotes ? "accurate" : "inaccurate";
        const songVotes = songs.slice(0, 3).map(({ title }) => ({ title, isWanted: true }));
        await ctx.db.insert("votes", { userId: person(turn), setlistId, voteType, songVotes, createdAt });
      } else {
        const songTitle = songs[turn % songs.length]!.title;
        await ctx.db.insert("songVotes", { userId: person(turn), setlistId, songTitle, createdAt });
      }
      written += 1;
    }
  }
  return written;
}

/** An artist's songs were written in the order of their popularity, so the first are the ones that a prediction takes; more are not read. */
async function firstSongs(ctx: MutationCtx, artistId: Id<"artists">): Promise<SetlistSong[]> {
  const links = await ctx.db
    .query("artistSongs")
    .withIndex("by_artist", (q) => q.eq("artistId", artistId))
    .take(SEEDED_SONGS);
  const songs = await Promise.all(
    links.map(async ({ songId }) => mustExist(await ctx.db.get("songs", songId), "Song")),
  );
  return predictSetlist(songs);
}

async function artistsBetween(ctx: MutationCtx, from: number, to: number): Promise<Doc<"artists">[]> {
  return await ctx.db
    .query("artists")
    .withIndex("by_slug", (q) => q.gte("slug", artistSlug(from)).lte("slug", artistSlug(to)))
    .collect();
}

async function showAt(ctx: MutationCtx, index: number): Promise<Doc<"shows">> {
  const show = await ctx.db
    .query("shows")
    .withIndex("by_slug", (q) => q.eq("slug", showSlug(index)))
    .unique();
  return mustExist(show, `Show ${padded(index)}`);
}
