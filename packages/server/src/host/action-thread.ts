/**
 * One action thread as the pool sees it: runs under way, their calls, and its end.
 *
 *   needModules ─▶ host ─▶ modules ─▶ ready      the thread evaluates the app's scripts, watched by a watchdog
 *   run / http ──ToWorker batch──▶ thread      done / head, chunk, end ◀── thread      call ─▶ host ─▶ reply
 *
 * Invariants:
 *   - `analysis` tells once what the evaluation came to, however it ended.
 *   - It is watched all the time (`heartbeat.ts`), and its memory is bounded.
 *   - Every run ends: with what the thread says, or with a clear error when the thread dies.
 *   - The bytes of a response are pulled one chunk at a time by whoever reads it.
 *
 * Not here: which thread gets a run (`action-pool.ts`), what calls mean (`action-host.ts`).
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { movedWith } from "../protocol/action-protocol.ts";
import type {
  ActionResult,
  ActionWorkerData,
  CallResult,
  FromWorker,
  HostCall,
  ToWorker,
} from "../protocol/action-protocol.ts";
import { printFunction, type LogLine } from "@narrowcast/values";
import type { HttpActionRequest, HttpActionResponse } from "../protocol/deployment-types.ts";
import { ResponseBody } from "./response-body.ts";
import { workerEntry, workerExecArgv } from "./worker-entry.ts";
import type { ModuleSource } from "../app/types.ts";
import { loadTimeOutText, type NodeAnalysisOutcome } from "../protocol/core-protocol.ts";
import { BEAT, Heartbeat, newHeartMemory, type Pulse } from "../protocol/heartbeat.ts";
import { Watchdog, loadLimit, newWatchMemory } from "../protocol/watchdog.ts";
import { ActionPulse } from "./action-pulse.ts";

/** Gives scripts by hash, in the order of the hashes. */
export type ModuleReader = (hashes: readonly string[]) => Promise<readonly ModuleSource[]>;

/** An action to run. */
export interface ActionJob {
  /** Without the id, which the thread's owner gives. */
  readonly message: Omit<Extract<ToWorker, { type: "run" }>, "type" | "id">;
  readonly answer: (call: HostCall, isSuspect?: boolean) => Promise<CallResult>;
  readonly onLines: (lines: readonly LogLine[]) => void;
}

/** How an action ended. */
export interface ActionEnd {
  readonly result: ActionResult;
  readonly environment: "isolate" | "node";
}

/** An HTTP action to run. */
export interface HttpJob {
  readonly request: HttpActionRequest;
  readonly nowMs?: number | undefined;
  readonly answer: (call: HostCall, isSuspect?: boolean) => Promise<CallResult>;
  readonly onLines: (lines: readonly LogLine[]) => void;
  /** The route that matched, or null, and the error, when it has ended. */
  readonly onEnd: (route: string | null, error: string | null) => void;
}

interface Under {
  /** The function, or what is known of an HTTP action: method and path, then method and route. */
  name: string;
  readonly answer: (call: HostCall) => Promise<CallResult>;
  readonly onLines: (lines: readonly LogLine[]) => void;
  readonly onMessage: (message: FromWorker) => void;
  /** The thread died. */
  readonly onCrash: (reason: string) => void;
}

/** More are forgotten, oldest first. */
const RECENT_MAX = 16;

/** Bytes that live on in one thread: many actions share them. Beyond, the thread ends, not the process. */
const HEAP_MB_MAX = 1_024;

/** What a thread tells its owner. */
export interface ActionThreadEvents {
  /** Called once, when it has ended. */
  onExit(thread: ActionThread): void;
  /** It ended by itself or had to be ended while these were under way. */
  onBadEnd(names: readonly string[]): void;
}

/** See the module comment. */
export class ActionThread {
  readonly #worker: Worker;
  readonly #under = new Map<number, Under>();
  #outgoing: ToWorker[] = [];
  #lastId = 0;
  #isOver = false;
  #isDraining = false;
  #failure: string | undefined;
  #isTimedOut = false;
  #isLoaded = false;
  readonly #exited: Promise<void>;
  readonly #readModules: ModuleReader;
  readonly #watchdog: Watchdog;
  readonly #heartbeat: Heartbeat;
  readonly #pulse: ActionPulse;
  readonly #events: ActionThreadEvents;
  /** Functions that ran last, the newest last: one of them left behind what goes on afterwards. */
  readonly #recent = new Set<string>();
  #isClosing = false;
  #loads = 1;
  #tellAnalysis: (outcome: NodeAnalysisOutcome) => void = () => undefined;
  /** What its "use node" modules define, or why its code could not be loaded. */
  readonly analysis: Promise<NodeAnalysisOutcome>;

