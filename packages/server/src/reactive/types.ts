/**
 * Shapes of the reactive room: what a run is asked, what it gave, who wants it.
 *
 *   commit ──stab──▶ dependency index ──▶ live queries (dirty) ──run at head──▶ result changed? ──▶ sockets at one ts
 *
 * @module
 */
import type { FunctionAddress, Ts } from "@narrowcast/values";
import type { ReadSetView, TableUsage, TransactionUsage } from "../tx/types.ts";

/** Who asks. Part of what makes requests share a live query only if the run looked at it. `key` is a stable text of the identity. */
export interface Identity {
  readonly kind: "none" | "user" | "admin";
  /** Stable text: equal keys mean the same identity. `""` for none. */
  readonly key: string;
  /** Claims as `ctx.auth.getUserIdentity()` returns them, or null. */
  readonly attributes: { readonly [claim: string]: unknown } | null;
  /** Why nobody can tell who it is: looking at the identity fails with it. `key` tells such identities apart from nobody's. */
  readonly error?: string | undefined;
}

/** Who causes an execution: a subscription that is kept true, or somebody who asks once. For logs and the meter; no part of a run's key. */
export type Caller =
  | "Subscription"
  | "SyncWebsocket"
  | "HttpApi"
  | "HttpEndpoint"
  | "Cron"
  | "Scheduler"
  | "Action"
  | "Tester";

/** What is asked: a function, and what it is given. */
export interface RunRequest extends FunctionAddress {
  /** Convex JSON text of the arguments object, keys sorted. */
  readonly args: string;
  readonly identity: Identity;
  /** What a paginated run gave before; keeps page borders. */
  readonly journal: string | null;
  /** Internal functions may be run too (actions, the scheduler); admin identities always may. Requests with and without never share a live query. */
  readonly allowInternal?: boolean | undefined;
  /** Id that error messages name; a re-run has that of the first, so that an error which comes again is equal. A new one if left out. */
  readonly requestId?: string | undefined;
}

/** What the client sees of a run. Two equal values are not sent twice. */
export type RunResult =
  | { readonly ok: true; readonly value: string; readonly logLines: readonly string[]; readonly journal: string | null }
  | {
      readonly ok: false;
      readonly errorMessage: string;
      readonly errorData: string | null;
      readonly logLines: readonly string[];
      readonly journal: string | null;
    };

/** A finished run and what it depends on. */
export interface RunOutcome {
  readonly result: RunResult;
  readonly readSet: ReadSetView;
  readonly identityObserved: boolean;
  /** It looked at the clock: not reused for new askers after a while, never re-run because time passes. */
  readonly clockObserved: boolean;
  /** What it took, for the observer. */
  readonly cost?: RunCost | undefined;
  /** What else it was given; left out when it cannot be repeated. */
  readonly moment?: Moment | undefined;
}

/** The clock and the seed of one execution: with the same ones a function gives the same from the same data. */
export interface Moment {
  readonly nowMs: number;
  readonly seed: number;
  /** Id that error messages name. */
  readonly requestId: string;
}

/** What one execution took. */
export interface RunCost {
  readonly usage: Readonly<TransactionUsage>;
  readonly tables: readonly TableUsage[];
  /** Time inside the function, in milliseconds. */
  readonly userMs: number;
}

/** Executes one query from scratch at the head; given to the reactive room by the core. Never rejects for user errors. */
export type QueryExecutor = (request: RunRequest, caller: Caller) => Promise<RunOutcome> | RunOutcome;

/** One query of one socket. */
export interface QueryAdd extends FunctionAddress {
  readonly queryId: number;
  readonly args: string;
  readonly journal: string | null;
}

/**
 * A consistent step of one socket: every listed result, and every result sent before and not listed, holds at `ts`.
 */
export interface SocketUpdate {
  readonly socket: number;
  /** Newest query-set version whose changes are included. */
  readonly querySet: number;
  /** Newest identity version included. */
  readonly identity: number;
  readonly ts: Ts;
  /** Results that differ from what this socket was given last; `undefined` for a removed query. Shared objects: one per result, however many sockets. */
  readonly changes: readonly { readonly queryId: number; readonly result: RunResult | undefined }[];
}

/** Work counters, for tests and the meter; monotone. */
export interface ReactiveCounters {
  /** Look-ups in the dependency index (one per changed row or index key). */
  lookups: number;
  /** Interval-tree nodes visited by those look-ups. */
  visited: number;
  runsInvalidated: number;
  /** Clean live queries that a commit touched only in rows that they did not see: filtered out, or at the same place as before. */
  nodeCutoffs: number;
  /** Clean live queries that a commit touched only in fields that they did not look at. */
  fieldCutoffs: number;
  runsExecuted: number;
  /** Re-runs whose result equalled the last one. */
  resultsUnchanged: number;
  /** One-shot or new askers answered by a live query. */
  runsShared: number;
  updatesSent: number;
}
