/**
 * What makes an artist or a show trend. Pure; both forms of the updates use it.
 */
import { daysUntil } from "./days.ts";

/** Ranks that are given; the rest has rank 0. */
export const ARTIST_RANKS = 100;
export const SHOW_RANKS = 200;
/** A show further away than this has score 0. */
export const SHOW_HORIZON_DAYS = 30;

/** What an artist's score is made of. */
export interface ArtistFacts {
  readonly upcomingShowsCount?: number;
  readonly followers?: number;
  readonly popularity?: number;
}

/** At least 1: shows ahead, a point for each million followers, one for each ten of popularity. */
export function artistScore({ upcomingShowsCount = 0, followers = 0, popularity = 0 }: ArtistFacts): number {
  return Math.max(1, upcomingShowsCount + Math.floor(followers / 1e6) + Math.floor(popularity / 10));
}

/** What a show's score is made of. */
export interface ShowFacts {
  readonly date: string;
  readonly voteCount?: number;
  readonly setlistCount?: number;
}

/** Nearness times engagement; undefined when the date is none. Whole days, so that it changes once a day and not with every look. */
export function showScore({ date, voteCount = 0, setlistCount = 0 }: ShowFacts, nowMs: number): number | undefined {
  const days = daysUntil(date, nowMs);
  if (days === undefined) return undefined;
  const recency = Math.max(0, 1 - days / SHOW_HORIZON_DAYS);
  const engagement = voteCount + 2 * setlistCount;
  return recency * (1 + engagement / 10);
}

/** Shows with their scores: score descending, then date ascending; invalid dates dropped. Ties keep their order. */
export function rankShows<Show extends ShowFacts>(
  shows: readonly Show[],
  nowMs: number,
): { readonly show: Show; readonly score: number }[] {
  return shows
    .flatMap((show) => {
      const score = showScore(show, nowMs);
      return score === undefined ? [] : [{ show, score }];
    })
    .toSorted((a, b) => b.score - a.score || (a.show.date < b.show.date ? -1 : a.show.date > b.show.date ? 1 : 0));
}
