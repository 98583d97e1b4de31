/**
 * The state of one execution of a query or mutation: what its globals, its `ctx` and its nested calls share.
 *
 *   Run ── one for an execution: transaction, clock, randomness, console, what was observed
 *    └─ Scope ── one for each function called in it (`ctx.runQuery`, `ctx.runMutation`): kind, depth, open or ended
 *
 * Invariants:
 *   - A scope that has ended refuses everything: work that a function left behind cannot reach the transaction.
 *   - While a nested call of a scope is under way, the scope's other operations wait for it: a nested call is atomic, also when the
 *     handler starts several at once.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import { loadTracked } from "../tx/tracked-document.ts";
import { UserError } from "../tx/types.ts";
import type { Transaction } from "../tx/types.ts";
import { builtinVariable } from "../isolate/builtin-variables.ts";
import { ConsoleCapture } from "../isolate/console.ts";
import { ALL_VARIABLES, variableDependency } from "../isolate/environment-names.ts";
import { newFileUsage } from "./file-usage.ts";
import { SeededRandom } from "../isolate/seeded-random.ts";
import type { RunClock } from "./run-clock.ts";
import { Settling } from "./settle.ts";
import type { HostSyscalls } from "../isolate/syscalls-types.ts";
import type { FunctionInfo } from "../app/types.ts";
import type { ExecuteRequest, RunHost } from "./execute-types.ts";
import type { Activity } from "../isolate/user-globals.ts";

/** One execution. */
export class Run implements Activity {
  readonly request: ExecuteRequest;
  readonly tx: Transaction;
  readonly host: RunHost;
  readonly console: ConsoleCapture;
  readonly phase = "run";
  /** Set at the end of the execution: nothing may touch the transaction any more. */
  isOver = false;
  identityObserved = false;
  clockObserved = false;
  /** What the next execution of the same subscription is given; set by `paginate`. */
  journal: string | null = null;
  readonly settling: Settling;
  readonly fileUsage = newFileUsage();
  /** Limits of files in force, as counts since the execution began. */
  fileLimits: Limits;
  /** Made at the first use: most runs need no randomness. */
  #seeded: SeededRandom | undefined;
  readonly #syscalls: () => HostSyscalls;

  /** @param mapFrames Puts the developer's places in the stead of the stack frames in a rendered line. */
  constructor(
    request: ExecuteRequest,
    clock: RunClock,
    syscalls: () => HostSyscalls,
    mapFrames: (text: string) => string,
  ) {
    this.request = request;
    this.tx = request.tx;
    this.host = request.host;
    this.fileLimits = request.host.limits;
    this.console = new ConsoleCapture(request.host.limits, () => request.host.nowMs, {
      mapFrames,
      onShow: (value) => {
        if (request.tx.hasTracked) loadTracked(value);
      },
    });
    this.settling = new Settling(request.host.limits, clock);
    this.#syscalls = syscalls;
  }

  get syscalls(): HostSyscalls {
    return this.#syscalls();
  }

  get #random(): SeededRandom {
    this.#seeded ??= new SeededRandom(this.host.seed);
    return this.#seeded;
  }

  now(): number {
    this.clockObserved = true;
    return this.host.nowMs;
  }

  random(): number {
    return this.#random.float();
  }

  randomBytes(into: Uint8Array): void {
    this.#random.fillBytes(into);
  }

  randomUuid(): string {
    return this.#random.uuid();
  }

  environmentVariable(name: string): string | undefined {
    const builtin = builtinVariable(name, this.host);
    if (builtin !== undefined) return builtin;
    this.tx.readName(variableDependency(name));
    return this.host.environment.get(name);
  }

  environmentNames(): readonly string[] {
    this.tx.readName(variableDependency(ALL_VARIABLES));
    return [...this.host.environment.keys(), "CONVEX_CLOUD_URL", "CONVEX_SITE_URL"];
  }

  realWork<T>(work: () => Promise<T>): Promise<T> {
    return this.settling.work(work);
  }
}

/** One function's stay in a run. */
export class Scope {
  readonly run: Run;
  readonly info: FunctionInfo;
  readonly kind: "query" | "mutation";
  /** 0 for the function that was asked for. */
  readonly depth: number;
  #ended = false;
  #busy: Promise<void> | undefined;

  constructor(run: Run, info: FunctionInfo, kind: "query" | "mutation", depth: number) {
    this.run = run;
    this.info = info;
    this.kind = kind;
    this.depth = depth;
  }

  /** The transaction, for an operation that begins now. @throws {Error} If the function has ended. */
  get tx(): Transaction {
    this.assertOpen();
    return this.run.tx;
  }

  /** @throws {Error} If the function has ended. */
  assertOpen(): void {
    if (!this.#ended && !this.run.isOver) return;
    throw new UserError(
      "FunctionEnded",
      `Cannot use "ctx" of ${this.info.path}: the function has ended; await every promise before the function returns`,
    );
  }

  /** From now on everything is refused. A nested call that is under way is finished, none begins. */
  close(): void {
    this.#ended = true;
  }

  /** What an operation must wait for before it begins; undefined almost always. */
  get busy(): Promise<void> | undefined {
    return this.#busy;
  }

  /** Runs `work` as a nested call: after those before it, with the scope's other operations waiting. */
  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    while (this.#busy !== undefined) await this.#busy;
    this.assertOpen();
    let release = () => {};
    this.#busy = new Promise((resolve) => {
      release = resolve;
    });
    try {
      return await work();
    } finally {
      this.#busy = undefined;
      release();
    }
  }
}
