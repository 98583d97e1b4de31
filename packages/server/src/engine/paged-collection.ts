/**
 * A collection that is not in memory: the base, with the commits since its checkpoint laid over it.
 *
 * The overlay holds rows and index entries of records that the base does not have yet; a deleted row or entry is kept as a
 * mark that hides the base's. When the base has caught up with a record, its part of the overlay is forgotten.
 *
 * Invariants:
 *   - An overlay place carries the sequence of the record that wrote it last; it is forgotten only when the base has applied that record wholly.
 *   - A dropped tree hides what the base has of it until the base has applied the drop.
 *   - Decoded rows of the base are cached only while the overlay has no say about them.
 *
 * @module
 */
import type { Base } from "./base.ts";
import type { BasePage } from "./base-reader.ts";
import { MergedCursor } from "./merged-cursor.ts";
import type { MergeSource, OverlayPlace } from "./merged-cursor.ts";
import { OrderedTree } from "./ordered-tree.ts";
import type { TreeCursor } from "./ordered-tree.ts";
import type { StoredWrite } from "./record-codec.ts";
import { NO_REF, Row } from "./row.ts";
import type { EvictionListener } from "./row-cache.ts";
import type { RowsView, Undo } from "./rows-view.ts";
import { SlabRowStore } from "./slab-rows.ts";
import type { Decoding } from "./slab-rows.ts";
import { indexesOf } from "./stats.ts";
import { PRIMARY } from "./types.ts";
import type { Cursor, IndexMove, Key, KeyRange } from "./types.ts";

/** A row of the overlay. Written anew, never in place, so that undo has the old one. */
class OverlayRow<T> extends Row<T> implements OverlayPlace {
  readonly sequence: number;
  readonly isDeleted: boolean;

  constructor(key: Key, sequence: number, isDeleted: boolean) {
    super(key);
    this.sequence = sequence;
    this.isDeleted = isDeleted;
  }

  get target(): Key | undefined {
    return this.isDeleted ? undefined : this.key;
  }
}

interface OverlayEntry extends OverlayPlace {
  readonly sequence: number;
}

interface EntryUndo {
  readonly tree: OrderedTree<OverlayEntry>;
  readonly key: Key;
  readonly before: OverlayEntry | undefined;
}

const NO_PAGE: BasePage = { keys: [], values: [], isLast: true };

/** See the module comment. */
export class PagedCollection<T> implements RowsView<T>, MergeSource<T>, EvictionListener<T> {
  readonly #base: Base;
  readonly #collection: number;
  readonly #decoding: Decoding<T>;
  readonly #store: SlabRowStore<T>;
  readonly #rows = new OrderedTree<OverlayRow<T>>();
  readonly #indexes = new Map<number, OrderedTree<OverlayEntry>>();
  /** Decoded rows of the base. */
  readonly #cached = new Map<Key, Row<T>>();
  /** The base's rows and entries do not count before it has applied this record. */
  readonly #hiddenUntil: number;
  readonly #hiddenIndexes = new Map<number, number>();
  #overlayVersion = 0;
  #drops = 0;
  #isPinned = false;

