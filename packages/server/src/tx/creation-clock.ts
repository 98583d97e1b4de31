/**
 * Creation times: milliseconds with a fraction that grow by the smallest possible step with every insert.
 *
 * @module
 */

/** Gives each insert of one transaction its `_creationTime`. */
export class CreationClock {
  readonly startMs: number;
  readonly #float = new Float64Array(1);
  readonly #bits = new BigInt64Array(this.#float.buffer);
  #used = false;

  constructor(startMs: number) {
    this.startMs = startMs;
    this.#float[0] = startMs;
  }

  /** The latest time given; `startMs` when none was. */
  get lastMs(): number {
    return this.#float[0] ?? this.startMs;
  }

  next(): number {
    if (this.#used) this.#bits[0] = (this.#bits[0] ?? 0n) + 1n;
    this.#used = true;
    return this.lastMs;
  }
}

/** The smallest number after a positive finite `value`. */
export function nextNumber(value: number): number {
  const clock = new CreationClock(value);
  clock.next();
  return clock.next();
}
