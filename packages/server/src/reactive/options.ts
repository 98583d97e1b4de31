/**
 * What a reactor is given: its executor, its clock, its limits.
 *
 * @module
 */
import type { Ts } from "@narrowcast/values";
import type { Dependencies } from "./dependency-index.ts";
import type { LiveQuery } from "./live-query.ts";
import type { Caller, QueryExecutor, RunCost, RunResult, SocketUpdate } from "./types.ts";
import type { Wake } from "./wake.ts";

/** Limits of the reactive room. */
export interface ReactorLimits {
  /** Budget of results that no socket holds, in bytes (estimated: one a character, plus what their dependencies take). */
  readonly cacheBytes: number;
  /** How long a result that looked at the clock may answer new askers, in milliseconds. */
  readonly clockReuseMs: number;
  /** After so many slices at the front of the line a socket is served to its end, whatever the budget. */
  readonly patienceSlices: number;
}

/** The limits of an ordinary deployment: Convex's cache of 100 MB and reuse of 17 s. */
export const REACTOR_LIMITS: ReactorLimits = { cacheBytes: 100_000_000, clockReuseMs: 17_000, patienceSlices: 16 };

/** One execution, as an observer is told. */
export interface ObservedExecution {
  readonly caller: Caller;
  readonly cost: RunCost | undefined;
  /** There was no result before. */
  readonly isFirst: boolean;
  /** A client can see a difference from the result before. */
  readonly isNews: boolean;
  /** Queries of sockets and one-shot calls that it answers. */
  readonly askers: number;
}

/** Observes what happens to live queries, for the meter. Called while the reactor works: must not ask it for anything. */
export interface LiveQueryObserver {
  /** An execution ended; `live.wake` is why it was needed, if it was a repetition. */
  ran(live: LiveQuery, execution: ObservedExecution): void;
  /** Somebody was answered, or began to listen, without an execution. */
  shared(live: LiveQuery): void;
  /** A change touched what it read, and cannot change its result. */
  cutOff(live: LiveQuery, wake: Wake, by: "node" | "field"): void;
}

/** What a reactor is given. */
export interface ReactorOptions {
  /** Executes one query at the head. A rejection is an infrastructure failure: it is passed on, and the live query stays dirty. */
  readonly executor: QueryExecutor;
  /** The newest sealed commit's ts. */
  head(): Ts;
  /** Milliseconds, for budgets and the age of results that looked at the clock. */
  nowMs(): number;
  readonly limits?: Partial<ReactorLimits> | undefined;
  /** Who depends on what; an empty {@linkcode DependencyIndex} if left out. */
  readonly dependencies?: Dependencies | undefined;
  readonly observer?: LiveQueryObserver | undefined;
  /** Called at most once a slice; the results in it are shared and must not be written to. */
  onUpdate(updates: readonly SocketUpdate[]): void;
}

/** An answer to a one-shot query. */
export interface QueryAnswer {
  readonly result: RunResult;
  /** The head at which it holds. */
  readonly ts: Ts;
  /** Whether no execution was made for this call. */
  readonly cached: boolean;
}
