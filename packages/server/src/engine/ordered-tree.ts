/**
 * An ordered map from binary strings to entries: a B+tree in memory.
 *
 * Leaves hold the entries and are linked both ways, so a scan walks arrays and never climbs. A cursor stays valid while
 * the tree is written: the tree counts its structural changes, and a cursor that finds the count changed looks its
 * place up again after the last key it gave.
 *
 *   inner  [k1 k2 …]        keys[i] = smallest key that child i + 1 may hold
 *          ↙   ↓   ↘
 *   leaf ⇄ leaf ⇄ leaf      keys and entries, ascending
 *
 * Invariants:
 *   - Every leaf but an empty root holds at least one key; a leaf that runs empty is unlinked at once. Half-empty leaves
 *     are not merged: tables shrink rarely, and merging costs every delete.
 *   - `version` grows with every key that comes or goes; replacing an entry in place keeps it.
 *
 * Fanout 32 was the fastest of 32, 64 and 128 for inserts in JavaScript (1 : 1.8 : 3.9).
 *
 * Not here: what entries mean, undo, rows.
 *
 * @module
 */
import type { Key } from "./types.ts";

/** Keys in a full leaf, children of a full inner node. */
const FANOUT = 32;
/** How full a bulk load packs its nodes, so that the next random inserts do not split each of them. */
const PACKED = 24;

interface Leaf<E> {
  readonly isLeaf: true;
  keys: Key[];
  entries: E[];
  next: Leaf<E> | undefined;
  previous: Leaf<E> | undefined;
}

interface Inner<E> {
  readonly isLeaf: false;
  keys: Key[];
  children: TreeNode<E>[];
}

type TreeNode<E> = Leaf<E> | Inner<E>;

