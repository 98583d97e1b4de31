/**
 * Scheduler: functions that run later, exactly as Convex's `_scheduled_functions`.
 *
 *   schedule(tx) ──commit──▶ pending ──due──▶ mutation: one transaction {state success, its own writes}
 *                              │             action:   inProgress ─durable─▶ action thread ─▶ success | failed
 *                              └─cancel──▶ canceled
 *
 * Invariants:
 *   - A row is written by the transaction that schedules: no commit, no job.
 *   - Mutations exactly once: the change to `success` is part of the mutation's own commit.
 *   - Actions at most once: `inProgress` is durable before the action starts; one that was under way when the core's process
 *     died is `failed` ("Transient error while executing action"). A restart of the core alone does not end actions.
 *   - Due jobs start by time; at most `PARALLEL_ACTIONS_MAX` actions are under way.
 *   - One alarm for the next due row and one for the next row to delete; no polling.
 *
 * Not here: what the rows look like (`scheduled-rows.ts`).
 *
 * @module
 */
import type { Doc, FunctionAddress, Limits } from "@narrowcast/values";
import type { Commit, Transaction } from "../tx/types.ts";
import type { ActionTicket, CoreRequest, Suspect } from "../protocol/core-protocol.ts";
import { timeOutText } from "../protocol/core-protocol.ts";
import { functionIn } from "../functions/system-rows.ts";
import type { CommitObserver, Commits } from "./commits.ts";
import type { DeploymentState, StateChange } from "./deployment-state.ts";
import type { OwnMutation } from "./mutations.ts";
import {
  argsText,
  completedRows,
  isCanceled,
  rowOf,
  rowsInState,
  stateOf,
  type ScheduledRows,
} from "./scheduled-rows.ts";
import { findOutcome, recordOutcome } from "./sessions.ts";
import { Ticker, type TickerParts } from "./ticker.ts";

const PARALLEL_ACTIONS_MAX = 8;
/** Due rows looked at for one that can start. */
const DUE_ROWS_MAX = 64;
const EXPIRE_ROWS_MAX = 256;
const SOURCE = "_system/scheduler";
export const TRANSIENT_ERROR = "Transient error while executing action";

/** How functions are run that nobody waits for. */
export interface OwnRuns {
  /** Executes a mutation and commits it. Returns the error's text, or null. */
  runMutation(mutation: OwnMutation): Promise<string | null>;
  /** Starts an action once what was committed so far is durable. */
  startAction(ticket: ActionTicket, address: FunctionAddress, args: string): void;
}

/** What the scheduler needs of the core. */
export interface SchedulerParts {
  readonly ticking: TickerParts;
  readonly limits: Limits;
  readonly state: Pick<DeploymentState, "find" | "due">;
  readonly rows: ScheduledRows;
  readonly commits: Commits;
  readonly runs: OwnRuns;
}

