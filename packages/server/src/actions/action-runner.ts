/**
 * Runs actions and HTTP actions of one app's code, many at once; the inside of an action thread.
 *
 * Knows nothing of threads: messages come in by `receive` and go out by `send`, so tests run it in their own thread. Which run's code
 * is executing is known through an AsyncLocalStorage, which timers and promises carry along.
 *
 * Not here: the thread (`action-worker.ts`), HTTP marshalling (`action-http.ts`).
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { parseValue } from "@narrowcast/values";
import type { TableNames } from "@narrowcast/values";
import { ActionCode, type ActionScripts } from "./action-code.ts";
import { runHttp } from "./action-http.ts";
import type {
  ActionWorkerData,
  CallResult,
  FromWorker,
  HostCall,
  RunActionMessage,
  RunHttpMessage,
  ToWorker,
} from "../protocol/action-protocol.ts";
import { ActionRun } from "./action-run.ts";
import type { ActionSurroundings, HostAnswer } from "./action-run.ts";
import { handlerOf } from "../isolate/analyze.ts";
import type { ImportSettings } from "../isolate/import-activity.ts";
import type { LoadedFunction } from "../isolate/analyze.ts";
import { createActionCtx } from "./ctx-action.ts";
import type { ModuleEnvironment } from "../app/types.ts";
import { CallError, failedCall } from "../isolate/user-error.ts";
import { parseArguments, renderResult, requireFunction } from "../functions/validate-call.ts";

interface PendingCall {
  readonly environment: ModuleEnvironment;
  resolve(answer: HostAnswer): void;
  reject(error: Error): void;
}

/** The runner of one thread. */
export class ActionRunner {
  readonly code: ActionCode;
  readonly #data: ActionWorkerData;
  readonly #send: (message: FromWorker) => void;
  readonly #storage = new AsyncLocalStorage<ActionRun>();
  readonly #runs = new Map<number, { readonly run: ActionRun; readonly pulls: Credits }>();
  readonly #calls = new Map<number, PendingCall>();
  readonly #environment: { current: ReadonlyMap<string, string> };
  readonly #tables = new TableCache();
  readonly #surroundings: ActionSurroundings;
  readonly #onIdle: () => void;
  #callsMade = 0;
  #isDraining = false;

  /**
   * @param scripts What `data.code` names.
   * @param send Takes each message for the host, in order.
   * @param onIdle Called when, after `drain`, nothing is under way any more.
   * @throws {AnalysisError} If the code cannot be loaded.
   */
  constructor(data: ActionWorkerData, scripts: ActionScripts, send: (message: FromWorker) => void, onIdle: () => void) {
    this.#data = data;
    this.#send = send;
    this.#onIdle = onIdle;
    this.#environment = { current: new Map(data.environment) };
    const { limits, cloudUrl, siteUrl } = data;
    this.#surroundings = {
      limits,
      cloudUrl,
      siteUrl,
      environment: this.#environment,
      callHost: (id, call) => this.#callHost(id, call),
      mapFrames: (text) => this.code.mapper.mapText(text),
      sendLine: (id, line) => send({ type: "lines", id, lines: [line] }),
    };
    this.code = new ActionCode(scripts, this.#importSettings(), () => this.#storage.getStore(), data.hasVirtualTime);
  }

