/**
 * A running deployment: the core, the action threads and the log, behind the interface that the network side uses.
 *
 *   sockets, HTTP, CLI ─▶ Deployment ─▶ CoreClient ─▶ core thread      queries, mutations, subscriptions, pushes
 *                              └──────▶ ActionHost ─▶ action threads   actions, HTTP actions
 *
 * Where data lies and what a restart of the core keeps:
 *   - `directory`: a store on disk. Nothing acknowledged is lost, whatever ends the core.
 *   - `memory` with threads: a store in a temporary folder that is removed on close. The watchdog may end the core at any time, and what
 *     was acknowledged must survive that, so "memory" cannot mean the memory of the core.
 *   - `memory` without threads: the memory of this process; no watchdog, so an endless loop in a function blocks the process. For tests.
 *
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CONVEX_LIMITS, ROOT_COMPONENT, canonicalFunctionPath, type Limits, type Ts } from "@narrowcast/values";
import type { LedgerReport, ReportOptions } from "../protocol/ledger-report.ts";
import type { SocketUpdate } from "../protocol/live-types.ts";
import type { VerifyOptions } from "../protocol/live-types.ts";
import type { FileStore } from "../engine/file-store.ts";
import { FolderFiles } from "../engine/folder-files.ts";
import { MemoryFiles } from "../engine/memory-files.ts";
import { ActionHost } from "./action-host.ts";
import { ActionPool } from "./action-pool.ts";
import { bundlePushed } from "../app/bundle-pushed.ts";
import { CodeHost } from "./code-host.ts";
import { CoreClient, type CoreEvent } from "./core-client.ts";
import { filesFolder, type CoreHome } from "../core/core-home.ts";
import type { Active, EnvironmentChange, EnvironmentEntry } from "../protocol/core-protocol.ts";
import { backUp } from "./back-up.ts";
import { callerOf, coreCall } from "./core-call.ts";
import type {
  BackupProgress,
  CallOutcome,
  CallRequest,
  Deployment,
  HttpActionRequest,
  HttpActionResponse,
  LogEntry,
  PushOutcome,
  PushedModule,
  PushUntil,
  SocketLink,
} from "../protocol/deployment-types.ts";
import type { DeploymentOptions } from "./deployment-options.ts";
import { FileHost } from "./file-host.ts";
import { LogFile } from "./log-file.ts";
import { LogRing, type PlacedEntry } from "../protocol/log-buffers.ts";
import { SlotPool } from "./slot-pool.ts";
import { canonicalTracking, type TrackingOptions } from "../protocol/tracking-options.ts";
import type { Analysis, CodePackage, FunctionKind } from "../app/types.ts";

export type { DeploymentOptions } from "./deployment-options.ts";

const ACTION_THREADS_MAX = 2;
/** A look at the log keeps plain entries coming for this much longer. */
const LOG_WANTED_MS = 60_000;

/** A deployment, and what tests look at. */
export interface RunningDeployment extends Deployment {
  readonly core: CoreClient;
  readonly actions: ActionPool;
  /** Actions and HTTP actions that have not ended, scheduled ones until the scheduler knows. */
  readonly actionsUnderWay: number;
  /** Ends actions under way with an error that says why, and starts none any more. */
  stopActions(): Promise<void>;
  readonly files: FileHost;
  /** Where the bytes of files lie. */
  readonly fileStore: FileStore;
}

