/**
 * Work that is due at moments which rows name: one alarm for the next moment, one piece of work a turn, nothing in between.
 *
 *   rows change ─touch─▶ endTick: next moment ─ later ─▶ alarm ─▶ work in the core's turn ─▶ touch
 *                                            └ passed ────────────▶┘
 *
 * While the disk takes nothing, what is due waits: nothing of it has happened, and it is tried again after a while.
 *
 * @module
 */
import { StorageError } from "../engine/storage-error.ts";
import type { Alarms, Clock } from "../protocol/alarms.ts";

/** After the disk took nothing. */
const DISK_RETRY_MS = 1_000;

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
  #notBeforeMs = 0;

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
    const dueMs = this.#work.nextMs();
    const nextMs = dueMs === undefined ? undefined : Math.max(dueMs, this.#notBeforeMs);
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
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        this.#notBeforeMs = this.#parts.clock.nowMs() + DISK_RETRY_MS;
      } finally {
        this.#isWorking = false;
        this.#isDirty = true;
      }
    });
  }
}
