/**
 * The serial queue of the core: jobs one after the other, in groups, with a slice of settling after each.
 *
 *   add(jobs) ─▶ [queue] ─▶ tick: a group of jobs ─▶ flush begins ─▶ a slice of settling ─▶ next tick …
 *                                                        └─ what was held and is durable leaves
 *
 * Invariants:
 *   - Jobs run one after the other, in the order they came.
 *   - The next tick runs while the flush of the last one is under way (`durable-outbox.ts`).
 *   - Settling goes in slices of `SETTLE_MS`, so jobs go on in between.
 *   - An idle queue does nothing.
 *
 * @module
 */
import type { Clock } from "../protocol/alarms.ts";
import type { FromCore } from "../protocol/core-protocol.ts";
import type { RunMonitor } from "../protocol/watchdog.ts";
import type { DurableOutbox } from "./durable-outbox.ts";

/** Most jobs of one group: bounds how long the first of them waits for its flush. */
const GROUP_JOBS_MAX = 256;
/** A group ends after this time, in milliseconds, whatever is left. */
const GROUP_MS = 10;
/** After so few jobs, and with none waiting, the core waits for the disk itself. */
const SMALL_GROUP_JOBS = 8;
/** Time of one slice of settling. */
const SETTLE_MS = 5;
/** The same where commits wait for it to be flushed. */
const SETTLE_BEFORE_FLUSH_MS = 1;
/** With so many messages held back the core waits for the disk before it goes on. */
const HELD_MESSAGES_MAX = 20_000;

/** One piece of serial work. */
export type Job = () => Promise<void> | void;

/** What is done beside the jobs. */
export interface TickWork {
  /** Whether there is something to settle. */
  hasWork(): boolean;
  settle(budgetMs: number): Promise<void>;
  /** The end of a tick in which something may have changed. */
  endTick(): void;
  /** Something for a calm moment, if it is due. */
  calmWork(): (() => Promise<void>) | undefined;
}

/** What the queue is given. */
export interface QueueParts {
  readonly clock: Clock;
  readonly monitor: RunMonitor;
  readonly outbox: DurableOutbox<FromCore>;
  readonly work: TickWork;
  /** Resolves when other things of this thread have had their turn. */
  readonly pause: () => Promise<void>;
  /** A job or the settling threw: nothing goes on. */
  readonly fail: (error: unknown) => void;
}

/** See the module comment. */
export class SerialQueue {
  readonly #parts: QueueParts;
  #jobs: Job[] = [];
  #isPumping = false;
  #isEnded = false;
  #idleWaiters: (() => void)[] = [];
  /** Ticks that did something; for tests that no work is done when there is none. */
  ticks = 0;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** Whether it is at work, so that whoever added a job need not say so. */
  get isPumping(): boolean {
    return this.#isPumping;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Adds jobs at the end. */
  add(jobs: readonly Job[]): void {
    if (this.#isEnded) return;
    for (const job of jobs) this.#jobs.push(job);
    this.#wake();
  }

  /** Resolves when there is nothing to do, nothing to settle and nothing to flush. */
  async whenIdle(): Promise<void> {
    while (!this.#isEnded && (this.#isPumping || !this.#parts.outbox.isIdle)) {
      if (!this.#isPumping) await this.#parts.pause();
      else {
        await new Promise<void>((resolve) => {
          this.#idleWaiters.push(resolve);
        });
      }
    }
  }

  /** Forgets what waits and starts nothing new. */
  end(): void {
    this.#isEnded = true;
    this.#jobs = [];
  }

  /** Ends, and resolves when what is under way is over. */
  async close(): Promise<void> {
    this.end();
    while (this.#isPumping) await this.#parts.pause();
  }

  #wake(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#parts.monitor.setBusy(true);
    void this.#pump();
  }

  async #pump(): Promise<void> {
    const { work, pause, fail, monitor } = this.#parts;
    try {
      while (!this.#isEnded && (this.#jobs.length > 0 || work.hasWork())) {
        // Messages of one tick of the sender come in several events: let them in before the group begins.
        await pause();
        await this.#tick();
        await this.#workIfCalm();
      }
    } catch (error) {
      fail(error);
    } finally {
      this.#isPumping = false;
      monitor.setBusy(false);
      const waiters = this.#idleWaiters;
      this.#idleWaiters = [];
      for (const resolve of waiters) resolve();
    }
  }

  /** Something that nobody waits for, when nobody waits for anything. */
  async #workIfCalm(): Promise<void> {
    const { work, outbox, pause } = this.#parts;
    const isCalm = (): boolean => !this.#isEnded && this.#jobs.length === 0 && !work.hasWork();
    const calmWork = work.calmWork();
    if (calmWork === undefined || !isCalm() || !outbox.isIdle) return;
    await pause();
    if (isCalm()) await calmWork();
  }

  async #tick(): Promise<void> {
    const { work, outbox } = this.#parts;
    this.ticks += 1;
    const isSmall = this.#jobs.length <= SMALL_GROUP_JOBS;
    await this.#runGroup();
    // With more to do, or soon to come, the flush goes on beside it; else what is soon settled leaves with the answers.
    const isLast = isSmall && this.#jobs.length === 0;
    if (!isLast) outbox.endTick();
    if (work.hasWork()) await work.settle(isLast ? SETTLE_BEFORE_FLUSH_MS : SETTLE_MS);
    work.endTick();
    outbox.endTick(isLast && this.#jobs.length === 0);
    if (outbox.held > HELD_MESSAGES_MAX) await outbox.nextFlush();
  }

  async #runGroup(): Promise<void> {
    const { clock } = this.#parts;
    const group = this.#jobs.splice(0, GROUP_JOBS_MAX);
    const endMs = clock.nowMs() + GROUP_MS;
    for (let i = 0; i < group.length; i += 1) {
      if (this.#isEnded) return;
      await group[i]?.();
      if (clock.nowMs() >= endMs && i + 1 < group.length) {
        this.#jobs = [...group.slice(i + 1), ...this.#jobs];
        return;
      }
    }
  }
}
