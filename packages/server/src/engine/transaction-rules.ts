/**
 * Rules of the Engine contract that every engine checks, in production too: a caller that breaks one would corrupt order or undo.
 *
 * @module
 */
import type { Ts } from "./types.ts";

/** Commits are ordered by time, so that "newer than" means "after". */
export function assertTsGrows(ts: Ts, head: Ts): void {
  if (!(ts > head)) throw new RangeError(`Cannot commit at ${ts}: the head is at ${head}; the time must grow`);
}

/** Changes of indexes and collections have no undo and are records of their own. */
export function assertBetweenTransactions(openWrites: number, act: string): void {
  if (openWrites > 0) {
    throw new Error(`Cannot ${act}: ${openWrites} writes are not committed; commit or roll back first`);
  }
}
