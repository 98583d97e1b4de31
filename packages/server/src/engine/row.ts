/**
 * Rows: one stable object for each row, at which every tree of its collection points.
 *
 * A write changes the row in place, so an update that moves no index entry touches no tree at all. Where the value lies
 * (in the object itself, or encoded outside the heap with a bounded cache of decoded ones) is a `RowStore`'s business.
 *
 * @module
 */
import type { Key } from "./types.ts";

/** `ref` of a row that a store keeps no bytes for. */
export const NO_REF = -1;

/** One row. The fields are small integers and pointers, so a million of them stay cheap to collect. */
export class Row<T> {
  readonly key: Key;
  /** The decoded value, if it is in memory. */
  value: T | undefined = undefined;
  /** Where the store keeps the encoded value; `NO_REF` = nowhere. */
  ref: number = NO_REF;
  /** What the decoded value counts in the row cache, in bytes; 0 = not in the cache. */
  cost = 0;
  /** Read since the cache's hand last passed. */
  isHot = false;

  constructor(key: Key) {
    this.key = key;
  }
}

/** Keeps the values of rows. */
export interface RowStore<T> {
  /** Gives the row a new value: decoded, encoded, or both. What it had before stays alive until `release`. */
  assign(row: Row<T>, value: T | undefined, bytes: Uint8Array | undefined): void;
  /** Gives a row back what it had before an `assign`; what it has now is released. */
  restore(row: Row<T>, ref: number, value: T | undefined): void;
  read(row: Row<T>): T;
  /** Encoded bytes of the row's value; 0 when nothing is encoded. */
  lengthOf(row: Row<T>): number;
  /** Frees what a `ref` names: the value it held can no longer come back. */
  release(ref: number): void;
}

/** Rows that hold their values themselves. */
export class PlainRowStore<T> implements RowStore<T> {
  assign(row: Row<T>, value: T | undefined): void {
    row.value = value;
  }

  restore(row: Row<T>, _ref: number, value: T | undefined): void {
    row.value = value;
  }

  read(row: Row<T>): T {
    return row.value!;
  }

  lengthOf(): number {
    return 0;
  }

  release(): void {
    // The garbage collector frees plain values.
  }
}
