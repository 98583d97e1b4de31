/**
 * A budget of bytes over things that are forgotten when they were not used for longest.
 *
 * Second chance: a use sets a mark; who is due to go and has the mark loses it and goes to the end of the row. So a use costs one assignment.
 *
 * The row is an array with a moving head: taking the first out of a `Set` again and again walks over all that were taken out before.
 *
 * @module
 */

/** Something that takes memory and can be had again. */
export interface Held {
  readonly bytes: number;
  isUsed: boolean;
  /** Forgotten: what it takes no longer counts. */
  isGone: boolean;
}

/** Places before the head are given back when there are this many, and more than half of all. */
const PLACES_MIN = 1_024;

/** See the module comment. */
export class NodeBudget<T extends Held> {
  /** In the order in which they are due; places before the head are empty, and what is gone is passed over. */
  #row: (T | undefined)[] = [];
  #head = 0;
  readonly #bytesMax: number;
  readonly #forget: (held: T) => void;
  bytes = 0;
  forgotten = 0;
  size = 0;

  /** @param forget Takes out what has to go. */
  constructor(bytesMax: number, forget: (held: T) => void) {
    this.#bytesMax = bytesMax;
    this.#forget = forget;
  }

  /** Takes `held` in. It stays at least until the next call. */
  add(held: T): void {
    this.#makeRoom(this.#bytesMax - held.bytes);
    this.#row.push(held);
    this.size += 1;
    this.bytes += held.bytes;
  }

  /** Takes out what was taken in before. */
  remove(held: T): void {
    if (held.isGone) return;
    held.isGone = true;
    this.size -= 1;
    this.bytes -= held.bytes;
    this.#forget(held);
    if (this.#row.length - this.#head > 2 * this.size + PLACES_MIN) this.#close();
  }

  clear(): void {
    const row = this.#row;
    this.#row = [];
    this.#head = 0;
    for (const held of row) if (held !== undefined) this.remove(held);
  }

  #makeRoom(bytesMax: number): void {
    while (this.bytes > bytesMax && this.#head < this.#row.length) {
      const held = this.#row[this.#head] as T;
      this.#row[this.#head] = undefined;
      this.#head += 1;
      if (held.isGone) continue;
      if (held.isUsed) {
        held.isUsed = false;
        this.#row.push(held);
      } else {
        this.forgotten += 1;
        this.remove(held);
      }
    }
    if (this.#head > PLACES_MIN && this.#head * 2 > this.#row.length) this.#close();
  }

  /** Closes the gaps, so that nothing is held by its place alone. */
  #close(): void {
    this.#row = this.#row.slice(this.#head).filter((held) => held?.isGone === false);
    this.#head = 0;
  }
}
