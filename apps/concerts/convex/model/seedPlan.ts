/**
 * The big data set: how many of everything, and in which steps it is written. Pure: the same scale gives the same plan.
 *
 * At scale 1: 1,000 artists (3 KB; 300 of them without songs, 20 of those with 44 shows each), 500 venues, 5,000 shows (0.6 KB, half of them ahead),
 * 2,000 setlists (1.5 KB), 10,000 votes (0.3 KB), 20,000 song votes, and 60,000 documents of songs and links to them.
 */
import { refuse } from "./errors.ts";

/** Artists whose tracks are none of them usable, with their shows: the fuel of the chain reaction. */
export const CAST_ARTISTS = 20;
export const CAST_SHOWS = 44;
/** Songs of an artist that has songs. */
export const SONGS_AN_ARTIST = 43;
const VOTES_A_SETLIST = 5;
const SONG_VOTES_A_SETLIST = 10;
/** A transaction may look at 4,096 places: a setlist takes up to 14 of them to write. */
const SETLISTS_A_STEP = { setlists: 250, votes: 600, songVotes: 300 } as const;
/** At most about 4,000 documents and 6 MB a step. */
const ROWS_A_STEP = { users: 2_000, venues: 2_000, artists: 1_000, shows: 2_500 } as const;
const ARTISTS_A_SONG_STEP = 40;

/** How many rows there are at a scale. */
export interface Sizes {
  readonly users: number;
  readonly venues: number;
  readonly artists: number;
  /** Those that have songs; they come first. */
  readonly singing: number;
  readonly casts: number;
  readonly shows: number;
  readonly setlists: number;
  readonly votesEach: number;
  readonly songVotesEach: number;
}

/** One step: rows `from` to `to` of a kind; votes and song votes go by setlist, songs by artist. */
export interface SeedStep {
  readonly kind: "users" | "venues" | "artists" | "songs" | "shows" | "setlists" | "votes" | "songVotes";
  readonly from: number;
  readonly to: number;
}

/** @throws For a scale that is not from 0.02 to 4. */
export function sizesOf(scale: number): Sizes {
  if (!(scale >= 0.02 && scale <= 4)) refuse("plan the data", `the scale is ${scale}`, "choose one from 0.02 to 4");
  const of = (count: number) => Math.round(count * scale);
  return {
    users: of(500),
    venues: of(500),
    artists: of(1_000),
    singing: of(700),
    casts: of(CAST_ARTISTS),
    shows: of(5_000),
    setlists: of(2_000),
    votesEach: VOTES_A_SETLIST,
    songVotesEach: SONG_VOTES_A_SETLIST,
  };
}

/** All steps, in the order in which they have to be done. */
export function stepsOf(scale: number): SeedStep[] {
  const sizes = sizesOf(scale);
  return [
    ...split("users", sizes.users, ROWS_A_STEP.users),
    ...split("venues", sizes.venues, ROWS_A_STEP.venues),
    ...split("artists", sizes.artists, ROWS_A_STEP.artists),
    ...split("songs", sizes.singing, ARTISTS_A_SONG_STEP),
    ...split("shows", sizes.shows, ROWS_A_STEP.shows),
    ...split("setlists", sizes.setlists, SETLISTS_A_STEP.setlists),
    ...split("votes", sizes.setlists, SETLISTS_A_STEP.votes),
    ...split("songVotes", sizes.setlists, SETLISTS_A_STEP.songVotes),
  ];
}

/** A show of the plan. */
export interface PlannedShow {
  readonly artist: number;
  readonly isUpcoming: boolean;
  readonly hasSetlist: boolean;
}

/** Shows of casts first, 44 each; the rest goes round the other artists. Every other show is ahead; setlists go to artists with songs. */
export function plannedShow(sizes: Sizes, index: number): PlannedShow {
  const castShows = sizes.casts * CAST_SHOWS;
  if (index < castShows) {
    const artist = sizes.artists - sizes.casts + Math.floor(index / CAST_SHOWS);
    return { artist, isUpcoming: index % 2 === 0, hasSetlist: false };
  }
  const others = sizes.artists - sizes.casts;
  const turn = Math.floor((index - castShows) / others);
  const artist = (index - castShows) % others;
  return { artist, isUpcoming: (artist + turn) % 2 === 0, hasSetlist: setlistNumber(sizes, index) !== undefined };
}

/** Which setlist a show has; undefined: none. The first shows of artists with songs have one each. */
export function setlistNumber(sizes: Sizes, show: number): number | undefined {
  const castShows = sizes.casts * CAST_SHOWS;
  if (show < castShows) return undefined;
  const others = sizes.artists - sizes.casts;
  const [turn, artist] = [Math.floor((show - castShows) / others), (show - castShows) % others];
  if (artist >= sizes.singing) return undefined;
  const number = turn * sizes.singing + artist;
  return number < sizes.setlists ? number : undefined;
}

/** The show of a setlist: the other way round. */
export function showOfSetlist(sizes: Sizes, number: number): number {
  const others = sizes.artists - sizes.casts;
  return sizes.casts * CAST_SHOWS + Math.floor(number / sizes.singing) * others + (number % sizes.singing);
}

/** Upcoming shows of every artist of the plan. */
export function upcomingCounts(sizes: Sizes): number[] {
  const counts = Array.from({ length: sizes.artists }, () => 0);
  for (let index = 0; index < sizes.shows; index++) {
    const { artist, isUpcoming } = plannedShow(sizes, index);
    if (isUpcoming) counts[artist]! += 1;
  }
  return counts;
}

function split(kind: SeedStep["kind"], count: number, rows: number): SeedStep[] {
  const steps = [];
  for (let from = 0; from < count; from += rows) steps.push({ kind, from, to: Math.min(count, from + rows) });
  return steps;
}
