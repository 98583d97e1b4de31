/**
 * Turns: so many at once, the others wait in line.
 *
 * @module
 */

/** See the module comment. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  /** @param count How many may be at work at once. */
  constructor(count: number) {
    this.#free = count;
  }

  /** Does `work` when it is its turn. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      // The turn goes straight to the next in line, so that a new caller cannot overtake it.
      else next();
    }
  }
}
