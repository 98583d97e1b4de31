/**
 * A budget of bytes over things that are forgotten when they were not used for longest.
 *
 * Second chance: a use sets a mark; who is due to go and has the mark loses it and goes to the end of the row. So a use costs one assignment.
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

/** See the module comment. */
export class NodeBudget<T extends Held> {
  readonly #held = new Set<T>();
  readonly #bytesMax: number;
  readonly #forget: (held: T) => void;
  bytes = 0;
  forgotten = 0;

  /** @param forget Takes out what has to go. */
  constructor(bytesMax: number, forget: (held: T) => void) {
    this.#bytesMax = bytesMax;
    this.#forget = forget;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Takes `held` in. It stays at least until the next call. */
  add(held: T): void {
    this.#makeRoom(this.#bytesMax - held.bytes);
    this.#held.add(held);
    this.bytes += held.bytes;
  }

  remove(held: T): void {
    if (!this.#held.delete(held)) return;
    held.isGone = true;
    this.bytes -= held.bytes;
    this.#forget(held);
  }

  clear(): void {
    for (const held of this.#held) this.remove(held);
  }

  #makeRoom(bytesMax: number): void {
    for (const held of this.#held) {
      if (this.bytes <= bytesMax) return;
      if (held.isUsed) {
        held.isUsed = false;
        this.#held.delete(held);
        this.#held.add(held);
      } else {
        this.forgotten += 1;
        this.remove(held);
      }
    }
  }
}
