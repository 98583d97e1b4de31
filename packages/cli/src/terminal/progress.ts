/**
 * Progress of long work on stderr: one line that is redrawn on a terminal, a line per message in a log.
 *
 * @module
 */

/** Where progress goes; `process.stderr` fits. */
export interface ProgressSink {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const REDRAW_MS = 100;
const COLUMNS_DEFAULT = 80;

/** Shows the newest of many messages. Repeated messages cost nothing. */
export class Progress {
  readonly #sink: ProgressSink;
  readonly #now: () => number;
  #last = "";
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(sink: ProgressSink, now: () => number = Date.now) {
    this.#sink = sink;
    this.#now = now;
  }

  /** Shows `message` instead of the last one. On a terminal at most every 100 ms. */
  update(message: string): void {
    if (message === this.#last) return;
    this.#last = message;
    if (this.#sink.isTTY !== true) {
      this.#sink.write(`${message}\n`);
      return;
    }
    if (this.#now() - this.#drawnAtMs < REDRAW_MS) return;
    this.#drawnAtMs = this.#now();
    this.#isDrawn = true;
    this.#sink.write(`\r\u001b[K${message.slice(0, (this.#sink.columns ?? COLUMNS_DEFAULT) - 1)}`);
  }

  /** Clears the line, so that what follows starts on a clean one. */
  done(): void {
    if (this.#isDrawn) this.#sink.write("\r\u001b[K");
    this.#isDrawn = false;
    this.#last = "";
  }
}
