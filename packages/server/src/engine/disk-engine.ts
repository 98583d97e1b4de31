/**
 * The engine on disk: a log that makes commits durable, collections in memory, and a base for everything.
 *
 *   put ──▶ views (resident | paged + overlay)
 *    └───▶ record ──commit──▶ log buffer ──flush──▶ disk            acknowledged here
 *                     └──▶ backlog ──checkpointer──▶ base (LMDB)    later, in small transactions
 *
 * Opening reads the base's state and the rest of the log, and serves at once; collections become resident in the background.
 *
 * Not here: what the views are (`resident-collection.ts`, `paged-collection.ts`), which of them a collection has
 * (`residency.ts`), the log (`log.ts`).
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Backlog } from "./backlog.ts";
import { Base } from "./base.ts";
import { Checkpointer } from "./checkpointer.ts";
import { CheckpointSchedule } from "./checkpoint-schedule.ts";
import { CollectionSlot } from "./collection-slot.ts";
import { type DiskEngineOptions, type ResolvedOptions, withDefaults } from "./disk-engine-options.ts";
import { copyStore } from "./copy-store.ts";
import { forgetApplied } from "./forget-applied.ts";
import type { Log } from "./log-types.ts";
import { CommitWriter, decodeRecord, encodeDropCollection, encodeDropIndex, encodeFill } from "./record-codec.ts";
import { recover } from "./recover.ts";
import { Residency } from "./residency.ts";
import { ResidentCollection } from "./resident-collection.ts";
import { RowCache } from "./row-cache.ts";
import type { Undo } from "./rows-view.ts";
import { SlabRowStore } from "./slab-rows.ts";
import type { Decoding } from "./slab-rows.ts";
import { countEntry, countWrite, emptyStats, residentBytes } from "./stats.ts";
import type { StorageError } from "./storage-error.ts";
import { assertBetweenTransactions, assertTsGrows } from "./transaction-rules.ts";
import type { Cursor, Engine, EngineCounters, IndexMove, Key, KeyRange, RowWrite, Savepoint, Ts } from "./types.ts";

/** Share of the memory budget that decoded rows may take; the rest is for resident collections. */
const CACHE_SHARE = 0.25;
/** A disk that has no room for such a record is in trouble, though smaller ones still fit. */
const LARGE_RECORD_BYTES = 1024 * 1024;

interface OpenWrite<T> {
  readonly slot: CollectionSlot<T>;
  readonly undo: Undo;
  readonly key: Key;
  readonly moves: readonly IndexMove[];
  readonly lengthAfter: number;
  readonly lengthBefore: number;
  /** Length of the record before this write. */
  readonly recordLength: number;
}

export type { DiskEngineOptions } from "./disk-engine-options.ts";

