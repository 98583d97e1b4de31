/**
 * The core: one thread, one order. Storage, transactions, runs, scheduler and crons behind one serial queue of work.
 *
 *   receive(messages) ─▶ serial queue ─▶ job: request ─▶ commit ─▶ state ─▶ observers
 *                                          └─ replies, updates ──held until durable──▶ send(batch)
 *
 * This file puts the parts together, and does nothing else: each part is given what it uses.
 *
 * Invariants:
 *   - Jobs run one after the other, in the order they came; a mutation sees everything before it (`serial-queue.ts`).
 *   - Nothing computed from a commit leaves before that commit is durable (`durable-outbox.ts`).
 *   - What is kept in memory of the deployment follows from commits (`deployment-state.ts`).
 *   - Deterministic: clock, randomness, engine and the pause between ticks are given.
 *   - An idle core does nothing: no polling, one alarm at most (`alarms.ts`).
 *
 * Not here: opening the store and the code (`core-open.ts`), threads (`core-thread.ts`), what each request does (`core-requests.ts`).
 *
 * @module
 */
import { StorageError } from "../engine/storage-error.ts";
import type { Ts } from "@narrowcast/values";
import { NodeStore } from "../reactive/node-store.ts";
import type { Ledger } from "../meter/ledger.ts";
import type { FileStore } from "../engine/file-store.ts";
import { Reactor } from "../reactive/reactor.ts";
import type { Verifier } from "../reactive/verifier.ts";
import type { Database } from "../tx/database.ts";
import { Alarms, type Clock } from "../protocol/alarms.ts";
import type { CodeLoader } from "../functions/code-loader.ts";
import type { Active, CoreStart, FromCore, ToCore } from "../protocol/core-protocol.ts";
import { LogOutbox } from "../protocol/log-buffers.ts";
import type { RunMonitor } from "../protocol/watchdog.ts";
import { Calls } from "./calls.ts";
import { CodeStart } from "./code-start.ts";
import type { CommitClock } from "./commit-clock.ts";
import { Commits, Reads, type CommitObserver } from "./commits.ts";
import { CoreMeter } from "./core-meter.ts";
import { coreObservers, observersInOrder, type CoreObservers, type CoreRole } from "./core-observers.ts";
import { CoreRequests, type CopyStore } from "./core-requests.ts";
import { takeSignal } from "./core-signals.ts";
import { openVerifier } from "./core-verifier.ts";
import { Crons } from "./crons.ts";
import type { DeployParts } from "./deploy-parts.ts";
import { DeploymentState } from "./deployment-state.ts";
import { DurableOutbox, type Durability } from "./durable-outbox.ts";
import { FileRequests } from "./file-requests.ts";
import { FunctionRunner } from "./function-runner.ts";
import { MainAsks } from "./main-asks.ts";
import { Mutations } from "./mutations.ts";
import { PushLine } from "./push-line.ts";
import { Quarantine } from "./quarantine.ts";
import { MutationFiles } from "./run-files.ts";
import { ScheduledRows } from "./scheduled-rows.ts";
import { Scheduler, type SchedulerParts } from "./scheduler.ts";
import { SerialQueue, type Job } from "./serial-queue.ts";
import { SessionExpiry } from "./session-expiry.ts";
import { Tracing } from "./trace-writer.ts";
import { noteRecovery } from "./stored-code.ts";
import { TrackingRules } from "./tracking.ts";
import { Past } from "./past.ts";
import { WatchedLoader } from "./watched-loader.ts";

/** What a core is given. */
export interface CoreOptions {
  readonly start: CoreStart;
  readonly database: Database;
  /** With "follower", `database` is one, too. */
  readonly role: CoreRole;
  readonly engine: Durability;
  readonly clock: Clock;
  /** The clock that `database` was opened with. */
  readonly commitClock: CommitClock;
  readonly random: { bytes(count: number): Uint8Array };
  readonly monitor: RunMonitor;
  readonly loadCode: CodeLoader;
  /** For the files of mutations. */
  readonly files: FileStore;
  readonly copyStore?: CopyStore | undefined;
  /** Resolves when other things of this thread have had their turn. */
  readonly pause: () => Promise<void>;
  send(batch: readonly FromCore[]): void;
}

/** See the module comment. */
export class Core {
  readonly state: DeploymentState;
  readonly commits: Commits;
  readonly loader: WatchedLoader;
  readonly codeStart: CodeStart;
  readonly database: Database;
  readonly reactor: Reactor;
  readonly runner: FunctionRunner;
  readonly scheduler: Scheduler;
  readonly crons: Crons;
  /** Who observes commits. */
  readonly observers: CoreObservers;
  readonly past: Past;
  /** Reads of queries that were made before. */
  readonly nodes: NodeStore;
  /** undefined: held results are not verified. */
  readonly verifier: Verifier | undefined;
  readonly #options: CoreOptions;
  readonly #alarms: Alarms;
  readonly #tracking: TrackingRules;
  readonly #quarantine: Quarantine;
  readonly #meter: CoreMeter | undefined;
  readonly #tracing: Tracing;
  readonly #sessionExpiry: SessionExpiry;
  readonly #logs = new LogOutbox();
  readonly #asks = new MainAsks((message) => this.say(message));
  readonly #outbox: DurableOutbox<FromCore>;
  readonly #queue: SerialQueue;
  readonly #requests: CoreRequests;

