/**
 * The core: one thread, one order. Storage, transactions, runs, scheduler and crons behind one serial queue of work.
 *
 *   receive(messages) ─▶ [queue] ─▶ tick: a group of jobs ─▶ flush begins ─▶ a slice of settling ─▶ next tick …
 *                                        │ commit → reactor                 ▲
 *                                        └─ replies, updates ──held until durable──▶ send(batch)
 *
 * Invariants:
 *   - Jobs run one after the other, in the order they came; a mutation sees everything before it.
 *   - Mutations of one tick share one flush. The next tick runs while the flush is under way, but nothing computed from a commit
 *     leaves before that commit is durable (`durable-outbox.ts`).
 *   - Settling goes in slices of `SETTLE_MS`, so queries and mutations go on in between.
 *   - Deterministic: clock, randomness, engine and the pause between ticks are given.
 *   - An idle core does nothing: no polling, one alarm at most (`alarms.ts`).
 *
 * Not here: opening the store and the code (`core-open.ts`), threads (`core-thread.ts`), what each request does (`core-requests.ts`).
 *
 * @module
 */
import type { Limits, Ts } from "@narrowcast/values";
import { NodeStore } from "../reactive/node-store.ts";
import type { RunRecord } from "../meter/record.ts";
import type { FileStore } from "../engine/file-store.ts";
import { Reactor } from "../reactive/reactor.ts";
import type { Verifier } from "../reactive/verifier.ts";
import type { Database } from "../tx/database.ts";
import type { Commit, Transaction } from "../tx/types.ts";
import { Alarms, type Clock } from "../protocol/alarms.ts";
import type { CodeLoader } from "../functions/code-loader.ts";
import type { CommitClock } from "./commit-clock.ts";
import { CoreFiles } from "./core-files.ts";
import { CoreMeter } from "./core-meter.ts";
import { CoreRequests } from "./core-requests.ts";
import type { ActionTicket, CoreStart, FromCore, ToCore } from "../protocol/core-protocol.ts";
import { openVerifier } from "./core-verifier.ts";
import { Crons } from "./crons.ts";
import { DurableOutbox, type Durability } from "./durable-outbox.ts";
import { FunctionRunner } from "./function-runner.ts";
import { LogOutbox } from "../protocol/log-buffers.ts";
import { PushLine } from "./push-line.ts";
import { Quarantine } from "./quarantine.ts";
import { Scheduler, type SchedulerParts } from "./scheduler.ts";
import { TrackingRules } from "./tracking.ts";
import type { TraceWriter } from "./trace-writer.ts";
import type { RunMonitor } from "../protocol/watchdog.ts";

/** Most jobs of one group: bounds how long the first of them waits for its flush. */
const GROUP_JOBS_MAX = 256;
/** A group ends after this time, in milliseconds, whatever is left. */
const GROUP_MS = 10;
/** After so few jobs, and with none waiting, the core waits for the disk itself. */
const SMALL_GROUP_JOBS = 8;
/** Time of one slice of settling. */
const SETTLE_MS = 5;
/** The same where commits wait for it to be flushed. */
const SETTLE_BEFORE_FLUSH_MS = 1;
/** With so many messages held back the core waits for the disk before it goes on. */
const HELD_MESSAGES_MAX = 20_000;

/** One piece of serial work. */
export type Job = () => Promise<void> | void;

/** What a core is given. */
export interface CoreOptions {
  readonly start: CoreStart;
  readonly database: Database;
  readonly engine: Durability;
  readonly clock: Clock;
  /** The clock that `database` was opened with. */
  readonly commitClock: CommitClock;
  readonly random: { bytes(count: number): Uint8Array };
  readonly monitor: RunMonitor;
  readonly loadCode: CodeLoader;
  /** For the files of mutations. */
  readonly files: FileStore;
  /** Resolves when other things of this thread have had their turn. */
  pause(): Promise<void>;
  send(batch: readonly FromCore[]): void;
}

/** See the module comment. */
export class Core {
  readonly options: CoreOptions;
  readonly limits: Limits;
  readonly database: Database;
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly reactor: Reactor;
  readonly runner: FunctionRunner;
  readonly files: CoreFiles;
  readonly scheduler: Scheduler;
  readonly crons: Crons;
  readonly quarantine: Quarantine;
  /** Reads of queries that were made before. */
  readonly nodes: NodeStore;
  readonly tracking: TrackingRules;
  /** undefined: held results are not verified. */
  readonly verifier: Verifier | undefined;
  /** undefined: metering is off. */
  readonly meter: CoreMeter | undefined;
  /** Set while a trace is written. */
  trace: TraceWriter | undefined;
  readonly logs = new LogOutbox();
  readonly pushes = new PushLine();
  readonly #outbox: DurableOutbox<FromCore>;
  readonly #requests: CoreRequests;
  #queue: Job[] = [];
  #isPumping = false;
  #isEnded = false;
  #idleWaiters: (() => void)[] = [];
  /** Ticks that did something; for tests that no work is done when there is none. */
  ticks = 0;