  constructor(
    data: Omit<ActionWorkerData, "watchMemory" | "heartMemory">,
    readModules: ModuleReader,
    events: ActionThreadEvents,
  ) {
    this.#events = events;
    this.#readModules = readModules;
    this.analysis = new Promise((resolve) => {
      this.#tellAnalysis = resolve;
    });
    const watchMemory = newWatchMemory();
    const heartMemory = newHeartMemory();
    const workerData: ActionWorkerData = { ...data, watchMemory, heartMemory };
    const resourceLimits = { maxOldGenerationSizeMb: HEAP_MB_MAX };
    const execArgv = workerExecArgv();
    this.#worker = new Worker(workerEntry("actions/action-worker"), { workerData, execArgv, resourceLimits });
    this.#pulse = new ActionPulse(data.limits);
    this.#heartbeat = new Heartbeat({
      memory: heartMemory,
      ask: () => this.#worker.postMessage(BEAT),
      isAwaited: () => this.#under.size > 0,
      onLook: (pulse) => this.#judge(pulse),
    });
    this.#watchdog = new Watchdog(
      watchMemory,
      () => this.#loads > 0,
      () => {
        this.#failure ??= loadTimeOutText(loadLimit(data.limits, data.why));
        this.#isTimedOut = true;
        void this.#worker.terminate();
      },
    );
    this.#watchdog.watch();
    this.#worker.on("message", (batch: readonly FromWorker[]) => {
      for (const message of batch) this.#receive(message);
    });
    this.#worker.on("error", (error: unknown) => {
      this.#failure ??= error instanceof Error ? error.message : String(error);
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", (code) => {
        this.#end(this.#failure ?? `exit code ${code}`);
        events.onExit(this);
        resolve();
      });
    });
  }

  /** Runs under way. */
  get load(): number {
    return this.#under.size;
  }

  /** Whether it takes new runs. */
  get isOpen(): boolean {
    return !this.#isOver && !this.#isDraining && this.#failure === undefined;
  }

  /** Whether it seems to be held by what it runs: it is given nothing new. */
  get isQuiet(): boolean {
    return this.#pulse.isQuiet;
  }

  run(job: ActionJob): Promise<ActionEnd> {
    return new Promise((resolve) => {
      const id = this.#add({
        name: printFunction(job.message),
        answer: job.answer,
        onLines: job.onLines,
        onMessage: (message) => {
          if (message.type !== "done") return;
          this.#remove(id);
          resolve({ result: message.result, environment: message.environment });
        },
        onCrash: (reason) => {
          const errorMessage = crashText(job.message.requestId, reason);
          resolve({ result: { ok: false, errorMessage, errorData: null }, environment: "isolate" });
        },
      });
      this.#send({ type: "run", id, ...job.message });
    });
  }

  http(job: HttpJob): Promise<HttpActionResponse> {
    return new Promise((resolve) => {
      let route: string | null = null;
      let body: ResponseBody | undefined;
      const id = this.#add({
        name: httpName(job.request),
        answer: job.answer,
        onLines: job.onLines,
        onMessage: (message) => {
          if (message.type === "head") {
            ({ route } = message);
            if (message.hasBody)
              body = new ResponseBody(
                () => this.#send({ type: "pull", id }),
                () => this.#cancel(id),
              );
            resolve({ status: message.status, headers: message.headers, body: body ?? null });
          } else if (message.type === "chunk") {
            body?.push(message.bytes);
          } else if (message.type === "end") {
            this.#remove(id);
            body?.end(message.isBroken ? message.error : null);
            job.onEnd(route, message.error);
          }
        },
        onCrash: (reason) => {
          const error = crashText(job.request.requestId, reason);
          const code = job.request.isRedacted === true ? (error.split("\n")[0] ?? "") : error;
          const bytes = Buffer.from(JSON.stringify({ code, trace: "" }));
          resolve({ status: 500, headers: [["content-type", "application/json"]], body: oneChunk(bytes) });
          body?.end(error);
          job.onEnd(route, error);
        },
      });
      this.#send({ type: "http", id, ...job.request, nowMs: job.nowMs });
    });
  }

  /** Other variables from now on, for what runs too. */
  setEnvironment(environment: ActionWorkerData["environment"]): void {
    // Scripts may be evaluated again.
    this.#loads += 1;
    this.#watchdog.watch();
    this.#send({ type: "environment", environment });
  }

  /** Takes nothing new and ends when everything under way has ended. */
  drain(): void {
    if (!this.isOpen) return;
    this.#isDraining = true;
    this.#send({ type: "drain" });
  }

  /** Ends it at once. */
  async terminate(): Promise<void> {
    this.#isClosing = true;
    this.#failure ??= "the deployment was closed";
    await this.#worker.terminate();
    await this.#exited;
  }

  #add(under: Under): number {
    this.#lastId += 1;
    this.#under.set(this.#lastId, under);
    this.#heartbeat.watch();
    return this.#lastId;
  }

  #remove(id: number): void {
    const under = this.#under.get(id);
    if (under === undefined) return;
    this.#under.delete(id);
    this.#recent.delete(under.name);
    this.#recent.add(under.name);
    const [oldest] = this.#recent;
    if (this.#recent.size > RECENT_MAX && oldest !== undefined) this.#recent.delete(oldest);
  }

  #judge(pulse: Pulse): void {
    // While modules are evaluated, the watchdog's limits hold.
    if (!this.#isLoaded || this.#loads > 0 || this.#failure !== undefined) return;
    const verdict = this.#pulse.judge(pulse, this.load, performance.now());
    if (verdict.do === "drain") this.drain();
    if (verdict.do !== "end") return;
    const names = this.#suspects();
    this.#failure = `${verdict.why}; it ran ${names.join(", ")}`;
    console.error(`An action thread was ended: ${this.#failure}`);
    void this.#worker.terminate();
  }

  /** Who may have done it: what is under way; when nothing is, what ran last. */
  #suspects(): readonly string[] {
    const names = [...this.#under.values()].map(({ name }) => name);
    return [...new Set(names.length > 0 ? names : this.#recent)];
  }

  #cancel(id: number): void {
    if (this.#under.has(id)) this.#send({ type: "cancel", id, reason: "the client went away" });
  }

  #send(message: ToWorker): void {
    if (this.#isOver) return;
    this.#outgoing.push(message);
    if (this.#outgoing.length > 1) return;
    queueMicrotask(() => {
      const batch = this.#outgoing;
      this.#outgoing = [];
      this.#worker.postMessage(batch, movedWith(batch));
    });
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "needModules":
        void this.#sendModules(message.hashes);
        return;
      case "ready":
        this.#loads -= 1;
        this.#isLoaded = true;
        this.#tellAnalysis({ ok: true, analysis: message.node });
        return;
      case "failed":
        this.#loads -= 1;
        this.#failure = message.message;
        this.#isDraining = true;
        // A thread without code has nothing to finish; what its modules started while they were evaluated would keep it.
        if (!this.#isLoaded) void this.#worker.terminate();
        return;
      case "routed": {
        const under = this.#under.get(message.id);
        if (under !== undefined) under.name = message.route;
        return;
      }
      case "call":
        void this.#answer(message.id, message.callId, message.call);
        return;
      case "lines":
        this.#under.get(message.id)?.onLines(message.lines);
        return;
      default:
        this.#under.get(message.id)?.onMessage(message);
    }
  }

  async #sendModules(hashes: readonly string[]): Promise<void> {
    try {
      this.#send({ type: "modules", sources: await this.#readModules(hashes) });
    } catch (error) {
      this.#failure ??= error instanceof Error ? error.message : String(error);
      await this.#worker.terminate();
    }
  }

  async #answer(id: number, callId: number, call: HostCall): Promise<void> {
    const under = this.#under.get(id);
    let result: CallResult;
    try {
      if (under === undefined) throw new Error("Cannot answer a call: its action has ended");
      result = await under.answer(call);
    } catch (error) {
      const errorMessage = error instanceof Error ? error.message : String(error);
      result = { ok: false, errorMessage, errorData: null };
    }
    this.#send({ type: "reply", callId, result });
  }

  #end(reason: string): void {
    this.#isOver = true;
    this.#watchdog.stop();
    this.#heartbeat.stop();
    const names = this.#suspects();
    const isExpected = this.#isClosing || !this.#isLoaded || (this.#isDraining && this.#under.size === 0);
    if (!isExpected && names.length > 0) this.#events.onBadEnd(names);
    this.#loads = 0;
    this.#tellAnalysis({ ok: false, code: this.#isTimedOut ? "ModuleTimeout" : "PushFailed", message: reason });
    const under = [...this.#under.values()];
    this.#under.clear();
    for (const { onCrash } of under) onCrash(reason);
  }
}

/** How an HTTP action is known before its thread has told which route took it. */
export function httpName({ method, url }: HttpActionRequest): string {
  return `${method} ${new URL(url).pathname}`;
}

function crashText(requestId: string, reason: string): string {
  return `[Request ID: ${requestId}] Server Error\nThe action was ended because its thread ended: ${reason}`;
}

async function* oneChunk(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