/** Opens the store, loads the stored code and starts serving. */
export async function startDeployment(options: DeploymentOptions): Promise<RunningDeployment> {
  const threads = options.threads ?? true;
  const isTemporary = options.directory === undefined && threads;
  const directory = isTemporary ? await mkdtemp(join(tmpdir(), "narrowcast-memory-")) : options.directory;
  const cleanUp = async (): Promise<void> => {
    if (isTemporary && directory !== undefined) await rm(directory, { recursive: true, force: true });
  };
  // In memory, main and core share one store; on disk each has a hand of its own on the folder.
  const memory = directory === undefined ? (options.home?.files ?? new MemoryFiles()) : undefined;
  const deployment = new LocalDeployment(options, memory ?? new FolderFiles(filesFolder(directory ?? ""), "main"));
  try {
    const { memoryBytes, clock } = options;
    const home = { ...options.home, directory, memoryBytes, files: memory, ...(clock === undefined ? {} : { clock }) };
    await deployment.open(home, threads, cleanUp);
  } catch (error) {
    await cleanUp();
    throw error;
  }
  return deployment;
}

class LocalDeployment implements RunningDeployment {
  readonly cloudUrl: string;
  readonly siteUrl: string;
  readonly actions: ActionPool;
  readonly files: FileHost;
  readonly fileStore: FileStore;
  readonly #limits: Limits;
  /** Microseconds as cursors: later than all of earlier processes, unless those made more than 1,000 entries a millisecond. */
  readonly #logs: LogRing = new LogRing(Date.now() * 1_000, (placed) => this.#logged(placed));
  readonly #logFile: LogFile | undefined;
  readonly #logListeners = new Set<(entries: readonly LogEntry[]) => void>();
  readonly #slots = new SlotPool();
  readonly #isMetered: boolean;
  readonly #tracking: TrackingOptions;
  readonly #nodeBytes: number | undefined;
  readonly #verify: VerifyOptions | false | undefined;
  readonly #host: ActionHost;
  readonly #code = new CodeHost((hashes) => this.core.request<"readModules">({ type: "readModules", hashes }));
  #client: CoreClient | undefined;
  #active: Active | undefined;
  readonly #environmentListeners = new Set<() => void>();
  #store: string | undefined;
  #cleanUp: () => Promise<void> = async () => undefined;
  /** Whether calls need slots: a core in memory cannot come back. */
  #isDurable = false;
  #logsWantedMs = 0;
  #onTrace: ((lines: readonly string[]) => void) | undefined;

  constructor(
    { cloudUrl, siteUrl, limits, actionThreads, isMetered = true, clock, ...options }: DeploymentOptions,
    store: FileStore,
  ) {
    this.#tracking = { tracking: options.tracking, trackingFor: canonicalTracking(options.trackingFor ?? {}) };
    this.#nodeBytes = options.nodeBytes;
    this.#verify = options.verify;
    this.#logFile = options.logFile === undefined ? undefined : new LogFile(options.logFile);
    this.#logs.restore(this.#logFile?.read() ?? []);
    this.#isMetered = isMetered;
    this.cloudUrl = cloudUrl;
    this.siteUrl = siteUrl;
    this.#limits = { ...CONVEX_LIMITS, ...limits };
    const threadsMax = actionThreads ?? ACTION_THREADS_MAX;
    const hasVirtualTime = clock !== undefined;
    const readModules = this.#code.read.bind(this.#code);
    const given = { cloudUrl, siteUrl, limits: this.#limits };
    this.actions = new ActionPool({ ...given, threadsMax, hasVirtualTime, readModules });
    const common = { slots: this.#slots, client: () => this.core };
    this.fileStore = store;
    this.files = new FileHost({ ...common, store, limits: this.#limits });
    this.#host = new ActionHost({
      ...common,
      pool: this.actions,
      logs: this.#logs,
      files: this.files,
      nowMs: clock && (() => clock.nowMs()),
    });
  }

  async open(home: Omit<CoreHome, "start">, threads: boolean, cleanUp: () => Promise<void>): Promise<void> {
    this.#cleanUp = cleanUp;
    this.#store = home.directory;
    this.#isDurable = home.directory !== undefined || home.engine !== undefined;
    this.#client = await CoreClient.open({
      home,
      threads,
      start: {
        cloudUrl: this.cloudUrl,
        siteUrl: this.siteUrl,
        limits: this.#limits,
        isMetered: this.#isMetered,
        tracking: this.#tracking,
        nodeBytes: this.#nodeBytes,
        verify: this.#verify,
      },
      running: () => this.#host.running(),
      onEvent: (event) => this.#onEvent(event),
    });
    this.files.sweep();
  }

