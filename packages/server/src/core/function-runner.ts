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
import { clientLines, printFunction, type FunctionAddress, type Limits } from "@narrowcast/values";
import { mayRunInternal } from "../reactive/live-query.ts";
import type { Identity, Moment, RunCost, RunOutcome, RunRequest, RunResult } from "../reactive/types.ts";
import type { Transaction } from "../tx/types.ts";
import type { Clock } from "../protocol/alarms.ts";
import type { CoreMeter } from "./core-meter.ts";
import type { ActiveCode } from "./deployed-code.ts";
import type { DeploymentState } from "./deployment-state.ts";
import type { Caller } from "../protocol/deployment-types.ts";
import { serverErrorText, timeOutText } from "../protocol/core-protocol.ts";
import type { EntryEnd, EntryFacts } from "../protocol/log-entry.ts";
import { quarantinedReadSet, type Quarantine } from "./quarantine.ts";
import { queryKey, type RunKey } from "../protocol/run-key.ts";
import { runSystemQuery } from "./system/system-queries.ts";
import { SYSTEM_PREFIX } from "./system/system-types.ts";
import type { FunctionInfo } from "../app/types.ts";
import type { ExecuteOutcome, RunFiles, RunHost } from "../functions/execute-types.ts";
import { runLimit, type RunMonitor } from "../protocol/watchdog.ts";

/** What callers see of a failure of the server itself. */
export const INTERNAL_ERROR = "Server Error\nYour request couldn't be completed. Try again later.";
const MISSING_CODE = "Did you forget to run `npx convex dev`?";

/** What the core gives the runner. */
export interface RunnerParts {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly random: { bytes(count: number): Uint8Array };
  readonly monitor: RunMonitor;
  readonly quarantine: Quarantine;
  /** The code and the variables that are in force. */
  readonly state: Pick<DeploymentState, "code" | "environment" | "find" | "urls">;
  /** Begins the transaction of a query; without a path one that reads from storage by Convex's rules. */
  begin(address?: FunctionAddress): Transaction;
  schedule(tx: Transaction, address: FunctionAddress, args: string, atMs: number): string;
  cancelScheduled(tx: Transaction, id: string): string | undefined;
  readonly files: RunFiles;
  log(facts: EntryFacts, end: EntryEnd): void;
  readonly meter: CoreMeter | undefined;
}

/** One execution of a mutation (or of a query outside the reactive room). */
export interface RunCall extends FunctionAddress {
  readonly args: string;
  readonly identity: Identity;
  readonly allowInternal: boolean;
  readonly requestId: string;
  readonly caller: Caller;
  /** For the watchdog. */
  readonly run: RunKey;
}

/** See the module comment. */
export class FunctionRunner {
  readonly #parts: RunnerParts;
  /** Queries really executed. */
  queriesExecuted = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  get active(): ActiveCode | undefined {
    return this.#parts.state.code.active;
  }

  find(address: FunctionAddress): FunctionInfo | undefined {
    return this.#parts.state.find(address);
  }

  /** The request of a call: the permission is asked for only where it is needed, so that other runs are shared with everybody. */
  requestOf(call: Pick<RunCall, "component" | "path" | "args" | "identity" | "allowInternal">): RunRequest {
    const { component, path, args, identity } = call;
    const allowInternal = call.allowInternal && this.find(call)?.visibility === "internal";
    return { component, path, args, identity, journal: null, allowInternal };
  }

