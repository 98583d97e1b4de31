/**
 * Read sets: what a run looked at.
 *
 * A run's result can change only when a later commit writes a row that the run read, writes inside a stretch of an index
 * that it consumed, or changes a catalogue fact that it asked for. This module records those three while the run
 * goes on, and answers whether a commit touches them. A fine read set knows besides which fields of each document were looked at and which
 * rows a query's filters dropped, and tells a touch that cannot show (`concernOf`).
 *
 * Invariants:
 *   - Intervals are half-open; those of one index are sorted and neither overlap nor meet.
 *   - A stretch covers exactly the rows that were consumed, and the whole range only once its end was seen.
 *   - A false "touched" costs one re-run; a false "untouched" shows stale data, so in doubt the wider stretch is recorded.
 *   - A commit that names `schema` touches everything: the meaning of every read may have changed.
 *   - A commit that changes what a run from scratch would give concerns the read set; one that concerns it touches it.
 *
 * Not here: finding the touched runs among many (`reactive/`).
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import { PRIMARY } from "../engine/types.ts";
import type { Key } from "../engine/types.ts";
import { changedFieldsOf } from "./change.ts";
import { Observations } from "./observations.ts";
import { compareStretches, contains, isEmpty, SortedStretches, WHOLE_ROWS } from "./stretches.ts";
import type { Stretch, StretchRule } from "./stretches.ts";
import type { Commit, Concern, DocumentChange, ReadInterval, ReadSetView } from "./types.ts";

export type { Stretch } from "./stretches.ts";

/** The smallest key after `key`. */
export function keyAfter(key: Key): Key {
  return `${key}\0`;
}

/** Records reads of one transaction. */
export class ReadSet implements ReadSetView {
  /** What was looked at inside of documents; says something only when the read set is fine. */
  readonly observations = new Observations();
  #isFine: boolean;
  #sorted: Map<number, Map<number, SortedStretches>> | undefined = undefined;
  readonly #points = new Map<number, Set<Key>>();
  readonly #stretches: Stretch[] = [];
  readonly #names = new Set<string>();
  #pointCount = 0;

  /** @param isFine Whether the function is given rows in a way that notes what it looks at. */
  constructor(isFine = false) {
    this.#isFine = isFine;
  }

  get isFine(): boolean {
    return this.#isFine;
  }

  get observedCount(): number {
    return this.observations.size;
  }

  /** The result depends on more than rows and fields: whatever touches the read set concerns it from now on. */
  coarsen(): void {
    this.#isFine = false;
  }

  /** Records one row by primary key, there or not. */
  addPoint(collection: number, key: Key): void {
    let keys = this.#points.get(collection);
    if (keys === undefined) this.#points.set(collection, (keys = new Set()));
    const before = keys.size;
    keys.add(key);
    this.#pointCount += keys.size - before;
  }