  /** @param hiddenUntil Sequence of the record that dropped what the base may still have, 0 when none did. */
  constructor(base: Base, collection: number, decoding: Decoding<T>, hiddenUntil = 0) {
    this.#base = base;
    this.#collection = collection;
    this.#decoding = decoding;
    this.#store = new SlabRowStore<T>(decoding);
    this.#hiddenUntil = hiddenUntil;
    if (this.#isHidden(PRIMARY)) return;
    const stats = base.stats(collection);
    if (stats !== undefined) for (const index of indexesOf(stats)) this.#indexOf(index);
  }

  get overlayVersion(): number {
    return this.#overlayVersion;
  }

  /** Number of indexes that were dropped from this view. */
  get drops(): number {
    return this.#drops;
  }

  get baseVersion(): number {
    return this.#base.version + this.#drops;
  }

  /** Known indexes. */
  get indexes(): IterableIterator<number> {
    return this.#indexes.keys();
  }

  /** True when the base still has something of a dropped tree. */
  get hasHidden(): boolean {
    return this.#isHidden(PRIMARY) || [...this.#hiddenIndexes.keys()].some((index) => this.#isHidden(index));
  }

  get(key: Key): T | undefined {
    const row = this.#rows.get(key);
    if (row !== undefined) return row.isDeleted ? undefined : this.#store.read(row);
    const cached = this.#cached.get(key);
    if (cached !== undefined) {
      cached.isHot = true;
      return cached.value;
    }
    return this.#readBase(key);
  }

  lengthOf(key: Key): number {
    const row = this.#rows.get(key);
    if (row !== undefined) return row.isDeleted ? -1 : this.#store.lengthOf(row);
    if (this.#isHidden(PRIMARY)) return -1;
    return this.#base.reader.get(this.#collection, PRIMARY, key)?.length ?? -1;
  }

  scan(index: number, range: KeyRange, order: "asc" | "desc"): Cursor<T> {
    if (index !== PRIMARY && !this.#indexes.has(index)) {
      throw new RangeError(`Cannot scan index ${index}: it is unknown; register it first`);
    }
    return new MergedCursor<T>(this, index, range, order);
  }

  apply(
    key: Key,
    value: T | undefined,
    bytes: Uint8Array | undefined,
    moves: readonly IndexMove[],
    sequence: number,
  ): Undo {
    const isDelete = bytes === undefined;
    const row = new OverlayRow<T>(key, sequence, isDelete);
    if (!isDelete) this.#store.assign(row, value, bytes);
    const before = this.#rows.set(key, row);
    this.#uncache(key);
    const entries = moves.flatMap((move) => this.#move(move, key, sequence));
    this.#overlayVersion += 1;
    return new PagedUndo<T>(this, row, before, entries);
  }

  /** Takes a write back. For `PagedUndo`. */
  revert(undo: PagedUndo<T>): void {
    for (let at = undo.entries.length - 1; at >= 0; at -= 1) {
      const { tree, key, before } = undo.entries[at]!;
      if (before === undefined || this.#isStale(before.sequence)) tree.delete(key);
      else tree.set(key, before);
    }
    this.#release(undo.row);
    const { before } = undo;
    if (before !== undefined && !this.#isStale(before.sequence)) this.#rows.set(before.key, before);
    else {
      this.#rows.delete(undo.row.key);
      if (before !== undefined) this.#release(before);
    }
    this.#overlayVersion += 1;
  }

  /** Makes a write final. For `PagedUndo`. */
  settle(undo: PagedUndo<T>): void {
    if (undo.before !== undefined) this.#release(undo.before);
  }

  fill(index: number, indexKey: Key, key: Key, sequence: number): boolean {
    const tree = this.#indexOf(index);
    const entry = tree.get(indexKey);
    if (this.lengthOf(key) < 0 || entry?.target !== undefined) return false;
    if (entry === undefined && this.#baseHasEntry(index, indexKey)) return false;
    tree.set(indexKey, { target: key, sequence });
    this.#overlayVersion += 1;
    return true;
  }

  registerIndex(index: number): void {
    this.#indexOf(index);
  }

  dropIndex(index: number, sequence: number): void {
    this.#indexes.delete(index);
    this.#hiddenIndexes.set(index, sequence);
    this.#drops += 1;
    this.#overlayVersion += 1;
  }

  /** Forgets what an applied commit put into the overlay. */
  forgetWrite(write: StoredWrite, sequence: number): void {
    if (this.#isPinned) return;
    const row = this.#rows.get(write.key);
    if (row !== undefined && row.sequence <= sequence) {
      this.#rows.delete(write.key);
      this.#release(row);
    }
    for (const { index, remove, add } of write.moves) {
      if (remove !== undefined) this.forgetEntry(index, remove, sequence);
      if (add !== undefined) this.forgetEntry(index, add, sequence);
    }
    this.#overlayVersion += 1;
  }

  /** Forgets an index entry that the base has applied. */
  forgetEntry(index: number, indexKey: Key, sequence: number): void {
    if (this.#isPinned) return;
    const tree = this.#indexes.get(index);
    const entry = tree?.get(indexKey);
    if (entry === undefined || entry.sequence > sequence) return;
    tree!.delete(indexKey);
    this.#overlayVersion += 1;
  }

  /** While pinned, the overlay keeps everything: a loader reads an older state of the base. */
  pin(): void {
    this.#isPinned = true;
  }

  /** Ends `pin`; what the base has applied meanwhile is forgotten. */
  unpin(): void {
    this.#isPinned = false;
    const rows = this.#rows.cursor("", undefined, "asc");
    while (rows.next()) {
      if (!this.#isStale(rows.entry.sequence)) continue;
      this.#release(rows.entry);
      this.#rows.delete(rows.key);
    }
    for (const tree of this.#indexes.values()) {
      const entries = tree.cursor("", undefined, "asc");
      while (entries.next()) if (this.#isStale(entries.entry.sequence)) tree.delete(entries.key);
    }
    this.#overlayVersion += 1;
  }

  /** Gives the overlay's rows; `undefined` bytes are a deleted row. */
  *overlayRows(): IterableIterator<{ readonly key: Key; readonly bytes: Uint8Array | undefined }> {
    const rows = this.#rows.cursor("", undefined, "asc");
    while (rows.next()) {
      const row = rows.entry;
      yield { key: row.key, bytes: row.isDeleted ? undefined : this.#store.bytesOf(row) };
    }
  }

  /** Gives the overlay's entries of an index; an `undefined` target is a deleted entry. */
  *overlayEntries(index: number): IterableIterator<{ readonly indexKey: Key; readonly target: Key | undefined }> {
    const tree = this.#indexes.get(index);
    if (tree === undefined) return;
    const entries = tree.cursor("", undefined, "asc");
    while (entries.next()) yield { indexKey: entries.key, target: entries.entry.target };
  }

  /** The rows of the base are no longer read through this collection: lets go of their decoded values. */
  retire(): void {
    for (const row of this.#cached.values()) row.value = undefined;
    this.#cached.clear();
  }

  overlayCursor(index: number, range: KeyRange, order: "asc" | "desc"): TreeCursor<OverlayPlace> {
    if (index === PRIMARY) return this.#rows.cursor(range.start, range.end, order);
    return this.#indexOf(index).cursor(range.start, range.end, order);
  }

  basePage(index: number, range: KeyRange, order: "asc" | "desc", rowsMax: number): BasePage {
    if (this.#isHidden(index)) return NO_PAGE;
    const page = this.#base.reader.page(this.#collection, index, range, order, rowsMax);
    this.#count(index === PRIMARY ? page.keys.length : 0, page.values);
    return page;
  }

  rowValue(key: Key, baseBytes: Uint8Array | undefined): T {
    const hasBetter = baseBytes === undefined || this.#rows.get(key) !== undefined || this.#cached.has(key);
    if (!hasBetter) {
      // A scan reads each row once: caching its rows would push out those that are read again and again.
      this.#decoding.counters.rowsDecoded += 1;
      return this.#decoding.codec.decode(baseBytes, 0, baseBytes.length);
    }
    const value = this.get(key);
    if (value === undefined) throw new Error("Cannot read row: it is gone; move the cursor on after a delete");
    return value;
  }

  evicted(row: Row<T>): void {
    if (this.#cached.get(row.key) === row) this.#cached.delete(row.key);
  }

  #readBase(key: Key): T | undefined {
    if (this.#isHidden(PRIMARY)) return undefined;
    const bytes = this.#base.reader.get(this.#collection, PRIMARY, key);
    if (bytes === undefined) return undefined;
    const length = bytes.length;
    const value = this.#decoding.codec.decode(bytes, 0, length);
    this.#decoding.counters.rowsDecoded += 1;
    this.#decoding.counters.rowsFromBase += 1;
    this.#decoding.counters.bytesFromBase += length;
    const row = new Row<T>(key);
    row.value = value;
    this.#cached.set(key, row);
    this.#decoding.cache.admit(row, length, this);
    return value;
  }

  #baseHasEntry(index: number, indexKey: Key): boolean {
    return !this.#isHidden(index) && this.#base.reader.get(this.#collection, index, indexKey) !== undefined;
  }

  #count(rows: number, values: readonly Uint8Array[]): void {
    this.#decoding.counters.rowsFromBase += rows;
    for (const value of values) this.#decoding.counters.bytesFromBase += value.length;
  }

  #uncache(key: Key): void {
    const row = this.#cached.get(key);
    if (row === undefined) return;
    row.value = undefined;
    this.#cached.delete(key);
  }

  #isHidden(index: number): boolean {
    const { applied } = this.#base.state;
    if (applied < this.#hiddenUntil) return true;
    const hiddenUntil = this.#hiddenIndexes.get(index);
    return hiddenUntil !== undefined && applied < hiddenUntil;
  }

  /** True when the base has wholly applied a record, and nobody needs its overlay. */
  #isStale(sequence: number): boolean {
    return !this.#isPinned && sequence <= this.#base.state.applied;
  }

  #release(row: OverlayRow<T>): void {
    if (row.ref !== NO_REF) this.#store.release(row.ref);
    row.ref = NO_REF;
    row.value = undefined;
  }

  #move({ index, remove, add }: IndexMove, key: Key, sequence: number): EntryUndo[] {
    const tree = this.#indexOf(index);
    const undos: EntryUndo[] = [];
    if (remove !== undefined) {
      undos.push({ tree, key: remove, before: tree.set(remove, { target: undefined, sequence }) });
    }
    if (add !== undefined) undos.push({ tree, key: add, before: tree.set(add, { target: key, sequence }) });
    return undos;
  }

  #indexOf(index: number): OrderedTree<OverlayEntry> {
    let tree = this.#indexes.get(index);
    if (tree === undefined) {
      tree = new OrderedTree<OverlayEntry>();
      this.#indexes.set(index, tree);
    }
    return tree;
  }
}

/** One write of a paged collection: the place before and after. */
class PagedUndo<T> implements Undo {
  readonly #collection: PagedCollection<T>;
  readonly row: OverlayRow<T>;
  readonly before: OverlayRow<T> | undefined;
  readonly entries: readonly EntryUndo[];

  constructor(
    collection: PagedCollection<T>,
    row: OverlayRow<T>,
    before: OverlayRow<T> | undefined,
    entries: readonly EntryUndo[],
  ) {
    this.#collection = collection;
    this.row = row;
    this.before = before;
    this.entries = entries;
  }

  revert(): void {
    this.#collection.revert(this);
  }

  settle(): void {
    this.#collection.settle(this);
  }
}
