/**
 * Alarms: many named deadlines on one timer, none when there is nothing to wait for.
 *
 * The scheduler, crons, clean-up and the quarantine each know when they have to look again. They say so here; the earliest of
 * these moments is the only timer of the core. An idle core with no deadline has no timer at all.
 *
 * Invariants:
 *   - An alarm fires once, not before its moment, and is then gone; setting a name again replaces its moment.
 *   - At most one timer of the clock is pending.
 *
 * @module
 */

/** Time as the core sees it; a simulation gives its own. */
export interface Clock {
  /** Milliseconds since the epoch, with fraction where the platform has one. */
  nowMs(): number;
  /** Calls `wake` at or after `atMs`. Returns a function that takes it back. */
  setTimer(atMs: number, wake: () => void): () => void;
}

/** Longest wait of one platform timer; longer ones are set again. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Asking for it each time costs more than the time itself. */
const { timeOrigin: ORIGIN_MS } = performance;

/** Time of this machine. */
export const systemClock: Clock = {
  nowMs: () => ORIGIN_MS + performance.now(),
  setTimer(atMs, wake) {
    const delayMs = Math.ceil(atMs - systemClock.nowMs());
    const timer = setTimeout(wake, Math.max(0, Math.min(delayMs, TIMER_MS_MAX)));
    return () => clearTimeout(timer);
  },
};

/** See the module comment. */
export class Alarms {
  readonly #clock: Clock;
  readonly #due = new Map<string, { atMs: number; ring: () => void }>();
  #armedMs = Infinity;
  #disarm: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Number of deadlines that are waited for. */
  get size(): number {
    return this.#due.size;
  }

  /** Calls `ring` at `atMs`; `undefined` takes the alarm back. */
  set(name: string, atMs: number | undefined, ring: () => void): void {
    if (atMs === undefined) this.#due.delete(name);
    else this.#due.set(name, { atMs, ring });
    this.#arm();
  }

  /** Takes all alarms back. */
  clear(): void {
    this.#due.clear();
    this.#arm();
  }

  #arm(): void {
    let nextMs = Infinity;
    for (const { atMs } of this.#due.values()) nextMs = Math.min(nextMs, atMs);
    if (nextMs === this.#armedMs) return;
    this.#disarm?.();
    this.#disarm = undefined;
    this.#armedMs = nextMs;
    if (nextMs !== Infinity) this.#disarm = this.#clock.setTimer(nextMs, () => this.#fire());
  }

  #fire(): void {
    this.#armedMs = Infinity;
    this.#disarm = undefined;
    const nowMs = this.#clock.nowMs();
    const ready = [...this.#due].filter(([, { atMs }]) => atMs <= nowMs);
    for (const [name] of ready) this.#due.delete(name);
    for (const [, { ring }] of ready) ring();
    this.#arm();
  }
}
