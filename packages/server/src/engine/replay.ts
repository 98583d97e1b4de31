/**
 * Applies logged records to collections: at opening, and when a collection leaves memory.
 *
 * @module
 */
import type { Base } from "./base.ts";
import type { CollectionSlot } from "./collection-slot.ts";
import { PagedCollection } from "./paged-collection.ts";
import type { StoredRecord } from "./record-codec.ts";
import type { Decoding } from "./slab-rows.ts";
import { countEntry, countWrite, emptyStats } from "./stats.ts";

/** How to lay records over collections. */
export interface Replay<T> {
  readonly base: Base;
  readonly decoding: Decoding<T>;
  /** The slot of a collection; `undefined` leaves its changes out. */
  readonly slotOf: (collection: number) => CollectionSlot<T> | undefined;
}

/**
 * Applies one record to the collections it concerns.
 *
 * @param countFrom First write or entry that the slots' numbers do not contain yet.
 */
export function replayRecord<T>(replay: Replay<T>, sequence: number, record: StoredRecord, countFrom: number): void {
  switch (record.kind) {
    case "commit":
      for (const [at, { collection, key, bytes, lengthBefore, moves }] of record.writes.entries()) {
        const slot = replay.slotOf(collection);
        if (slot === undefined) continue;
        slot.view.apply(key, undefined, bytes, moves, sequence).settle();
        if (at >= countFrom) countWrite(slot.stats, key, bytes?.length ?? -1, lengthBefore, moves);
      }
      return;
    case "fill": {
      const slot = replay.slotOf(record.collection);
      if (slot === undefined) return;
      slot.view.registerIndex(record.index);
      for (const [at, { indexKey, key }] of record.entries.entries()) {
        slot.view.fill(record.index, indexKey, key, sequence);
        if (at >= countFrom) countEntry(slot.stats, record.index, indexKey, 1);
      }
      return;
    }
    case "dropIndex": {
      const slot = replay.slotOf(record.collection);
      slot?.view.dropIndex(record.index, sequence);
      if (slot !== undefined) delete slot.stats.indexes[record.index];
      return;
    }
    case "dropCollection": {
      const slot = replay.slotOf(record.collection);
      if (slot === undefined) return;
      slot.view = new PagedCollection<T>(replay.base, record.collection, replay.decoding, sequence);
      slot.stats = emptyStats();
    }
  }
}
