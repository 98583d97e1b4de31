/**
 * What the disk engine asks of a collection, however its rows are kept: in memory (`resident-collection.ts`) or in the base
 * with an overlay (`paged-collection.ts`).
 *
 * @module
 */
import type { Cursor, IndexMove, Key, KeyRange } from "./types.ts";

/** A write that was made in place and is not final yet. Exactly one of the two is called, once. */
export interface Undo {
  /** Takes the write back; the latest write first. */
  revert(): void;
  /** Makes the write final: what was there before is freed. */
  settle(): void;
}

/** The rows and index entries of one collection. */
export interface RowsView<T> {
  /** Known indexes. */
  readonly indexes: IterableIterator<number>;
  get(key: Key): T | undefined;
  /** Encoded bytes of a row's value, -1 when there is no such row. */
  lengthOf(key: Key): number;
  scan(index: number, range: KeyRange, order: "asc" | "desc"): Cursor<T>;
  /**
   * Writes a row in place; neither `value` nor `bytes` deletes it.
   *
   * @param sequence The log record that will carry the write.
   */
  apply(
    key: Key,
    value: T | undefined,
    bytes: Uint8Array | undefined,
    moves: readonly IndexMove[],
    sequence: number,
  ): Undo;
  /** Adds an index entry for a row that exists; false when there is nothing to add. */
  fill(index: number, indexKey: Key, key: Key, sequence: number): boolean;
  registerIndex(index: number): void;
  /** @param sequence The log record that carries the drop. */
  dropIndex(index: number, sequence: number): void;
}
