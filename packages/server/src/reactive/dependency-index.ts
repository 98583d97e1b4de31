/**
 * The dependency index: which subscribers does a commit concern.
 *
 * Every subscriber (a number: a live query's) stands here with its read set. A commit is looked up key by key, so its
 * cost follows what was written, not who listens.
 *
 *   subscriber ◀──▶ documents   hash by (collection, primary key)
 *              ◀──▶ intervals   one interval tree per (collection, index)
 *              ◀──▶ names       hash by text: tables, environment, deployment
 *
 * Invariants:
 *   - A commit yields every subscriber whose `readSet.touchedBy(commit)` is true, and no other.
 *   - One look-up per written row in the hash, one per written index key in its tree; old and new key both count.
 *   - What nobody watches any longer takes no memory.
 *
 * The seam for finer dependencies: a subscriber is only a number, and `stabChange` answers for one document's change, so a layer that
 * shares read calls can stand between this index and the live queries and decide by filter and field.
 *
 * Not here: running queries (`reactor.ts`), recording reads (`tx/`).
 *
 * @module
 */
import { PRIMARY } from "../tx/types.ts";
import type { WakeTrail } from "./wake.ts";
import type { Commit, DocumentChange, Key, ReadSetView } from "../tx/types.ts";
import { IntervalTree } from "./interval-tree.ts";
import type { IntervalNode } from "./interval-tree.ts";
import { addAllTo, NOBODY, withoutSubscriber, withSubscriber } from "./subscribers.ts";
import type { Subscribers } from "./subscribers.ts";

/** A change of the schema may change the meaning of every read, see `ReadSet.touchedBy`. */
const EVERYTHING = "schema";

/** One document, or one name, and who watches it. */
class Point {
  readonly key: string;
  subscribers: Subscribers = NOBODY;
  constructor(key: string) {
    this.key = key;
  }
}

/** Points that go when their last subscriber goes. */
class PointMap {
  readonly #points = new Map<string, Point>();

  get size(): number {
    return this.#points.size;
  }

  find(key: string): Point | undefined {
    return this.#points.get(key);
  }

  ensure(key: string): Point {
    let point = this.#points.get(key);
    if (point === undefined) {
      point = new Point(key);
      this.#points.set(key, point);
    }
    return point;
  }

  remove(point: Point): void {
    this.#points.delete(point.key);
  }
}

/** What is watched of one collection. */
interface CollectionWatch {
  readonly points: PointMap;
  readonly trees: Map<number, IntervalTree>;
}

/** One watched thing and the place it is taken out of when nobody watches it. */
type Watched =
  | { readonly thing: Point; readonly home: PointMap }
  | { readonly thing: IntervalNode; readonly home: IntervalTree };

/** What the reactor needs of an index; also the place of a layer with finer dependencies, or of a broken one in a test. */
export interface Dependencies {
  readonly lookups: number;
  readonly visited: number;
  set(subscriber: number, readSet: ReadSetView): number;
  remove(subscriber: number): void;
  /** `trail` learns what found whom. */
  stab(commit: Commit, trail?: WakeTrail): Set<number>;
  stabNames(names: readonly string[]): Set<number>;
}

/** See the module comment. */
export class DependencyIndex implements Dependencies {
  readonly #collections = new Map<number, CollectionWatch>();
  readonly #names = new PointMap();
  readonly #watchedBy = new Map<number, readonly Watched[]>();
  #lookups = 0;
  #visited = 0;

  /** Look-ups made so far: one per written row, index key and name. */
  get lookups(): number {
    return this.#lookups;
  }

  /** Interval-tree nodes visited by those look-ups. */
  get visited(): number {
    return this.#visited;
  }

  /** Number of subscribers. */
  get size(): number {
    return this.#watchedBy.size;
  }

  /** Number of distinct documents, intervals and names that are watched. */
  get watchedCount(): number {
    let count = this.#names.size;
    for (const watch of this.#collections.values()) {
      count += watch.points.size;
      for (const tree of watch.trees.values()) count += tree.size;
    }
    return count;
  }

  /**
   * Puts `subscriber` under what `readSet` looked at, in place of what it watched before.
   *
   * Watches that stay are left alone: a re-run mostly reads what it read the last time.
   *
   * @returns The number of documents, intervals and names watched.
   */
  set(subscriber: number, readSet: ReadSetView): number {
    const before = this.#watchedBy.get(subscriber) ?? [];
    const after = this.#watchedFor(readSet);
    for (const { thing } of after) thing.subscribers = withSubscriber(thing.subscribers, subscriber);
    this.#release(subscriber, before, after);
    this.#watchedBy.set(subscriber, after);
    return after.length;
  }

