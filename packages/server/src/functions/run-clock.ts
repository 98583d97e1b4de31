/**
 * How long a run can have computed: the processor time of its thread.
 *
 * A limit on user code must not hit a handler whose thread was waiting for a busy machine. Where the platform knows only the time of all
 * threads together, that is an upper bound, which is enough to acquit.
 *
 * @module
 */
import { ownThreadMs } from "../protocol/thread-time.ts";

/** Where times come from, in milliseconds. */
export interface RunClockSource {
  wallMs(): number;
  /** Processor time of this thread, or an upper bound of it. */
  cpuMs(): number;
}

const SYSTEM: RunClockSource = { wallMs: () => performance.now(), cpuMs: ownThreadMs };

/** Asking for processor time is a system call: an older sample only makes the bound wider. */
const SAMPLE_MS = 100;

/** One for each thread that executes; one run at a time. */
export class RunClock {
  readonly #source: RunClockSource;
  #sampledMs = Number.NEGATIVE_INFINITY;
  #sampleCpuMs = 0;
  #startMs = 0;

  constructor(source: RunClockSource = SYSTEM) {
    this.#source = source;
  }

  /** A run begins. */
  start(): void {
    this.#startMs = this.#source.wallMs();
    if (this.#startMs - this.#sampledMs > SAMPLE_MS) {
      this.#sampledMs = this.#startMs;
      this.#sampleCpuMs = this.#source.cpuMs();
    }
  }

  /** Time since the start of the run. */
  elapsedMs(): number {
    return this.#source.wallMs() - this.#startMs;
  }

  /** Whether the run must have computed for longer than `limitMs`. */
  isOver(limitMs: number): boolean {
    if (this.elapsedMs() <= limitMs) return false;
    // The sample may be from before the run: what was computed in between is not the run's.
    const sampleAgeMs = Math.max(0, this.#startMs - this.#sampledMs);
    return this.#source.cpuMs() - this.#sampleCpuMs - sampleAgeMs > limitMs;
  }
}
