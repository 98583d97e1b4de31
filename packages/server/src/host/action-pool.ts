/**
 * The pool of action threads: who runs which action, and what happens when a thread dies or new code comes.
 *
 * Threads are started when there is something to run and are kept. A thread runs many actions at once; another one is started only when all
 * are well loaded. New code means new threads: old ones finish what they run. Another environment is sent to the threads that there are.
 *
 * A push has its "use node" modules evaluated here. The thread that did it takes the first action of that code.
 *
 * A thread that does not turn its event loop gets nothing new, and is ended when others wait for it (`action-pulse.ts`). What was under way in it
 * runs apart from then on (`action-suspects.ts`).
 *
 * Invariants:
 *   - An action runs on the code that was active when it was started.
 *   - A thread that dies fails its actions with a clear error and is replaced when the next one comes. Nothing is run twice.
 *
 * @module
 */
import type { ActionWorkerData } from "../protocol/action-protocol.ts";
import { printFunction } from "@narrowcast/values";
import { ActionSuspects } from "./action-suspects.ts";
import {
  ActionThread,
  httpName,
  type ActionEnd,
  type ActionJob,
  type HttpJob,
  type ModuleReader,
} from "./action-thread.ts";
import type { Active, EnvironmentEntry, NodeAnalysisOutcome } from "../protocol/core-protocol.ts";
import { isSameCode } from "../app/code-manifest.ts";
import type { CodeManifest } from "../app/types.ts";
import type { HttpActionResponse } from "../protocol/deployment-types.ts";

/** A thread with fewer runs than this takes the next one before another thread is started. */
const RUNS_A_THREAD = 16;

/** Threads that are held do not count as threads, up to so many times the usual number. */
const HELD_FACTOR = 2;

/** What all threads are started with. */
export interface ActionPoolOptions extends Pick<
  ActionWorkerData,
  "cloudUrl" | "siteUrl" | "limits" | "hasVirtualTime"
> {
  readonly threadsMax: number;
  readonly readModules: ModuleReader;
}

/** What a thread runs. */
type Loaded = Pick<Active, "code" | "environment"> & {
  /** Whether its modules hold state; undefined: nobody has looked yet. */
  readonly holdsState?: boolean | undefined;
};

/** A thread that evaluated the code of a request which is not over. */
interface Candidate extends Loaded {
  readonly thread: ActionThread;
}

