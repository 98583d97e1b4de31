/**
 * Heartbeat: whether a thread that runs user code still turns its event loop, seen from main, also when nothing is asked of it.
 *
 * The watchdog (`watchdog.ts`) sees runs, between their begin and their end. A function can leave something behind that goes on afterwards: a
 * promise, a timer, a `MessageChannel`, an abort listener. An action thread runs many functions at once, so no begin and end says whose turn it is.
 * Here main asks the thread for a sign of life, and measures what the thread computes until it comes.
 *
 *   main:    ask ──"beat"──▶ thread       the message waits until the thread's event loop turns
 *   thread:  beat() ─▶ [answers + 1]      in shared memory: main need not be free to hear of it
 *
 *   thread computes, or somebody waits for it    a look every LOOK_MS
 *   neither                                      a look every IDLE_LOOK_MS, at its processor time only: an idle thread is not woken
 *
 * Not here: what is made of it. The owner of the thread is told at every look, and knows what was under way.
 *
 * @module
 */
import { ownThreadNumber, threadMs } from "./thread-time.ts";
import { WATCH_MS } from "./watchdog.ts";

const ANSWERED = 0;
const THREAD = 1;
/** Pause between two looks at a thread that computes nothing and for which nobody waits. */
const IDLE_LOOK_MS = 1_000;
/** A thread that computes less between two looks is not asked: it cannot be in a loop. One that somebody waits for is, once in `IDLE_LOOK_MS`. */
const WORK_MS = 30;

/** What a thread sends as its message to be asked. */
export const BEAT = "beat";

/** What main sees at a look, in milliseconds. */
export interface Pulse {
  /** Time since the thread was asked for a sign that has not come; 0 when all have. */
  readonly silentMs: number;
  /** What it computed in that time. */
  readonly silentCpuMs: number;
  /** What it computed so far; `undefined` where the platform does not tell threads apart. */
  readonly cpuMs: number | undefined;
}

/** Where a heartbeat takes times from, in milliseconds. */
export interface HeartClock {
  nowMs(): number;
  threadMs(thread: number): number;
}

/** What main's side works with. */
export interface HeartbeatParts {
  /** From {@linkcode newHeartMemory}. */
  readonly memory: SharedArrayBuffer;
  /** Sends {@linkcode BEAT} to the thread. */
  readonly ask: () => void;
  /** Whether anybody waits for the thread. */
  readonly isAwaited: () => boolean;
  readonly onLook: (pulse: Pulse) => void;
  readonly clock?: HeartClock;
}

/** Memory that a thread and its heartbeat share. */
export function newHeartMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(8);
}

/** The thread's side: made in the thread, once. @returns What answers a {@linkcode BEAT}. */
export function heartOf(memory: SharedArrayBuffer): () => void {
  const words = new Int32Array(memory);
  Atomics.store(words, THREAD, ownThreadNumber());
  return () => void Atomics.add(words, ANSWERED, 1);
}

/** Main's side. */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  readonly #words: Int32Array;
  readonly #clock: HeartClock;
  #timer: NodeJS.Timeout | undefined;
  #isClose = false;
  #isStopped = false;
  #asked = 0;
  #askedAt = { ms: 0, cpuMs: 0 };
  #seenCpuMs = 0;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
    this.#words = new Int32Array(parts.memory);
    this.#clock = parts.clock ?? { nowMs: () => performance.now(), threadMs };
    this.#arm(false);
  }

  /** Somebody waits for the thread from now on: looks often. */
  watch(): void {
    if (!this.#isClose) this.#arm(true);
  }

  /** The thread is gone. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #arm(isClose: boolean): void {
    if (this.#isStopped) return;
    this.#isClose = isClose;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), isClose ? WATCH_MS : IDLE_LOOK_MS);
    // The thread itself keeps the process; a look at it need not.
    this.#timer.unref();
  }

  #look(): void {
    const nowMs = this.#clock.nowMs();
    const thread = Atomics.load(this.#words, THREAD);
    // Before it has begun it has run nothing.
    if (thread === 0 && process.platform === "linux") return this.#arm(this.#isClose);
    const cpuMs = this.#clock.threadMs(thread);
    const isWorking = cpuMs - this.#seenCpuMs > WORK_MS;
    this.#seenCpuMs = cpuMs;
    const isAwaited = this.#parts.isAwaited();
    let isSilent = this.#asked > Atomics.load(this.#words, ANSWERED);
    const isDue = isWorking || (isAwaited && nowMs - this.#askedAt.ms >= IDLE_LOOK_MS);
    if (!isSilent && isDue) {
      this.#asked += 1;
      this.#askedAt = { ms: nowMs, cpuMs };
      isSilent = true;
      this.#parts.ask();
    }
    this.#arm(isSilent || isAwaited || isWorking);
    this.#parts.onLook({
      silentMs: isSilent ? nowMs - this.#askedAt.ms : 0,
      silentCpuMs: isSilent ? cpuMs - this.#askedAt.cpuMs : 0,
      cpuMs: thread === 0 ? undefined : cpuMs,
    });
  }
}