  constructor(options: CoreOptions) {
    this.options = options;
    const { start, clock, random, monitor } = options;
    this.limits = start.limits;
    this.database = options.database;
    this.clock = clock;
    this.alarms = new Alarms(clock);
    this.#outbox = new DurableOutbox(
      options.engine,
      (batch) => options.send(batch),
      (error) => this.#fail(error),
    );
    this.quarantine = new Quarantine(clock, this.alarms, start.suspects, (names) => {
      this.enqueue(() => void this.reactor.invalidateNames(names));
    });
    const { cloudUrl, siteUrl, limits } = start;
    const { catalogue, engine } = this.database;
    this.nodes = new NodeStore(engine, start.nodeBytes);
    this.tracking = new TrackingRules(start.tracking ?? {}, this.nodes);
    const meterParts = {
      nowMs: () => clock.nowMs(),
      catalogue,
      caller: () => this.runner.queryCaller,
      onRun: (record: RunRecord) => this.trace?.ran(record),
    };
    this.meter = start.isMetered === false ? undefined : new CoreMeter(meterParts);
    this.runner = new FunctionRunner({
      clock,
      limits,
      random,
      monitor,
      quarantine: this.quarantine,
      cloudUrl,
      siteUrl,
      begin: (path) => this.database.begin(path === undefined ? { readOnly: true } : this.tracking.beginOptions(path)),
      schedule: (tx, path, args, atMs) => this.scheduler.scheduleIn(tx, path, args, atMs),
      cancelScheduled: (tx, id) => this.scheduler.cancelIn(tx, id),
      files: () => this.files,
      log: (entry) => this.logs.add(entry),
      meter: this.meter,
    });
    this.reactor = new Reactor({
      executor: (request) => this.runner.query(request),
      head: () => this.database.head,
      nowMs: () => clock.nowMs(),
      observer: this.meter,
      onUpdate: (updates) => this.say({ type: "updates", updates }),
    });
    this.verifier = start.verify === false ? undefined : openVerifier(this, start.verify ?? {});
    const parts = this.#schedulerParts();
    this.scheduler = new Scheduler(parts);
    this.crons = new Crons(parts);
    this.#requests = new CoreRequests(this);
    this.files = new CoreFiles(this, options.files);
  }

  /** Takes a batch of messages; their work happens in later ticks, in order. */
  receive(batch: readonly ToCore[]): void {
    if (this.#isEnded) return;
    for (const message of batch) this.#queue.push(() => this.#requests.handle(message));
    this.#wake();
  }

  /** Lets `early` run before the core takes messages; used while opening. */
  get requests(): CoreRequests {
    return this.#requests;
  }

  /** Adds a job at the end of the queue. */
  enqueue(job: Job): void {
    if (this.#isEnded) return;
    // Work that no message asked for: the watchdog has to be told.
    if (!this.#isPumping) this.options.send([{ type: "awake" }]);
    this.#queue.push(job);
    this.#wake();
  }

  /** Sends `message` once everything committed so far is durable. */
  say(message: FromCore): void {
    this.#outbox.hold(this.database.head, message);
  }

  /** Fixes the timestamp that the commit of `tx` will have. */
  promiseTs(tx: Transaction): Ts {
    return this.options.commitClock.pin(tx, this.database.head);
  }

  /** Commits `tx` and tells everybody inside whom it concerns. */
  commit(tx: Transaction, source: string): Commit | undefined {
    let commit: Commit | undefined;
    try {
      commit = tx.commit(source);
    } finally {
      this.options.commitClock.unpin(commit);
    }
    if (commit !== undefined) this.noteCommit(commit);
    return commit;
  }

  /** Tells the reactive room of a commit, right after it was made. */
  noteCommit(commit: Commit): void {
    this.nodes.apply(commit);
    this.reactor.applyCommit(commit);
    this.meter?.committed(commit);
    this.trace?.commit(commit);
    this.quarantine.noteCommit();
    this.files.noteCommit(commit);
  }

  /** A transaction of the core's own: commits what `work` wrote, nothing when it throws. */
  write<T>(source: string, work: (tx: Transaction) => T): T {
    const tx = this.database.begin({ readOnly: false });
    let result: T;
    try {
      result = work(tx);
    } catch (error) {
      tx.abort();
      throw error;
    }
    this.commit(tx, source);
    return result;
  }

  read<T>(work: (tx: Transaction) => T): T {
    const tx = this.database.begin({ readOnly: true });
    try {
      return work(tx);
    } finally {
      tx.abort();
    }
  }

  /** Newest commit, durable or not. */
  get head(): Ts {
    return this.database.head;
  }

  /** Resolves when there is nothing to do, nothing to settle and nothing to flush. */
  async whenIdle(): Promise<void> {
    while (!this.#isEnded && (this.#isPumping || !this.#outbox.isIdle)) {
      if (!this.#isPumping) await this.options.pause();
      else {
        await new Promise<void>((resolve) => {
          this.#idleWaiters.push(resolve);
        });
      }
    }
  }

  /** Finishes what is under way and starts nothing new. The store is the caller's to close. */
  async close(): Promise<void> {
    this.#isEnded = true;
    this.#queue = [];
    this.alarms.clear();
    while (this.#isPumping) await this.options.pause();
  }

  #wake(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.options.monitor.setBusy(true);
    void this.#pump();
  }

  async #pump(): Promise<void> {
    try {
      while (!this.#isEnded && (this.#queue.length > 0 || this.reactor.hasWork)) {
        // Messages of one tick of the sender come in several events: let them in before the group begins.
        await this.options.pause();
        await this.#tick();
        await this.#verifyIfCalm();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isPumping = false;
      this.options.monitor.setBusy(false);
      const waiters = this.#idleWaiters;
      this.#idleWaiters = [];
      for (const resolve of waiters) resolve();
    }
  }

  /** Looks after one held result when nobody waits for anything. */
  async #verifyIfCalm(): Promise<void> {
    const isCalm = (): boolean => !this.#isEnded && this.#queue.length === 0 && !this.reactor.hasWork;
    if (this.verifier?.isDue !== true || !isCalm() || !this.#outbox.isIdle) return;
    await this.options.pause();
    if (isCalm()) await this.verifier.step();
  }

  async #tick(): Promise<void> {
    this.ticks += 1;
    const isSmall = this.#queue.length <= SMALL_GROUP_JOBS;
    await this.#runGroup();
    // With more to do, or soon to come, the flush goes on beside it; else what is soon settled leaves with the answers.
    const isLast = isSmall && this.#queue.length === 0;
    if (!isLast) this.#outbox.endTick();
    if (this.reactor.hasWork) {
      this.runner.queryCaller = "Subscription";
      await this.reactor.settle({ budgetMs: isLast ? SETTLE_BEFORE_FLUSH_MS : SETTLE_MS });
    }
    this.scheduler.endTick();
    this.crons.endTick();
    const entries = this.logs.take();
    if (entries.length > 0) this.say({ type: "logs", entries });
    this.#outbox.endTick(isLast && this.#queue.length === 0);
    if (this.#outbox.held > HELD_MESSAGES_MAX) await this.#outbox.nextFlush();
  }

  async #runGroup(): Promise<void> {
    const group = this.#queue.splice(0, GROUP_JOBS_MAX);
    const endMs = this.clock.nowMs() + GROUP_MS;
    for (let i = 0; i < group.length; i += 1) {
      if (this.#isEnded) return;
      await group[i]?.();
      if (this.clock.nowMs() >= endMs && i + 1 < group.length) {
        this.#queue = [...group.slice(i + 1), ...this.#queue];
        return;
      }
    }
  }

  /** The disk failed or an invariant is broken: nothing that is held may be shown. The owner restarts from disk. */
  #fail(error: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#queue = [];
    this.alarms.clear();
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.options.send([{ type: "failed", message }]);
  }

  #schedulerParts(): SchedulerParts {
    return {
      clock: this.clock,
      alarms: this.alarms,
      limits: this.limits,
      find: (path) => this.runner.find(path),
      enqueue: (job) => this.enqueue(job),
      write: (source, work) => this.write(source, work),
      read: (work) => this.read(work),
      runMutation: (path, args, text, before, mark) => this.#requests.runOwnMutation(path, args, text, before, mark),
      startAction: (ticket, path, args) => this.#startAction(ticket, path, args),
    };
  }

  #startAction(ticket: ActionTicket, path: string, args: string): void {
    this.say({ type: "startAction", ticket, path, args, requestId: this.newRequestId() });
  }

  /** 16 hex digits. */
  newRequestId(): string {
    return Buffer.from(this.options.random.bytes(8)).toString("hex");
  }
}
