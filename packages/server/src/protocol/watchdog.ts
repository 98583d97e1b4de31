/**
 * Watchdog: finds a core that does not come back from user code.
 *
 * A handler with an endless loop holds the core's thread, so nobody in that thread can stop it. The core writes what it runs,
 * and since when, into shared memory before each entry into user code; main looks there while there is work to be done.
 *
 *   core:  enter("call:17") ─▶ [serial odd, start, text] ─▶ user code ─▶ leave() ─▶ [serial even]
 *   main:  every WATCH_MS while work is outstanding: same odd serial for longer than the limit ─▶ onStuck(text)
 *
 * Invariants:
 *   - The text belongs to the serial that was found: main reads the serial again after the text.
 *   - No timer while nothing is outstanding: an idle server does not wake up.
 *
 * Not here: ending and restarting the core (`core-client.ts`), what becomes of a suspect (`quarantine.ts`).
 *
 * @module
 */

/** How the core tells what it runs. */
export interface RunMonitor {
  /** User code begins; `text` says which run it is. */
  enter(text: string): void;
  leave(): void;
  /** The core has work to do, or has none. */
  setBusy(isBusy: boolean): void;
}

/** For a core that shares the caller's thread: nobody could help it anyway. */
export const noMonitor: RunMonitor = {
  enter() {},
  leave() {},
  setBusy() {},
};

const SERIAL = 0;
const BUSY = 1;
const LENGTH = 2;
const START_OFFSET = 16;
const TEXT_OFFSET = 24;
const TEXT_BYTES_MAX = 4_096;
/** Pause between two looks at the shared memory. */
export const WATCH_MS = 100;
/** What is given beyond the user-time limit, for a machine that is busy with other things. */
export const GRACE_MS = 300;

/** Memory that a core and its watchdog share. */
export function newWatchMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(TEXT_OFFSET + TEXT_BYTES_MAX);
}

/** Monotonic milliseconds that all threads of the process agree on. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** The core's side of the shared memory. */
export class SharedMonitor implements RunMonitor {
  readonly #words: Int32Array;
  readonly #start: Float64Array;
  readonly #text: Buffer;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, 4);
    this.#start = new Float64Array(memory, START_OFFSET, 1);
    this.#text = Buffer.from(memory, TEXT_OFFSET, TEXT_BYTES_MAX);
  }

  enter(text: string): void {
    this.#words[LENGTH] = this.#text.write(text, 0, "utf8");
    this.#start[0] = monotonicMs();
    Atomics.add(this.#words, SERIAL, 1);
  }

  leave(): void {
    Atomics.add(this.#words, SERIAL, 1);
  }

  setBusy(isBusy: boolean): void {
    Atomics.store(this.#words, BUSY, isBusy ? 1 : 0);
  }
}

/** Main's side: looks while there is something to look at. */
export class Watchdog {
  readonly #words: Int32Array;
  readonly #start: Float64Array;
  readonly #text: Buffer;
  readonly #limitMs: number;
  readonly #isOutstanding: () => boolean;
  readonly #onStuck: (text: string) => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param memory From {@linkcode newWatchMemory}.
   * @param limitMs Time in user code after which the core counts as stuck.
   * @param isOutstanding Whether main waits for anything.
   * @param onStuck Called once with the text of the run.
   */
  constructor(
    memory: SharedArrayBuffer,
    limitMs: number,
    isOutstanding: () => boolean,
    onStuck: (text: string) => void,
  ) {
    this.#words = new Int32Array(memory, 0, 4);
    this.#start = new Float64Array(memory, START_OFFSET, 1);
    this.#text = Buffer.from(memory, TEXT_OFFSET, TEXT_BYTES_MAX);
    this.#limitMs = limitMs;
    this.#isOutstanding = isOutstanding;
    this.#onStuck = onStuck;
  }

  /** Whether a timer is set. */
  get isWatching(): boolean {
    return this.#timer !== undefined;
  }

  /** Looks from now on until nothing is outstanding. */
  watch(): void {
    this.#timer ??= setTimeout(() => this.#look(), WATCH_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** What the core was running when it ended by itself, for example without memory; undefined when it was not in user code. */
  runningText(): string | undefined {
    return (Atomics.load(this.#words, SERIAL) & 1) === 0 ? undefined : this.#textNow();
  }

  #look(): void {
    this.#timer = undefined;
    const stuck = this.#stuckText();
    if (stuck !== undefined) this.#onStuck(stuck);
    else if (Atomics.load(this.#words, BUSY) === 1 || this.#isOutstanding()) this.watch();
  }

  #stuckText(): string | undefined {
    const serial = Atomics.load(this.#words, SERIAL);
    if ((serial & 1) === 0) return undefined;
    if (monotonicMs() - (this.#start[0] ?? 0) <= this.#limitMs) return undefined;
    const text = this.#textNow();
    return Atomics.load(this.#words, SERIAL) === serial ? text : undefined;
  }

  #textNow(): string {
    return this.#text.toString("utf8", 0, this.#words[LENGTH] ?? 0);
  }
}
