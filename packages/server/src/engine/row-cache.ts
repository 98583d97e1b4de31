/**
 * Decides which rows keep their decoded values: a clock over rows, bounded by bytes.
 *
 * A read marks a row hot. When the cache is over its limit, a clock hand goes round: hot rows get a second chance, cold ones lose
 * their decoded value (never the row itself). One array, no lists: nothing is allocated on a hit.
 *
 * @module
 */
import type { Row } from "./row.ts";

/** Observes rows that lost their decoded value, when it must forget them too. */
export interface EvictionListener<T> {
  evicted(row: Row<T>): void;
}

/** See the module comment. */
export class RowCache<T> {
  readonly #bytesMax: number;
  readonly #rows: Row<T>[] = [];
  /** In step with `#rows`. */
  readonly #listeners: (EvictionListener<T> | undefined)[] = [];
  #hand = 0;
  #bytes = 0;

  /** @param bytesMax Estimated bytes of decoded values that may stay. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Estimated bytes of the decoded values that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes in a row whose decoded value was just set. */
  admit(row: Row<T>, encodedBytes: number, listener?: EvictionListener<T>): void {
    // A decoded document of 300 bytes measured 424 bytes of heap; the constant is the slot here and the object's header.
    const cost = encodedBytes + (encodedBytes >> 1) + 64;
    if (row.cost > 0) {
      row.isHot = true;
      this.#bytes += cost - row.cost;
      row.cost = cost;
      this.#shrinkTo(this.#bytesMax);
      return;
    }
    // Make room before the row is added, so that it is not evicted itself.
    this.#shrinkTo(this.#bytesMax - cost);
    if (cost > this.#bytesMax) {
      row.value = undefined;
      listener?.evicted(row);
      return;
    }
    this.#rows.push(row);
    this.#listeners.push(listener);
    this.#bytes += cost;
    row.cost = cost;
  }

  #shrinkTo(bytes: number): void {
    while (this.#bytes > bytes && this.#rows.length > 0) this.#turn();
  }

  /** Moves the hand by one row. */
  #turn(): void {
    if (this.#hand >= this.#rows.length) this.#hand = 0;
    const row = this.#rows[this.#hand]!;
    if (row.isHot && row.value !== undefined) {
      row.isHot = false;
      this.#hand += 1;
      return;
    }
    this.#bytes -= row.cost;
    row.cost = 0;
    row.value = undefined;
    this.#listeners[this.#hand]?.evicted(row);
    this.#removeAtHand();
  }

  /** Fills the gap with the newest row and passes it by: without that the hand would stand still and throw out what just came. */
  #removeAtHand(): void {
    const lastRow = this.#rows.pop()!;
    const lastListener = this.#listeners.pop();
    if (this.#hand >= this.#rows.length) {
      // It was the last one itself: the round is over.
      this.#hand = 0;
      return;
    }
    this.#rows[this.#hand] = lastRow;
    this.#listeners[this.#hand] = lastListener;
    this.#hand += 1;
  }
}
