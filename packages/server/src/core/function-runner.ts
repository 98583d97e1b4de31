/**
 * Runs queries and mutations of the active code on a transaction of the core, system functions included.
 *
 * One place that knows what an execution needs besides the transaction (clock, seed, environment, scheduler), tells the watchdog
 * what is running, answers quarantined requests without running them, and makes a log entry of each execution.
 *
 * Not here: opening and committing transactions (`core.ts`), running user code (`execute.ts`).
 *
 * @module
 */
import { clientLines, type Limits } from "@narrowcast/values";
import type { Identity, Moment, RunCost, RunOutcome, RunRequest, RunResult } from "../reactive/types.ts";
import type { Transaction } from "../tx/types.ts";
import type { Clock } from "../protocol/alarms.ts";
import type { ImportFacts } from "../functions/code-loader.ts";
import type { CoreMeter } from "./core-meter.ts";
import type { Caller } from "../protocol/deployment-types.ts";
import { serverErrorText, timeOutText } from "../protocol/core-protocol.ts";
import type { LogEntry } from "../protocol/deployment-types.ts";
import type { LoadedUserCode } from "../functions/load.ts";
import { quarantinedReadSet, type Quarantine } from "./quarantine.ts";
import { queryRunText, stableRequestId } from "../protocol/run-key.ts";
import { runSystemQuery } from "./system/system-queries.ts";
import { SYSTEM_PREFIX } from "./system/system-types.ts";
import type { CodePackage, FunctionInfo } from "../app/types.ts";
import type { ExecuteOutcome, RunFiles, RunHost } from "../functions/execute-types.ts";
import type { RunMonitor } from "../protocol/watchdog.ts";

/** Marks the path of a query that may be internal; part of the key under which the reactive room shares runs. */
const INTERNAL_MARK = "!";
/** What callers see of a failure of the server itself. */
export const INTERNAL_ERROR = "Server Error\nYour request couldn't be completed. Try again later.";
const NO_USAGE = {
  documentsRead: 0,
  bytesRead: 0,
  storageDocuments: 0,
  storageBytes: 0,
  documentsWritten: 0,
  bytesWritten: 0,
};
const MISSING_CODE = "Did you forget to run `npx convex dev` or `npx convex deploy`?";

/** What the core gives the runner. */
export interface RunnerParts {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly random: { bytes(count: number): Uint8Array };
  readonly monitor: RunMonitor;
  readonly quarantine: Quarantine;
  readonly cloudUrl: string;
  readonly siteUrl: string;
  /** Begins the transaction of a query; without a path one that reads from storage by Convex's rules. */
  begin(path?: string): Transaction;
  schedule(tx: Transaction, path: string, args: string, atMs: number): string;
  cancelScheduled(tx: Transaction, id: string): void;
  /** Asked lazily: they are opened after the runner. */
  files(): RunFiles;
  log(entry: LogEntry): void;
  readonly meter: CoreMeter | undefined;
}

/** Code that is active, or is being tried by a push. */
export interface ActiveCode {
  readonly code: CodePackage;
  readonly facts: ImportFacts;
  readonly user: LoadedUserCode;
}

/** One execution of a mutation (or of a query outside the reactive room). */
export interface RunCall {
  readonly path: string;
  readonly args: string;
  readonly identity: Identity;
  readonly allowInternal: boolean;
  readonly requestId: string;
  readonly caller: Caller;
  /** For the watchdog; see `run-key.ts`. */
  readonly text: string;
}

