/**
 * Comparing run results: the last cut-off before a socket.
 *
 * @module
 */
import type { RunResult } from "./types.ts";

/**
 * Whether a client that holds `a` need not be sent `b`: same value text or error, same log lines.
 *
 * The journal does not count: it changes how a page is asked for again, not what is shown. Strings are compared
 * whole; different lengths differ at once, and equal results mostly are one shared object, so a hash would save nothing.
 */
export function sameResult(a: RunResult, b: RunResult): boolean {
  if (a === b) return true;
  if (a.ok) return b.ok && a.value === b.value && sameLines(a.logLines, b.logLines);
  if (b.ok) return false;
  return a.errorMessage === b.errorMessage && a.errorData === b.errorData && sameLines(a.logLines, b.logLines);
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, at) => line === b[at]);
}

/** Size of a result in memory, in bytes, estimated with one byte a character. */
export function bytesOfResult(result: RunResult): number {
  let bytes = result.ok ? result.value.length : result.errorMessage.length + (result.errorData?.length ?? 0);
  for (const line of result.logLines) bytes += line.length;
  return bytes + (result.journal?.length ?? 0);
}
