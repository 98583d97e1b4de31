/**
 * Time that moves only when it is told to: for tests, replays and measurements of whole days.
 *
 * @module
 */
import type { Clock } from "./alarms.ts";

interface Timer {
  readonly atMs: number;
  readonly wake: () => void;
}

/** See the module comment. A deployment without threads takes it as its clock. */
export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  /** @param startMs Milliseconds since the epoch. */
  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  setTimer(atMs: number, wake: () => void): () => void {
    const timer = { atMs, wake };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** When the first of what is waited for is due; `Infinity` if nothing is. */
  get nextMs(): number {
    return Math.min(...[...this.#timers].map(({ atMs }) => atMs));
  }

  /** Moves on and wakes what is due, in order. Time never goes back. */
  moveTo(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms);
    const due = [...this.#timers].filter(({ atMs }) => atMs <= this.#nowMs).toSorted((a, b) => a.atMs - b.atMs);
    for (const timer of due) if (this.#timers.delete(timer)) timer.wake();
  }
}
