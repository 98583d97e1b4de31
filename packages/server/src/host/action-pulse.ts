/**
 * What main makes of an action thread's pulse (`heartbeat.ts`): go on, give it nothing new, or end it.
 *
 *   silent, and others share the thread       ended after SHARED_CPU_MS: they wait for it
 *   silent, with one run under way            ended after ALONE_CPU_MS: nobody waits, and honest computing takes its time
 *   silent, nothing under way                 ended after SHARED_CPU_MS: something was left behind
 *   silent, computes nothing (`Atomics.wait`, `execSync`)   ended after SHARED_BLOCKED_MS, or the time limit of actions when alone
 *   answers, but computes with nothing under way            ended after LEFT_CPU_MS: something was left behind
 *   answers, but computes all the time for WORN_MS          takes nothing new, and ends with what is under way: some of it may be left behind
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import type { Pulse } from "../protocol/heartbeat.ts";

/** Silent for longer, and it is given nothing new. */
const QUIET_MS = 300;
const SHARED_CPU_MS = 1_000;
/** On a machine that gives the thread little, a part must do: others wait. */
const HURRIED_MS = 1_700;
const HURRIED_CPU_MS = 400;
const SHARED_BLOCKED_MS = 5_000;
const ALONE_CPU_MS = 10_000;
const LEFT_CPU_MS = 1_000;
const WORN_MS = 10_000;
const WORN_SHARE = 0.9;

/** What to do with the thread. */
export type Verdict =
  | { readonly do: "goOn" }
  | { readonly do: "drain" }
  /** `why` completes "its thread ended: …". */
  | { readonly do: "end"; readonly why: string };

/** Judges one thread, look after look. */
export class ActionPulse {
  readonly #limits: Pick<Limits, "nodeActionTimeMs">;
  /** Processor time when its last run ended. */
  #idleFromCpuMs: number | undefined;
  #wornFrom: { readonly ms: number; readonly cpuMs: number } | undefined;
  #silentMs = 0;

  constructor(limits: Pick<Limits, "nodeActionTimeMs">) {
    this.#limits = limits;
  }

  /** Whether it seems to be held by what it runs. */
  get isQuiet(): boolean {
    return this.#silentMs > QUIET_MS;
  }

  /** @param load Runs under way. */
  judge(pulse: Pulse, load: number, nowMs: number): Verdict {
    this.#silentMs = pulse.silentMs;
    if (this.#isHeld(pulse, load)) {
      const seconds = (pulse.silentMs / 1_000).toFixed(1);
      return { do: "end", why: `it did not turn its event loop for ${seconds}s` };
    }
    const { cpuMs } = pulse;
    if (cpuMs === undefined) return { do: "goOn" };
    if (load > 0) {
      this.#idleFromCpuMs = undefined;
      return { do: this.#isWorn(cpuMs, nowMs) ? "drain" : "goOn" };
    }
    this.#wornFrom = undefined;
    this.#idleFromCpuMs ??= cpuMs;
    if (cpuMs - this.#idleFromCpuMs <= LEFT_CPU_MS) return { do: "goOn" };
    return { do: "end", why: "what its actions left behind went on computing" };
  }

  #isHeld({ silentMs, silentCpuMs }: Pulse, load: number): boolean {
    if (load === 1) return silentCpuMs > ALONE_CPU_MS || silentMs > this.#limits.nodeActionTimeMs;
    if (silentCpuMs > SHARED_CPU_MS || silentMs > SHARED_BLOCKED_MS) return true;
    return silentMs > HURRIED_MS && silentCpuMs > HURRIED_CPU_MS;
  }

  #isWorn(cpuMs: number, nowMs: number): boolean {
    this.#wornFrom ??= { ms: nowMs, cpuMs };
    const passedMs = nowMs - this.#wornFrom.ms;
    if (passedMs < WORN_MS) return false;
    const share = (cpuMs - this.#wornFrom.cpuMs) / passedMs;
    this.#wornFrom = { ms: nowMs, cpuMs };
    return share > WORN_SHARE;
  }
}
