/**
 * Runs queries and mutations of loaded code, one execution at a time.
 *
 *   find ─▶ parse and validate arguments ─▶ handler(ctx, args) ─▶ validate and render the result
 *                                              │ ctx.runQuery / ctx.runMutation: the same, in the same transaction
 *
 * The transaction answers synchronously, so a handler usually ends in microtasks. Real asynchronous work (`crypto.subtle`) is
 * waited for. A handler that waits for what cannot come ends with an error.
 *
 * Invariants:
 *   - `execute` resolves for every user error; it rejects only for defects of the server.
 *   - What a failed nested mutation wrote is undone before its caller sees the error; what it read stays in the read set.
 *   - A function goes on until nothing it started is under way, awaited or not; then it has ended (`settle.ts`).
 *   - The transaction is neither committed nor aborted here.
 *
 * Not here: endless loops (the watchdog ends the thread), commits, retries.
 *
 * @module
 */
import { parseValue } from "@narrowcast/values";
import { handlerOf } from "../isolate/analyze.ts";
import type { LoadedFunction, RegisteredFunction } from "../isolate/analyze.ts";
import { untracked } from "../tx/tracked-document.ts";
import { createMutationCtx, createQueryCtx } from "./ctx.ts";
import type { NestedCall } from "./ctx.ts";
import { limitCall } from "./transaction-limits.ts";
import { Run, Scope } from "./run.ts";
import { RunClock } from "./run-clock.ts";
import { timeOut } from "./settle.ts";
import type { StackMapper } from "../isolate/source-maps.ts";
import { ScopeSyscalls } from "./syscalls.ts";
import type { HostSyscalls } from "../isolate/syscalls-types.ts";
import type { Analysis, FunctionInfo } from "../app/types.ts";
import type { ExecuteOutcome, ExecuteRequest } from "./execute-types.ts";
import { noteLimitsNear } from "./usage-warnings.ts";
import { CallError, errorForCaller, failedCall } from "../isolate/user-error.ts";
import type { Activity } from "../isolate/user-globals.ts";
import { functionNotFound, parseArguments, renderResult, requireFunction } from "./validate-call.ts";

/** Frames that an error records: enough to reach the user's frames below those of the server, which are left out when shown. */
export const STACK_FRAMES_MAX = 50;

/** What an executor works with. */
export interface ExecutorParts {
  readonly analysis: Analysis;
  /** Functions of the isolate bundle by canonical path. */
  readonly functions: ReadonlyMap<string, LoadedFunction>;
  /** The function as the run that calls it should see it: of modules of its own, where they hold state. */
  fresh(loaded: LoadedFunction): RegisteredFunction;
  readonly mapper: StackMapper;
  /** Cell that the user's globals look into; the executor puts the current run there. */
  readonly current: { activity: Activity };
}

