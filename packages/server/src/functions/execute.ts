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
 *   - The transaction is neither committed nor aborted here.
 *
 * Not here: endless loops (the watchdog ends the thread), commits, retries.
 *
 * @module
 */
import { parseValue } from "@narrowcast/values";
import type { Value } from "@narrowcast/values";
import { handlerOf } from "../isolate/analyze.ts";
import type { LoadedFunction } from "../isolate/analyze.ts";
import { untracked } from "../tx/tracked-document.ts";
import { createMutationCtx, createQueryCtx } from "./ctx.ts";
import { Run, Scope } from "./run.ts";
import { RunClock } from "../isolate/run-clock.ts";
import { settleOrStall } from "../isolate/settle.ts";
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
    const run = new Run(request, () => this.#syscalls());
    this.#parts.current.activity = run;
    this.#clock.start();
    const framesMax = Error.stackTraceLimit;
    Error.stackTraceLimit = STACK_FRAMES_MAX;
    let result: ExecuteOutcome["result"];
    try {
      const value = await settleOrStall(this.#root(run), run, request.path);
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
    return this.#invoke(run, info, kind, args, 0);
  }

  /** @returns Convex JSON text of the result. */
  async #invoke(
    run: Run,
    info: FunctionInfo,
    kind: "query" | "mutation",
    args: string,
    depth: number,
  ): Promise<string> {
    const loaded = this.#parts.functions.get(info.path);
    if (loaded === undefined) throw functionNotFound(info.path, true);
    const parsed = parseArguments(args, info, run.tx, run.host.limits);
    const scope = new Scope(run, info, kind, depth);
    const ctx = kind === "query" ? createQueryCtx(scope, this.#nested) : createMutationCtx(scope, this.#nested);
    const outer = this.#scope;
    this.#scope = scope;
    const leave = depth === 0 ? undefined : run.tx.enterFunction();
    try {
      // Called without its object, as `convex/server` does: stack traces then say "handler".
      const handler = handlerOf(loaded.registered);
      const result = await handler(ctx, parsed);
      const known = run.tx.resultTexts();
      const plain = run.tx.hasTracked ? untracked(result, known) : result;
      return renderResult(plain, info, run.tx, run.host.limits, known);
    } finally {
      await scope.end();
      leave?.();
      this.#scope = outer;
    }
  }

  readonly #nested = (parent: Scope, kind: "query" | "mutation", path: string, args: string): Promise<Value> =>
    parent.exclusive(async () => {
      const { run, depth } = parent;
      const savepoint = kind === "mutation" ? run.tx.savepoint() : undefined;
      try {
        if (depth + 1 > run.host.limits.callDepthMax) {
          throw new CallError(`Function call depth limit exceeded. Limit: ${run.host.limits.callDepthMax}`);
        }
        const info = requireFunction(this.#infos.get(path), path, kind, true);
        return parseValue(await this.#invoke(run, info, kind, args, depth + 1));
      } catch (thrown) {
        if (savepoint !== undefined) run.tx.rollbackTo(savepoint);
        throw errorForCaller(thrown, this.#parts.mapper);
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

function timeOut(maxMs: number): CallError {
  return new CallError(`Function execution timed out (maximum duration: ${maxMs / 1_000}s)`);
}
