/**
 * Carries durable records from the backlog into the base, off the acknowledgement path.
 *
 *   log ──durable──▶ backlog ──batches of ~400 rows──▶ LMDB (its own thread) ──flushed──▶ log.trim
 *
 * Small transactions, because a large one makes the next few hundred commits of LMDB slow (measured: 31-61 ms each instead of 0.6 ms). A commit that is
 * larger is applied in parts; `Base` tells how that stays invisible.
 *
 * Invariants:
 *   - Records are applied in log order, each exactly once, and only durable ones: the base is never ahead of the log.
 *   - What is applied, and the note that it is, are one LMDB transaction.
 *   - The log is trimmed only up to records that are on the disk in the base.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import type { Backlog, BacklogRecord } from "./backlog.ts";
import { BaseBatch } from "./base-batch.ts";
import type { Base } from "./base.ts";
import { decodeRecord } from "./record-codec.ts";
import type { StoredRecord, StoredWrite } from "./record-codec.ts";
import { copyStats, countEntry, countWrite, emptyStats, indexesOf } from "./stats.ts";
import type { CollectionStats } from "./stats.ts";
import { PRIMARY } from "./types.ts";
import type { EngineCounters } from "./types.ts";
import type { Log } from "./log-types.ts";

/** Rows of one LMDB transaction. */
export const BATCH_ROWS_MAX = 400;
/** A transaction is put together in pieces of this time, in milliseconds: commits go on in between. */
const PIECE_MS = 1;
/** Index entries of a fill or a drop in one LMDB transaction; about as much work as the rows. */
const BATCH_ENTRIES_MAX = 2_000;
/** Batches between two waits for the disk, after each of which the log is trimmed. */
const BATCHES_PER_TRIM = 64;

/** What a checkpointer works on. */
export interface CheckpointerParts {
  readonly base: Base;
  readonly log: Log;
  readonly backlog: Backlog;
  readonly counters: EngineCounters;
  /** Observes records that are now wholly in the base (and gone from the backlog). */
  readonly applied: (records: readonly BacklogRecord[]) => void;
}

/** One LMDB transaction that is being put together. */
interface Step {
  readonly batch: BaseBatch;
  readonly stats: Map<number, CollectionStats | undefined>;
  applied: number;
  progress: number;
  head: number;
  rows: number;
}

/** See the module comment. */
export class Checkpointer {
  readonly #parts: CheckpointerParts;
  #running: Promise<void> | undefined;
  #isStopped = false;
  /** Who wants the log to keep what it has. */
  #keepers = 0;

  constructor(parts: CheckpointerParts) {
    this.#parts = parts;
  }

