/**
 * The pool of action threads: who runs which action, and what happens when a thread dies or new code comes.
 *
 * Threads are started when there is something to run and are kept. A thread runs many actions at once; another one is started only when all
 * are well loaded. New code or environment means new threads: old ones finish what they run.
 *
 * Invariants:
 *   - An action runs on the code that was active when it was started.
 *   - A thread that dies fails its actions with a clear error and is replaced when the next one comes. Nothing is run twice.
 *
 * @module
 */
import type { ActionWorkerData } from "../protocol/action-protocol.ts";
import { ActionThread, type ActionEnd, type ActionJob, type HttpJob } from "./action-thread.ts";
import type { Active } from "../protocol/core-protocol.ts";
import type { HttpActionResponse } from "../protocol/deployment-types.ts";

/** A thread with fewer runs than this takes the next one before another thread is started. */
const RUNS_A_THREAD = 16;

/** What all threads are started with. */
export interface ActionPoolOptions extends Pick<
  ActionWorkerData,
  "cloudUrl" | "siteUrl" | "limits" | "hasVirtualTime"
> {
  readonly threadsMax: number;
}

/** See the module comment. */
export class ActionPool {
  readonly #options: ActionPoolOptions;
  #active: Active | undefined;
  /** Threads of the active code. */
  #threads: ActionThread[] = [];
  /** All threads that have not exited. */
  readonly #alive = new Set<ActionThread>();
  #isClosed = false;

  constructor(options: ActionPoolOptions) {
    this.#options = options;
  }

  /** Threads that have not exited. */
  get threads(): number {
    return this.#alive.size;
  }

  /** Runs under way in all of them. */
  get load(): number {
    return [...this.#alive].reduce((sum, thread) => sum + thread.load, 0);
  }

  /** Whether there is anything to run. */
  get hasCode(): boolean {
    return (this.#active?.code ?? null) !== null;
  }

  /** Other code or environment from now on. */
  setActive(active: Active): void {
    this.#active = active;
    for (const thread of this.#threads) thread.drain();
    this.#threads = [];
  }

  run(job: ActionJob): Promise<ActionEnd> {
    return this.#thread().run(job);
  }

  http(job: HttpJob): Promise<HttpActionResponse> {
    return this.#thread().http(job);
  }

  /** Ends all threads; what they run fails. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#alive].map((thread) => thread.terminate()));
  }

  /** The thread for the next run. @throws {Error} Without code, or when closed. */
  #thread(): ActionThread {
    if (this.#isClosed) throw new Error("Cannot run an action: the deployment is closed");
    this.#threads = this.#threads.filter((thread) => thread.isOpen);
    const [first, ...others] = this.#threads;
    if (first === undefined) return this.#start();
    const best = others.reduce((least, thread) => (thread.load < least.load ? thread : least), first);
    const isFull = best.load >= RUNS_A_THREAD && this.#threads.length < this.#options.threadsMax;
    return isFull ? this.#start() : best;
  }

  #start(): ActionThread {
    const active = this.#active;
    if (active?.code === undefined || active.code === null) throw new Error("Cannot run an action: no code was pushed");
    const { cloudUrl, siteUrl, limits, hasVirtualTime } = this.#options;
    const environment = active.environment.map(({ name, value }) => [name, value] as const);
    const data = { code: active.code, environment, cloudUrl, siteUrl, limits, hasVirtualTime };
    const thread = new ActionThread(data, (ended) => this.#alive.delete(ended));
    this.#alive.add(thread);
    this.#threads.push(thread);
    return thread;
  }
}
