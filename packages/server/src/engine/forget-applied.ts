/**
 * What the base has, paged collections need not lay over it any more.
 *
 * @module
 */
import type { BacklogRecord } from "./backlog.ts";
import type { CollectionSlot } from "./collection-slot.ts";
import { PagedCollection } from "./paged-collection.ts";
import { decodeRecord, type StoredRecord } from "./record-codec.ts";

/** Lets paged collections forget `records`, which are wholly in the base. */
export function forgetApplied<T>(
  slots: ReadonlyMap<number, CollectionSlot<T>>,
  records: readonly BacklogRecord[],
): void {
  const hasPaged = [...slots.values()].some(({ isResident }) => !isResident);
  if (!hasPaged) return;
  for (const { sequence, payload } of records) forget(slots, sequence, decodeRecord(payload));
}

function forget<T>(slots: ReadonlyMap<number, CollectionSlot<T>>, sequence: number, record: StoredRecord): void {
  if (record.kind === "commit") {
    for (const write of record.writes) {
      const view = slots.get(write.collection)?.view;
      if (view instanceof PagedCollection) view.forgetWrite(write, sequence);
    }
  } else if (record.kind === "fill") {
    const view = slots.get(record.collection)?.view;
    if (!(view instanceof PagedCollection)) return;
    for (const { indexKey } of record.entries) view.forgetEntry(record.index, indexKey, sequence);
  }
}