  /** Executes a query at the head; the executor of the reactive room. */
  async query(request: RunRequest, caller: Caller): Promise<RunOutcome> {
    this.queriesExecuted += 1;
    const { path } = request;
    const key = queryKey(request, request.args, request.identity.key);
    const requestId = request.requestId ?? this.#newRequestId();
    if (this.#parts.quarantine.has(key)) return this.#quarantined(key, requestId);
    const isSystem = path.startsWith(SYSTEM_PREFIX);
    const moment = isSystem ? undefined : this.#moment(requestId);
    const tx = this.#parts.begin(request);
    try {
      const outcome =
        moment === undefined
          ? this.#system(tx, request, requestId)
          : await this.#userQuery(tx, key, request, caller, moment);
      const { result, journal, clockObserved } = outcome;
      // Whether an internal function may be seen depends on who asks, so nobody else may be given this answer.
      const isPrivate = request.allowInternal !== true && this.find(request)?.visibility === "internal";
      const identityObserved = outcome.identityObserved || isPrivate;
      const logLines = clientLines(outcome.logLines);
      const cost = isSystem ? undefined : costOf(tx, outcome);
      const { readSet } = tx;
      const answer: RunResult = result.ok
        ? { ok: true, value: result.value, logLines, journal }
        : { ok: false, errorMessage: result.errorMessage, errorData: result.errorData, logLines, journal };
      return { result: answer, readSet, identityObserved, clockObserved, cost, moment };
    } catch (error) {
      return this.#defect(tx, request, requestId, error);
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
    const { component, path, args, identity, journal } = request;
    const { active } = this;
    const key = queryKey(request, args, identity.key);
    if (active === undefined || this.#parts.quarantine.has(key)) return undefined;
    const allowInternal = mayRunInternal(request);
    const { requestId } = moment;
    const tx = this.#parts.begin();
    this.#parts.monitor.enter({ kind: "query", request: key }, runLimit(this.#parts.limits), printFunction(request));
    try {
      const host = this.#host(moment);
      const facts = { kind: "query", args, identity, allowInternal, journal, requestId, tx, host } as const;
      const outcome = await active.user.execute({ component, path, ...facts });
      return { ...outcome.result, logLines: clientLines(outcome.logLines), journal: outcome.journal };
    } finally {
      this.#parts.monitor.leave();
      tx.abort();
    }
  }

  /** Executes a query out of storage, by Convex's rules, whatever was computed before. */
  async fromStorage(
    request: RunRequest,
    { requestId, caller }: Pick<RunCall, "requestId" | "caller">,
  ): Promise<RunResult> {
    const key = queryKey(request, request.args, request.identity.key);
    if (this.#parts.quarantine.has(key)) return this.#quarantined(key, requestId).result;
    const tx = this.#parts.begin();
    try {
      const { result, logLines, journal } = await this.#userQuery(tx, key, request, caller, this.#moment(requestId));
      return { ...result, logLines: clientLines(logLines), journal };
    } finally {
      tx.abort();
    }
  }

  #userQuery(
    tx: Transaction,
    key: string,
    request: RunRequest,
    caller: Caller,
    moment: Moment,
  ): Promise<ExecuteOutcome> {
    const { component, path, args, identity, journal } = request;
    const allowInternal = mayRunInternal(request);
    const { requestId } = moment;
    const run = { kind: "query", request: key } as const;
    const call: RunCall = { component, path, args, identity, allowInternal, requestId, caller, run };
    return this.run("query", tx, call, journal, moment);
  }

  /** The server itself failed: the asker gets an error, tried again when what was read changes; the others go on. */
  #defect(tx: Transaction, address: FunctionAddress, requestId: string, error: unknown): RunOutcome {
    console.error("Cannot run", printFunction(address), error);
    const errorMessage = `[Request ID: ${requestId}] ${INTERNAL_ERROR}`;
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
    moment = this.#moment(call.requestId),
  ): Promise<ExecuteOutcome> {
    const { active } = this;
    if (active === undefined) return this.#noCode(call);
    const { component, path, args, identity, allowInternal, requestId } = call;
    const startedMs = this.#parts.clock.nowMs();
    this.#parts.monitor.enter(call.run, runLimit(this.#parts.limits), printFunction(call));
    let outcome: ExecuteOutcome;
    try {
      const host = this.#host(moment);
      outcome = await active.user.execute({
        component,
        path,
        kind,
        args,
        identity,
        allowInternal,
        journal,
        requestId,
        tx,
        host,
      });
    } finally {
      this.#parts.monitor.leave();
    }
    const endedMs = this.#parts.clock.nowMs();
    this.#log(kind, call, tx, outcome, startedMs, endedMs);
    if (kind === "mutation") this.#meterMutation(call, tx, outcome, endedMs);
    return outcome;
  }

  /** Makes the entry of a one-shot query that was answered without running it. */
  logCached(call: Pick<RunCall, "component" | "path" | "requestId" | "caller">, result: RunResult): void {
    const { component, path, requestId, caller } = call;
    const startedMs = this.#parts.clock.nowMs();
    const facts = { component, path, functionKind: "query", requestId, caller, startedMs } as const;
    const error = result.ok ? null : result.errorMessage;
    const returnBytes = result.ok ? result.value.length : 0;
    this.#parts.log(facts, { error, cached: true, returnBytes });
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
    const { component, path, requestId, caller } = call;
    const facts = { component, path, functionKind: kind, requestId, caller, startedMs };
    const { result } = outcome;
    const end = {
      durationMs: endedMs - startedMs,
      lines: outcome.logLines,
      error: result.ok ? null : result.errorMessage,
      returnBytes: result.ok ? result.value.length : 0,
      usage: { documentsRead, bytesRead, storageDocuments, storageBytes, documentsWritten, bytesWritten },
    };
    this.#parts.log(facts, end);
  }

  #meterMutation(
    { component, path, args, caller }: RunCall,
    tx: Transaction,
    outcome: ExecuteOutcome,
    atMs: number,
  ): void {
    const { result } = outcome;
    const resultBytes = result.ok ? result.value.length : 0;
    const cost = costOf(tx, outcome);
    this.#parts.meter?.mutated({ atMs, component, path, args, caller, cost, resultBytes, isError: !result.ok });
  }

  #moment(requestId: string): Moment {
    const { clock, random } = this.#parts;
    const seed = random.bytes(4);
    const drawn = new DataView(seed.buffer, seed.byteOffset).getUint32(0);
    return { nowMs: Math.floor(clock.nowMs()), seed: drawn, requestId };
  }

