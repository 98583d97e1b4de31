/**
 * Work that is due at moments which rows name: one alarm for the next moment, one piece of work a turn, nothing in between.
 *
 *   rows change ─touch─▶ endTick: next moment ─ later ─▶ alarm ─▶ work in the core's turn ─▶ touch
 *                                            └ passed ────────────▶┘
 *
 * @module
 */
import type { Alarms, Clock } from "../protocol/alarms.ts";

/** What a ticker needs of the core. */
export interface TickerParts {
  readonly clock: Clock;
  readonly alarms: Alarms;
  /** Runs `job` in the core's turn. */
  enqueue(job: () => Promise<void> | void): void;
}

/** What is done, and when. */
export interface TickerWork {
  /** Names the alarm. */
  readonly name: string;
  /** The next moment at which there is something to do, in milliseconds since the epoch. */
  nextMs(): number | undefined;
  /** Does one piece of what is due. */
  work(): Promise<void> | void;
}

/** See the module comment. */
export class Ticker {
  readonly #parts: TickerParts;
  readonly #work: TickerWork;
  #isDirty = true;
  #isWorking = false;

  constructor(parts: TickerParts, work: TickerWork) {
    this.#parts = parts;
    this.#work = work;
  }

  /** The next moment may be another one. */
  touch(): void {
    this.#isDirty = true;
  }

  /** After a tick of the core: sets the alarm, or begins what is due. */
  endTick(): void {
    if (!this.#isDirty || this.#isWorking) return;
    this.#isDirty = false;
    const nextMs = this.#work.nextMs();
    const isDue = nextMs !== undefined && nextMs <= this.#parts.clock.nowMs();
    this.#parts.alarms.set(this.#work.name, isDue ? undefined : nextMs, () => this.#wake());
    if (isDue) this.#wake();
  }

  #wake(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.#parts.enqueue(async () => {
      try {
        await this.#work.work();
      } finally {
        this.#isWorking = false;
        this.#isDirty = true;
      }
    });
  }
}