  constructor(options: CoreOptions) {
    this.#options = options;
    const { start, clock, monitor, database } = options;
    const { cloudUrl, siteUrl, limits } = start;
    const urls = { cloudUrl, siteUrl };
    this.database = database;
    this.#alarms = new Alarms(clock);
    this.#outbox = new DurableOutbox(
      options.engine,
      (batch) => options.send(batch),
      (error) => this.#fail(error),
    );
    this.#queue = this.#openQueue();
    const reads = new Reads(database);
    this.state = new DeploymentState(urls, reads);
    this.loader = new WatchedLoader({ loadCode: options.loadCode, monitor, limits, urls, reads });
    this.#quarantine = new Quarantine(clock, this.#alarms, start.suspects, (names) => {
      this.enqueue(() => void this.reactor.invalidateNames(names));
    });
    this.past = new Past(database.engine, clock);
    this.nodes = new NodeStore(database.engine, start.nodeBytes);
    this.#tracking = new TrackingRules(start.tracking ?? {}, this.nodes);
    this.#tracing = new Tracing({
      clock,
      reads,
      catalogue: database.catalogue,
      state: this.state,
      tick: () => this.#queue.ticks,
      say: (message) => this.say(message),
    });
    this.#meter = start.isMetered === false ? undefined : this.#openMeter();
    const rows = new ScheduledRows({ clock, find: (address) => this.state.find(address) });
    this.runner = this.#openRunner(reads, rows);
    this.reactor = new Reactor({
      executor: (request, caller) => this.runner.query(request, caller),
      head: () => database.head,
      nowMs: () => clock.nowMs(),
      observer: this.#meter,
      onUpdate: (updates) => this.say({ type: "updates", updates }),
    });
    this.verifier = start.verify === false ? undefined : this.#openVerifier();
    const observers: CommitObserver[] = [];
    this.commits = new Commits({ database, commitClock: options.commitClock, state: this.state, observers });
    this.codeStart = new CodeStart({
      clock,
      alarms: this.#alarms,
      monitor,
      limits,
      state: this.state,
      commits: this.commits,
      loader: this.loader,
      enqueue: (job) => this.enqueue(job),
      recovered: (attempts) => this.#recoverCode(attempts),
    });
    const mutations = this.#openMutations();
    const parts = this.#schedulerParts(rows, mutations);
    this.scheduler = new Scheduler(parts);
    this.crons = new Crons(parts);
    this.#sessionExpiry = new SessionExpiry(parts);
    this.#requests = this.#openRequests(mutations);
    this.observers = this.#openObservers();
    observers.push(...observersInOrder(this.observers));
  }

  /** Takes a batch of messages; their work happens in later ticks, in order. */
  receive(batch: readonly ToCore[]): void {
    this.#queue.add(batch.map((message) => () => this.#handle(message)));
  }

  /** Adds a job at the end of the queue. */
  enqueue(job: Job): void {
    if (this.#queue.isEnded) return;
    // Work that no message asked for: the watchdog has to be told.
    if (!this.#queue.isPumping) this.#options.send([{ type: "awake" }]);
    this.#queue.add([job]);
  }

  /** Sends `message` once everything committed so far is durable. */
  say(message: FromCore): void {
    this.#outbox.hold(this.database.head, message);
  }

  /** undefined: metering is off. */
  get ledger(): Ledger | undefined {
    return this.#meter?.ledger;
  }

  /** What is in force now. */
  get active(): Active {
    return this.state.forMain;
  }

  /** Newest commit, durable or not. */
  get head(): Ts {
    return this.database.head;
  }

  /** Ticks that did something; for tests that no work is done when there is none. */
  get ticks(): number {
    return this.#queue.ticks;
  }

  /** Resolves when there is nothing to do, nothing to settle and nothing to flush. */
  whenIdle(): Promise<void> {
    return this.#queue.whenIdle();
  }

  /** Finishes what is under way and starts nothing new. The store is the caller's to close. */
  async close(): Promise<void> {
    this.#alarms.clear();
    await this.#queue.close();
  }

  async #handle(message: ToCore): Promise<void> {
    this.#tracing.message(message);
    if ("id" in message) return this.#requests.handle(message);
    const { reactor } = this;
    takeSignal({ reactor, logs: this.#logs, meter: this.#meter, tracing: this.#tracing, asks: this.#asks }, message);
    // What waited for such an answer joins the queue before the core can seem idle.
    if (message.type === "modules" || message.type === "nodeAnalysis") await this.#options.pause();
  }

  #openObservers(): CoreObservers {
    return coreObservers({
      role: this.#options.role,
      nodes: this.nodes,
      reactor: this.reactor,
      meter: this.#meter,
      trace: this.#tracing,
      quarantine: this.#quarantine,
      tracking: this.#tracking,
      past: this.past,
      scheduler: this.scheduler,
      crons: this.crons,
      sessions: this.#sessionExpiry,
      sayActive: () => this.say({ type: "active", active: this.active }),
      say: (message) => this.say(message),
    });
  }

  /** A writer notes it, so that followers hear of it, too; for a follower it is its own affair: what it was told stays as it is. */
  #recoverCode(attempts: number): void {
    const { commits, state, reactor } = this;
    if (this.#options.role === "writer") return commits.write("_system/load", (tx) => noteRecovery(tx, attempts));
    commits.read((tx) => state.restore(tx));
    reactor.invalidateAll();
    this.say({ type: "active", active: this.active });
  }

  #openQueue(): SerialQueue {
    const { clock, monitor, pause } = this.#options;
    return new SerialQueue({
      clock,
      monitor,
      outbox: this.#outbox,
      work: {
        hasWork: () => this.reactor.hasWork,
        settle: async (budgetMs) => void (await this.reactor.settle({ budgetMs })),
        endTick: () => this.#endTick(),
        calmWork: () => (this.verifier?.isDue === true ? () => this.verifier?.step() ?? Promise.resolve() : undefined),
      },
      pause,
      fail: (error) => this.#fail(error),
    });
  }

  #endTick(): void {
    if (this.#options.role === "writer")
      for (const timed of [this.scheduler, this.crons, this.#sessionExpiry]) timed.endTick();
    const entries = this.#logs.take();
    if (entries.length > 0) this.say({ type: "logs", entries });
  }

  #openMeter(): CoreMeter {
    const { clock } = this.#options;
    return new CoreMeter({
      nowMs: () => clock.nowMs(),
      catalogue: this.database.catalogue,
      onRun: (record) => this.#tracing.ran(record),
    });
  }

  #openVerifier(): Verifier {
    const { clock, start } = this.#options;
    const { reactor, runner, nodes } = this;
    const parts = { reactor, runner, nodes, tracking: this.#tracking, nowMs: () => clock.nowMs() };
    return openVerifier(parts, start.verify === false ? {} : (start.verify ?? {}));
  }

  #openRunner(reads: Reads, rows: ScheduledRows): FunctionRunner {
    const { clock, start, random, monitor, files } = this.#options;
    const { limits } = start;
    const { state } = this;
    const enqueue = (job: Job): void => this.enqueue(job);
    return new FunctionRunner({
      clock,
      limits,
      random,
      monitor,
      quarantine: this.#quarantine,
      state,
      begin: (address) =>
        this.database.begin(address === undefined ? { readOnly: true } : this.#tracking.beginOptions(address)),
      schedule: (tx, address, args, atMs) => rows.schedule(tx, address, args, atMs),
      cancelScheduled: (tx, id) => rows.cancel(tx, id),
      files: new MutationFiles({ store: files, state, reads, clock, random, limits, meter: this.#meter, enqueue }),
      log: (facts, end) => this.#logs.add(facts, end),
      meter: this.#meter,
    });
  }

  #openMutations(): Mutations {
    const { commits, runner } = this;
    const { limits } = this.#options.start;
    return new Mutations({
      commits,
      tracking: this.#tracking,
      runner,
      limits,
      newRequestId: () => this.#newRequestId(),
    });
  }

  #schedulerParts(rows: ScheduledRows, mutations: Mutations): SchedulerParts {
    const { clock, start } = this.#options;
    const { state, commits } = this;
    return {
      ticking: { clock, alarms: this.#alarms, enqueue: (job) => this.enqueue(job) },
      limits: start.limits,
      state,
      rows,
      commits,
      runs: {
        runMutation: (mutation) => mutations.own(mutation),
        startAction: (ticket, { component, path }, args) =>
          this.say({ type: "startAction", ticket, component, path, args, requestId: this.#newRequestId() }),
      },
    };
  }

  #openRequests(mutations: Mutations): CoreRequests {
    const { clock, start, random } = this.#options;
    const { state, commits, reactor, runner, scheduler, crons, verifier } = this;
    const { limits } = start;
    const say = (message: FromCore): void => this.say(message);
    const deploy: DeployParts = {
      clock,
      random,
      limits,
      state,
      commits,
      schemas: this.database,
      loader: this.loader,
      line: new PushLine(),
      asks: this.#asks,
      enqueue: (job) => this.enqueue(job),
      say,
    };
    return new CoreRequests({
      role: this.#options.role,
      calls: new Calls({ reactor, runner, mutations, past: this.past }),
      deploy,
      files: new FileRequests({ state, commits, clock, limits }),
      scheduler,
      crons,
      copyStore: this.#options.copyStore,
      facts: { clock, database: this.database, meter: this.#meter, verifier },
      say,
    });
  }

  /** 16 hex digits. */
  #newRequestId(): string {
    return Buffer.from(this.#options.random.bytes(8)).toString("hex");
  }

  /** The disk failed or an invariant is broken: nothing that is held may be shown. The owner restarts from disk. */
  #fail(error: unknown): void {
    if (this.#queue.isEnded) return;
    this.#queue.end();
    this.#alarms.clear();
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.send([{ type: "failed", message, storageCode: StorageError.from(error)?.code }]);
  }
}
