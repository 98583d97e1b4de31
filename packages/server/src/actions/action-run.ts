/**
 * One action or HTTP action under way: its globals' view of the world, its calls to the host, and its end.
 *
 * A run ends once: by its result, by the time limit, or by being cancelled. JavaScript cannot be stopped from outside, so code of an ended
 * run may go on; its calls are refused and its log lines are dropped.
 *
 * @module
 */
import { webcrypto } from "node:crypto";
import type { Limits } from "@narrowcast/values";
import type { CallResult, HostCall, RunActionMessage, RunHttpMessage } from "../protocol/action-protocol.ts";
import { ActionSyscalls } from "./action-syscalls.ts";
import { ConsoleCapture } from "../isolate/console.ts";
import type { ActionFacts } from "./ctx-action.ts";
import type { ActionPort } from "../functions/action-port.ts";
import type { LogLine } from "@narrowcast/values";
import { builtinVariable } from "../isolate/builtin-variables.ts";
import type { HostSyscalls } from "../isolate/syscalls-types.ts";
import { CallError } from "../isolate/user-error.ts";
import type { Activity } from "../isolate/user-globals.ts";

/** A call's result: Convex JSON text, and the bytes of a file if it asked for one. */
export type HostAnswer = Pick<Extract<CallResult, { ok: true }>, "value" | "bytes">;

/** What all runs of a thread share. */
export interface ActionSurroundings {
  readonly limits: Limits;
  readonly cloudUrl: string;
  readonly siteUrl: string;
  /** Current environment; replaced as a whole when it changes. */
  readonly environment: { readonly current: ReadonlyMap<string, string> };
  callHost(id: number, call: HostCall): Promise<HostAnswer>;
  sendLine(id: number, line: LogLine): void;
  /** Puts the developer's places in the stead of the stack frames in a rendered line. */
  mapFrames(text: string): string;
}

/** What developers call the operations. */
const OPERATIONS: { readonly [op in HostCall["op"]]?: string } = {
  query: "runQuery",
  mutation: "runMutation",
  action: "runAction",
  schedule: "scheduler.runAt",
  cancelScheduled: "scheduler.cancel",
  readFile: "storage.get",
  storeFile: "storage.store",
};
const DANGLING = "https://docs.convex.dev/functions/actions#dangling-promises";

/** One run. */
export class ActionRun implements Activity, ActionPort {
  readonly phase = "run";
  readonly message: RunActionMessage | RunHttpMessage;
  readonly console: ConsoleCapture;
  readonly startedMs = performance.now();
  readonly #surroundings: ActionSurroundings;
  /** What stops waiting when the run ends. Not one promise to race with: that would hold on to all that was ever waited for. */
  readonly #waiting = new Set<(thrown: unknown) => void>();
  /** Calls to the host that are not answered yet. */
  readonly #underWay = new Set<HostCall>();
  #ending: { readonly thrown: unknown } | undefined;
  #endReason: CallError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #facts: ActionFacts | undefined;

  constructor(message: RunActionMessage | RunHttpMessage, surroundings: ActionSurroundings) {
    this.message = message;
    this.#surroundings = surroundings;
    this.console = new ConsoleCapture(surroundings.limits, () => this.now(), {
      mapFrames: (text) => surroundings.mapFrames(text),
      onLine: (line) => {
        if (this.#endReason === undefined) surroundings.sendLine(message.id, line);
      },
    });
  }

  /** Tells the run which function it is; before that there is no `ctx`. */
  begin(facts: ActionFacts, timeMaxMs: number): void {
    this.#facts = facts;
    this.#timer = setTimeout(() => {
      const name = facts.path.replace(/:default$/, "");
      this.end(`Action \`${name}\` execution timed out (maximum duration ${timeMaxMs / 1_000}s)`);
    }, timeMaxMs);
  }

  /** Ends the run with an error, unless it has ended. */
  end(reason: string): void {
    if (this.#endReason !== undefined) return;
    this.finish();
    this.#endReason = new CallError(reason);
    this.#end(this.#endReason);
  }

  /** Ends the run with an error that user code threw outside of its handler's promise. */
  fail(thrown: unknown): void {
    if (this.#endReason === undefined) this.#end(thrown);
  }

  /** Marks the run as over: later calls are refused. */
  finish(): void {
    clearTimeout(this.#timer);
    this.#endReason ??= new CallError("the action has ended");
  }

  /** @returns What `work` gives, or the rejection of whatever ends the run before. */
  orEnd<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = (thrown: unknown): void => reject(thrown);
      if (this.#ending !== undefined) stop(this.#ending.thrown);
      this.#waiting.add(stop);
      work.then(resolve, reject).finally(() => this.#waiting.delete(stop));
    });
  }

  get fileBytesMax(): number {
    return this.#surroundings.limits.actionFileBytesMax;
  }

  async call(call: HostCall): Promise<string> {
    return (await this.#ask(call)).value;
  }

  async readFile(
    storageId: string,
  ): Promise<{ readonly bytes: Uint8Array; readonly contentType: string | null } | null> {
    const { value, bytes } = await this.#ask({ op: "readFile", storageId });
    return bytes === undefined ? null : { bytes, contentType: JSON.parse(value) as string | null };
  }

  async #ask(call: HostCall): Promise<HostAnswer> {
    if (this.#endReason !== undefined) {
      throw new Error(
        `Cannot use "ctx" of this action: ${this.#endReason.message}; await every promise before it returns`,
      );
    }
    this.#underWay.add(call);
    try {
      return await this.#surroundings.callHost(this.message.id, call);
    } finally {
      this.#underWay.delete(call);
    }
  }

  /**
   * The handler is through: gives what it left behind one turn to fail the run, then warns of operations that nobody awaited. They may be
   * lost, as on Convex: the thread does not wait for them.
   */
  async leaveBehind(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#underWay.size === 0) return;
    const names = [...this.#underWay].map((call) =>
      call.op === "storage" ? `storage.${call.method}` : (OPERATIONS[call.op] ?? call.op),
    );
    const what = `${names.length} unawaited operation${names.length === 1 ? "" : "s"}: [${names.join(", ")}]`;
    this.console.note(
      "WARN",
      `${what}. Async operations should be awaited or they might not run. See ${DANGLING} for more information.`,
    );
  }

  get syscalls(): HostSyscalls {
    if (this.#facts === undefined) throw new Error("Cannot use Convex: no function is running");
    return new ActionSyscalls(this.#facts, this);
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.message.nowMs ?? Date.now();
  }

  random(): number {
    return Math.random();
  }

  randomBytes(into: Uint8Array): void {
    webcrypto.getRandomValues(into);
  }

  randomUuid(): string {
    return webcrypto.randomUUID();
  }

  environmentVariable(name: string): string | undefined {
    return builtinVariable(name, this.#surroundings) ?? this.#surroundings.environment.current.get(name);
  }

  environmentNames(): readonly string[] {
    return [...this.#surroundings.environment.current.keys(), "CONVEX_CLOUD_URL", "CONVEX_SITE_URL"];
  }

  realWork<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  #end(thrown: unknown): void {
    if (this.#ending !== undefined) return;
    this.#ending = { thrown };
    for (const stop of this.#waiting) stop(thrown);
  }
}