  /** Forgets `subscriber`; an unknown one is ignored. */
  remove(subscriber: number): void {
    const before = this.#watchedBy.get(subscriber);
    if (before === undefined) return;
    this.#watchedBy.delete(subscriber);
    this.#release(subscriber, before, []);
  }

  /** Every subscriber that `commit` concerns. */
  stab(commit: Commit, trail?: WakeTrail): Set<number> {
    const hits = new Set<number>();
    for (const change of commit.changes) this.stabChange(change, hits, trail);
    this.#stabNames(commit.names, hits);
    trail?.note(hits.size, undefined, PRIMARY);
    return hits;
  }

  /** Every subscriber that looked at one of `names`. */
  stabNames(names: readonly string[]): Set<number> {
    const hits = new Set<number>();
    this.#stabNames(names, hits);
    return hits;
  }

  /** Adds every subscriber that one document's change concerns to `hits`. */
  stabChange(change: DocumentChange, hits: Set<number>, trail?: WakeTrail): void {
    const key = primaryKeyOf(change);
    const watch = this.#collections.get(change.collection);
    this.#lookups++;
    if (watch !== undefined) {
      const point = watch.points.find(key);
      if (point !== undefined) addAllTo(hits, point.subscribers);
    }
    this.#stabTree(watch, PRIMARY, key, hits);
    trail?.note(hits.size, change, PRIMARY);
    for (const move of change.moves) {
      if (move.index === PRIMARY) continue;
      if (move.remove !== undefined) this.#stabTree(watch, move.index, move.remove, hits);
      if (move.add !== undefined && move.add !== move.remove) this.#stabTree(watch, move.index, move.add, hits);
      trail?.note(hits.size, change, move.index);
    }
  }

  #stabTree(watch: CollectionWatch | undefined, index: number, key: Key, hits: Set<number>): void {
    this.#lookups++;
    const tree = watch?.trees.get(index);
    if (tree !== undefined) this.#visited += tree.stab(key, hits);
  }

  #stabNames(names: readonly string[], hits: Set<number>): void {
    for (const name of names) {
      this.#lookups++;
      if (name === EVERYTHING) for (const subscriber of this.#watchedBy.keys()) hits.add(subscriber);
      const point = this.#names.find(name);
      if (point !== undefined) addAllTo(hits, point.subscribers);
    }
  }

  #watchedFor(readSet: ReadSetView): Watched[] {
    const watched: Watched[] = [];
    for (const { collection, key } of readSet.points()) {
      const home = this.#collection(collection).points;
      watched.push({ thing: home.ensure(key), home });
    }
    for (const { collection, index, start, end } of readSet.intervals()) {
      const home = this.#tree(collection, index);
      watched.push({ thing: home.ensure(start, end), home });
    }
    for (const name of readSet.names()) watched.push({ thing: this.#names.ensure(name), home: this.#names });
    return watched;
  }

  /** Takes `subscriber` off everything in `before` that is not in `after`. */
  #release(subscriber: number, before: readonly Watched[], after: readonly Watched[]): void {
    if (before.length === 0) return;
    if (before.length === after.length && before.every(({ thing }, at) => thing === after[at]?.thing)) return;
    const kept = new Set<Point | IntervalNode>(after.map(({ thing }) => thing));
    for (const watched of before) {
      if (kept.has(watched.thing) || watched.thing.subscribers === NOBODY) continue;
      watched.thing.subscribers = withoutSubscriber(watched.thing.subscribers, subscriber);
      if (watched.thing.subscribers === NOBODY) removeWatched(watched);
    }
  }

  #collection(collection: number): CollectionWatch {
    let watch = this.#collections.get(collection);
    if (watch === undefined) {
      watch = { points: new PointMap(), trees: new Map() };
      this.#collections.set(collection, watch);
    }
    return watch;
  }

  #tree(collection: number, index: number): IntervalTree {
    const { trees } = this.#collection(collection);
    let tree = trees.get(index);
    if (tree === undefined) {
      tree = new IntervalTree();
      trees.set(index, tree);
    }
    return tree;
  }
}

function removeWatched(watched: Watched): void {
  if (watched.home instanceof PointMap) watched.home.remove(watched.thing as Point);
  else watched.home.remove(watched.thing as IntervalNode);
}

/** The primary key of a change's row: an id's text is a binary string and is the key. */
function primaryKeyOf(change: DocumentChange): Key {
  return change.id;
}
