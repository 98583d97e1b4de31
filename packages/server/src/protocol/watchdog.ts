/**
 * Watchdog: finds a thread that does not come back from user code.
 *
 * A handler with an endless loop holds its thread, so nobody in that thread can stop it. The thread writes what it runs, since when and
 * within which limit, into shared memory before each entry into user code; main looks there while there is work to be done.
 *
 *   thread:  enter("call:17", limit) ─▶ [serial odd, start, limit, text] ─▶ user code ─▶ leave() ─▶ [serial even]
 *   main:    every WATCH_MS while work is outstanding: same odd serial, and the thread computed for longer than the limit ─▶ onStuck(run)
 *
 * The limit is processor time of the thread (`thread-time.ts`), so waiting for a busy machine is not held against user code:
 *
 *   computed longer than the limit                                 over
 *   a function that computed for 40 % of it, and 2.5 times it passed    over: everybody else waits for this thread
 *   10 times the limit passed                                      over: it computes nothing and does not come back either
 *
 * Invariants:
 *   - The text belongs to the serial that was found: main reads the serial again after the text.
 *   - No timer while nothing is outstanding: an idle server does not wake up.
 *
 * Not here: ending and restarting the core (`core-client.ts`), what becomes of a suspect (`quarantine.ts`).
 *
 * @module
 */
import { getHeapStatistics } from "node:v8";
import type { Limits } from "@narrowcast/values";
import { parseRunKey, runKeyText, type RunKey } from "./run-key.ts";
import { ownThreadNumber, threadMs } from "./thread-time.ts";

/** How long user code may hold a thread. */
export interface TimeLimit {
  /** Processor time, in milliseconds. */
  readonly cpuMs: number;
  /** Others wait: on a machine that gives the thread little, a part of the limit must do. */
  readonly isHurried: boolean;
}

/** The limit of a query or mutation. */
export function runLimit({ userTimeMs }: Limits): TimeLimit {
  return { cpuMs: userTimeMs, isHurried: true };
}

/** The limit of evaluating modules: `start` for code that was accepted before, on which functions depend that are deployed. */
export function loadLimit({ startTimeMs, analysisTimeMs }: Limits, why: "push" | "start"): TimeLimit {
  return { cpuMs: why === "start" ? startTimeMs : analysisTimeMs, isHurried: false };
}

/** How a thread tells what it runs. */
export interface RunMonitor {
  /** User code begins; `run` says which run it is, `name` which function, where it is one. */
  enter(run: RunKey, limit: TimeLimit, name?: string): void;
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
const THREAD = 3;
const NAME_LENGTH = 4;
const HEAP_MB = 5;
const WORDS = 6;
const TIMES_OFFSET = 24;
/** Places among the times. */
const START = 0;
const LIMIT = 1;
const HURRIED = 2;
const TEXT_OFFSET = 48;
const TEXT_BYTES_MAX = 4_096;
const NAME_OFFSET = TEXT_OFFSET + TEXT_BYTES_MAX;
const NAME_BYTES_MAX = 512;
/** Pause between two looks at the shared memory. */
export const WATCH_MS = 100;
/** The heap's size is looked up no more often: it takes some microseconds. */
const HEAP_LOOK_MS = 500;
/** What is given beyond a limit, so that a run which ends by itself soon after it fails alone, without its thread. */
const GRACE_MS = 200;
/** See the module comment. */
const HURRIED_FACTOR = 2.5;
const HURRIED_SHARE = 0.4;
const BLOCKED_FACTOR = 10;

/** Memory that a thread and its watchdog share. */
export function newWatchMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(NAME_OFFSET + NAME_BYTES_MAX);
}