/** Executes functions of one loaded code package. */
export class Executor {
  readonly #parts: ExecutorParts;
  readonly #infos: ReadonlyMap<string, FunctionInfo>;
  readonly #clock = new RunClock();
  #isBusy = false;
  #scope: Scope | undefined;
  readonly #syscallsOf = new WeakMap<Scope, HostSyscalls>();

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
    this.#infos = new Map(parts.analysis.functions.map((info) => [info.path, info]));
  }

  find(path: string): FunctionInfo | undefined {
    return this.#infos.get(path);
  }

  /** Runs one function to its end. @throws {Error} If another execution is under way. */
  async execute(request: ExecuteRequest): Promise<ExecuteOutcome> {
    if (this.#isBusy) throw new Error("Cannot execute a function: another one is running; executions must not overlap");
    this.#isBusy = true;
    const run = new Run(
      request,
      this.#clock,
      () => this.#syscalls(),
      (text) => this.#parts.mapper.mapText(text),
    );
    this.#parts.current.activity = run;
    this.#clock.start();
    const framesMax = Error.stackTraceLimit;
    Error.stackTraceLimit = STACK_FRAMES_MAX;
    let result: ExecuteOutcome["result"];
    try {
      const value = await this.#root(run);
      const { userTimeMs } = request.host.limits;
      if (this.#clock.isOver(userTimeMs)) throw timeOut(userTimeMs);
      result = { ok: true, value };
    } catch (thrown) {
      result = { ok: false, ...failedCall(thrown, request.requestId, this.#parts.mapper) };
    } finally {
      run.isOver = true;
      this.#scope = undefined;
      this.#isBusy = false;
      Error.stackTraceLimit = framesMax;
    }
    // The warning tells numbers that other changes than those that show may change.
    if (noteLimitsNear(run.console, request.tx.usage, request.host.limits)) request.tx.noteUsageSeen();
    return {
      result,
      logLines: run.console.lines,
      journal: run.journal,
      identityObserved: run.identityObserved,
      clockObserved: run.clockObserved,
      userMs: this.#clock.elapsedMs(),
    };
  }

  async #root(run: Run): Promise<string> {
    const { path, kind, args, allowInternal } = run.request;
    const info = requireFunction(this.#infos.get(path), path, kind, allowInternal);
    return this.#invoke(run, info, kind, args, undefined);
  }

  /** @returns Convex JSON text of the result. */
  async #invoke(
    run: Run,
    info: FunctionInfo,
    kind: "query" | "mutation",
    args: string,
    caller: Scope | undefined,
  ): Promise<string> {
    const depth = caller === undefined ? 0 : caller.depth + 1;
    const loaded = this.#parts.functions.get(info.path);
    if (loaded === undefined) throw functionNotFound(info.path, true);
    const parsed = parseArguments(args, info, run.tx, run.host.limits);
    // Reading what a client sent is no time of the user's.
    if (depth === 0) this.#clock.start();
    const scope = new Scope(run, info, kind, depth);
    const ctx = kind === "query" ? createQueryCtx(scope, this.#nested) : createMutationCtx(scope, this.#nested);
    const outer = this.#scope;
    const leave = depth === 0 ? undefined : run.tx.enterFunction();
    const handle = async (): Promise<string> => {
      caller?.assertOpen();
      this.#scope = scope;
      // Called without its object, as `convex/server` does: stack traces then say "handler".
      const handler = handlerOf(this.#parts.fresh(loaded));
      const result = await handler(ctx, parsed);
      const known = run.tx.resultTexts();
      const plain = run.tx.hasTracked ? untracked(result, known) : result;
      return renderResult(plain, info, run.tx, run.host.limits, known);
    };
    const close = (): void => scope.close();
    try {
      const { settling } = run;
      return await (depth === 0
        ? settling.outermost(info.path, handle, close)
        : settling.nested(info.path, handle, close));
    } finally {
      scope.close();
      leave?.();
      this.#scope = outer;
    }
  }

  readonly #nested: NestedCall = (parent, kind, path, args, transactionLimits) =>
    parent.exclusive(async () => {
      const { run, depth } = parent;
      const savepoint = kind === "mutation" ? run.tx.savepoint() : undefined;
      let release: (() => void) | undefined;
      try {
        if (transactionLimits !== undefined) release = limitCall(run, transactionLimits);
        if (depth + 1 > run.host.limits.callDepthMax) {
          throw new CallError(`Function call depth limit exceeded. Limit: ${run.host.limits.callDepthMax}`);
        }
        const info = requireFunction(this.#infos.get(path), path, kind, true);
        const result = parseValue(await this.#invoke(run, info, kind, args, parent));
        if (release !== undefined) run.tx.checkLimits();
        return result;
      } catch (thrown) {
        if (savepoint !== undefined) run.tx.rollbackTo(savepoint);
        throw errorForCaller(thrown, this.#parts.mapper);
      } finally {
        release?.();
      }
    });

  /**
   * The global `Convex` object has no argument that says who calls: it acts for the innermost function under way. (A handler that uses it
   * while its own nested call runs acts as that call; the transaction is the same.)
   */
  #syscalls(): HostSyscalls {
    if (this.#scope === undefined) {
      throw new Error("Cannot use Convex from outside of a function: no query or mutation is running");
    }
    let syscalls = this.#syscallsOf.get(this.#scope);
    if (syscalls === undefined) {
      syscalls = new ScopeSyscalls(this.#scope, this.#nested);
      this.#syscallsOf.set(this.#scope, syscalls);
    }
    return syscalls;
  }
}
