/**
 * A collection's numbers, and how records change them. The engine (live) and the checkpointer (in the base) count by the same rules,
 * so the numbers meet when everything is applied.
 *
 * @module
 */
import type { IndexMove, Key } from "./types.ts";

/** Heap and slab bytes of a resident row besides its key and value: row object, map entry, slot header. */
const RESIDENT_ROW_BYTES = 200;
/** Heap bytes of a resident index entry besides its key: string header, two pointers, share of the nodes. */
const RESIDENT_ENTRY_BYTES = 60;

/** Numbers of one index. They follow the moves as callers state them, so they are an estimate. */
export interface IndexStats {
  entries: number;
  /** Bytes of index keys. */
  bytes: number;
}

/** Numbers of one collection. */
export interface CollectionStats {
  /** Exact. */
  rows: number;
  /** Bytes of encoded values and primary keys; exact. */
  rowBytes: number;
  /** By index number: every index that has, or had, entries. */
  readonly indexes: Record<number, IndexStats>;
}

/** A fresh collection's numbers. */
export function emptyStats(): CollectionStats {
  return { rows: 0, rowBytes: 0, indexes: {} };
}

/** An independent copy. */
export function copyStats(stats: CollectionStats): CollectionStats {
  const indexes: Record<number, IndexStats> = {};
  for (const index of indexesOf(stats)) indexes[index] = { ...stats.indexes[index]! };
  return { rows: stats.rows, rowBytes: stats.rowBytes, indexes };
}

/** Numbers of the indexes that have, or had, entries. */
export function indexesOf(stats: CollectionStats): number[] {
  return Object.keys(stats.indexes).map(Number);
}

/**
 * Counts one write, or takes it back with `sign` -1.
 *
 * @param lengthAfter Encoded bytes of the new value, -1 for a delete.
 * @param lengthBefore Encoded bytes of the value before, -1 when there was no row.
 * @returns The change of `residentBytes`.
 */
export function countWrite(
  stats: CollectionStats,
  key: Key,
  lengthAfter: number,
  lengthBefore: number,
  moves: readonly IndexMove[],
  sign: 1 | -1 = 1,
): number {
  const rows = sign * ((lengthAfter < 0 ? 0 : 1) - (lengthBefore < 0 ? 0 : 1));
  const rowAfter = lengthAfter < 0 ? 0 : lengthAfter + key.length;
  const rowBefore = lengthBefore < 0 ? 0 : lengthBefore + key.length;
  const rowBytes = sign * (rowAfter - rowBefore);
  stats.rows += rows;
  stats.rowBytes += rowBytes;
  let change = bytesOfRows(rows, rowBytes);
  for (const { index, remove, add } of moves) {
    if (remove !== undefined) change += countEntry(stats, index, remove, sign === 1 ? -1 : 1);
    if (add !== undefined) change += countEntry(stats, index, add, sign);
  }
  return change;
}

/** Counts one index entry that comes (1) or goes (-1). Gives the change of `residentBytes`. */
export function countEntry(stats: CollectionStats, index: number, indexKey: Key, sign: 1 | -1): number {
  const numbers = (stats.indexes[index] ??= { entries: 0, bytes: 0 });
  numbers.entries += sign;
  numbers.bytes += sign * indexKey.length;
  return sign * (RESIDENT_ENTRY_BYTES + indexKey.length);
}

/** Estimated memory of a collection when it is resident, in bytes. */
export function residentBytes(stats: CollectionStats): number {
  let bytes = bytesOfRows(stats.rows, stats.rowBytes);
  for (const index of indexesOf(stats)) {
    const numbers = stats.indexes[index]!;
    bytes += numbers.entries * RESIDENT_ENTRY_BYTES + numbers.bytes;
  }
  return bytes;
}

/** The slab's size classes waste an eighth on average at most. */
function bytesOfRows(rows: number, rowBytes: number): number {
  return rows * RESIDENT_ROW_BYTES + rowBytes * 1.125;
}