/** First position in `keys` whose key is `>= key`. Hot: every look-up; guarded by `engine.bench.ts`. */
function lowerBound(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First position in `keys` whose key is `> key`; the child to descend into. */
function upperBound(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function newLeaf<E>(keys: Key[], entries: E[]): Leaf<E> {
  return { isLeaf: true, keys, entries, next: undefined, previous: undefined };
}

/** See the module comment. */
export class OrderedTree<E> {
  #root: TreeNode<E> = newLeaf<E>([], []);
  #size = 0;
  #version = 0;
  /** Smallest key of the node that the last `#insert` split off. */
  #splitKey: Key = "";
  #replaced: E | undefined;

  /**
   * Builds a tree from keys that already ascend, without comparing them.
   *
   * @param keys Strictly ascending.
   * @param entries One for each key.
   */
  static fromSorted<E>(keys: readonly Key[], entries: readonly E[]): OrderedTree<E> {
    const tree = new OrderedTree<E>();
    if (keys.length === 0) return tree;
    let level: TreeNode<E>[] = packLeaves(keys, entries);
    let smallest = level.map((leaf) => leaf.keys[0]!);
    while (level.length > 1) {
      const parents: TreeNode<E>[] = [];
      const parentSmallest: Key[] = [];
      for (let from = 0; from < level.length; from += PACKED) {
        const to = Math.min(from + PACKED, level.length);
        parents.push({ isLeaf: false, keys: smallest.slice(from + 1, to), children: level.slice(from, to) });
        parentSmallest.push(smallest[from]!);
      }
      level = parents;
      smallest = parentSmallest;
    }
    tree.#root = level[0]!;
    tree.#size = keys.length;
    return tree;
  }

  /** Number of keys. */
  get size(): number {
    return this.#size;
  }

  /** Grows with every key that comes or goes. */
  get version(): number {
    return this.#version;
  }

  /** The entry under `key`. */
  get(key: Key): E | undefined {
    const leaf = this.#leafOf(key);
    const at = lowerBound(leaf.keys, key);
    return leaf.keys[at] === key ? leaf.entries[at] : undefined;
  }

  /** Puts `entry` under `key` and returns the entry that was there. */
  set(key: Key, entry: E): E | undefined {
    this.#replaced = undefined;
    const split = this.#insert(this.#root, key, entry);
    if (split !== undefined) {
      this.#root = { isLeaf: false, keys: [this.#splitKey], children: [this.#root, split] };
    }
    const replaced = this.#replaced;
    this.#replaced = undefined;
    return replaced;
  }

  /** Removes `key` and returns the entry that was there. */
  delete(key: Key): E | undefined {
    this.#replaced = undefined;
    this.#remove(this.#root, key);
    while (!this.#root.isLeaf && this.#root.children.length === 1) this.#root = this.#root.children[0]!;
    const removed = this.#replaced;
    this.#replaced = undefined;
    return removed;
  }

  /** Walks `[start, end)` upwards or downwards. */
  cursor(start: Key, end: Key | undefined, order: "asc" | "desc"): TreeCursor<E> {
    return new TreeCursor<E>(this, start, end, order === "desc");
  }

  /** The leaf that holds `key` if any does. For cursors. */
  leafFor(key: Key): Leaf<E> {
    return this.#leafOf(key);
  }

  /** The leaf with the greatest keys. For cursors. */
  lastLeaf(): Leaf<E> {
    let node = this.#root;
    while (!node.isLeaf) node = node.children[node.children.length - 1]!;
    return node;
  }

  #leafOf(key: Key): Leaf<E> {
    let node = this.#root;
    while (!node.isLeaf) node = node.children[upperBound(node.keys, key)]!;
    return node;
  }

  #insert(node: TreeNode<E>, key: Key, entry: E): TreeNode<E> | undefined {
    if (node.isLeaf) return this.#insertIntoLeaf(node, key, entry);
    const at = upperBound(node.keys, key);
    const split = this.#insert(node.children[at]!, key, entry);
    if (split === undefined) return undefined;
    node.keys.splice(at, 0, this.#splitKey);
    node.children.splice(at + 1, 0, split);
    return node.children.length > FANOUT ? this.#splitInner(node, at) : undefined;
  }

  #insertIntoLeaf(leaf: Leaf<E>, key: Key, entry: E): Leaf<E> | undefined {
    const at = lowerBound(leaf.keys, key);
    if (leaf.keys[at] === key) {
      this.#replaced = leaf.entries[at];
      leaf.entries[at] = entry;
      return undefined;
    }
    leaf.keys.splice(at, 0, key);
    leaf.entries.splice(at, 0, entry);
    this.#size += 1;
    this.#version += 1;
    if (leaf.keys.length <= FANOUT) return undefined;
    // Ascending keys (creation times, ids) append at the far right: leave the left leaf full instead of half empty.
    const cut = leaf.next === undefined && at === leaf.keys.length - 1 ? FANOUT : FANOUT >>> 1;
    const right = newLeaf(leaf.keys.splice(cut), leaf.entries.splice(cut));
    right.next = leaf.next;
    right.previous = leaf;
    if (leaf.next !== undefined) leaf.next.previous = right;
    leaf.next = right;
    this.#splitKey = right.keys[0]!;
    return right;
  }

  #splitInner(node: Inner<E>, insertedAt: number): Inner<E> {
    const cut = insertedAt === node.keys.length - 1 ? FANOUT : (FANOUT >>> 1) + 1;
    const children = node.children.splice(cut);
    const keys = node.keys.splice(cut);
    this.#splitKey = node.keys.pop()!;
    return { isLeaf: false, keys, children };
  }

  /** Removes `key` below `node`; true when `node` is left without keys or children. */
  #remove(node: TreeNode<E>, key: Key): boolean {
    if (node.isLeaf) return this.#removeFromLeaf(node, key);
    const at = upperBound(node.keys, key);
    if (!this.#remove(node.children[at]!, key)) return false;
    node.children.splice(at, 1);
    node.keys.splice(Math.max(0, at - 1), 1);
    return node.children.length === 0;
  }

  #removeFromLeaf(leaf: Leaf<E>, key: Key): boolean {
    const at = lowerBound(leaf.keys, key);
    if (leaf.keys[at] !== key) return false;
    this.#replaced = leaf.entries[at];
    leaf.keys.splice(at, 1);
    leaf.entries.splice(at, 1);
    this.#size -= 1;
    this.#version += 1;
    if (leaf.keys.length > 0 || leaf === this.#root) return false;
    if (leaf.previous !== undefined) leaf.previous.next = leaf.next;
    if (leaf.next !== undefined) leaf.next.previous = leaf.previous;
    return true;
  }
}

