/**
 * Waits for a handler, but not for ever: a promise that nobody can resolve any more would stop the thread's queue.
 *
 * All that a query or mutation may wait for is done in microtasks, except real asynchronous work. Work that the run knows of
 * (`crypto.subtle`) is waited for until the run has computed for the time limit; anything else (reading a `Blob`, compiling WebAssembly) gets a grace period.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import { CallError } from "../isolate/user-error.ts";
import type { RunClock } from "./run-clock.ts";

/** What must be known of the run. */
interface WaitedRun {
  /** Real asynchronous operations under way. */
  readonly pendingCount: number;
  readonly host: { readonly limits: Limits };
}

/** How long a handler may wait for work that the run does not know of. Compiling or decompressing a few megabytes takes less. */
const GRACE_MS = 250;
const POLL_MS = 2;
/** Work that the run knows of may take so many times the limit on a busy machine: it is done by other threads. */
const WAIT_FACTOR = 2.5;
/** The grace period also has this many looks: on a starved machine time passes without anything being done. */
const GRACE_POLLS = 40;

/**
 * @returns What `handler` gives.
 * @throws What it throws; a `CallError` if it waits for nothing.
 */
export function settleOrStall<T>(handler: Promise<T>, run: WaitedRun, path: string, clock: RunClock): Promise<T> {
  return new Promise((resolve, reject) => {
    const limitMs = run.host.limits.userTimeMs;
    let idleSince: number | undefined;
    let idlePolls = 0;
    let timer: NodeJS.Timeout | undefined;
    const check = () => {
      const now = performance.now();
      idleSince = run.pendingCount > 0 ? undefined : (idleSince ?? now);
      idlePolls = idleSince === undefined ? 0 : idlePolls + 1;
      if (clock.isOver(limitMs) || clock.elapsedMs() > WAIT_FACTOR * limitMs) {
        reject(new CallError(`Function execution timed out (maximum duration: ${limitMs / 1_000}s)`));
      } else if (idleSince !== undefined && now - idleSince > GRACE_MS && idlePolls > GRACE_POLLS) {
        reject(new CallError(`Function ${path} can never finish: it awaits a promise that nothing will resolve`));
      } else {
        timer = setTimeout(check, POLL_MS);
      }
    };
    // Runs once the microtasks are drained; almost every handler has ended by then.
    const immediate = setImmediate(check);
    const stop = () => {
      clearImmediate(immediate);
      clearTimeout(timer);
    };
    handler.then(
      (value) => {
        stop();
        resolve(value);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}
