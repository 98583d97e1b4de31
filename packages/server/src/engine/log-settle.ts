/**
 * Makes what opening a log found durable, before anything is written behind it. Where the disk failed a moment ago this may fail again: reads go on all
 * the same, and it is tried again once in a while, when somebody wants to write.
 *
 * @module
 */
import { StorageError } from "./storage-error.ts";

const AGAIN_MS = 1_000;

/** See the module comment. */
export class LogSettle {
  readonly #settle: () => void;
  #obstacle: StorageError | undefined;
  #againMs = 0;

  /** @throws What `settle` throws, unless it is the disk's error and `mayFail`. */
  constructor(settle: () => void, mayFail: boolean) {
    this.#settle = settle;
    this.#try();
    if (this.#obstacle !== undefined && !mayFail) throw this.#obstacle.cause;
  }

  /** Why it is not done yet; looks whether it can be done now. `undefined`: it is done. */
  get obstacle(): StorageError | undefined {
    if (this.#obstacle !== undefined && performance.now() >= this.#againMs) this.#try();
    return this.#obstacle;
  }

  get isDone(): boolean {
    return this.#obstacle === undefined;
  }

  #try(): void {
    this.#obstacle = undefined;
    try {
      this.#settle();
    } catch (error) {
      this.#obstacle = StorageError.from(error);
      if (this.#obstacle === undefined) throw error;
      this.#againMs = performance.now() + AGAIN_MS;
    }
  }
}
