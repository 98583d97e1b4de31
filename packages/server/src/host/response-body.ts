/**
 * The body of an HTTP action's response, pulled chunk by chunk out of its thread.
 *
 * @module
 */

/** Bytes that arrive over time. Iterated once. */
export class ResponseBody implements AsyncIterable<Uint8Array> {
  readonly #pull: () => void;
  readonly #cancel: () => void;
  readonly #chunks: Uint8Array[] = [];
  #isEnded = false;
  #error: string | null = null;
  #wake: (() => void) | undefined;

  /**
   * @param pull Tells the thread that one chunk was consumed.
   * @param cancel Tells the thread that nobody reads any more.
   */
  constructor(pull: () => void, cancel: () => void) {
    this.#pull = pull;
    this.#cancel = cancel;
  }

  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#wake?.();
  }

  /** No more chunks; `error`: the body broke off. */
  end(error: string | null): void {
    this.#isEnded = true;
    this.#error = error;
    this.#wake?.();
  }

  /** No generator: its `return` would wait for the chunk that is being waited for, which may never come. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return { next: () => this.#next(), return: () => this.#leave() };
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#pull();
        return { value: chunk, done: false };
      }
      if (this.#isEnded) {
        if (this.#error !== null) throw new Error(this.#error);
        return { value: undefined, done: true };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #leave(): Promise<IteratorReturnResult<undefined>> {
    if (!this.#isEnded) {
      this.#cancel();
      this.#chunks.length = 0;
      this.end(null);
    }
    return { value: undefined, done: true };
  }
}
