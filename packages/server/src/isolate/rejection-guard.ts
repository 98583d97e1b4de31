/**
 * Keeps a promise that user code left behind from ending the server.
 *
 * Node ends a thread when a promise is rejected and nobody listens. In user code that is a slip (a missing `await`) whose function
 * has usually been answered already; it is reported and the thread goes on. Rejections of the server's own promises stay fatal: they
 * are defects.
 *
 * @module
 */
import { BUNDLE_FILES } from "./source-maps.ts";

/** Puts the guard into this thread; once, however often it is called. */
export function guardRejections(): void {
  if (!process.listeners("unhandledRejection").includes(onRejection)) process.on("unhandledRejection", onRejection);
}

/** Whether a rejection comes from user code: a frame of a bundle is in its stack, or it is no error (the server rejects with errors only). */
export function isFromUserCode(reason: unknown): boolean {
  if (typeof reason !== "object" || reason === null || !("stack" in reason)) return true;
  const stack = String(reason.stack);
  return Object.values(BUNDLE_FILES).some((file) => stack.includes(file));
}

function onRejection(reason: unknown): void {
  if (isFromUserCode(reason)) {
    console.error("A function left a promise behind that failed; await every promise:", reason);
  } else if (process.listenerCount("unhandledRejection") === 1) {
    // Without other listeners Node would have ended the thread, so the guard does.
    throw reason;
  }
}
