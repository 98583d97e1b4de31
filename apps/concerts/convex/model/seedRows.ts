/**
 * Rows of the big data set, made from their number and a seed, at the sizes that they have in use.
 */
import type { WithoutSystemFields } from "convex/server";
import type { Doc, Id } from "../_generated/dataModel.js";
import { dateOf } from "./days.ts";
import { seededRandom, pick, type Random } from "./random.ts";
import { artistScore } from "./scores.ts";
import { setlistNumber, type PlannedShow, type Sizes } from "./seedPlan.ts";
import { artistName, GENRES, sentences, songTitle } from "./texts.ts";

/** How many images an artist has, and how long their addresses are: together they make most of its 3 KB. */
const IMAGES = 12;
const IMAGE_PATH_CHARS = 150;
const DESCRIPTION_CHARS = 180;
/** Shows ahead lie within this many days, shows that are over as far back. */
const SPREAD_DAYS = 120;

/** A number with leading zeros, so that texts sort like numbers. */
export function padded(number: number): string {
  return String(number).padStart(5, "0");
}

export const artistSlug = (index: number) => `artist-${padded(index)}`;
export const showSlug = (index: number) => `show-${padded(index)}`;
export const personKey = (index: number) => `person-${padded(index)}`;
export const venueName = (index: number) => `venue-${padded(index)}`;

/** Chance for one row. */
export function rowRandom(seed: number, kind: number, index: number): Random {
  return seededRandom(seed * 1_000_003 + kind * 100_003 + index * 31);
}

export function artistRow(
  sizes: Sizes,
  index: number,
  upcomingShowsCount: number,
  random: Random,
): WithoutSystemFields<Doc<"artists">> {
  const isCast = index >= sizes.artists - sizes.casts;
  const name = isCast ? `${artistName(random)}: The Musical` : artistName(random);
  const facts = {
    upcomingShowsCount,
    popularity: Math.floor(random() * 100),
    followers: Math.floor(random() ** 6 * 40_000_000),
  };
  return {
    slug: artistSlug(index),
    name,
    lowerName: name.toLowerCase(),
    spotifyId: `${isCast ? "cast" : "music"}-${padded(index)}`,
    ticketmasterId: `tm-artist-${padded(index)}`,
    genres: [pick(random, GENRES), pick(random, GENRES)],
    images: Array.from({ length: IMAGES }, (_, image) => ({
      url: `https://images.example/${hex(random, IMAGE_PATH_CHARS)}.jpg`,
      width: 160 * (image + 1),
      height: 160 * (image + 1),
    })),
    ...facts,
    trendingScore: artistScore(facts),
    isActive: true,
  };
}

/** Engagement is counted as if it had been kept from the beginning. */
export function showRow(
  sizes: Sizes,
  index: number,
  planned: PlannedShow,
  ids: { artistId: Id<"artists">; venueId: Id<"venues"> },
  now: number,
  random: Random,
): WithoutSystemFields<Doc<"shows">> {
  const days = Math.floor(random() * SPREAD_DAYS);
  const hasSetlist = setlistNumber(sizes, index) !== undefined;
  return {
    slug: showSlug(index),
    ...ids,
    date: dateOf(now, planned.isUpcoming ? days : -1 - days),
    startTime: `${18 + Math.floor(random() * 4)}:30`,
    status: planned.isUpcoming ? "upcoming" : "completed",
    ticketUrl: `https://tickets.example/${hex(random, 40)}`,
    description: sentences(random, DESCRIPTION_CHARS),
    ticketmasterId: `tm-show-${padded(index)}`,
    setlistCount: hasSetlist ? 1 : 0,
    voteCount: hasSetlist ? sizes.votesEach : 0,
    ...(planned.isUpcoming ? {} : { importStatus: "completed" as const, setlistfmId: `sfm-${hex(random, 8)}` }),
  };
}

/** Titles of an artist's songs, each once. */
export function songTitles(random: Random, count: number): string[] {
  const titles = new Set<string>();
  for (let part = 2; titles.size < count; part++) {
    const title = songTitle(random);
    titles.add(titles.has(title) ? `${title}, Part ${part}` : title);
  }
  return [...titles];
}

function hex(random: Random, chars: number): string {
  let text = "";
  while (text.length < chars)
    text += Math.floor(random() * 0x100000000)
      .toString(16)
      .padStart(8, "0");
  return text.slice(0, chars);
}
