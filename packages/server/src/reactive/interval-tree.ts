/**
 * Interval tree: which intervals contain a key.
 *
 * A treap ordered by (start, end) in which every node knows the largest end below it. Equal intervals share one
 * node, so ten thousand runs that read one whole table cost one node with a set of subscribers.
 *
 *   stab(key) ──▶ skip a subtree whose ends all lie at or before the key
 *             ──▶ skip to the left when the starts lie behind the key
 *
 * Invariants:
 *   - Intervals are half-open `[start, end)`; `end: undefined` is behind every key.
 *   - A node's `reach` is the largest `end` of its subtree.
 *   - A parent's priority is at least its children's. Priorities come from a fixed generator, so the same
 *     history always builds the same tree.
 *
 * Not here: collections, names, who a subscriber is (`dependency-index.ts`).
 *
 * @module
 */
import type { Key } from "../tx/types.ts";
import { addAllTo, NOBODY } from "./subscribers.ts";
import type { Subscribers } from "./subscribers.ts";

/** One distinct interval and who watches it. Only the tree writes to the links. */
export class IntervalNode {
  readonly start: Key;
  readonly end: Key | undefined;
  readonly priority: number;
  subscribers: Subscribers = NOBODY;
  reach: Key | undefined;
  left: IntervalNode | undefined = undefined;
  right: IntervalNode | undefined = undefined;

  constructor(start: Key, end: Key | undefined, priority: number) {
    this.start = start;
    this.end = end;
    this.priority = priority;
    this.reach = end;
  }
}

/** Intervals over one ordered set of keys, for example one index of one table. */
export class IntervalTree {
  #root: IntervalNode | undefined = undefined;
  #size = 0;
  #random = 0x9e3779b9;

  /** Number of distinct intervals. */
  get size(): number {
    return this.#size;
  }

  /** Gives the node of `[start, end)`, new if nobody watched exactly that interval. */
  ensure(start: Key, end: Key | undefined): IntervalNode {
    let node = this.#root;
    while (node !== undefined) {
      const order = compareIntervals(start, end, node);
      if (order === 0) return node;
      node = order < 0 ? node.left : node.right;
    }
    const added = new IntervalNode(start, end, this.#nextPriority());
    this.#root = insert(this.#root, added);
    this.#size++;
    return added;
  }

  /** Takes out a node that `ensure` gave. */
  remove(node: IntervalNode): void {
    this.#root = removeFrom(this.#root, node);
    this.#size--;
  }

  /**
   * Adds the subscribers of every interval that contains `key` to `into`.
   *
   * Hot: once per index key that a commit writes; `reactive.bench.ts` holds it against a linear scan.
   *
   * @returns The number of nodes looked at.
   */
  stab(key: Key, into: Set<number>): number {
    return stabFrom(this.#root, key, into);
  }

  /** Xorshift: cheap, and the same in every process. */
  #nextPriority(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return x;
  }
}

function stabFrom(from: IntervalNode | undefined, key: Key, into: Set<number>): number {
  let visited = 0;
  let node = from;
  while (node !== undefined) {
    visited++;
    if (node.reach !== undefined && node.reach <= key) return visited;
    if (node.left !== undefined) visited += stabFrom(node.left, key, into);
    if (node.start > key) return visited;
    if (node.end === undefined || key < node.end) addAllTo(into, node.subscribers);
    node = node.right;
  }
  return visited;
}

function compareIntervals(start: Key, end: Key | undefined, node: IntervalNode): number {
  if (start !== node.start) return start < node.start ? -1 : 1;
  if (end === node.end) return 0;
  if (end === undefined) return 1;
  return node.end === undefined || end < node.end ? -1 : 1;
}

function insert(into: IntervalNode | undefined, added: IntervalNode): IntervalNode {
  if (into === undefined) return added;
  if (compareIntervals(added.start, added.end, into) < 0) {
    into.left = insert(into.left, added);
    if (into.left.priority > into.priority) return rotateRight(into, into.left);
  } else {
    into.right = insert(into.right, added);
    if (into.right.priority > into.priority) return rotateLeft(into, into.right);
  }
  updateReach(into);
  return into;
}

function removeFrom(from: IntervalNode | undefined, gone: IntervalNode): IntervalNode | undefined {
  if (from === undefined) throw new RangeError("Cannot remove interval: it is not in the tree");
  if (from === gone) return join(from.left, from.right);
  if (compareIntervals(gone.start, gone.end, from) < 0) from.left = removeFrom(from.left, gone);
  else from.right = removeFrom(from.right, gone);
  updateReach(from);
  return from;
}

/** Joins two treaps of which every interval of `low` sorts before every one of `high`. */
function join(low: IntervalNode | undefined, high: IntervalNode | undefined): IntervalNode | undefined {
  if (low === undefined) return high;
  if (high === undefined) return low;
  if (low.priority > high.priority) {
    low.right = join(low.right, high);
    updateReach(low);
    return low;
  }
  high.left = join(low, high.left);
  updateReach(high);
  return high;
}

function rotateRight(node: IntervalNode, left: IntervalNode): IntervalNode {
  node.left = left.right;
  left.right = node;
  updateReach(node);
  updateReach(left);
  return left;
}

function rotateLeft(node: IntervalNode, right: IntervalNode): IntervalNode {
  node.right = right.left;
  right.left = node;
  updateReach(node);
  updateReach(right);
  return right;
}

function updateReach(node: IntervalNode): void {
  let reach = node.end;
  if (node.left !== undefined) reach = later(reach, node.left.reach);
  if (node.right !== undefined) reach = later(reach, node.right.reach);
  node.reach = reach;
}

function later(a: Key | undefined, b: Key | undefined): Key | undefined {
  if (a === undefined || b === undefined) return undefined;
  return a < b ? b : a;
}