/** See the module comment. */
export class FunctionRunner {
  readonly #parts: RunnerParts;
  active: ActiveCode | undefined;
  environment: ReadonlyMap<string, string> = new Map();
  /** Why the stored code could not be loaded; every call fails with it. */
  loadError: string | undefined;
  /** Who causes the queries that run now; set by the core around settling and one-shot queries. */
  queryCaller: Caller = "Subscription";
  /** Queries really executed. */
  queriesExecuted = 0;
  #executions = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  find(path: string): FunctionInfo | undefined {
    return this.active?.user.find(path);
  }

  /** The path under which the reactive room runs and shares a query for this caller. */
  sharedPath(path: string, allowInternal: boolean): string {
    const isInternal = allowInternal && this.find(path)?.visibility === "internal";
    return isInternal ? INTERNAL_MARK + path : path;
  }

  /** Executes a query at the head; the executor of the reactive room. */
  async query(request: RunRequest): Promise<RunOutcome> {
    this.queriesExecuted += 1;
    const path = bareQueryPath(request.path);
    const isMarked = path !== request.path;
    const text = queryRunText(path, request.args, request.identity.key);
    if (this.#parts.quarantine.has(text)) return this.#quarantined(text);
    const isSystem = path.startsWith(SYSTEM_PREFIX);
    const moment = isSystem ? undefined : this.#moment();
    const tx = this.#parts.begin(path);
    try {
      const outcome =
        moment === undefined
          ? this.#system(tx, path, request)
          : await this.#userQuery(tx, path, isMarked, text, request, moment);
      const { result, journal, clockObserved } = outcome;
      // Whether an internal function may be seen depends on who asks, so nobody else may be given this answer.
      const isPrivate = !isMarked && this.find(path)?.visibility === "internal";
      const identityObserved = outcome.identityObserved || isPrivate;
      const logLines = clientLines(outcome.logLines);
      const cost = isSystem ? undefined : costOf(tx, outcome);
      const { readSet } = tx;
      return { result: { ...result, logLines, journal }, readSet, identityObserved, clockObserved, cost, moment };
    } catch (error) {
      return this.#defect(tx, path, text, error);
    } finally {
      tx.abort();
    }
  }

  /**
   * Executes a query anew out of storage, by Convex's rules, with the clock and seed of `moment`. Leaves no trace in logs and ledger.
   *
   * @returns `undefined` when it may not be run now.
   */
  async fromScratch(request: RunRequest, moment: Moment): Promise<RunResult | undefined> {
    const { args, identity, journal } = request;
    const path = bareQueryPath(request.path);
    const text = queryRunText(path, args, identity.key);
    if (this.active === undefined || this.#parts.quarantine.has(text)) return undefined;
    const allowInternal = path !== request.path || identity.kind === "admin";
    const requestId = stableRequestId(text);
    const tx = this.#parts.begin();
    this.#parts.monitor.enter(text);
    try {
      const host = this.#host(moment);
      const call = { path, kind: "query", args, identity, allowInternal, journal, requestId, tx, host } as const;
      const outcome = await this.active.user.execute(call);
      return { ...outcome.result, logLines: clientLines(outcome.logLines), journal: outcome.journal };
    } finally {
      this.#parts.monitor.leave();
      tx.abort();
    }
  }

  #userQuery(
    tx: Transaction,
    path: string,
    isMarked: boolean,
    text: string,
    { args, identity, journal }: RunRequest,
    moment: Moment,
  ): Promise<ExecuteOutcome> {
    const allowInternal = isMarked || identity.kind === "admin";
    const call = {
      path,
      args,
      identity,
      allowInternal,
      requestId: stableRequestId(text),
      caller: this.queryCaller,
      text,
    };
    return this.run("query", tx, call, journal, moment);
  }

  /** The server itself failed: the asker gets an error, tried again when what was read changes; the others go on. */
  #defect(tx: Transaction, path: string, text: string, error: unknown): RunOutcome {
    console.error("Cannot run", path, error);
    const errorMessage = `[Request ID: ${stableRequestId(text)}] ${INTERNAL_ERROR}`;
    return {
      result: { ok: false, errorMessage, errorData: null, logLines: [], journal: null },
      readSet: tx.readSet,
      identityObserved: true,
      clockObserved: false,
    };
  }

  /** Executes one function on `tx`; user errors are outcomes. The caller commits or aborts. */
  async run(
    kind: "query" | "mutation",
    tx: Transaction,
    call: RunCall,
    journal: string | null = null,
    moment = this.#moment(),
  ): Promise<ExecuteOutcome> {
    const { active } = this;
    if (active === undefined) return this.#noCode(call);
    const { path, args, identity, allowInternal, requestId } = call;
    const startedMs = this.#parts.clock.nowMs();
    this.#parts.monitor.enter(call.text);
    let outcome: ExecuteOutcome;
    try {
      const host = this.#host(moment);
      outcome = await active.user.execute({ path, kind, args, identity, allowInternal, journal, requestId, tx, host });
    } finally {
      this.#parts.monitor.leave();
    }
    const endedMs = this.#parts.clock.nowMs();
    this.#log(kind, call, tx, outcome, startedMs, endedMs);
    if (kind === "mutation") this.#meterMutation(call, tx, outcome, endedMs);
    return outcome;
  }

  /** Makes the entry of a one-shot query that was answered without running it. */
  logCached({ path, requestId, caller }: Pick<RunCall, "path" | "requestId" | "caller">, result: RunResult): void {
    const atMs = this.#parts.clock.nowMs();
    this.#parts.log({
      ...this.#entry("query", path, requestId, caller, atMs, atMs),
      error: result.ok ? null : result.errorMessage,
      cached: true,
      returnBytes: result.ok ? result.value.length : 0,
    });
  }

  #log(
    kind: "query" | "mutation",
    call: RunCall,
    tx: Transaction,
    outcome: ExecuteOutcome,
    startedMs: number,
    endedMs: number,
  ): void {
    const { documentsRead, bytesRead, storageDocuments, storageBytes, documentsWritten, bytesWritten } = tx.usage;
    this.#parts.log({
      ...this.#entry(kind, call.path, call.requestId, call.caller, startedMs, endedMs),
      lines: outcome.logLines,
      error: outcome.result.ok ? null : outcome.result.errorMessage,
      returnBytes: outcome.result.ok ? outcome.result.value.length : 0,
      usage: { documentsRead, bytesRead, storageDocuments, storageBytes, documentsWritten, bytesWritten },
    });
  }

  #meterMutation({ path, args, caller }: RunCall, tx: Transaction, outcome: ExecuteOutcome, atMs: number): void {
    const { result } = outcome;
    const resultBytes = result.ok ? result.value.length : 0;
    const cost = costOf(tx, outcome);
    this.#parts.meter?.mutated({ atMs, path, args, caller, cost, resultBytes, isError: !result.ok });
  }

  #entry(
    kind: "query" | "mutation",
    path: string,
    requestId: string,
    caller: Caller,
    startedMs: number,
    endedMs: number,
  ): LogEntry {
    this.#executions += 1;
    return {
      kind: "completion",
      path,
      functionKind: kind,
      requestId,
      executionId: `${requestId}-${this.#executions}`,
      caller,
      startedMs,
      durationMs: endedMs - startedMs,
      lines: [],
      error: null,
      cached: false,
      environment: "isolate",
      returnBytes: 0,
      usage: NO_USAGE,
    };
  }

  #moment(): Moment {
    const { clock, random } = this.#parts;
    const seed = random.bytes(4);
    return { nowMs: Math.floor(clock.nowMs()), seed: new DataView(seed.buffer, seed.byteOffset).getUint32(0) };
  }

  #host({ nowMs, seed }: Moment): RunHost {
    const { limits, cloudUrl, siteUrl } = this.#parts;
    return {
      limits,
      nowMs,
      seed,
      environment: this.environment,
      cloudUrl,
      siteUrl,
      schedule: (target, path, args, atMs) => this.#parts.schedule(target, path, args, atMs),
      cancelScheduled: (target, id) => this.#parts.cancelScheduled(target, id),
      files: this.#parts.files(),
    };
  }

  #noCode({ path, requestId }: RunCall): ExecuteOutcome {
    const text = this.loadError ?? `Could not find public function for '${path}'. ${MISSING_CODE}`;
    return failure(serverErrorText(requestId, text));
  }

  #system(tx: Transaction, path: string, request: RunRequest): ExecuteOutcome {
    const requestId = stableRequestId(request.path);
    const { cloudUrl, siteUrl } = this.#parts;
    const context = { analysis: this.active?.user.analysis, environment: this.environment, cloudUrl, siteUrl };
    return runSystemQuery(tx, path, request.args, request.identity, requestId, context);
  }

  #quarantined(text: string): RunOutcome {
    const errorMessage = serverErrorText(stableRequestId(text), timeOutText(this.#parts.limits));
    return {
      result: { ok: false, errorMessage, errorData: null, logLines: [], journal: null },
      readSet: quarantinedReadSet(text),
      identityObserved: true,
      clockObserved: false,
    };
  }
}

/** The canonical path of a query as the reactive room names it. */
export function bareQueryPath(path: string): string {
  return path.startsWith(INTERNAL_MARK) ? path.slice(INTERNAL_MARK.length) : path;
}

function costOf({ usage, tableUsage }: Transaction, { userMs }: ExecuteOutcome): RunCost {
  return { usage, tables: tableUsage, userMs };
}

/** An outcome of a call that did not get as far as user code. */
function failure(errorMessage: string): ExecuteOutcome {
  return {
    result: { ok: false, errorMessage, errorData: null },
    logLines: [],
    journal: null,
    identityObserved: false,
    clockObserved: false,
    userMs: 0,
  };
}
