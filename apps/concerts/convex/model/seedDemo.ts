/**
 * Small data: a site to look at, and the artists of the chain reaction.
 */
import type { Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { moveUpcomingShows } from "./artists.ts";
import { predictSetlist, songsOf } from "./catalogue.ts";
import { dateOf, HOUR_MS } from "./days.ts";
import { personWithKey } from "./people.ts";
import { pick, seededRandom, type Random } from "./random.ts";
import { songTitles } from "./seedRows.ts";
import { artistName, GENRES, sentences, venue } from "./texts.ts";
import { countSongVote, countVote, recordVote, toggleSongVote } from "./votes.ts";

const DEMO_SEED = 2;
const VENUES = 8;
const PEOPLE = 12;
const SONGS = 22;

/** How many artists the demo has: each is written by a transaction of its own. */
export const DEMO_ARTISTS = 14;

/** Names of the demo's artists, each once. */
function demoNames(): string[] {
  const random = seededRandom(DEMO_SEED);
  const names = new Set<string>();
  while (names.size < DEMO_ARTISTS) names.add(artistName(random));
  return [...names];
}

/** Writes an artist of the demo with its shows, unless it is there. Votes go the same way as anybody's, so that all counters are true. */
export async function loadDemoArtist(ctx: MutationCtx, index: number, now: number): Promise<boolean> {
  const name = demoNames()[index]!;
  const random = seededRandom(DEMO_SEED + 1_000 * (index + 1));
  const people: Id<"users">[] = [];
  for (let person = 0; person < PEOPLE; person++) {
    people.push(await personWithKey(ctx, `demo-person-${person}`, `Fan ${person + 1}`));
  }
  const slug = name.toLowerCase().replaceAll(" ", "-");
  const existing = await ctx.db
    .query("artists")
    .withIndex("by_slug", (q) => q.eq("slug", slug))
    .first();
  if (existing !== null) return false;
  const artistId = await ctx.db.insert("artists", {
    slug,
    name,
    lowerName: name.toLowerCase(),
    spotifyId: `music-${slug}`,
    genres: [pick(random, GENRES)],
    popularity: 25 + Math.floor(random() * 70),
    followers: Math.floor(random() ** 3 * 9_000_000),
    upcomingShowsCount: 0,
    isActive: true,
  });
  for (const [index, title] of songTitles(random, SONGS).entries()) {
    const songId = await ctx.db.insert("songs", { title, popularity: 90 - 3 * index, durationMs: 200_000 });
    await ctx.db.insert("artistSongs", { artistId, songId, isPrimary: true });
  }
  const shows = 1 + Math.floor(random() * 4);
  const songs = predictSetlist(await songsOf(ctx, artistId));
  for (let turn = 0; turn < shows; turn++) {
    const date = dateOf(now, 1 + Math.floor(random() * 40));
    const showId = await ctx.db.insert("shows", {
      slug: `${slug}-${date}-${turn + 1}`,
      artistId,
      venueId: await demoVenue(ctx, Math.floor(random() * VENUES)),
      date,
      startTime: `${19 + Math.floor(random() * 3)}:30`,
      status: "upcoming",
      description: sentences(random, 90),
      setlistCount: 1,
      voteCount: 0,
    });
    const setlistId = await ctx.db.insert("setlists", {
      showId,
      songs,
      isOfficial: false,
      confidence: 0.6,
      upvotes: 0,
      downvotes: 0,
    });
    await demoVotes(ctx, setlistId, people.slice(0, Math.floor(random() * people.length)), random);
  }
  await moveUpcomingShows(ctx, artistId, shows);
  return true;
}

async function demoVenue(ctx: MutationCtx, number: number): Promise<Id<"venues">> {
  const place = venue(seededRandom(DEMO_SEED + number));
  const existing = await ctx.db
    .query("venues")
    .withIndex("by_name", (q) => q.eq("name", place.name))
    .first();
  return existing?._id ?? (await ctx.db.insert("venues", place));
}

async function demoVotes(
  ctx: MutationCtx,
  setlistId: Id<"setlists">,
  people: readonly Id<"users">[],
  random: Random,
): Promise<void> {
  for (const userId of people) {
    const setlist = (await ctx.db.get("setlists", setlistId))!;
    const opinion = random() < 0.72 ? "accurate" : "inaccurate";
    await countVote(ctx, setlist, await recordVote(ctx, userId, setlist, opinion));
    const { title } = setlist.songs[Math.floor(random() ** 2 * setlist.songs.length)]!;
    const isWanted = await toggleSongVote(ctx, userId, setlist, title);
    await countSongVote(ctx, (await ctx.db.get("setlists", setlistId))!, title, isWanted);
  }
}

/** Artists whose catalogue has no usable track; all their shows are ahead and none has a setlist. */
export async function writeCasts(ctx: MutationCtx, artists: number, shows: number, now: number): Promise<void> {
  const random = seededRandom(DEMO_SEED);
  const venueId = await ctx.db.insert("venues", venue(random));
  for (let artist = 0; artist < artists; artist++) {
    const name = `${artistName(random)}: The Musical`;
    const artistId = await ctx.db.insert("artists", {
      slug: `cast-${artist}`,
      name,
      lowerName: name.toLowerCase(),
      spotifyId: `cast-${artist}`,
      upcomingShowsCount: shows,
      trendingScore: shows,
      isActive: true,
      // Known to the service for longer than a day, so that only the missing songs let a synchronisation through.
      lastSynced: now - 25 * HOUR_MS,
    });
    for (let show = 0; show < shows; show++) {
      await ctx.db.insert("shows", {
        slug: `cast-${artist}-${show}`,
        artistId,
        venueId,
        date: dateOf(now, 10 + show),
        status: "upcoming",
        setlistCount: 0,
        voteCount: 0,
      });
    }
  }
}