function packLeaves<E>(keys: readonly Key[], entries: readonly E[]): Leaf<E>[] {
  const leaves: Leaf<E>[] = [];
  for (let from = 0; from < keys.length; from += PACKED) {
    const leaf = newLeaf(keys.slice(from, from + PACKED), entries.slice(from, from + PACKED));
    const previous = leaves[leaves.length - 1];
    if (previous !== undefined) {
      previous.next = leaf;
      leaf.previous = previous;
    }
    leaves.push(leaf);
  }
  return leaves;
}

/**
 * A place in a tree. `next()` moves it; `key` and `entry` are those of the place. Writes to the tree are seen when they are ahead of the place.
 * After `next()` gave false it may be asked again, and finds keys that came since.
 */
export class TreeCursor<E> {
  readonly #tree: OrderedTree<E>;
  readonly #start: Key;
  readonly #end: Key | undefined;
  readonly #isDescending: boolean;
  /** `undefined` = look the place up again. */
  #leaf: Leaf<E> | undefined;
  #at = 0;
  #version = 0;
  #hasKey = false;
  #key: Key = "";
  #entry: E | undefined;

  constructor(tree: OrderedTree<E>, start: Key, end: Key | undefined, isDescending: boolean) {
    this.#tree = tree;
    this.#start = start;
    this.#end = end;
    this.#isDescending = isDescending;
  }

  get key(): Key {
    return this.#key;
  }

  get entry(): E {
    return this.#entry!;
  }

  /** Moves to the next key in the cursor's order; false when there is none (yet). */
  next(): boolean {
    return this.#isDescending ? this.#down() : this.#up();
  }

  #up(): boolean {
    let leaf = this.#leaf;
    if (leaf === undefined || this.#version !== this.#tree.version) leaf = this.#seekUp();
    else this.#at += 1;
    while (this.#at >= leaf.keys.length) {
      if (leaf.next === undefined) return this.#stop();
      leaf = leaf.next;
      this.#at = 0;
    }
    const key = leaf.keys[this.#at]!;
    if (this.#end !== undefined && key >= this.#end) return this.#stop();
    return this.#settle(leaf, key);
  }

  #seekUp(): Leaf<E> {
    this.#version = this.#tree.version;
    const from = this.#hasKey ? this.#key : this.#start;
    const leaf = this.#tree.leafFor(from);
    this.#at = this.#hasKey ? upperBound(leaf.keys, from) : lowerBound(leaf.keys, from);
    return leaf;
  }

  #down(): boolean {
    let leaf = this.#leaf;
    if (leaf === undefined || this.#version !== this.#tree.version) leaf = this.#seekDown();
    else this.#at -= 1;
    while (this.#at < 0) {
      if (leaf.previous === undefined) return this.#stop();
      leaf = leaf.previous;
      this.#at = leaf.keys.length - 1;
    }
    const key = leaf.keys[this.#at]!;
    if (key === undefined || key < this.#start) return this.#stop();
    return this.#settle(leaf, key);
  }

  #seekDown(): Leaf<E> {
    this.#version = this.#tree.version;
    const from = this.#hasKey ? this.#key : this.#end;
    if (from === undefined) {
      const last = this.#tree.lastLeaf();
      this.#at = last.keys.length - 1;
      return last;
    }
    const leaf = this.#tree.leafFor(from);
    this.#at = lowerBound(leaf.keys, from) - 1;
    return leaf;
  }

  #settle(leaf: Leaf<E>, key: Key): boolean {
    this.#leaf = leaf;
    this.#key = key;
    this.#entry = leaf.entries[this.#at]!;
    this.#hasKey = true;
    return true;
  }

  #stop(): boolean {
    this.#leaf = undefined;
    return false;
  }
}
