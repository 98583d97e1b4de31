/**
 * Waiting for what other processes and sockets bring about, on a machine that may be busy.
 *
 * @module
 */
import { expect } from "vitest";

const WAIT_MS = 25_000;

/** `expect` of what `read` gives, as soon as it holds. */
export function eventually<T>(read: () => T | Promise<T>): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: WAIT_MS, interval: 10 });
}