  /** Opens an empty stretch, which the caller moves and widens as it consumes rows. */
  openStretch(collection: number, index: number, rule: StretchRule = WHOLE_ROWS): Stretch {
    const stretch: Stretch = { collection, index, start: "", end: "", rule };
    this.#stretches.push(stretch);
    this.#sorted = undefined;
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

  concernedBy(commit: Commit): boolean {
    return this.concernOf(commit) === "yes";
  }

  /**
   * Hot: asked for every run that the dependency index finds. Allocates nothing but the order of stretches, once a read set.
   *
   * Complete only when the run is over: a stretch that still grows is not looked at again.
   */
  concernOf(commit: Commit): Concern {
    if (!this.#isFine) return this.touchedBy(commit) ? "yes" : "node";
    if (commit.names.some((name) => name === "schema" || this.#names.has(name))) return "yes";
    let concern: Concern = "node";
    for (const change of commit.changes) {
      const one = this.#concernOfChange(change);
      if (one === "yes") return "yes";
      if (one === "field") concern = "field";
    }
    return concern;
  }

  #concernOfChange(change: DocumentChange): Concern {
    let concern: Concern = "node";
    const { before, after, id } = change;
    if (this.#points.get(change.collection)?.has(id) === true) {
      concern = before !== undefined && after !== undefined ? this.#concernOfFields(change) : "yes";
      if (concern === "yes") return concern;
    }
    const indexes = this.#stretchesOf(change.collection);
    if (indexes === undefined) return concern;
    const primary = indexes.get(PRIMARY);
    if (primary !== undefined) {
      concern = this.#concernOfMove(primary, change, before && id, after && id, concern);
    }
    for (const move of change.moves) {
      if (concern === "yes") return concern;
      const stretches = move.index === PRIMARY ? undefined : indexes.get(move.index);
      if (stretches !== undefined) concern = this.#concernOfMove(stretches, change, move.remove, move.add, concern);
    }
    return concern;
  }

  /** `so far` or more, by the stretches of one index in which the row's key was or is. */
  #concernOfMove(
    stretches: SortedStretches,
    change: DocumentChange,
    remove: Key | undefined,
    add: Key | undefined,
    soFar: Concern,
  ): Concern {
    let concern = soFar;
    for (let pass = 0; pass < 2; pass++) {
      const key = pass === 0 ? remove : add === remove ? undefined : add;
      if (key === undefined) continue;
      for (let at = stretches.lastAt(key); stretches.reaches(at, key); at--) {
        const stretch = stretches.at(at);
        if (!contains(stretch, key)) continue;
        const one = this.#concernOfStretch(stretch, change, remove, add);
        if (one === "yes") return one;
        if (one === "field") concern = one;
      }
    }
    return concern;
  }

  #concernOfStretch(stretch: Stretch, change: DocumentChange, remove: Key | undefined, add: Key | undefined): Concern {
    const { rule } = stretch;
    const { before, after } = change;
    const wasIn = contains(stretch, remove);
    const isIn = contains(stretch, add);
    const was = wasIn && before !== undefined && keepsOf(rule, before);
    const is = isIn && after !== undefined && keepsOf(rule, after);
    if (was === "unknown" || is === "unknown" || was !== is) return "yes";
    const hasMoved = wasIn !== isIn || remove !== add;
    if (hasMoved && (was || rule.countsDropped)) return "yes";
    if (!was) return "node";
    return rule.isWhole ? "yes" : this.#concernOfFields(change);
  }

  #concernOfFields(change: DocumentChange): Concern {
    return this.observations.includes(change.id, changedFieldsOf(change)) ? "yes" : "field";
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

  #stretchesOf(collection: number): Map<number, SortedStretches> | undefined {
    this.#sorted ??= sortStretches(this.#stretches);
    return this.#sorted.get(collection);
  }

  #merged(): ReadInterval[] {
    const sorted = this.#stretches.filter((stretch) => !isEmpty(stretch)).sort(compareStretches);
    const merged: { collection: number; index: number; start: Key; end: Key | undefined }[] = [];
    for (const stretch of sorted) {
      const last = merged.at(-1);
      if (last !== undefined && meets(last, stretch)) {
        if (last.end !== undefined && (stretch.end === undefined || stretch.end > last.end)) last.end = stretch.end;
      } else {
        const { collection, index, start, end } = stretch;
        merged.push({ collection, index, start, end });
      }
    }
    return merged;
  }
}

/** Whether the run saw a row like this; unknown when its filter fails on it. */
function keepsOf({ keeps }: StretchRule, document: Doc): boolean | "unknown" {
  if (keeps === undefined) return true;
  try {
    return keeps(document);
  } catch {
    return "unknown";
  }
}

/** Whether `next`, which does not start before `last`, overlaps or continues it. */
function meets(last: ReadInterval, next: ReadInterval): boolean {
  if (last.collection !== next.collection || last.index !== next.index) return false;
  return last.end === undefined || next.start <= last.end;
}

/** By collection and index. */
function sortStretches(stretches: readonly Stretch[]): Map<number, Map<number, SortedStretches>> {
  const sorted = new Map<number, Map<number, SortedStretches>>();
  const groups = new Map<string, Stretch[]>();
  for (const stretch of stretches) {
    if (isEmpty(stretch)) continue;
    const key = `${stretch.collection} ${stretch.index}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [stretch]);
    else group.push(stretch);
  }
  for (const group of groups.values()) {
    const [{ collection, index }] = group as [Stretch];
    let indexes = sorted.get(collection);
    if (indexes === undefined) sorted.set(collection, (indexes = new Map<number, SortedStretches>()));
    indexes.set(index, new SortedStretches(group.sort(compareStretches)));
  }
  return sorted;
}
