/**
 * The reactor: keeps every socket's results true, at the cost of what changed.
 *
 *   applyCommit ──dependency index──▶ live queries turn dirty ──▶ their sockets wait in line
 *   settle      ──first in line──▶ runs its dirty live queries ──▶ all clean: one update at the head
 *   query       ──▶ a clean live query answers, or one execution does, for everybody who asked meanwhile
 *
 * Laws (numbers as in README.md, each with the test that proves it):
 *   - L1: after `settle` has emptied the line, every result a socket holds equals a run from scratch at the head.
 *   - L2: an update shows all queries of its socket at one ts; while one of them is not clean, nothing is sent.
 *   - L3: versions and ts of one socket never move back.
 *   - L4: a result equal to the one given last is not sent again; no news and nothing asked, no update.
 *   - L5: a touched socket gets an update at or after the ts that was asked for.
 *   - L8: executions run one at a time, and a request that is being answered is not executed twice.
 *   - L10: a socket waits at most `patienceSlices` slices at the front of the line.
 *
 * What the caller guarantees: `applyCommit` is called for every commit, in order, right after it was sealed and before
 * anything else is asked here; commits, deployments and changes of names happen only between executions (asserted).
 *
 * Not here: executing functions and transactions (given as `executor`), durability (the caller holds updates back), wire messages (`sync/`).
 *
 * @module
 */
import { strict as assert } from "node:assert";
import type { Ts } from "@narrowcast/values";
import type { Commit } from "../tx/types.ts";
import { isCutOff, newCounts } from "./cut-off.ts";
import { deferred } from "./deferred.ts";
import { DependencyIndex } from "./dependency-index.ts";
import type { Dependencies } from "./dependency-index.ts";
import { REACTOR_LIMITS } from "./options.ts";
import type { QueryAnswer, ReactorOptions } from "./options.ts";
import { LiveQueryTable } from "./live-query-table.ts";
import { resultOf } from "./live-query.ts";
import type { LiveQuery } from "./live-query.ts";
import { Slice } from "./slice.ts";
import type { SliceBudget, SliceOutcome } from "./slice.ts";
import { HeldQuery, Socket } from "./sockets.ts";
import type { Caller, Identity, QueryAdd, ReactiveCounters, RunRequest } from "./types.ts";
import { WaitingLine } from "./waiting-line.ts";
import { WakeTrail, wakeWithoutCommit } from "./wake.ts";
import type { Wake } from "./wake.ts";

/** The execution under way. */
interface Execution {
  readonly live: LiveQuery<HeldQuery>;
  readonly done: Promise<unknown>;
}

/** See the module comment. */
export class Reactor {
  readonly #options: ReactorOptions;
  readonly #index: Dependencies;
  readonly #liveQueries: LiveQueryTable<HeldQuery>;
  readonly #sockets = new Map<number, Socket>();
  readonly #line: WaitingLine;
  /** Touched for a ts that is not there yet. */
  readonly #early = new Set<Socket>();
  readonly #counts = newCounts();
  #executing: Execution | undefined = undefined;
  #isSettling = false;
  #appliedTs = 0;
  /** Moves with every commit, deployment and change of names. */
  #epoch = 0;

  constructor(options: ReactorOptions) {
    this.#options = options;
    this.#index = options.dependencies ?? new DependencyIndex();
    const limits = { ...REACTOR_LIMITS, ...options.limits };
    this.#line = new WaitingLine(limits.patienceSlices);
    this.#liveQueries = new LiveQueryTable(this.#index, { ...limits, nowMs: () => options.nowMs() });
  }

