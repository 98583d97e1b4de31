/**
 * Pushes and changes of the environment stand in one line: each replaces what the one before it made active.
 *
 * @module
 */

/** See the module comment. */
export class PushLine {
  readonly #waiting: (() => void)[] = [];
  #isBusy = false;

  /** Runs `begin` when its turn comes; it must lead to {@linkcode PushLine.done}. */
  add(begin: () => void): void {
    this.#waiting.push(begin);
    this.#next();
  }

  /** The one under way is over. */
  done(): void {
    this.#isBusy = false;
    this.#next();
  }

  #next(): void {
    if (this.#isBusy) return;
    const begin = this.#waiting.shift();
    if (begin === undefined) return;
    this.#isBusy = true;
    begin();
  }
}