/** See the module comment; the contract is `Engine`'s. */
export class DiskEngine<T> implements Engine<T> {
  readonly #options: ResolvedOptions<T>;
  readonly #base: Base;
  readonly #log: Log;
  readonly #backlog = new Backlog();
  readonly #slots = new Map<number, CollectionSlot<T>>();
  readonly #decoding: Decoding<T>;
  readonly #checkpointer: Checkpointer;
  readonly #schedule: CheckpointSchedule;
  readonly #residency: Residency<T>;
  readonly #record = new CommitWriter();
  #open: OpenWrite<T>[] = [];
  #head: Ts = 0;
  #durable: Ts = 0;
  #failure: unknown;
  #closing: Promise<void> | undefined;
  /** The base must stay open until copies are made. */
  #copying: Promise<unknown> = Promise.resolve();
  readonly #counters: EngineCounters = {
    rowsDecoded: 0,
    rowsFromBase: 0,
    bytesFromBase: 0,
    flushes: 0,
    bytesLogged: 0,
    checkpoints: 0,
  };

  /**
   * Opens a store on its log, or makes an empty one; see `open-disk-engine.ts`.
   *
   * @param log Open, and the engine's from here on: it is closed with it, also when this throws. Whoever holds it keeps others away from the base.
   * @throws {LogDamagedError} If the log is damaged.
   * @throws {Error} If log and base do not belong together.
   */
  constructor(options: DiskEngineOptions<T>, log: Log) {
    this.#options = withDefaults(options);
    const { directory, codec, memoryBytes } = this.#options;
    this.#log = log;
    const cache = new RowCache<T>(memoryBytes * CACHE_SHARE);
    this.#decoding = { codec, cache, counters: this.#counters };
    mkdirSync(join(directory, "base"), { recursive: true });
    let base: Base | undefined;
    try {
      base = new Base(join(directory, "base"));
      this.#base = base;
      const slotOf = (collection: number) => this.#slotOf(collection);
      const parts = { directory, base, log: this.#log, backlog: this.#backlog, decoding: this.#decoding, slotOf };
      this.#head = recover(parts, this.#slots);
      this.#durable = this.#head;
    } catch (error) {
      abandon(this.#log, base);
      throw error;
    }
    this.#checkpointer = new Checkpointer({
      base: this.#base,
      log: this.#log,
      backlog: this.#backlog,
      counters: this.#counters,
      applied: (records) => {
        forgetApplied(this.#slots, records);
        this.#residency.consider();
      },
    });
    this.#schedule = new CheckpointSchedule({
      checkpointer: this.#checkpointer,
      backlog: this.#backlog,
      options: this.#options,
      failed: (error) => this.#fail(error),
    });
    this.#residency = new Residency<T>({
      base: this.#base,
      backlog: this.#backlog,
      decoding: this.#decoding,
      slots: this.#slots,
      bytesMax: memoryBytes * (1 - CACHE_SHARE),
      hasOpenWrites: () => this.#open.length > 0,
      failed: (error) => this.#fail(error),
      miscounted: this.#options.miscounted,
    });
    this.#residency.enforce();
    this.#residency.consider();
    this.#schedule.plan();
  }

  get head(): Ts {
    return this.#head;
  }

  get durable(): Ts {
    return this.#durable;
  }

  get obstacle(): StorageError | undefined {
    return this.#obstacleTo(LARGE_RECORD_BYTES);
  }

  get counters(): Readonly<EngineCounters> {
    return this.#counters;
  }

  /** Estimated memory of the resident collections, in bytes. */
  get residentBytes(): number {
    return this.#residency.bytes;
  }

  /** Collections that hold, or held, rows. */
  get collections(): readonly number[] {
    return [...this.#slots.keys()];
  }

  /** Indexes of a collection. */
  indexes(collection: number): readonly number[] {
    return [...(this.#slots.get(collection)?.view.indexes ?? [])];
  }

  /** True when a collection is read from memory. */
  isResident(collection: number): boolean {
    return this.#slots.get(collection)?.isResident ?? true;
  }

  get(collection: number, key: Key): T | undefined {
    return this.#slots.get(collection)?.view.get(key);
  }

  scan(collection: number, index: number, range: KeyRange, order: "asc" | "desc"): Cursor<T> {
    return this.#slotOf(collection).scan(index, range, order);
  }

  count(collection: number): number {
    return this.#slots.get(collection)?.stats.rows ?? 0;
  }

  put({ collection, key, value, moves }: RowWrite<T>): void {
    const bytes = value === undefined ? undefined : this.#decoding.codec.encode(value);
    this.#write(collection, key, value, bytes, moves);
  }

  #write(
    collection: number,
    key: Key,
    value: T | undefined,
    bytes: Uint8Array | undefined,
    moves: readonly IndexMove[],
  ): void {
    const slot = this.#slotOf(collection);
    const lengthAfter = bytes?.length ?? -1;
    const lengthBefore = slot.view.lengthOf(key);
    const recordLength = this.#record.length;
    this.#record.add({ collection, key, bytes, lengthBefore, moves });
    const undo = slot.view.apply(key, value, bytes, moves, this.#log.lastSequence + 1);
    this.#residency.count(slot, countWrite(slot.stats, key, lengthAfter, lengthBefore, moves));
    this.#open.push({ slot, undo, key, moves, lengthAfter, lengthBefore, recordLength });
  }

  savepoint(): Savepoint {
    return this.#open.length;
  }

  rollback(to: Savepoint): void {
    while (this.#open.length > to) {
      const { slot, undo, key, moves, lengthAfter, lengthBefore, recordLength } = this.#open.pop()!;
      undo.revert();
      this.#residency.count(slot, countWrite(slot.stats, key, lengthAfter, lengthBefore, moves, -1));
      this.#record.dropLast(recordLength);
    }
  }

  commit(ts: Ts, note: string): void {
    assertTsGrows(ts, this.#head);
    if (this.#open.length === 0) return;
    const obstacle = this.#obstacleTo(this.#record.length + Buffer.byteLength(note));
    if (obstacle !== undefined) throw obstacle;
    this.#append(this.#record.seal(ts, note));
    for (const { undo } of this.#open) undo.settle();
    this.#open = [];
    this.#head = ts;
    this.#residency.enforce();
  }

  async flush(mayBlock = false): Promise<void> {
    const head = this.#head;
    await this.#log.flush(mayBlock);
    this.#durable = Math.max(this.#durable, head);
    this.#counters.flushes = this.#log.flushes;
    this.#mustWork();
    await this.#schedule.flushed();
  }

  fillIndex(
    collection: number,
    index: number,
    entries: readonly { readonly indexKey: Key; readonly key: Key }[],
  ): void {
    assertBetweenTransactions(this.#open.length, "fill index");
    const slot = this.#slotOf(collection);
    const sequence = this.#log.lastSequence + 1;
    const added = entries.filter(({ indexKey, key }) => slot.view.fill(index, indexKey, key, sequence));
    if (added.length === 0) return;
    this.#append(encodeFill(collection, index, added));
    for (const { indexKey } of added) this.#residency.count(slot, countEntry(slot.stats, index, indexKey, 1));
    this.#residency.enforce();
  }

  registerIndex(collection: number, index: number): void {
    this.#slotOf(collection).view.registerIndex(index);
  }

  dropIndex(collection: number, index: number): void {
    assertBetweenTransactions(this.#open.length, "drop index");
    const slot = this.#slots.get(collection);
    if (slot === undefined) return;
    const numbers = slot.stats.indexes[index];
    if (numbers !== undefined) {
      this.#append(encodeDropIndex(collection, index));
      const before = residentBytes(slot.stats);
      delete slot.stats.indexes[index];
      this.#residency.count(slot, residentBytes(slot.stats) - before);
    }
    slot.view.dropIndex(index, this.#log.lastSequence);
  }

  dropCollection(collection: number): void {
    assertBetweenTransactions(this.#open.length, "drop collection");
    const slot = this.#slots.get(collection);
    if (slot === undefined) return;
    this.#append(encodeDropCollection(collection));
    this.#residency.replace(slot, new ResidentCollection<T>(new SlabRowStore<T>(this.#decoding)), emptyStats());
  }

  apply(payload: Uint8Array): void {
    assertBetweenTransactions(this.#open.length, "apply record");
    const record = decodeRecord(payload);
    switch (record.kind) {
      case "commit":
        assertTsGrows(record.ts, this.#head);
        for (const { collection, key, bytes, moves } of record.writes) {
          this.#write(collection, key, undefined, bytes, moves);
        }
        return this.commit(record.ts, record.note);
      case "fill":
        this.registerIndex(record.collection, record.index);
        return this.fillIndex(record.collection, record.index, record.entries);
      case "dropIndex":
        return this.dropIndex(record.collection, record.index);
      case "dropCollection":
        return this.dropCollection(record.collection);
    }
  }

  /** Flushes, and brings the base up to the head. */
  async checkpoint(): Promise<void> {
    await this.flush();
    await this.#checkpointer.run();
  }

  /** Copies the store into `directory` while it goes on; the log has to lie beside the base. See `copy-store.ts`. */
  copyTo(directory: string, onProgress: (bytes: number) => void = () => undefined): Promise<void> {
    const parts = { base: this.#base, log: this.#log, checkpointer: this.#checkpointer, flush: () => this.flush() };
    const copying = copyStore(parts, this.#options.directory, directory, onProgress);
    this.#copying = Promise.allSettled([this.#copying, copying]);
    return copying;
  }

  /** Resolves when every collection that fits is resident. */
  async settled(): Promise<void> {
    await this.#residency.settled();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#schedule.stop();
    await this.#copying;
    await this.#residency.stop();
    try {
      await this.flush();
      // The log has everything: the next opening goes on where this one could not.
      if (this.#options.checkpointOnClose) await this.#schedule.run();
    } finally {
      await this.#checkpointer.stop().catch((error: unknown) => this.#fail(error));
      try {
        await this.#log.close();
      } finally {
        await this.#base.close();
      }
    }
  }

  /** Why a record of so many bytes should not be appended now. */
  #obstacleTo(bytes: number): StorageError | undefined {
    return this.#schedule.obstacle ?? this.#log.obstacle(bytes);
  }

  #slotOf(collection: number): CollectionSlot<T> {
    let slot = this.#slots.get(collection);
    if (slot === undefined) {
      // Nothing of it is in the base, so memory is all there is.
      slot = new CollectionSlot<T>(collection, new ResidentCollection<T>(new SlabRowStore<T>(this.#decoding)));
      this.#slots.set(collection, slot);
    }
    return slot;
  }

  #append(payload: Uint8Array): void {
    this.#mustWork();
    const sequence = this.#log.append(payload);
    this.#backlog.push(sequence, payload);
    this.#counters.bytesLogged = this.#log.bytesAppended;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
  }

  /** A base that cannot be written or read ends the engine: it must be opened anew. */
  #mustWork(): void {
    if (this.#failure === undefined) return;
    throw new Error("Cannot go on: the base failed; open the store again", { cause: this.#failure });
  }
}

/** Lets go of a store that cannot be opened. Whatever goes wrong here, the error that ended the opening is the one to tell. */
function abandon(log: Log, base: Base | undefined): void {
  log.close().catch(() => {});
  base?.close().catch(() => {});
}
