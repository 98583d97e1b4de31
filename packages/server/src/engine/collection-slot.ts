/**
 * The place of one collection in the disk engine: its numbers and whatever view keeps its rows at the moment.
 *
 * A collection changes between resident and paged while cursors are open; a slot's cursor notices and continues after the last key it gave,
 * in the new view.
 *
 * @module
 */
import type { PagedCollection } from "./paged-collection.ts";
import { ResidentCollection } from "./resident-collection.ts";
import type { RowsView } from "./rows-view.ts";
import { emptyStats } from "./stats.ts";
import type { CollectionStats } from "./stats.ts";
import type { Cursor, Key, KeyRange } from "./types.ts";

/** See the module comment. */
export class CollectionSlot<T> {
  readonly collection: number;
  /** Numbers as of the last write, sealed or not. */
  stats: CollectionStats;
  view: ResidentCollection<T> | PagedCollection<T>;

  constructor(
    collection: number,
    view: ResidentCollection<T> | PagedCollection<T>,
    stats: CollectionStats = emptyStats(),
  ) {
    this.collection = collection;
    this.view = view;
    this.stats = stats;
  }

  get isResident(): boolean {
    return this.view instanceof ResidentCollection;
  }

  /** A cursor that survives a change of the view. */
  scan(index: number, range: KeyRange, order: "asc" | "desc"): Cursor<T> {
    return new SlotCursor<T>(this, index, range, order);
  }
}

class SlotCursor<T> implements Cursor<T> {
  readonly #slot: CollectionSlot<T>;
  readonly #index: number;
  readonly #range: KeyRange;
  readonly #order: "asc" | "desc";
  #view: RowsView<T>;
  #cursor: Cursor<T>;
  #last: Key | undefined;

  constructor(slot: CollectionSlot<T>, index: number, range: KeyRange, order: "asc" | "desc") {
    this.#slot = slot;
    this.#index = index;
    this.#range = range;
    this.#order = order;
    this.#view = slot.view;
    this.#cursor = slot.view.scan(index, range, order);
  }

  /** Hot: one call a row in every scan; guarded by `engine.bench.ts`. */
  next(): boolean {
    if (this.#view !== this.#slot.view) this.#follow();
    if (!this.#cursor.next()) return false;
    this.#last = this.#cursor.indexKey;
    return true;
  }

  get indexKey(): Key {
    return this.#cursor.indexKey;
  }

  get key(): Key {
    return this.#cursor.key;
  }

  value(): T {
    if (this.#view === this.#slot.view) return this.#cursor.value();
    const value = this.#slot.view.get(this.#cursor.key);
    if (value === undefined) throw new Error("Cannot read row: it is gone; move the cursor on after a delete");
    return value;
  }

  #follow(): void {
    const { start, end } = this.#range;
    const last = this.#last;
    this.#view = this.#slot.view;
    const isUp = this.#order === "asc";
    const rest = last === undefined ? this.#range : isUp ? { start: `${last}\0`, end } : { start, end: last };
    this.#cursor = this.#view.scan(this.#index, rest, this.#order);
  }
}