  /** Work done so far; monotone. */
  get counters(): Readonly<ReactiveCounters> {
    return { lookups: this.#index.lookups, visited: this.#index.visited, ...this.#counts };
  }

  /** What is held now. */
  get size(): { readonly sockets: number; readonly liveQueries: number; readonly idleBytes: number } {
    return { sockets: this.#sockets.size, liveQueries: this.#liveQueries.size, idleBytes: this.#liveQueries.idleBytes };
  }

  /** Whether `settle` has something to do. */
  get hasWork(): boolean {
    if (this.#line.size > 0) return true;
    const head = this.#options.head();
    for (const socket of this.#early) if (socket.isDue(head)) return true;
    return false;
  }

  openSocket(id: number): void {
    assert(!this.#sockets.has(id), `Cannot open socket ${id}: it is open`);
    this.#sockets.set(id, new Socket(id));
  }

  /** Forgets a socket; an unknown one is ignored. */
  closeSocket(id: number): void {
    const socket = this.#sockets.get(id);
    if (socket === undefined) return;
    this.#sockets.delete(id);
    socket.isClosed = true;
    this.#line.leave(socket);
    this.#early.delete(socket);
    for (const query of socket.queries.values()) this.#detach(query);
    socket.queries.clear();
    socket.stale.clear();
  }

  /** Removes queries, then adds some; an update with this version or a newer one follows. Unknown ids are ignored. */
  modifyQueries(id: number, querySet: number, add: readonly QueryAdd[], remove: readonly number[]): void {
    const socket = this.#sockets.get(id);
    if (socket === undefined) return;
    for (const queryId of remove) this.#removeQuery(socket, queryId);
    for (const added of add) {
      this.#removeQuery(socket, added.queryId);
      socket.removed.delete(added.queryId);
      const query = new HeldQuery(socket, added);
      socket.queries.set(added.queryId, query);
      this.#subscribe(query);
    }
    socket.querySetVersion = Math.max(socket.querySetVersion, querySet);
    this.#ask(socket);
  }

  /** Asks every query of a socket as `identity`; an update with this version or a newer one follows. */
  setIdentity(id: number, version: number, identity: Identity): void {
    const socket = this.#sockets.get(id);
    if (socket === undefined) return;
    const isOther = socket.identity.key !== identity.key || socket.identity.kind !== identity.kind;
    socket.identity = identity;
    socket.identityVersion = Math.max(socket.identityVersion, version);
    if (isOther) for (const query of socket.queries.values()) this.#subscribe(query);
    this.#ask(socket);
  }

  /** Asks for an update at or after `ts` (`null`: the head), even if it is empty. */
  touch(id: number, ts: Ts | null): void {
    const socket = this.#sockets.get(id);
    if (socket === undefined) return;
    socket.touchedTs = Math.max(socket.touchedTs ?? 0, ts ?? 0);
    this.#line.ask(socket);
  }

  /** Marks the live queries whose results a commit may change; returns how many. */
  applyCommit(commit: Commit): number {
    this.#assertBetweenExecutions("apply commit");
    assert(commit.ts > this.#appliedTs, `Cannot apply commit: ts is ${commit.ts}; should be after ${this.#appliedTs}`);
    this.#appliedTs = commit.ts;
    const trail = this.#options.observer === undefined ? undefined : new WakeTrail(commit);
    return this.#invalidateIds(this.#index.stab(commit, trail), (position) => trail?.wakeOf(position), commit);
  }

  /** Marks the live queries that looked at one of `names`, for changes without a commit; returns how many. */
  invalidateNames(names: readonly string[]): number {
    this.#assertBetweenExecutions("invalidate names");
    const wake = wakeWithoutCommit("names", names);
    return this.#invalidateIds(this.#index.stabNames(names), () => wake);
  }

  /** All live queries, held and kept; new ones are added at the end. */
  get liveQueries(): Iterable<LiveQuery> {
    return this.#liveQueries.all();
  }

  /** Marks live queries whatever they read: all of them when code or schema changed. Returns how many. */
  invalidateAll(source = "deployment", liveQueries: Iterable<LiveQuery> = this.liveQueries): number {
    this.#assertBetweenExecutions("invalidate live queries");
    const wake = wakeWithoutCommit(source, []);
    const ids = [...liveQueries].map((live) => live.id);
    return this.#invalidateIds(ids, () => wake);
  }

  /**
   * One slice of work: serves sockets in line until the budget is spent, at least one execution or socket, and gives their updates to `onUpdate`.
   *
   * @throws What the executor rejected with; updates made before it are given all the same.
   */
  async settle(budget: SliceBudget = {}): Promise<SliceOutcome> {
    assert(!this.#isSettling, "Cannot settle: another slice is under way");
    this.#isSettling = true;
    const slice = new Slice(budget, () => this.#options.nowMs());
    try {
      this.#admitEarly();
      await this.#serveLine(slice);
    } finally {
      this.#isSettling = false;
      this.#line.endSlice();
      this.#counts.updatesSent += slice.updates.length;
      if (slice.updates.length > 0) this.#options.onUpdate(slice.updates);
    }
    return { runs: slice.runs, waiting: this.#line.size };
  }

  /**
   * Answers one query at the head: from a clean live query, or by one execution that everybody who asks meanwhile shares.
   *
   * @throws What the executor rejected with.
   */
  async query(request: RunRequest, caller: Caller): Promise<QueryAnswer> {
    for (;;) {
      const found = this.#liveQueries.find(request);
      if (found?.state === "clean") return this.#answerFrom(found);
      if (this.#executing === undefined) {
        const live = found ?? this.#liveQueries.create(request);
        const ts = await this.#execute(live, request.identity, caller, 1);
        return { result: resultOf(live), ts, cached: false };
      }
      const { live, done } = this.#executing;
      await done;
      const isAnswer = live === found && live.state === "clean" && live.epoch === this.#epoch;
      if (isAnswer && (!live.identityObserved || live.identity.key === request.identity.key))
        return this.#answerFrom(live);
    }
  }

  #answerFrom(live: LiveQuery<HeldQuery>): QueryAnswer {
    this.#countShared(live);
    this.#liveQueries.use(live);
    return { result: resultOf(live), ts: this.#options.head(), cached: true };
  }

  #countShared(live: LiveQuery<HeldQuery>): void {
    this.#counts.runsShared++;
    // One that is not clean counts its askers when it is executed.
    if (live.state === "clean") this.#options.observer?.shared(live);
  }

  async #serveLine(slice: Slice): Promise<void> {
    slice.isUnbounded = true;
    for (let overdue = this.#line.overdue(); overdue !== undefined; overdue = this.#line.overdue()) {
      await this.#serve(overdue, slice);
    }
    slice.isUnbounded = false;
    for (let socket = this.#line.first(); socket !== undefined; socket = this.#line.first()) {
      if (slice.isOutOfTime || !(await this.#serve(socket, slice))) return;
    }
  }

  /** Executes a socket's dirty live queries and takes its update. False when the budget ended before. */
  async #serve(socket: Socket, slice: Slice): Promise<boolean> {
    try {
      // Checked here, not after another await: between this and the update nothing may happen.
      while (!socket.isClean) if (!(await this.#cleanUp(socket, slice))) return false;
    } catch (error) {
      // To the end of the line: what cannot be executed now must not keep the others waiting.
      this.#line.requeue(socket);
      throw error;
    }
    if (socket.isClosed) return true;
    this.#line.leave(socket);
    slice.countSocket(socket.takeUpdate(this.#options.head()));
    if (socket.touchedTs !== undefined) this.#early.add(socket);
    return true;
  }

  /** Passes once over a socket's stale queries. False when the budget ended before. */
  async #cleanUp(socket: Socket, slice: Slice): Promise<boolean> {
    for (const query of socket.stale) {
      if (query.live?.state === "clean") continue;
      if (slice.isSpent) return false;
      await this.#bringForward(query, slice);
    }
    return true;
  }

  /** One step towards a clean live query for `query`: waits, moves to a better one, or executes. */
  async #bringForward(query: HeldQuery, slice: Slice): Promise<void> {
    if (this.#executing !== undefined) {
      await this.#executing.done;
      return;
    }
    const { live } = query;
    assert(live !== undefined, `Cannot answer query ${query.queryId}: it has no live query`);
    const better = this.#liveQueries.find(query.request(live.journal));
    if (better !== undefined && better !== live) {
      this.#countShared(better);
      this.#attach(query, better);
      return;
    }
    slice.countRun();
    await this.#execute(live, query.socket.identity, "Subscription");
  }

  /** Executes `live` for its holders and so many one-shot calls, when nothing else executes. Returns the head at which its result holds. */
  async #execute(live: LiveQuery<HeldQuery>, identity: Identity, caller: Caller, oneShots = 0): Promise<Ts> {
    assert(this.#executing === undefined, "Cannot execute a run: another one is executing");
    const { promise: done, resolve } = deferred<undefined>();
    this.#executing = { live, done };
    live.state = "running";
    live.identity = identity;
    try {
      const outcome = await this.#options.executor(live.requestAs(identity), caller);
      live.epoch = this.#epoch;
      const hadResult = live.result !== undefined;
      const isNews = this.#liveQueries.finish(live, outcome);
      this.#counts.runsExecuted++;
      if (hadResult && !isNews) this.#counts.resultsUnchanged++;
      const { cost } = outcome;
      live.cost = cost;
      const askers = live.holders.size + oneShots;
      this.#options.observer?.ran(live, { caller, cost, isFirst: !hadResult, isNews, askers });
      live.wake = undefined;
      if (live.identityObserved) this.#splitOff(live);
      return this.#options.head();
    } catch (error) {
      live.state = "dirty";
      throw error;
    } finally {
      this.#executing = undefined;
      this.#liveQueries.releaseIfUnheld(live);
      resolve(undefined);
    }
  }

  /** One that looked at the identity answers only those who share it; the others get live queries of their own. */
  #splitOff(live: LiveQuery<HeldQuery>): void {
    for (const query of live.holders) if (query.socket.identity.key !== live.identity.key) this.#subscribe(query);
  }

  /** Finds or makes the live query for a query as its client would ask it now. */
  #subscribe(query: HeldQuery): void {
    const request = query.request(query.journal);
    const found = this.#liveQueries.find(request);
    if (found !== undefined && found === query.live) return;
    if (found !== undefined) this.#countShared(found);
    this.#attach(query, found ?? this.#liveQueries.create(request));
  }

  #attach(query: HeldQuery, live: LiveQuery<HeldQuery>): void {
    this.#liveQueries.hold(live);
    live.holders.add(query);
    this.#detach(query);
    query.live = live;
    query.socket.stale.add(query);
    this.#line.wake(query.socket);
  }

  #detach(query: HeldQuery): void {
    const { live } = query;
    query.live = undefined;
    if (live === undefined) return;
    live.holders.delete(query);
    this.#liveQueries.releaseIfUnheld(live);
  }

  #removeQuery(socket: Socket, queryId: number): void {
    const query = socket.queries.get(queryId);
    if (query === undefined) return;
    socket.queries.delete(queryId);
    socket.stale.delete(query);
    socket.removed.add(queryId);
    this.#detach(query);
  }

  #invalidateIds(ids: Iterable<number>, wakeOf: (position: number) => Wake | undefined, commit?: Commit): number {
    this.#epoch++;
    const { observer } = this.#options;
    let invalidated = 0;
    let position = -1;
    for (const id of ids) {
      position++;
      const live = this.#liveQueries.byId(id);
      if (live === undefined || live.state !== "clean") continue;
      if (commit !== undefined && isCutOff(live, commit, this.#counts, observer, wakeOf, position)) continue;
      invalidated++;
      if (live.holders.size === 0) this.#liveQueries.drop(live);
      else this.#markDirty(live, wakeOf(position));
    }
    this.#counts.runsInvalidated += invalidated;
    return invalidated;
  }

  #markDirty(live: LiveQuery<HeldQuery>, wake: Wake | undefined): void {
    live.wake = wake;
    this.#liveQueries.markDirty(live);
    for (const query of live.holders) {
      query.socket.stale.add(query);
      this.#line.wake(query.socket);
    }
  }

  #ask(socket: Socket): void {
    socket.hasNewVersion = true;
    this.#line.ask(socket);
  }

  #admitEarly(): void {
    const head = this.#options.head();
    for (const socket of this.#early) {
      if (!socket.isDue(head)) continue;
      this.#early.delete(socket);
      this.#line.ask(socket);
    }
  }

  #assertBetweenExecutions(act: string): void {
    assert(this.#executing === undefined, `Cannot ${act}: a run is executing; should wait until it has ended`);
  }
}
