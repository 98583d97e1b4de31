/**
 * What main makes of the core's pulse (`heartbeat.ts`) outside of runs, which the watchdog times.
 *
 * The core computes by itself, too: it writes, opens, prunes. It says so (`setBusy`), and has long for it. What it computes otherwise, without a run,
 * is what a function left behind:
 *
 *   silent, not busy                                   ended after LEFT_CPU_MS: everybody waits for it
 *   silent, busy                                       ended after BUSY_CPU_MS: the work may be the core's own
 *   answers, but computes look after look with nothing to do    ended after LEFT_CPU_MS
 *
 * Nobody can be told by a thread whose memory is being collected, so a large heap gives more time to all of these: what a collection may take.
 *
 * @module
 */
import type { Pulse } from "../protocol/heartbeat.ts";
import type { LastRun, WatchState } from "../protocol/watchdog.ts";

const LEFT_CPU_MS = 1_200;
const BUSY_CPU_MS = 10_000;
/** A full collection of small objects takes about a millisecond of processor time for each megabyte, and some times that on a slow machine. */
const COLLECT_MS_A_MB = 4;
/** Computed less since the look before: nothing goes on. */
const CALM_MS = 30;

/** Judges one core, look after look. */
export class CorePulse {
  #serial = -1;
  #cpuMs = 0;
  #leftMs = 0;

  /** @returns Whether something was left behind that does not end. */
  judge({ silentMs, silentCpuMs, cpuMs }: Pulse, { serial, isInside, isBusy, heapMb }: WatchState): boolean {
    const computedMs = (cpuMs ?? 0) - this.#cpuMs;
    const isSame = serial === this.#serial;
    this.#serial = serial;
    this.#cpuMs = cpuMs ?? 0;
    if (isInside) {
      this.#leftMs = 0;
      return false;
    }
    const collectMs = heapMb * COLLECT_MS_A_MB;
    if (silentMs > 0 && silentCpuMs > collectMs + (isBusy ? BUSY_CPU_MS : LEFT_CPU_MS)) return true;
    this.#leftMs = isBusy || !isSame || cpuMs === undefined || computedMs < CALM_MS ? 0 : this.#leftMs + computedMs;
    return this.#leftMs > LEFT_CPU_MS + collectMs;
  }
}

/** Says in the server's log why a core was ended, and by whom. */
export function tellEnd(last: LastRun | undefined, before: "what" | "", after: string): void {
  const name = last === undefined || last.name === "" ? "a module" : last.name;
  console.error(`The core was ended: ${`${before} ${name} ${after}`.trimStart()}`);
}