/** See the module comment. */
export class ActionPool {
  readonly #options: ActionPoolOptions;
  #active: Loaded | undefined;
  /** Threads of the active code. */
  #threads: ActionThread[] = [];
  /** All threads that have not exited. */
  readonly #alive = new Set<ActionThread>();
  /** By the id of the request. */
  readonly #candidates = new Map<number, Candidate>();
  readonly #suspects = new ActionSuspects();
  /** Threads of the active code for suspects: one run each. */
  #apart: ActionThread[] = [];
  #isClosed = false;
  /** Threads started so far. */
  starts = 0;

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
  setActive({ code, environment, analysis: { moduleState } }: Active): void {
    const before = this.#active;
    this.#active = { code, environment, holdsState: moduleState && moduleState.length > 0 };
    const isSame = before !== undefined && isSameCode(before.code, code);
    const isSameEnvironment = before !== undefined && isEqual(before.environment, environment);
    const threads = [...this.#threads, ...this.#apart];
    if (!isSame || !isSameEnvironment) this.#suspects.clear();
    if (!isSame) {
      for (const thread of threads) thread.drain();
      this.#threads = [];
      this.#apart = [];
    } else if (!isSameEnvironment) for (const thread of threads) thread.setEnvironment(pairsOf(environment));
    for (const [id, candidate] of this.#candidates) {
      if (!isSameCode(candidate.code, code) || !isEqual(candidate.environment, environment)) continue;
      this.#candidates.delete(id);
      if (this.#threads.length === 0 && candidate.thread.isOpen) this.#threads.push(candidate.thread);
      else candidate.thread.drain();
    }
  }

  /** Evaluates code for request `id` in a thread of its own, which is kept until {@linkcode setActive} or {@linkcode dropAnalysis}. */
  async analyze(
    id: number,
    code: CodeManifest,
    environment: readonly EnvironmentEntry[],
  ): Promise<NodeAnalysisOutcome> {
    this.dropAnalysis(id);
    if (this.#isClosed) return { ok: false, code: "PushFailed", message: "Cannot push: the deployment is closed" };
    const thread = this.#start({ code, environment }, "push");
    this.#candidates.set(id, { thread, code, environment });
    const outcome = await thread.analysis;
    if (!outcome.ok) this.#candidates.delete(id);
    return outcome;
  }

  /** Nobody needs the thread that evaluated code for request `id`. */
  dropAnalysis(id: number): void {
    const candidate = this.#candidates.get(id);
    this.#candidates.delete(id);
    void candidate?.thread.terminate();
  }

  /** The core began anew: it asks again for what it needs. */
  dropAnalyses(): void {
    for (const id of this.#candidates.keys()) this.dropAnalysis(id);
  }

  /** @param isCalled By a suspect. */
  async run(job: ActionJob, isCalled = false): Promise<ActionEnd> {
    const suspect = this.#suspects.suspectOf(printFunction(job.message));
    if (suspect === undefined) return this.#thread().run(job);
    await this.#suspects.enter(suspect, isCalled);
    try {
      const thread = this.#threadApart();
      const end = await thread.run({ ...job, answer: (call) => job.answer(call, true) });
      if (thread.isOpen) this.#suspects.acquit(suspect);
      return end;
    } finally {
      this.#suspects.leave(isCalled);
    }
  }

  async http(job: HttpJob): Promise<HttpActionResponse> {
    const suspect = this.#suspects.suspectOf(httpName(job.request));
    if (suspect === undefined) return this.#thread().http(job);
    await this.#suspects.enter(suspect);
    let thread: ActionThread;
    try {
      thread = this.#threadApart();
    } catch (error) {
      this.#suspects.leave();
      throw error;
    }
    return thread.http({
      ...job,
      answer: (call) => job.answer(call, true),
      onEnd: (route, error) => {
        if (thread.isOpen) this.#suspects.acquit(suspect);
        this.#suspects.leave();
        job.onEnd(route, error);
      },
    });
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
    const [first, ...others] = this.#threads.filter((thread) => !thread.isQuiet);
    if (first === undefined) {
      if (this.#threads.length < HELD_FACTOR * this.#options.threadsMax) return this.#startActive();
      throw new Error(
        `Cannot run an action now: all ${this.#threads.length} threads are held by actions that compute without a pause`,
      );
    }
    const best = others.reduce((least, thread) => (thread.load < least.load ? thread : least), first);
    const isFull = best.load >= RUNS_A_THREAD && this.#threads.length < this.#options.threadsMax;
    return isFull ? this.#startActive() : best;
  }

  /** A thread in which nothing else runs. @throws {Error} Without code, or when closed. */
  #threadApart(): ActionThread {
    if (this.#isClosed) throw new Error("Cannot run an action: the deployment is closed");
    this.#apart = this.#apart.filter((thread) => thread.isOpen);
    const free = this.#apart.find((thread) => thread.load === 0 && !thread.isQuiet);
    return free ?? this.#startActive(this.#apart);
  }

  #startActive(among = this.#threads): ActionThread {
    const active = this.#active;
    if (active === undefined || active.code === null) throw new Error("Cannot run an action: no code was pushed");
    const thread = this.#start({ ...active, code: active.code }, "start");
    among.push(thread);
    return thread;
  }

  #start(
    { code, environment, holdsState }: Loaded & { readonly code: CodeManifest },
    why: "push" | "start",
  ): ActionThread {
    this.starts += 1;
    const { cloudUrl, siteUrl, limits, hasVirtualTime, readModules } = this.#options;
    const given = { cloudUrl, siteUrl, limits, hasVirtualTime };
    const data = { code, environment: pairsOf(environment), ...given, why, holdsState };
    const thread = new ActionThread(data, readModules, {
      onExit: (ended) => this.#alive.delete(ended),
      onBadEnd: (names) => {
        if (this.#active !== undefined && isSameCode(this.#active.code, code)) this.#suspects.accuse(names);
      },
    });
    this.#alive.add(thread);
    return thread;
  }
}

function pairsOf(environment: readonly EnvironmentEntry[]): readonly (readonly [name: string, value: string])[] {
  return environment.map(({ name, value }) => [name, value] as const);
}

function isEqual(one: readonly EnvironmentEntry[], other: readonly EnvironmentEntry[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
