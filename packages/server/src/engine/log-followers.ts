/**
 * Who follows a log: each is told of every durable record once, in order.
 *
 *   append ──▶ newest (kept while somebody follows) ──durable──▶ followers
 *   disk ──────────────────────────────────────────── what a follower missed
 *
 * A follower is told at once when it comes and at the end of each flush, so none ever falls behind and trimming waits for nobody.
 *
 * @module
 */
import type { LogFollower, LogRecord } from "./log-types.ts";

/** Most records that a follower is told of at once when they come from disk. */
const BATCH_RECORDS = 1_000;

interface Place {
  readonly follower: LogFollower;
  /** Last record that it was told of. */
  at: number;
}

/** See the module comment. */
export class LogFollowers {
  /** Durable records behind `after`, from wherever they lie. */
  readonly #read: (after: number, last: number) => Iterable<LogRecord>;
  readonly #places = new Set<Place>();
  /** Records since the last flush that was told of, if anybody followed when they were appended. */
  #newest: LogRecord[] = [];

  constructor(read: (after: number, last: number) => Iterable<LogRecord>) {
    this.#read = read;
  }

  get count(): number {
    return this.#places.size;
  }

  /** Adds a follower and tells it of what is durable. Returns how to leave. @throws What reading or the follower throws. */
  add(after: number, follower: LogFollower, durable: number): () => void {
    const place: Place = { follower, at: after };
    // Here a failure is the caller's: nobody follows yet.
    if (after < durable) for (const batch of this.#missed(after, durable)) tell(place, batch);
    this.#places.add(place);
    return () => void this.#places.delete(place);
  }

  /** A record was appended. Its payload stays as it is. */
  appended(record: LogRecord): void {
    if (this.#places.size > 0) this.#newest.push(record);
  }

  /** Records up to `durable` are on disk. */
  flushed(durable: number): void {
    if (this.#places.size === 0) {
      this.#newest = [];
      return;
    }
    const fresh = this.#newest.filter(({ sequence }) => sequence <= durable);
    this.#newest = this.#newest.filter(({ sequence }) => sequence > durable);
    const first = fresh[0]?.sequence ?? Infinity;
    for (const place of this.#places) {
      if (place.at >= durable) continue;
      try {
        if (first <= place.at + 1)
          tell(
            place,
            fresh.filter(({ sequence }) => sequence > place.at),
          );
        else for (const batch of this.#missed(place.at, durable)) tell(place, batch);
      } catch (error) {
        this.#drop(place, error);
      }
    }
  }

  /** The log has ended: nobody is told of anything more. */
  clear(): void {
    this.#places.clear();
    this.#newest = [];
  }

  /** What lies on disk, some at a time: a follower may have missed more than fits in memory. */
  *#missed(after: number, last: number): Generator<readonly LogRecord[], undefined> {
    let batch: LogRecord[] = [];
    for (const record of this.#read(after, last)) {
      if (batch.push(record) < BATCH_RECORDS) continue;
      yield batch;
      batch = [];
    }
    yield batch;
  }

  /** A follower's failure is its own: the writer goes on. */
  #drop(place: Place, error: unknown): void {
    this.#places.delete(place);
    place.follower.failed(error instanceof Error ? error : new Error(String(error)));
  }
}

function tell(place: Place, records: readonly LogRecord[]): void {
  const last = records.at(-1);
  if (last === undefined) return;
  place.follower.records(records);
  place.at = last.sequence;
}
