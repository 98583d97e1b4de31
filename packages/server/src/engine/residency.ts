/**
 * Decides which collections are in memory, under a budget.
 *
 * At opening every collection is read from the base; in the background, between other work, they become resident, the smallest first, as long as they fit.
 * When writes push the resident ones over the budget, the largest goes back to the base. So what stays in memory is the many small tables; what is paged is
 * the few large ones.
 *
 * Invariants:
 *   - A view changes only between transactions, so undo never crosses a change.
 *   - A loader reads one state of the base while the overlay keeps everything since; the overlay is laid over at the end, in one step.
 *
 * @module
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Backlog } from "./backlog.ts";
import type { Base } from "./base.ts";
import type { BaseReader } from "./base-reader.ts";
import { CollectionSlot } from "./collection-slot.ts";
import { PagedCollection } from "./paged-collection.ts";
import { replayRecord } from "./replay.ts";
import { ResidentCollection } from "./resident-collection.ts";
import { SlabRowStore } from "./slab-rows.ts";
import type { Decoding } from "./slab-rows.ts";
import { indexesOf, residentBytes } from "./stats.ts";
import type { CollectionStats } from "./stats.ts";
import { PRIMARY } from "./types.ts";
import type { Key } from "./types.ts";

/** Rows or entries that are loaded before other work has its turn; about a millisecond. */
const SLICE_ROWS = 500;
/** Collections become resident only up to this share of the budget, so that the next writes do not turn them back. */
const LOAD_SHARE = 0.8;

/** What residency works on. */
export interface ResidencyParts<T> {
  readonly base: Base;
  readonly backlog: Backlog;
  readonly decoding: Decoding<T>;
  readonly slots: ReadonlyMap<number, CollectionSlot<T>>;
  readonly bytesMax: number;
  readonly hasOpenWrites: () => boolean;
  /** Observes a load that failed; the engine cannot go on. */
  readonly failed: (error: unknown) => void;
  /** Observes a collection that counts other rows than it has. */
  readonly miscounted: (message: string) => void;
}

/** See the module comment. */
export class Residency<T> {
  readonly #parts: ResidencyParts<T>;
  #bytes = 0;
  #loading: Promise<void> | undefined;
  #isStopped = false;

  constructor(parts: ResidencyParts<T>) {
    this.#parts = parts;
    for (const slot of parts.slots.values()) if (slot.isResident) this.#bytes += residentBytes(slot.stats);
  }

  /** Estimated memory of the resident collections, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Notes that a collection's numbers changed by so many resident bytes. */
  count(slot: CollectionSlot<T>, bytes: number): void {
    if (slot.isResident) this.#bytes += bytes;
  }

  /** Gives a collection another view and other numbers. */
  replace(slot: CollectionSlot<T>, view: ResidentCollection<T>, stats: CollectionStats): void {
    if (slot.isResident) this.#bytes -= residentBytes(slot.stats);
    slot.view = view;
    slot.stats = stats;
    this.#bytes += residentBytes(stats);
  }

  /** Turns the largest collections back until the rest fits. Only between transactions. */
  enforce(): void {
    while (this.#bytes > this.#parts.bytesMax) {
      let largest: CollectionSlot<T> | undefined;
      for (const slot of this.#parts.slots.values()) {
        if (!slot.isResident) continue;
        if (largest === undefined || residentBytes(slot.stats) > residentBytes(largest.stats)) largest = slot;
      }
      if (largest === undefined || residentBytes(largest.stats) <= 0) return;
      this.#evict(largest);
    }
  }