  get actionsUnderWay(): number {
    return Math.max(this.actions.load, this.#host.running().length);
  }

  get core(): CoreClient {
    if (this.#client === undefined) throw new Error("Cannot use the deployment: it is not open yet");
    return this.#client;
  }

  head(isPinned?: boolean): Promise<Ts> {
    return this.core.request<"head">({ type: "head", isPinned });
  }

  obstacle(): Promise<string | null> {
    return this.core.request<"obstacle">({ type: "obstacle" });
  }

  query(call: CallRequest, ts?: Ts): Promise<CallOutcome> {
    return this.core.request<"query">({ type: "query", call: coreCall(call), atTs: ts });
  }

  queryBatch(calls: readonly CallRequest[]): Promise<readonly CallOutcome[]> {
    return this.core.request<"queryBatch">({ type: "queryBatch", calls: calls.map(coreCall) });
  }

  mutation(call: CallRequest): Promise<CallOutcome> {
    const asked = coreCall(call);
    if (call.session !== undefined) {
      const dedupe = { kind: "session", ...call.session } as const;
      return this.core.request<"mutation">({ type: "mutation", call: asked, dedupe, socket: call.socket });
    }
    if (!this.#isDurable) return this.core.request<"mutation">({ type: "mutation", call: asked, dedupe: null });
    return this.#slots.use((dedupe) => this.core.request<"mutation">({ type: "mutation", call: asked, dedupe }));
  }

  action(call: CallRequest): Promise<CallOutcome> {
    return this.#host.run(call, callerOf(call));
  }

  any(call: CallRequest): Promise<CallOutcome> {
    const kind = this.#kindOf(call);
    if (kind === "mutation") return this.mutation(call);
    return kind === "action" ? this.action(call) : this.query(call);
  }

  #kindOf({ component, path }: CallRequest): FunctionKind | undefined {
    if (component !== ROOT_COMPONENT) return undefined;
    const canonical = canonicalFunctionPath(path);
    return this.#active?.analysis.functions.find((info) => info.path === canonical)?.kind;
  }

  httpAction(request: HttpActionRequest): Promise<HttpActionResponse> {
    return this.#host.http(request);
  }

  openSocket(onUpdate: (update: SocketUpdate) => void): SocketLink {
    const link = this.core.sockets.open(onUpdate);
    return {
      ...link,
      modifyQueries: (querySet, add, remove) => {
        const canonical = add.map((query) => ({ ...query, path: canonicalFunctionPath(query.path) }));
        link.modifyQueries(querySet, canonical, remove);
      },
    };
  }

  push(code: CodePackage, onProgress?: (message: string) => void): Promise<PushOutcome> {
    return this.#code.push(code, (manifest) => this.core.request<"push">({ type: "push", code: manifest }, onProgress));
  }

  codeOf(modules: readonly PushedModule[]): Promise<CodePackage> {
    return bundlePushed(modules);
  }

  tryPush(code: CodePackage, until: PushUntil): Promise<PushOutcome> {
    return this.#code.push(code, (manifest) => this.core.request<"push">({ type: "push", code: manifest, until }));
  }

  async analysis(): Promise<Analysis> {
    return this.#active?.analysis ?? { functions: [], schema: null, crons: [], httpRoutes: [] };
  }

  onEnvironment(listener: () => void): () => void {
    this.#environmentListeners.add(listener);
    return () => this.#environmentListeners.delete(listener);
  }

  environment(): Promise<readonly EnvironmentEntry[]> {
    return this.core.request<"environment">({ type: "environment" });
  }

  async setEnvironment(changes: readonly EnvironmentChange[]): Promise<void> {
    await this.core.request<"setEnvironment">({ type: "setEnvironment", changes });
  }

  async logs(
    cursor: number,
    waitMs: number,
  ): Promise<{ readonly entries: readonly LogEntry[]; readonly cursor: number }> {
    const nowMs = Date.now();
    if (nowMs + LOG_WANTED_MS / 2 > this.#logsWantedMs) {
      this.#logsWantedMs = nowMs + waitMs + LOG_WANTED_MS;
      this.core.signal({ type: "wantLogs", untilMs: this.#logsWantedMs });
      // What the core kept for itself comes before the answer to this.
      await this.head();
      await this.head();
    }
    return this.#logs.wait(cursor, waitMs);
  }

  onLogs(listener: (entries: readonly LogEntry[]) => void): () => void {
    this.#logListeners.add(listener);
    return () => this.#logListeners.delete(listener);
  }

  ledger(options: ReportOptions = {}): Promise<LedgerReport | null> {
    this.core.sockets.flushSent();
    return this.core.request<"ledger">({ type: "ledger", options });
  }

  trace(onLines: (lines: readonly string[]) => void): () => Promise<void> {
    if (this.#onTrace !== undefined) throw new Error("Cannot write a trace: one is being written");
    this.#onTrace = onLines;
    this.core.signal({ type: "trace", sockets: this.core.sockets.restore() });
    return async () => {
      this.core.signal({ type: "endTrace" });
      // What was said before comes before the answer to this.
      await this.head();
      this.#onTrace = undefined;
    };
  }

  async stopActions(): Promise<void> {
    await this.actions.close();
  }

  backUp(directory: string, onProgress?: (progress: BackupProgress) => void): Promise<void> {
    return backUp({ store: this.#store, client: this.core, files: this.files }, directory, onProgress);
  }

  async close(): Promise<void> {
    await this.actions.close();
    this.files.stop();
    await this.#client?.close();
    await this.files.settled();
    this.#logs.close();
    await this.#logFile?.close();
    await this.#cleanUp();
  }

  #logged(placed: readonly PlacedEntry[]): void {
    this.#logFile?.add(placed);
    if (this.#logListeners.size === 0) return;
    const entries = placed.map(({ entry }) => entry);
    for (const listener of this.#logListeners) listener(entries);
  }

  #onEvent(event: CoreEvent): void {
    switch (event.type) {
      case "ready":
        // A core that was opened again usually has the same code: threads that run it go on.
        this.actions.dropAnalyses();
        this.#setActive(event.active);
        // What the last core was told to delete, or was storing, it may have left behind.
        if (this.#client !== undefined) this.files.sweep();
        return;
      case "active":
        this.#setActive(event.active);
        return;
      case "needModules":
        this.core.signal({ type: "modules", request: event.id, sources: this.#code.pushed(event.hashes) });
        return;
      case "analyzeNode":
        void this.#analyze(event);
        return;
      case "dropAnalysis":
        this.actions.dropAnalysis(event.id);
        return;
      case "startAction":
        void this.#host.start(event);
        return;
      case "logs":
        this.#logs.add(event.entries);
        return;
      case "filesDeleted":
        this.files.discard(event.names);
        return;
      case "trace":
        this.#onTrace?.(event.lines);
    }
  }

  #setActive(active: Active): void {
    const before = this.#active;
    this.#active = active;
    this.#code.setActive(active.code);
    this.actions.setActive(active);
    if (before === undefined || JSON.stringify(before.environment) === JSON.stringify(active.environment)) return;
    for (const listener of this.#environmentListeners) listener();
  }

  async #analyze({ id, code, environment }: Extract<CoreEvent, { type: "analyzeNode" }>): Promise<void> {
    const { starts } = this.core;
    const outcome = await this.actions.analyze(id, code, environment);
    // A core that was started meanwhile has asked again.
    if (this.core.starts === starts) this.core.signal({ type: "nodeAnalysis", request: id, outcome });
  }
}
