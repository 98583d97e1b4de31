/**
 * Stretches: the consumed parts of indexes, which changes inside one matter, and how to find those that cover a key.
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import type { Key } from "../engine/types.ts";

/** What a run took from the rows of a stretch. */
export interface StretchRule {
  /** The leading filters of the query: a row that they drop is not seen by the run. */
  readonly keeps: ((document: Doc) => boolean) | undefined;
  /** Every field of every row that is kept counts as looked at. */
  readonly isWhole: boolean;
  /** Which rows are dropped, and where they lie, shows too (as borders of pages). */
  readonly countsDropped: boolean;
}

/** The safe rule: all rows, all fields. */
export const WHOLE_ROWS: StretchRule = { keeps: undefined, isWhole: true, countsDropped: false };
/** Only which rows there are, and the fields that the run's observations name. */
export const SEEN_FIELDS: StretchRule = { keeps: undefined, isWhole: false, countsDropped: false };

/** A stretch that its stream still widens. Empty while `start === end`. */
export interface Stretch {
  readonly collection: number;
  readonly index: number;
  start: Key;
  end: Key | undefined;
  rule: StretchRule;
}

/** Whether `key` lies in `stretch`; no key lies in none. */
export function contains(stretch: Stretch, key: Key | undefined): boolean {
  return key !== undefined && key >= stretch.start && (stretch.end === undefined || key < stretch.end);
}

export function isEmpty(stretch: Stretch): boolean {
  return stretch.end !== undefined && stretch.end <= stretch.start;
}

/** The order in which stretches of one index follow each other; indexes apart. */
export function compareStretches(a: Stretch, b: Stretch): number {
  if (a.collection !== b.collection) return a.collection - b.collection;
  if (a.index !== b.index) return a.index - b.index;
  return a.start < b.start ? -1 : a.start > b.start ? 1 : 0;
}

/**
 * The stretches of one index, sorted by start. Those that cover a key are found from the last that starts at or before it,
 * backwards for as long as anything before reaches over the key:
 *
 *   for (let at = list.lastAt(key); list.reaches(at, key); at--) …list.at(at)…
 */
export class SortedStretches {
  readonly #stretches: readonly Stretch[];
  /** The largest end up to each place. */
  readonly #reach: readonly (Key | undefined)[];

  /** @param stretches Sorted by start, none empty. */
  constructor(stretches: readonly Stretch[]) {
    this.#stretches = stretches;
    const reach: (Key | undefined)[] = [];
    for (const [at, { end }] of stretches.entries()) {
      const before = at === 0 ? "" : reach[at - 1];
      reach.push(before === undefined || end === undefined ? undefined : end > before ? end : before);
    }
    this.#reach = reach;
  }

  at(place: number): Stretch {
    return this.#stretches[place] as Stretch;
  }

  /** The last place whose stretch starts at or before `key`; -1 when there is none. */
  lastAt(key: Key): number {
    let low = 0;
    let high = this.#stretches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle).start <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Whether a stretch at this place or before can cover `key`. */
  reaches(place: number, key: Key): boolean {
    if (place < 0) return false;
    const reach = this.#reach[place];
    return reach === undefined || key < reach;
  }
}
