/**
 * A log in memory: for simulations and for engines in memory that others follow.
 *
 * @module
 */
import { LogFollowers } from "./log-followers.ts";
import type { Log, LogFollower, LogRecord } from "./log-types.ts";

/** See the module comment; the contract is `Log`'s. */
export class MemoryLog implements Log {
  /** Records in order; the first has sequence 1. */
  readonly #records: LogRecord[];
  readonly #settle: () => Promise<void>;
  readonly #followers: LogFollowers;
  #durable: number;
  #bytes = 0;
  #flushes = 0;

  /**
   * @param kept Records that are durable already, from the first on; new ones are added to a list of its own.
   * @param settle Resolves when what was appended before the call is durable; rejects when it never will be.
   */
  constructor(kept: readonly LogRecord[] = [], settle: () => Promise<void> = () => Promise.resolve()) {
    this.#records = [...kept];
    this.#durable = kept.length;
    this.#settle = settle;
    this.#followers = new LogFollowers((after, last) => this.#records.slice(after, last));
  }

  get lastSequence(): number {
    return this.#records.length;
  }

  readonly trimmedSequence = 0;

  get durableSequence(): number {
    return this.#durable;
  }

  get bytesAppended(): number {
    return this.#bytes;
  }

  get flushes(): number {
    return this.#flushes;
  }

  /** What a crash now would leave. */
  get durableRecords(): readonly LogRecord[] {
    return this.#records.slice(0, this.#durable);
  }

  obstacle(): undefined {
    return undefined;
  }

  append(payload: Uint8Array): number {
    const record = { sequence: this.#records.length + 1, payload };
    this.#records.push(record);
    this.#bytes += payload.length;
    this.#followers.appended(record);
    return record.sequence;
  }

  async flush(): Promise<void> {
    const target = this.#records.length;
    await this.#settle();
    if (target <= this.#durable) return;
    this.#durable = target;
    this.#flushes += 1;
    this.#followers.flushed(target);
  }

  replay(after: number): IterableIterator<LogRecord> {
    return this.#records.slice(after).values();
  }

  follow(after: number, follower: LogFollower): () => void {
    if (after > this.#durable) {
      const text = `records 1 to ${this.#durable} are there`;
      throw new RangeError(`Cannot follow log behind record ${after}: ${text}; start from a copy of the store`);
    }
    return this.#followers.add(after, follower, this.#durable);
  }

  /** Nothing is ever forgotten. */
  trim(): void {}

  async close(): Promise<void> {
    await this.flush();
    this.#followers.clear();
  }
}
