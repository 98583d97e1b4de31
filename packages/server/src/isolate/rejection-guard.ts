/**
 * Promises of user code that are rejected while nobody listens.
 *
 * Node ends a thread for such a promise. In user code it is a slip (a missing `await`): while a run is under way it is the run's, which
 * fails with it; afterwards it is reported and the thread goes on. Rejections of the server's own promises stay fatal: they are
 * defects.
 *
 * @module
 */
import { BUNDLE_FILES } from "./source-maps.ts";
import { isUserCaused } from "./user-error.ts";

/** Who is told of rejections while a run is under way. */
export interface RejectionWatcher {
  rejected(promise: Promise<unknown>, reason: unknown): void;
  /** Somebody listens to it after all. */
  handled(promise: Promise<unknown>): void;
}

/** The event is the thread's, so the list of those who wait for it is, too. */
const watchers: RejectionWatcher[] = [];

/** Puts the guard into this thread; once, however often it is called. */
export function guardRejections(): void {
  if (process.listeners("unhandledRejection").includes(onRejection)) return;
  process.on("unhandledRejection", onRejection);
  process.on("rejectionHandled", onHandled);
}

/** Gives rejections of user code to `watcher`, until {@linkcode unwatchRejections}, instead of reporting them. */
export function watchRejections(watcher: RejectionWatcher): void {
  watchers.push(watcher);
}

/** Ends {@linkcode watchRejections}. */
export function unwatchRejections(watcher: RejectionWatcher): void {
  const at = watchers.lastIndexOf(watcher);
  if (at >= 0) watchers.splice(at, 1);
}

/** Whether a rejection comes from user code: a frame of a bundle is in its stack, or it is no error (the server rejects with errors only). */
export function isFromUserCode(reason: unknown): boolean {
  if (typeof reason !== "object" || reason === null || !("stack" in reason)) return true;
  const stack = String(reason.stack);
  return Object.values(BUNDLE_FILES).some((file) => stack.includes(file));
}

function onRejection(reason: unknown, promise: Promise<unknown>): void {
  const watcher = watchers.at(-1);
  if (watcher !== undefined && (isFromUserCode(reason) || isUserCaused(reason))) {
    watcher.rejected(promise, reason);
  } else if (isFromUserCode(reason)) {
    console.error("A function left a promise behind that failed; await every promise:", reason);
  } else if (process.listenerCount("unhandledRejection") === 1) {
    // Without other listeners Node would have ended the thread, so the guard does.
    throw reason;
  }
}

function onHandled(promise: Promise<unknown>): void {
  for (const watcher of watchers) watcher.handled(promise);
}
