/**
 * Queries at a moment that has passed: several calls see one state while others commit.
 *
 *   pin ─▶ ts of the head, and changes are kept from here on
 *   query at ts ─▶ changes after ts are taken back in the engine ─▶ a run from scratch ─▶ rolled back, as a mutation that failed
 *
 * The engine keeps one version of each row, so what commits replaced is kept here; only after somebody asked for a ts, for `RETENTION_MS` and within
 * `BYTES_MAX`. Convex's clients count on 30 s, too.
 *
 * Invariants:
 *   - It is one job of the serial queue: nobody else sees the engine while changes are taken back, and nothing of it is sealed.
 *   - A commit that changes tables, indexes, code or variables ends the past: a state before it cannot be read any more.
 *
 * @module
 */
import { sizeOfDocument, type Doc, type Ts } from "@narrowcast/values";
import type { Engine } from "../engine/types.ts";
import { treeMoves } from "../tx/index-keys.ts";
import type { Commit, DocumentChange } from "../tx/types.ts";
import type { Clock } from "../protocol/alarms.ts";
import type { CommitObserver } from "./commits.ts";

/** How far back a query can look. */
export const RETENTION_MS = 30_000;
/** Bytes of replaced documents that are kept at most. */
const BYTES_MAX = 50_000_000;

interface Kept {
  readonly commit: Commit;
  readonly atMs: number;
  readonly bytes: number;
}

/** See the module comment. */
export class Past implements CommitObserver {
  readonly #engine: Engine<Doc>;
  readonly #clock: Clock;
  /** The earliest state that can be read; undefined: only the head. */
  #firstTs: Ts | undefined;
  #untilMs = 0;
  #kept: Kept[] = [];
  #bytes = 0;

  constructor(engine: Engine<Doc>, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** The head, whose state can be read for a while. */
  pin(): Ts {
    this.#prune();
    this.#firstTs ??= this.#engine.head;
    this.#untilMs = this.#clock.nowMs() + RETENTION_MS;
    return this.#engine.head;
  }

  committed(commit: Commit): void {
    if (this.#firstTs === undefined) return;
    const bytes = commit.changes.reduce(
      (sum, { before }) => sum + (before === undefined ? 0 : sizeOfDocument(before)),
      0,
    );
    this.#kept.push({ commit, atMs: this.#clock.nowMs(), bytes });
    this.#bytes += bytes;
    if (commit.names.length > 0 || this.#bytes > BYTES_MAX) this.#forget();
    else this.#prune();
  }

  /** Whether `ts` is the head, or can be read by {@linkcode at}; undefined: neither. */
  find(ts: Ts): "head" | "past" | undefined {
    this.#prune();
    const { head } = this.#engine;
    if (ts === head) return "head";
    return this.#firstTs !== undefined && ts >= this.#firstTs && ts < head ? "past" : undefined;
  }

  /** Runs `work` while the engine is as it was at `ts`, in the past. */
  async at<T>(ts: Ts, work: () => Promise<T>): Promise<T> {
    const mark = this.#engine.savepoint();
    try {
      for (const { commit } of this.#kept.toReversed())
        if (commit.ts > ts) for (const change of commit.changes.toReversed()) this.#takeBack(change);
      return await work();
    } finally {
      this.#engine.rollback(mark);
    }
  }

  #takeBack({ collection, id, before, moves }: DocumentChange): void {
    const back = treeMoves(moves).map(({ index, remove, add }) => ({ index, remove: add, add: remove }));
    this.#engine.put({ collection, key: id, value: before, moves: back });
  }

  #prune(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs > this.#untilMs) return this.#forget();
    for (;;) {
      const [oldest] = this.#kept;
      if (oldest === undefined || nowMs - oldest.atMs <= RETENTION_MS) return;
      this.#kept.shift();
      this.#bytes -= oldest.bytes;
      this.#firstTs = oldest.commit.ts;
    }
  }

  #forget(): void {
    this.#firstTs = undefined;
    this.#kept = [];
    this.#bytes = 0;
  }
}