/** Monotonic milliseconds that all threads of the process agree on. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** The watched thread's side of the shared memory; made in that thread. */
export class SharedMonitor implements RunMonitor {
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #text: Buffer;
  readonly #name: Buffer;
  #heapDueMs = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#times = new Float64Array(memory, TIMES_OFFSET, 3);
    this.#text = Buffer.from(memory, TEXT_OFFSET, TEXT_BYTES_MAX);
    this.#name = Buffer.from(memory, NAME_OFFSET, NAME_BYTES_MAX);
    this.#words[THREAD] = ownThreadNumber();
  }

  enter(run: RunKey, { cpuMs, isHurried }: TimeLimit, name = ""): void {
    this.#words[LENGTH] = this.#text.write(runKeyText(run), 0, "utf8");
    this.#words[NAME_LENGTH] = this.#name.write(name, 0, "utf8");
    this.#times[START] = monotonicMs();
    this.#times[LIMIT] = cpuMs;
    this.#times[HURRIED] = isHurried ? 1 : 0;
    Atomics.add(this.#words, SERIAL, 1);
  }

  leave(): void {
    Atomics.add(this.#words, SERIAL, 1);
  }

  setBusy(isBusy: boolean): void {
    Atomics.store(this.#words, BUSY, isBusy ? 1 : 0);
    if (!isBusy) this.#noteHeap();
  }

  #noteHeap(): void {
    const nowMs = performance.now();
    if (nowMs < this.#heapDueMs) return;
    this.#heapDueMs = nowMs + HEAP_LOOK_MS;
    this.#words[HEAP_MB] = Math.ceil(getHeapStatistics().used_heap_size / 1e6);
  }
}

/** Where a watchdog takes times from, in milliseconds. */
export interface WatchClock {
  nowMs(): number;
  threadMs(thread: number): number;
}

/** What a thread says of itself. */
export interface WatchState {
  /** Changes whenever user code begins or ends. */
  readonly serial: number;
  /** User code runs. */
  readonly isInside: boolean;
  readonly isBusy: boolean;
  /** Megabytes of its objects, when it had work last: a collection of them may take the thread's time. */
  readonly heapMb: number;
}

/** A run that the thread entered last. */
export interface LastRun {
  readonly run: RunKey;
  /** The function; empty where modules were evaluated. */
  readonly name: string;
}

/** Main's side: looks while there is something to look at. */
export class Watchdog {
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #text: Buffer;
  readonly #name: Buffer;
  readonly #clock: WatchClock;
  readonly #isOutstanding: () => boolean;
  readonly #onStuck: (run: RunKey) => void;
  #timer: NodeJS.Timeout | undefined;
  /** The entry that was seen last, and the thread's processor time then. Asked here, not by the thread: an entry has to be cheap. */
  #seen = { serial: 0, cpuMs: 0 };

  /**
   * @param memory From {@linkcode newWatchMemory}.
   * @param isOutstanding Whether main waits for anything.
   * @param onStuck Called once with the run.
   * @param clock Where times come from.
   */
  constructor(
    memory: SharedArrayBuffer,
    isOutstanding: () => boolean,
    onStuck: (run: RunKey) => void,
    clock: WatchClock = { nowMs: monotonicMs, threadMs },
  ) {
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#times = new Float64Array(memory, TIMES_OFFSET, 3);
    this.#text = Buffer.from(memory, TEXT_OFFSET, TEXT_BYTES_MAX);
    this.#name = Buffer.from(memory, NAME_OFFSET, NAME_BYTES_MAX);
    this.#clock = clock;
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

  /** Another thread takes the place of the one that was watched. */
  reset(): void {
    this.#words.fill(0);
    this.#seen = { serial: 0, cpuMs: 0 };
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** What the thread was running when it ended by itself, for example without memory; undefined when it was not in user code. */
  running(): RunKey | undefined {
    return (Atomics.load(this.#words, SERIAL) & 1) === 0 ? undefined : parseRunKey(this.#textNow());
  }

  /** What the thread says of itself now. */
  state(): WatchState {
    const serial = Atomics.load(this.#words, SERIAL);
    const isBusy = Atomics.load(this.#words, BUSY) === 1;
    return { serial, isInside: (serial & 1) === 1, isBusy, heapMb: Atomics.load(this.#words, HEAP_MB) };
  }

  /** The run that was entered last, also when it has ended; `undefined` when there was none. */
  last(): LastRun | undefined {
    if (Atomics.load(this.#words, SERIAL) === 0) return undefined;
    const name = this.#name.toString("utf8", 0, this.#words[NAME_LENGTH] ?? 0);
    return { run: parseRunKey(this.#textNow()), name };
  }

  #look(): void {
    this.#timer = undefined;
    const stuck = this.#stuck();
    if (stuck !== undefined) this.#onStuck(stuck);
    else if (Atomics.load(this.#words, BUSY) === 1 || this.#isOutstanding()) this.watch();
  }

  #stuck(): RunKey | undefined {
    const serial = Atomics.load(this.#words, SERIAL);
    if ((serial & 1) === 0) return undefined;
    const passedMs = this.#clock.nowMs() - (this.#times[START] ?? 0);
    const cpuMs = this.#clock.threadMs(this.#words[THREAD] ?? 0);
    if (this.#seen.serial !== serial) this.#seen = { serial, cpuMs };
    if (!this.#isOver(passedMs, cpuMs - this.#seen.cpuMs)) return undefined;
    const text = this.#textNow();
    return Atomics.load(this.#words, SERIAL) === serial ? parseRunKey(text) : undefined;
  }

  /** @param computedMs Since this entry was seen first: at most one look less than what it computed. */
  #isOver(passedMs: number, computedMs: number): boolean {
    const limitMs = this.#times[LIMIT] ?? 0;
    if (passedMs > limitMs + GRACE_MS + WATCH_MS && computedMs > limitMs + GRACE_MS - WATCH_MS) return true;
    const isHurried = this.#times[HURRIED] === 1;
    if (isHurried && passedMs > HURRIED_FACTOR * limitMs && computedMs > HURRIED_SHARE * limitMs) return true;
    return passedMs > BLOCKED_FACTOR * limitMs;
  }

  #textNow(): string {
    return this.#text.toString("utf8", 0, this.#words[LENGTH] ?? 0);
  }
}
