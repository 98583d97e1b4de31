/**
 * Says when a function has ended: its own promise is settled, and nothing it started is under way any more.
 *
 *   run ─▶ microtasks drain ─▶ real work under way? wait ─▶ innermost function settled? it ends ─▶ its caller goes on
 *                                                          not settled? nothing can settle it: it fails
 *
 * All that a query or mutation can wait for is done in microtasks, except real asynchronous work. So work that nobody awaits (a `forEach`
 * over an async callback, the loser of a `Promise.race`) is through when the microtasks are drained. Work that the run knows of
 * (`crypto.subtle`, bytes of files) is waited for until the run has computed for the time limit; a handler that waits for anything else
 * (reading a `Blob`, compiling WebAssembly) gets a grace period.
 *
 * Invariants:
 *   - Only code of the innermost function runs: a nested call begins when its caller's code stands still, and its caller goes on when the
 *     call's code stands still. A rejection that nobody handles is therefore the innermost function's, which fails with it.
 *   - A chain of microtasks that never ends never drains: the watchdog ends the thread, as for any other loop.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import { unwatchRejections, watchRejections, type RejectionWatcher } from "../isolate/rejection-guard.ts";
import { CallError } from "../isolate/user-error.ts";
import type { RunClock } from "./run-clock.ts";

/** How long a handler may wait for work that the run does not know of. Compiling or decompressing a few megabytes takes less. */
const GRACE_MS = 250;
const POLL_MS = 2;
/** Work that the run knows of may take so many times the limit on a busy machine: it is done by other threads. */
const WAIT_FACTOR = 2.5;
/** The grace period also has this many looks: on a starved machine time passes without anything being done. */
const GRACE_POLLS = 40;

/**
 * Node's own way to finish ticks, microtasks and reports of unhandled rejections at once. A turn of the event loop does the same, as a
 * sixth of the time of a small query. Hot: guarded by `module-state.bench.ts`.
 */
const drainNow = (process as { readonly _tickCallback?: () => void })._tickCallback;

type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly thrown: unknown };

/** Somebody who waits until everything stands still; the innermost one is served first. */
interface Waiter {
  readonly path: string;
  /** Whether it can go on once everything stands still. */
  isReady(): boolean;
  resume(): void;
  fail(thrown: unknown): void;
}

/** A function under way, and the one who waits for its end. Hot: there is one for each run; guarded by the "queries" benchmark. */
class Frame implements Waiter {
  readonly path: string;
  /** Rejections in it that nobody handled so far. */
  loose: Map<Promise<unknown>, unknown> | undefined = undefined;
  /** Real asynchronous operations under way. */
  pending = 0;
  isOver = false;
  /** What its own promise came to. */
  outcome: Outcome | undefined = undefined;
  readonly #frames: Frame[];
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (thrown: unknown) => void;

  constructor(path: string, frames: Frame[], resolve: (value: unknown) => void, reject: (thrown: unknown) => void) {
    this.path = path;
    this.#frames = frames;
    this.#resolve = resolve;
    this.#reject = reject;
    frames.push(this);
  }

  /** A rejected function ends there: what it left behind is not waited for. */
  isReady(): boolean {
    const { outcome } = this;
    return outcome !== undefined && (this.pending === 0 || !outcome.ok);
  }

  resume(): void {
    this.#leave();
    const { outcome, loose } = this;
    if (outcome === undefined) return;
    if (!outcome.ok) this.#reject(outcome.thrown);
    else if (loose !== undefined && loose.size > 0) this.#reject([...loose.values()][0]);
    else this.#resolve(outcome.value);
  }

  fail(thrown: unknown): void {
    this.#leave();
    this.#reject(thrown);
  }

  #leave(): void {
    this.isOver = true;
    if (this.#frames.at(-1) === this) this.#frames.pop();
    else this.#frames.splice(this.#frames.indexOf(this), 1);
  }
}

/** The functions of one run, innermost last. */
export class Settling implements RejectionWatcher {
  readonly #limits: Limits;
  readonly #clock: RunClock;
  readonly #waiters: Waiter[] = [];
  readonly #frames: Frame[] = [];
  #isOver = false;
  #isArmed = false;
  #poll: NodeJS.Timeout | undefined;
  #idleSinceMs: number | undefined;
  #idlePolls = 0;

