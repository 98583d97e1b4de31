/**
 * How long a run can have computed: the time that passed, or the processor time of the process if that is less.
 *
 * A limit on user code must not hit a handler whose thread was waiting for a busy machine. Node 20 cannot tell the processor time of one
 * thread; that of all threads together is an upper bound, which is enough to acquit.
 *
 * @module
 */

/** Where times come from, in milliseconds. */
export interface RunClockSource {
  wallMs(): number;
  /** Processor time of the whole process. */
  cpuMs(): number;
}

const SYSTEM: RunClockSource = {
  wallMs: () => performance.now(),
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
};

/** Asking for processor time is a system call: an older sample only makes the bound wider. */
const SAMPLE_MS = 100;

/** One for each thread that executes; one run at a time. */
export class RunClock {
  readonly #source: RunClockSource;
  #sampledMs = Number.NEGATIVE_INFINITY;
  #sampleCpuMs = 0;
  #startMs = 0;
  #startCpuMs = 0;

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
    this.#startCpuMs = this.#sampleCpuMs;
  }

  /** Time since the start of the run. */
  elapsedMs(): number {
    return this.#source.wallMs() - this.#startMs;
  }

  /** Whether the run must have computed for longer than `limitMs`. */
  isOver(limitMs: number): boolean {
    return this.elapsedMs() > limitMs && this.#source.cpuMs() - this.#startCpuMs > limitMs;
  }
}