  /** Begins to load whatever fits, if anything does. */
  consider(): void {
    if (this.#loading !== undefined || this.#isStopped || this.#pick() === undefined) return;
    this.#loading = this.#loadAll()
      .catch(this.#parts.failed)
      .finally(() => {
        this.#loading = undefined;
      });
  }

  /** Resolves when nothing is being loaded. */
  async settled(): Promise<void> {
    await this.#loading;
  }

  /** Ends loading, whatever state it is in. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#loading;
  }

  #evict(slot: CollectionSlot<T>): void {
    const { base, backlog, decoding } = this.#parts;
    const { collection, view } = slot;
    const paged = new CollectionSlot<T>(collection, new PagedCollection<T>(base, collection, decoding));
    if (view instanceof ResidentCollection) for (const index of view.indexes) paged.view.registerIndex(index);
    const slotOf = (wanted: number) => (wanted === collection ? paged : undefined);
    for (const { sequence, record } of backlog.decoded())
      replayRecord({ base, decoding, slotOf }, sequence, record, Infinity);
    this.#bytes -= residentBytes(slot.stats);
    slot.view = paged.view;
  }

  /** The smallest collection that fits and may be loaded. */
  #pick(): CollectionSlot<T> | undefined {
    let smallest: CollectionSlot<T> | undefined;
    for (const slot of this.#parts.slots.values()) {
      if (!(slot.view instanceof PagedCollection) || slot.view.hasHidden) continue;
      if (this.#bytes + residentBytes(slot.stats) > this.#parts.bytesMax * LOAD_SHARE) continue;
      if (smallest === undefined || residentBytes(slot.stats) < residentBytes(smallest.stats)) smallest = slot;
    }
    return smallest;
  }

  async #loadAll(): Promise<void> {
    // Whoever opens the engine has the first turn.
    await nextTurn();
    for (let slot = this.#pick(); slot !== undefined && !this.#isStopped; slot = this.#pick()) await this.#load(slot);
  }

  async #load(slot: CollectionSlot<T>): Promise<void> {
    const paged = slot.view as PagedCollection<T>;
    const { drops } = paged;
    const isOff = () => this.#isStopped || slot.view !== paged || paged.drops !== drops;
    paged.pin();
    const reader = this.#parts.base.openReader();
    try {
      const resident = new ResidentCollection<T>(new SlabRowStore<T>(this.#parts.decoding));
      if (!(await this.#loadTrees(slot.collection, reader, resident, isOff))) return;
      while (this.#parts.hasOpenWrites()) await nextTurn();
      if (isOff()) return;
      layOver(paged, resident);
      slot.view = resident;
      this.#bytes += residentBytes(slot.stats);
      paged.retire();
    } finally {
      reader.close();
      if (slot.view === paged) paged.unpin();
    }
    this.enforce();
  }

  /** Copies rows and entries out of the base; false when the load was called off. */
  async #loadTrees(
    collection: number,
    reader: BaseReader,
    resident: ResidentCollection<T>,
    isOff: () => boolean,
  ): Promise<boolean> {
    const stats = this.#parts.base.stats(collection);
    if (stats === undefined) return true;
    let rows = 0;
    const counted = this.#parts.base.rowsCounted(reader, collection);
    for await (const { keys, values } of slices(reader, collection, PRIMARY)) {
      if (isOff()) return false;
      rows += keys.length;
      for (const [at, key] of keys.entries()) resident.load(key, values[at]!);
    }
    if (rows !== counted) {
      this.#parts.miscounted(
        `Collection ${collection} of the store counts ${counted} rows, but has ${rows}: stop the server and run "narrowcast check"`,
      );
    }
    for (const index of indexesOf(stats)) {
      const indexKeys: Key[] = [];
      const rowKeys: Key[] = [];
      for await (const { keys, values } of slices(reader, collection, index)) {
        if (isOff()) return false;
        for (const key of keys) indexKeys.push(key);
        for (const value of values) rowKeys.push(latin1(value));
      }
      resident.loadIndex(index, indexKeys, rowKeys);
    }
    return !isOff();
  }
}

/** Gives a tree of the base in slices, a turn of the event loop apart. */
async function* slices(reader: BaseReader, collection: number, index: number) {
  let start = "";
  for (;;) {
    const page = reader.page(collection, index, { start, end: undefined }, "asc", SLICE_ROWS);
    yield page;
    if (page.isLast) return;
    start = `${page.keys[page.keys.length - 1]!}\0`;
    await nextTurn();
  }
}

function latin1(bytes: Uint8Array): Key {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** Brings a freshly loaded collection up to date. */
function layOver<T>(paged: PagedCollection<T>, resident: ResidentCollection<T>): void {
  for (const { key, bytes } of paged.overlayRows()) resident.apply(key, undefined, bytes, []).settle();
  for (const index of paged.indexes) {
    resident.registerIndex(index);
    for (const { indexKey, target } of paged.overlayEntries(index)) resident.loadEntry(index, indexKey, target);
  }
}