  constructor(limits: Limits, clock: RunClock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  rejected(promise: Promise<unknown>, reason: unknown): void {
    const frame = this.#frames.at(-1);
    if (frame !== undefined) (frame.loose ??= new Map()).set(promise, reason);
  }

  handled(promise: Promise<unknown>): void {
    for (const { loose } of this.#frames) loose?.delete(promise);
  }

  /**
   * Runs the outermost function.
   *
   * @param handler Is called at once. Its promise is the function's own.
   * @param onRejected Called as soon as that promise is rejected: what is still under way must not do anything any more.
   * @returns What it gives, when nothing of it is under way any more.
   * @throws What it throws; a rejection that nobody handled; a `CallError` if it waits for what cannot come, or for too long.
   */
  async outermost<T>(path: string, handler: () => Promise<T>, onRejected: () => void): Promise<T> {
    watchRejections(this);
    try {
      return await this.#call(path, handler, onRejected);
    } finally {
      this.#isOver = true;
      if (this.#poll !== undefined) clearTimeout(this.#poll);
      unwatchRejections(this);
    }
  }

  /** Runs a function that the innermost one called, when that one stands still. Otherwise as `outermost`. */
  async nested<T>(path: string, handler: () => Promise<T>, onRejected: () => void): Promise<T> {
    const caller = this.#frames.at(-1);
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ path, isReady: () => caller?.pending === 0, resume: resolve, fail: reject });
      this.#arm();
    });
    return this.#call(path, handler, onRejected);
  }

  /** Real asynchronous work of user code: its function waits for it. When that has ended, nobody hears of the work any more. */
  async work<T>(work: () => Promise<T>): Promise<T> {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return new Promise(() => {});
    frame.pending += 1;
    try {
      return await work();
    } finally {
      frame.pending -= 1;
      if (frame.isOver) await new Promise(() => {});
      this.#arm();
    }
  }

  #call<T>(path: string, handler: () => Promise<T>, onRejected: () => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const frame = new Frame(path, this.#frames, resolve as (value: unknown) => void, reject);
      // Before the handler begins: those it calls wait further inside.
      this.#waiters.push(frame);
      this.#arm();
      handler().then(
        (value) => {
          frame.outcome = { ok: true, value };
          this.#arm();
        },
        (thrown: unknown) => {
          frame.outcome = { ok: false, thrown };
          onRejected();
          this.#arm();
        },
      );
    });
  }

  /** Looks after the microtasks that are queued now, and all they queue. */
  #arm(): void {
    if (this.#isArmed || this.#isOver) return;
    this.#isArmed = true;
    if (drainNow === undefined) setImmediate(this.#look);
    else process.nextTick(this.#drainAndLook);
  }

  readonly #drainAndLook = (): void => {
    try {
      drainNow?.();
    } finally {
      this.#look();
    }
  };

  readonly #look = (): void => {
    this.#isArmed = false;
    if (this.#isOver) return;
    const innermost = this.#waiters.at(-1);
    if (innermost === undefined) return;
    if (!innermost.isReady()) {
      this.#wait(innermost);
      return;
    }
    this.#idleSinceMs = undefined;
    this.#waiters.pop();
    innermost.resume();
    // The next one may be ready already.
    if (this.#waiters.length > 0) this.#arm();
  };

  #wait(innermost: Waiter): void {
    const now = performance.now();
    const isWorking = (this.#frames.at(-1)?.pending ?? 0) > 0;
    this.#idleSinceMs = isWorking ? undefined : (this.#idleSinceMs ?? now);
    this.#idlePolls = this.#idleSinceMs === undefined ? 0 : this.#idlePolls + 1;
    const { userTimeMs } = this.#limits;
    if (this.#clock.isOver(userTimeMs) || this.#clock.elapsedMs() > WAIT_FACTOR * userTimeMs) {
      // The whole run fails, whatever its functions would do about it.
      this.#isOver = true;
      for (const frame of this.#frames) frame.isOver = true;
      this.#waiters[0]?.fail(timeOut(userTimeMs));
    } else if (this.#idleSinceMs !== undefined && now - this.#idleSinceMs > GRACE_MS && this.#idlePolls > GRACE_POLLS) {
      this.#idleSinceMs = undefined;
      this.#waiters.pop();
      innermost.fail(
        new CallError(`Function ${innermost.path} can never finish: it awaits a promise that nothing will resolve`),
      );
      this.#arm();
    } else {
      clearTimeout(this.#poll);
      this.#poll = setTimeout(this.#look, POLL_MS);
    }
  }
}

/** Convex's error for a function that took too long. */
export function timeOut(maxMs: number): CallError {
  return new CallError(`Function execution timed out (maximum duration: ${maxMs / 1_000}s)`);
}
