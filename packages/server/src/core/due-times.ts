/**
 * When the deployment has to do something by itself next: the next scheduled function, cron, result and session row to delete.
 *
 * Rows are many and moments are few: a commit says that a moment may be another one, and whoever asks for it next reads one row.
 *
 * @module
 */
import type { Transaction } from "../tx/types.ts";
import { nextCronMs } from "./cron-rows.ts";
import { nextPendingMs, oldestResultMs } from "./scheduled-rows.ts";
import { oldestSessionMs } from "./sessions.ts";

interface Reads {
  read<T>(work: (tx: Transaction) => T): T;
}

/** A moment that is read when it is asked for after a change. */
class Moment {
  readonly #reads: Reads;
  readonly #find: (tx: Transaction) => number | undefined;
  #ms: number | undefined;
  #isStale = true;

  constructor(reads: Reads, find: (tx: Transaction) => number | undefined) {
    this.#reads = reads;
    this.#find = find;
  }

  /** Milliseconds since the epoch; undefined: never. */
  get ms(): number | undefined {
    if (this.#isStale) this.#ms = this.#reads.read(this.#find);
    this.#isStale = false;
    return this.#ms;
  }

  /** Whether it is known that there is a row. */
  get isSet(): boolean {
    return !this.#isStale && this.#ms !== undefined;
  }

  changed(): void {
    this.#isStale = true;
  }
}

/** See the module comment. All in milliseconds since the epoch, `undefined` when there is no such row. */
export class DueTimes {
  readonly #job: Moment;
  readonly #result: Moment;
  readonly #cron: Moment;
  readonly #session: Moment;

  constructor(reads: Reads) {
    this.#job = new Moment(reads, nextPendingMs);
    this.#result = new Moment(reads, oldestResultMs);
    this.#cron = new Moment(reads, nextCronMs);
    this.#session = new Moment(reads, oldestSessionMs);
  }

  /** When the first pending function is to start. */
  get jobMs(): number | undefined {
    return this.#job.ms;
  }

  /** When the oldest finished function finished. */
  get resultMs(): number | undefined {
    return this.#result.ms;
  }

  /** When the first cron is to start. */
  get cronMs(): number | undefined {
    return this.#cron.ms;
  }

  /** When the oldest session row was made. */
  get sessionMs(): number | undefined {
    return this.#session.ms;
  }

  jobChanged(): void {
    this.#job.changed();
    this.#result.changed();
  }

  cronChanged(): void {
    this.#cron.changed();
  }

  /** Every mutation of a client writes a session row: only the first, and those that go or are made anew, can change which is the oldest. */
  sessionChanged(isGone: boolean): void {
    if (isGone || !this.#session.isSet) this.#session.changed();
  }
}
