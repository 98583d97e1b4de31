/**
 * Read sets: what a run looked at.
 *
 * A run's result can change only when a later commit writes a row that the run read, writes inside a stretch of an index
 * that it consumed, or changes a catalogue fact that it asked for. This module records those three while the run
 * goes on, and answers whether a commit touches them.
 *
 * Invariants:
 *   - Intervals are half-open; those handed out for one index are sorted and neither overlap nor meet.
 *   - A stretch covers exactly the rows that were consumed, and the whole range only once its end was seen.
 *   - A false "touched" costs one re-run; a false "untouched" shows stale data, so in doubt the wider stretch is recorded.
 *   - A commit that names `schema` touches everything: the meaning of every read may have changed.
 *
 * Not here: finding the touched runs among many (`reactive/`).
 *
 * @module
 */
import { PRIMARY } from "../engine/types.ts";
import type { Key } from "../engine/types.ts";
import type { Commit, DocumentChange, ReadInterval, ReadSetView } from "./types.ts";

/** A stretch that its stream still widens. Empty while `start === end`. */
export interface Stretch {
  readonly collection: number;
  readonly index: number;
  start: Key;
  end: Key | undefined;
}

/** The smallest key after `key`. */
export function keyAfter(key: Key): Key {
  return `${key}\0`;
}

/** Records reads of one transaction. */
export class ReadSet implements ReadSetView {
  readonly #points = new Map<number, Set<Key>>();
  readonly #stretches: Stretch[] = [];
  readonly #names = new Set<string>();
  #pointCount = 0;

  /** Records one row by primary key, there or not. */
  addPoint(collection: number, key: Key): void {
    let keys = this.#points.get(collection);
    if (keys === undefined) this.#points.set(collection, (keys = new Set()));
    const before = keys.size;
    keys.add(key);
    this.#pointCount += keys.size - before;
  }

  /** Opens an empty stretch, which the caller moves and widens as it consumes rows. */
  openStretch(collection: number, index: number): Stretch {
    const stretch: Stretch = { collection, index, start: "", end: "" };
    this.#stretches.push(stretch);
    return stretch;
  }

  addName(name: string): void {
    this.#names.add(name);
  }

  /** Points and stretches so far, overlaps counted apart: an upper bound of the ranges read. */
  get rangesAtMost(): number {
    return this.#pointCount + this.#stretches.length;
  }

  /** Points and merged intervals. Costs a sort; call it only when {@linkcode rangesAtMost} does not decide. */
  get rangesExactly(): number {
    return this.#pointCount + this.#merged().length;
  }

  *points(): Iterable<{ readonly collection: number; readonly key: Key }> {
    for (const [collection, keys] of this.#points) for (const key of keys) yield { collection, key };
  }

  intervals(): Iterable<ReadInterval> {
    return this.#merged();
  }

  names(): Iterable<string> {
    return this.#names;
  }

  touchedBy(commit: Commit): boolean {
    if (commit.names.some((name) => name === "schema" || this.#names.has(name))) return true;
    return commit.changes.some((change) => this.#touchedByChange(change));
  }

  #touchedByChange(change: DocumentChange): boolean {
    if (this.#points.get(change.collection)?.has(change.id) === true) return true;
    for (const stretch of this.#stretches) {
      if (stretch.collection !== change.collection) continue;
      if (stretch.index === PRIMARY) {
        if (contains(stretch, change.id)) return true;
        continue;
      }
      for (const move of change.moves) {
        if (move.index !== stretch.index) continue;
        if (contains(stretch, move.remove) || contains(stretch, move.add)) return true;
      }
    }
    return false;
  }

  #merged(): ReadInterval[] {
    const sorted = this.#stretches.filter((stretch) => !isEmpty(stretch)).sort(compareStretches);
    const merged: Stretch[] = [];
    for (const stretch of sorted) {
      const last = merged.at(-1);
      if (last !== undefined && meets(last, stretch)) {
        if (last.end !== undefined && (stretch.end === undefined || stretch.end > last.end)) last.end = stretch.end;
      } else {
        merged.push({ ...stretch });
      }
    }
    return merged;
  }
}

function contains(stretch: Stretch, key: Key | undefined): boolean {
  return key !== undefined && key >= stretch.start && (stretch.end === undefined || key < stretch.end);
}

function isEmpty(stretch: Stretch): boolean {
  return stretch.end !== undefined && stretch.end <= stretch.start;
}

/** Whether `next`, which does not start before `last`, overlaps or continues it. */
function meets(last: Stretch, next: Stretch): boolean {
  if (last.collection !== next.collection || last.index !== next.index) return false;
  return last.end === undefined || next.start <= last.end;
}

function compareStretches(a: Stretch, b: Stretch): number {
  if (a.collection !== b.collection) return a.collection - b.collection;
  if (a.index !== b.index) return a.index - b.index;
  return a.start < b.start ? -1 : a.start > b.start ? 1 : 0;
}