  /** Takes one message of the host. Returns at once. */
  receive(message: ToWorker): void {
    switch (message.type) {
      case "run":
        void this.#track(message, (run) => this.#runAction(run, message));
        break;
      case "http":
        void this.#track(message, (run, pulls) =>
          runHttp(run, message, { code: this.code, data: this.#data, send: this.#send, pulled: () => pulls.take() }),
        );
        break;
      case "cancel":
        this.#runs.get(message.id)?.run.end(message.reason);
        break;
      case "pull":
        this.#runs.get(message.id)?.pulls.give();
        break;
      case "reply":
        this.#reply(message.callId, message.result);
        break;
      case "environment":
        this.#changeEnvironment(new Map(message.environment));
        break;
      case "modules":
        // Came before: the runner begins with them.
        break;
      case "drain":
        this.#isDraining = true;
        if (this.#runs.size === 0) this.#onIdle();
        break;
    }
  }

  /** The run whose code was executing when an error came up that no promise caught; it fails with it. False if there is none. */
  failCurrent(thrown: unknown): boolean {
    const run = this.#storage.getStore();
    run?.fail(thrown);
    return run !== undefined;
  }

  #importSettings(): ImportSettings {
    const { limits, cloudUrl, siteUrl } = this.#data;
    return { limits, cloudUrl, siteUrl, environment: this.#environment.current, nowMs: Date.now(), seed: 0 };
  }

  #changeEnvironment(next: ReadonlyMap<string, string>): void {
    const before = this.#environment.current;
    const names = new Set([...before.keys(), ...next.keys()]);
    const changed = [...names].filter((name) => before.get(name) !== next.get(name));
    this.#environment.current = next;
    try {
      this.code.changeEnvironment(changed, this.#importSettings());
      this.#send({ type: "ready", node: this.code.nodeAnalysis });
    } catch (error) {
      // New actions get a new thread, which says the same; what is under way goes on with the modules it has.
      this.#send({ type: "failed", message: error instanceof Error ? error.message : String(error) });
      this.receive({ type: "drain" });
    }
  }

  async #track(
    message: RunActionMessage | RunHttpMessage,
    work: (run: ActionRun, pulls: Credits) => Promise<void>,
  ): Promise<void> {
    const run = new ActionRun(message, this.#surroundings);
    const pulls = new Credits();
    this.#runs.set(message.id, { run, pulls });
    await this.#storage.run(run, () => work(run, pulls));
    run.finish();
    this.#runs.delete(message.id);
    if (this.#isDraining && this.#runs.size === 0) this.#onIdle();
  }

  async #runAction(run: ActionRun, message: RunActionMessage): Promise<void> {
    const loaded = this.code.find(message.path);
    const environment = loaded?.info.environment ?? "isolate";
    let result;
    try {
      const info = requireFunction(loaded?.info, message.path, "action", message.allowInternal);
      const { limits } = this.#data;
      run.begin(
        { message, path: info.path, visibility: info.visibility, cloudUrl: this.#data.cloudUrl },
        environment === "node" ? limits.nodeActionTimeMs : limits.actionTimeMs,
      );
      result = { ok: true as const, value: await run.orEnd(this.#invoke(run, message, loaded!)) };
    } catch (thrown) {
      result = { ok: false as const, ...failedCall(thrown, message.requestId, this.code.mapper) };
    }
    run.finish();
    this.#send({ type: "done", id: message.id, result, environment, userMs: performance.now() - run.startedMs });
  }

  async #invoke(run: ActionRun, message: RunActionMessage, loaded: LoadedFunction): Promise<string> {
    const { info } = loaded;
    const { limits, cloudUrl } = this.#data;
    const args = await this.#withTables(run, (tables) => parseArguments(message.args, info, tables, limits));
    const facts = { message, path: info.path, visibility: info.visibility, cloudUrl };
    // Called without its object, as `convex/server` does: stack traces then say "handler".
    const handler = handlerOf(this.code.forRun(loaded));
    const returned = await handler(createActionCtx(facts, run), args);
    const text = await this.#withTables(run, (tables) => renderResult(returned, info, tables, limits));
    await run.leaveBehind();
    return text;
  }

  /** Validates with the tables known so far; a failure counts only if it holds with the host's newest as well. */
  async #withTables<T>(run: ActionRun, validate: (tables: TableNames) => T): Promise<T> {
    try {
      return validate(this.#tables);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.#tables.replace(await run.call({ op: "tables" }));
      return validate(this.#tables);
    }
  }

  #callHost(id: number, call: HostCall): Promise<HostAnswer> {
    const message = this.#runs.get(id)?.run.message;
    const environment =
      message?.type === "run" ? (this.code.find(message.path)?.info.environment ?? "isolate") : "isolate";
    const callId = this.#callsMade++;
    return new Promise((resolve, reject) => {
      this.#calls.set(callId, { environment, resolve, reject });
      this.#send({ type: "call", id, callId, call });
    });
  }

  #reply(callId: number, result: CallResult): void {
    const call = this.#calls.get(callId);
    if (call === undefined) return;
    this.#calls.delete(callId);
    if (result.ok) {
      call.resolve(result);
    } else if (result.errorData === null) {
      call.reject(new Error(result.errorMessage));
    } else {
      call.reject(this.code.convexError(call.environment, result.errorMessage, parseValue(result.errorData)));
    }
  }
}

/** Table names as the host told them last. */
class TableCache implements TableNames {
  #names: ReadonlyMap<number, string> = new Map();

  tableNameOf(tableNumber: number): string | undefined {
    return this.#names.get(tableNumber);
  }

  /** @param text Convex JSON text: `[[tableNumber, tableName], …]`. */
  replace(text: string): void {
    this.#names = new Map(parseValue(text) as [number, string][]);
  }
}

/** Counts `pull`s that came and were not used yet. One taker at a time. */
class Credits {
  #count = 0;
  #wake: (() => void) | undefined;

  give(): void {
    this.#count++;
    this.#wake?.();
  }

  /** Resolves when there is one to use, and uses it. */
  async take(): Promise<void> {
    if (this.#count === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    this.#count--;
  }
}