  /** 16 hex digits. */
  #newRequestId(): string {
    return Buffer.from(this.#parts.random.bytes(8)).toString("hex");
  }

  #host({ nowMs, seed }: Moment): RunHost {
    const { limits, state, files } = this.#parts;
    const { cloudUrl, siteUrl } = state.urls;
    const { environment } = state;
    return {
      limits,
      nowMs,
      seed,
      environment,
      cloudUrl,
      siteUrl,
      schedule: this.#schedule,
      cancelScheduled: this.#cancelScheduled,
      files,
    };
  }

  readonly #schedule: RunHost["schedule"] = (tx, address, args, atMs) => this.#parts.schedule(tx, address, args, atMs);

  readonly #cancelScheduled: RunHost["cancelScheduled"] = (tx, id) => this.#parts.cancelScheduled(tx, id);

  #noCode(call: RunCall): ExecuteOutcome {
    const { requestId } = call;
    const missing = `Could not find public function for '${printFunction(call)}'. ${MISSING_CODE}`;
    const text = this.#parts.state.code.loadError ?? missing;
    return failure(serverErrorText(requestId, text));
  }

  #system(tx: Transaction, { path, args, identity }: RunRequest, requestId: string): ExecuteOutcome {
    const { environment, urls } = this.#parts.state;
    const context = { analysis: this.active?.user.analysis, environment, ...urls };
    return runSystemQuery(tx, path, args, identity, requestId, context);
  }

  #quarantined(request: string, requestId: string): RunOutcome {
    const errorMessage = serverErrorText(requestId, timeOutText(this.#parts.limits));
    return {
      result: { ok: false, errorMessage, errorData: null, logLines: [], journal: null },
      readSet: quarantinedReadSet(request),
      identityObserved: true,
      clockObserved: false,
    };
  }
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