  /** True while records are being applied. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Applies everything durable; calls during a run share it. Rejects when the base cannot be written. */
  run(): Promise<void> {
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** The log is not trimmed until the returned function is called. */
  keepLog(): () => void {
    this.#keepers += 1;
    return () => void (this.#keepers -= 1);
  }

  /** Ends a run after its current batch; nothing is applied any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #drain(): Promise<void> {
    const { base, log } = this.#parts;
    let batches = 0;
    while (!this.#isStopped && this.#hasWork()) {
      await this.#applyOne();
      batches += 1;
      if (batches % BATCHES_PER_TRIM === 0 || !this.#hasWork()) {
        const { applied } = base.state;
        await base.flushed();
        if (this.#keepers === 0) log.trim(applied);
      }
    }
  }

  #hasWork(): boolean {
    const next = this.#parts.backlog.at(0);
    return next !== undefined && next.sequence <= this.#parts.log.durableSequence;
  }

  async #applyOne(): Promise<void> {
    const { base, backlog, counters, applied } = this.#parts;
    const step = await this.#gather();
    await base.write(step.batch, { applied: step.applied, progress: step.progress, head: step.head }, step.stats);
    counters.checkpoints += 1;
    applied(backlog.shift(step.applied));
  }

  /** Puts the next transaction together from as many records as fit. */
  async #gather(): Promise<Step> {
    const { base, backlog, log } = this.#parts;
    let pieceEndMs = performance.now() + PIECE_MS;
    const { applied, progress, head, nextLink } = base.state;
    const batch = new BaseBatch(base.reader, nextLink);
    const step: Step = { batch, stats: new Map(), applied, progress, head, rows: 0 };
    for (let place = 0; ; place += 1) {
      const next = backlog.at(place);
      if (next === undefined || next.sequence > log.durableSequence) return step;
      if (next.sequence !== step.applied + 1) {
        throw new Error(
          `Cannot checkpoint record ${next.sequence}: the base is at ${step.applied}; records must not be missing`,
        );
      }
      if (!this.#take(step, next, decodeRecord(next.payload))) return step;
      if (performance.now() < pieceEndMs) continue;
      await setImmediate();
      pieceEndMs = performance.now() + PIECE_MS;
    }
  }

  /** Adds a record to the step, or a part of it; false when the step is full. */
  #take(step: Step, { sequence }: BacklogRecord, record: StoredRecord): boolean {
    switch (record.kind) {
      case "commit":
        if (!this.#takeWrites(step, record.writes)) return false;
        step.head = record.ts;
        break;
      case "fill":
        if (!this.#takeFill(step, record)) return false;
        break;
      case "dropIndex":
      case "dropCollection":
        // A deletion reads the base, so everything before it must be applied already.
        if (step.rows > 0 || step.applied > this.#parts.base.state.applied) return false;
        if (!this.#takeDrop(step, record)) return false;
        break;
    }
    step.applied = sequence;
    step.progress = 0;
    return step.rows < BATCH_ROWS_MAX;
  }

  #takeWrites(step: Step, writes: readonly StoredWrite[]): boolean {
    for (let at = step.progress; at < writes.length; at += 1) {
      if (step.rows >= BATCH_ROWS_MAX) {
        step.progress = at;
        return false;
      }
      this.#takeWrite(step, writes[at]!);
    }
    return true;
  }

  #takeWrite(step: Step, { collection, key, bytes, lengthBefore, moves }: StoredWrite): void {
    const { batch } = step;
    step.rows += 1;
    const stats = this.#statsOf(step, collection);
    countWrite(stats, key, bytes?.length ?? -1, lengthBefore, moves);
    if (bytes === undefined) batch.remove(collection, PRIMARY, key);
    else batch.put(collection, PRIMARY, key, bytes);
    const target = Buffer.from(key, "latin1");
    for (const { index, remove, add } of moves) {
      if (remove !== undefined) batch.remove(collection, index, remove);
      if (add !== undefined) batch.put(collection, index, add, target);
    }
  }

  #takeFill(step: Step, { collection, index, entries }: StoredRecord & { readonly kind: "fill" }): boolean {
    if (step.rows > 0 && entries.length - step.progress > BATCH_ENTRIES_MAX) return false;
    const part = entries.slice(step.progress, step.progress + BATCH_ENTRIES_MAX);
    const stats = this.#statsOf(step, collection);
    for (const { indexKey, key } of part) {
      countEntry(stats, index, indexKey, 1);
      step.batch.put(collection, index, indexKey, Buffer.from(key, "latin1"));
    }
    step.rows += Math.ceil((part.length * BATCH_ROWS_MAX) / BATCH_ENTRIES_MAX);
    if (step.progress + part.length >= entries.length) return true;
    step.progress += part.length;
    return false;
  }

  /** Deletes a part of the dropped trees; true when nothing is left of them. */
  #takeDrop(step: Step, record: StoredRecord & { readonly kind: "dropIndex" | "dropCollection" }): boolean {
    const { collection } = record;
    const stats = this.#statsOf(step, collection);
    const trees = record.kind === "dropIndex" ? [record.index] : [...indexesOf(stats), PRIMARY];
    let room = BATCH_ENTRIES_MAX;
    for (const tree of trees) {
      const page = this.#parts.base.reader.page(collection, tree, { start: "", end: undefined }, "asc", room);
      for (const key of page.keys) step.batch.remove(collection, tree, key);
      room -= page.keys.length;
      if (!page.isLast || room <= 0) return false;
      delete stats.indexes[tree];
    }
    if (record.kind === "dropCollection") step.stats.set(collection, undefined);
    return true;
  }

  /** A collection's numbers in this step: a copy, valid only once the transaction is through. */
  #statsOf(step: Step, collection: number): CollectionStats {
    const known = step.stats.get(collection);
    if (known !== undefined) return known;
    const before = step.stats.has(collection) ? undefined : this.#parts.base.stats(collection);
    const copy = before === undefined ? emptyStats() : copyStats(before);
    step.stats.set(collection, copy);
    return copy;
  }
}
