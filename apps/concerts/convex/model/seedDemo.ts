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
const ARTISTS = 14;
const VENUES = 8;
const PEOPLE = 12;
const SONGS = 22;

/** Writes the demo's site, unless there are artists. Votes go the same way as anybody's, so that all counters are true. */
export async function loadDemo(ctx: MutationCtx, now: number): Promise<boolean> {
  if ((await ctx.db.query("artists").first()) !== null) return false;
  const random = seededRandom(DEMO_SEED);
  const venues: Id<"venues">[] = [];
  for (let index = 0; index < VENUES; index++) venues.push(await ctx.db.insert("venues", venue(random)));
  const people: Id<"users">[] = [];
  for (let index = 0; index < PEOPLE; index++) {
    people.push(await personWithKey(ctx, `demo-person-${index}`, `Fan ${index + 1}`));
  }
  const names = new Set<string>();
  while (names.size < ARTISTS) names.add(artistName(random));
  for (const name of names) await writeDemoArtist(ctx, name, venues, people, random, now);
  return true;
}

async function writeDemoArtist(
  ctx: MutationCtx,
  name: string,
  venues: readonly Id<"venues">[],
  people: readonly Id<"users">[],
  random: Random,
  now: number,
): Promise<void> {
  const slug = name.toLowerCase().replaceAll(" ", "-");
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
      venueId: pick(random, venues),
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
