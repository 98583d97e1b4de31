/**
 * Brings collections back at opening: what the base has, with the rest of the log laid over it.
 *
 * Reads the base's numbers and the log's rest, and no row: opening takes as long as there is log, not as long as there is data.
 *
 * @module
 */
import type { Backlog } from "./backlog.ts";
import type { Base } from "./base.ts";
import { CollectionSlot } from "./collection-slot.ts";
import type { Log } from "./log-types.ts";
import { PagedCollection } from "./paged-collection.ts";
import { decodeRecord } from "./record-codec.ts";
import { replayRecord } from "./replay.ts";
import type { Decoding } from "./slab-rows.ts";
import { copyStats } from "./stats.ts";
import type { Ts } from "./types.ts";

/** What recovery works on. */
export interface RecoveryParts<T> {
  readonly directory: string;
  readonly base: Base;
  readonly log: Log;
  readonly backlog: Backlog;
  readonly decoding: Decoding<T>;
  /** The slot of a collection; made if there is none. */
  readonly slotOf: (collection: number) => CollectionSlot<T>;
}

/**
 * Fills `slots` and the backlog.
 *
 * @returns Timestamp of the newest commit.
 * @throws {Error} If base and log do not belong together.
 */
export function recover<T>(parts: RecoveryParts<T>, slots: Map<number, CollectionSlot<T>>): Ts {
  const { directory, base, log, backlog, decoding } = parts;
  const { applied, progress } = base.state;
  if (log.lastSequence < applied) {
    throw new Error(
      `Cannot open store "${directory}": its log ends at record ${log.lastSequence}, but its base is at ${applied}; put back the log that belongs to it`,
    );
  }
  for (const collection of base.collections) {
    const view = new PagedCollection<T>(base, collection, decoding);
    slots.set(collection, new CollectionSlot<T>(collection, view, copyStats(base.stats(collection)!)));
  }
  let { head } = base.state;
  let expected = applied + 1;
  for (const { sequence, payload } of log.replay(applied)) {
    if (sequence !== expected) {
      throw new Error(
        `Cannot open store "${directory}": its log goes on at record ${sequence}; record ${expected} should come next`,
      );
    }
    const record = decodeRecord(payload);
    backlog.push(sequence, payload);
    // The base's numbers contain the first part of the record that it has half of.
    replayRecord(parts, sequence, record, sequence === applied + 1 ? progress : 0);
    if (record.kind === "commit") head = record.ts;
    expected += 1;
  }
  return head;
}