/** See the module comment. */
export class Scheduler implements CommitObserver {
  readonly #parts: SchedulerParts;
  /** Actions under way, by job id. */
  readonly #running = new Set<string>();
  readonly #starts: Ticker;
  readonly #expiry: Ticker;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#starts = new Ticker(parts.ticking, {
      name: "scheduler",
      nextMs: () => this.#nextStartMs(),
      work: () => this.#startOne(),
    });
    this.#expiry = new Ticker(parts.ticking, {
      name: "scheduled results",
      nextMs: () => this.#nextExpiryMs(),
      work: () => this.#expire(),
    });
  }

  /** Adds a job for an action; once for each key. Returns the job's id. */
  schedule({ component, path, args, atMs, parentJob, dedupe }: Extract<CoreRequest, { type: "schedule" }>): string {
    const { commits, rows } = this.#parts;
    return commits.write(SOURCE, (tx) => {
      const earlier = findOutcome(tx, dedupe);
      if (earlier !== undefined) return earlier.value;
      const isBornCanceled = parentJob !== null && isCanceled(tx, parentJob);
      const value = rows.schedule(tx, { component, path }, args, atMs, isBornCanceled);
      recordOutcome(tx, dedupe, { value, logLines: [], ts: commits.promiseTs(tx) });
      return value;
    });
  }

  /** Cancels a job for an action. */
  cancel(id: string): void {
    this.#parts.commits.write(SOURCE, (tx) => void this.#parts.rows.cancel(tx, id));
  }

  /** After opening: settles what the last process left behind. */
  recover(running: readonly ActionTicket[], suspects: readonly Suspect[]): void {
    const alive = new Set(running.filter(({ kind }) => kind === "job").map(({ key }) => key));
    const { commits, rows, limits } = this.#parts;
    commits.write(SOURCE, (tx) => {
      for (const row of rowsInState(tx, "inProgress", Infinity)) {
        if (alive.has(row._id)) this.#running.add(row._id);
        else rows.finish(tx, row._id, TRANSIENT_ERROR);
      }
      for (const { run } of suspects) {
        if (run.kind !== "job") continue;
        const row = rowOf(tx, run.id);
        if (row !== undefined && stateOf(row) === "pending") rows.finish(tx, row._id, timeOutText(limits));
      }
    });
  }

  /** An action thread finished (or lost) a job. */
  actionDone(id: string, error: string | null): void {
    if (!this.#running.has(id)) return;
    const { commits, rows } = this.#parts;
    commits.write(SOURCE, (tx) => {
      const row = rowOf(tx, id);
      if (row !== undefined && stateOf(row) === "inProgress") rows.finish(tx, id, error);
    });
    this.#running.delete(id);
    // There is room for another action, whatever became of the row.
    this.#starts.touch();
  }

  /** Jobs came or went, or other code is active: jobs that could not start may be able to. */
  committed(_commit: Commit, { jobs, code }: StateChange): void {
    if (jobs || code !== undefined) this.#starts.touch();
    if (jobs) this.#expiry.touch();
  }

  /** After a tick of the core: looks for due jobs and sets the alarms. */
  endTick(): void {
    this.#starts.endTick();
    this.#expiry.endTick();
  }

  /** The first due job that can start, as a row; undefined when there is none. */
  #firstDue(tx: Transaction, nowMs: number): Doc | undefined {
    for (const row of rowsInState(tx, "pending", DUE_ROWS_MAX)) {
      if (Number(row["scheduledTime"]) > nowMs) return undefined;
      if (this.#canStart(row)) return row;
    }
    return undefined;
  }

  #canStart(row: Doc): boolean {
    const info = this.#parts.state.find(functionIn(row, "name"));
    return info?.kind !== "action" || this.#running.size < PARALLEL_ACTIONS_MAX;
  }

  /** When the next job can start: a time that has passed when one is due. Jobs that wait for an action slot do not count. */
  #nextStartMs(): number | undefined {
    const { state, commits, ticking } = this.#parts;
    const { jobMs } = state.due;
    const nowMs = ticking.clock.nowMs();
    if (jobMs === undefined || jobMs > nowMs) return jobMs;
    return commits.read((tx) => {
      for (const row of rowsInState(tx, "pending", DUE_ROWS_MAX)) {
        const atMs = Number(row["scheduledTime"]);
        if (atMs > nowMs || this.#canStart(row)) return atMs;
      }
      return undefined;
    });
  }

  async #startOne(): Promise<void> {
    const { commits, rows, runs, state, ticking } = this.#parts;
    const row = commits.read((tx) => this.#firstDue(tx, ticking.clock.nowMs()));
    if (row === undefined) return;
    const address = functionIn(row, "name");
    const args = argsText(row);
    if (state.find(address)?.kind === "action") {
      commits.write(SOURCE, (tx) => tx.system.patch(row._id, { state: { kind: "inProgress" } }));
      this.#running.add(row._id);
      runs.startAction({ kind: "job", key: row._id }, address, args);
      return;
    }
    const error = await runs.runMutation({
      ...address,
      args,
      run: { kind: "job", id: row._id },
      caller: "Scheduler",
      before: (tx) => {
        const now = rowOf(tx, row._id);
        if (now === undefined || stateOf(now) !== "pending") return false;
        tx.system.patch(row._id, { state: { kind: "inProgress" } });
        return true;
      },
      mark: (tx) => rows.finish(tx, row._id, null),
    });
    if (error !== null) commits.write(SOURCE, (tx) => rows.finish(tx, row._id, error));
  }

  #nextExpiryMs(): number | undefined {
    const { state, limits } = this.#parts;
    const { resultMs } = state.due;
    return resultMs === undefined ? undefined : resultMs + limits.scheduledResultKeptMs;
  }

  /** Deletes one slice of old results. */
  #expire(): void {
    const { commits, ticking, limits } = this.#parts;
    const nowMs = ticking.clock.nowMs();
    commits.write(SOURCE, (tx) => {
      for (const row of completedRows(tx, EXPIRE_ROWS_MAX)) {
        if (Number(row["completedTime"]) + limits.scheduledResultKeptMs <= nowMs) tx.system.delete(row._id);
      }
    });
  }
}
