/**
 * Scheduler: functions that run later, exactly as Convex's `_scheduled_functions`.
 *
 *   scheduleIn(tx) ──commit──▶ pending ──due──▶ mutation: one transaction {state success, its own writes}
 *                                 │             action:   inProgress ─durable─▶ action thread ─▶ success | failed
 *                                 └─cancel──▶ canceled
 *
 * Invariants:
 *   - A row is written by the transaction that schedules: no commit, no job.
 *   - Mutations exactly once: the change to `success` is part of the mutation's own commit.
 *   - Actions at most once: `inProgress` is durable before the action starts; one that was under way when the core's process
 *     died is `failed` ("Transient error while executing action"). A restart of the core alone does not end actions.
 *   - Due jobs start by time; at most `PARALLEL_ACTIONS_MAX` actions are under way.
 *   - One alarm for the next due row and one for the next row to delete; no polling.
 *
 * @module
 */
import { parseValue, stringifyValue, type Doc, type Limits, type Value } from "@narrowcast/values";
import { UserError, type Transaction } from "../tx/types.ts";
import type { Alarms, Clock } from "../protocol/alarms.ts";
import type { ActionTicket, Suspect } from "../protocol/core-protocol.ts";
import { timeOutText } from "../protocol/core-protocol.ts";
import { readRows, textOf } from "../functions/system-rows.ts";
import type { FunctionInfo } from "../app/types.ts";

export const SCHEDULED_TABLE = "_scheduled_functions";
const PARALLEL_ACTIONS_MAX = 8;
/** Due rows looked at for one that can start. */
const DUE_ROWS_MAX = 64;
const EXPIRE_ROWS_MAX = 256;
const FIVE_YEARS_MS = 5 * 365.25 * 24 * 3_600_000;
export const TRANSIENT_ERROR = "Transient error while executing action";

/** What the scheduler needs of the core. */
export interface SchedulerParts {
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly limits: Limits;
  find(path: string): FunctionInfo | undefined;
  /** Runs `job` in the core's turn. */
  enqueue(job: () => Promise<void> | void): void;
  /** Runs `work` on a transaction and commits what it wrote. */
  write(source: string, work: (tx: Transaction) => void): void;
  read<T>(work: (tx: Transaction) => T): T;
  /** Executes a job's mutation: `mark` marks success on the transaction before the commit. Returns the error's text, or null. */
  runMutation(
    path: string,
    args: string,
    text: string,
    before: (tx: Transaction) => boolean,
    mark: (tx: Transaction) => void,
  ): Promise<string | null>;
  /** Starts an action once what was committed so far is durable. */
  startAction(ticket: ActionTicket, path: string, args: string): void;
}

/** See the module comment. */
export class Scheduler {
  readonly #parts: SchedulerParts;
  /** Actions under way, by job id. */
  readonly #running = new Set<string>();
  /** The scheduled mutation that is running now. */
  #current: string | undefined;
  #isDirty = true;
  #isTicking = false;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
  }

  /** Adds a job to the transaction. Returns its id. */
  scheduleIn(tx: Transaction, path: string, args: string, atMs: number, isBornCanceled = false): string {
    const nowMs = this.#parts.clock.nowMs();
    checkTime(atMs, nowMs);
    tx.countScheduled(Buffer.byteLength(args));
    if (this.#parts.find(path) === undefined) {
      const hint = "Did you forget to run `npx convex dev` or `npx convex deploy`?";
      throw new UserError("FunctionNotFound", `Could not find function for '${path}'. ${hint}`);
    }
    this.#isDirty = true;
    const row = { name: path, args: [parseValue(args)], scheduledTime: atMs };
    return isBornCanceled
      ? tx.system.insert(SCHEDULED_TABLE, { ...row, state: { kind: "canceled" }, completedTime: nowMs })
      : tx.system.insert(SCHEDULED_TABLE, { ...row, state: { kind: "pending" } });
  }

  /** Cancels a job in the transaction; a finished one stays as it is. */
  cancelIn(tx: Transaction, id: string): void {
    const row = this.#rowOf(tx, id);
    if (row === undefined) {
      throw new UserError("ScheduledFunctionNotFound", `Scheduled function with ID ${id} not found.`);
    }
    const kind = stateOf(row);
    if (kind === "inProgress" && id === this.#current) {
      throw new UserError("CannotCancelSelf", "A scheduled mutation cannot cancel itself while it is running.");
    }
    if (kind !== "pending" && kind !== "inProgress") return;
    this.#isDirty = true;
    tx.system.patch(id, { state: { kind: "canceled" }, completedTime: this.#parts.clock.nowMs() });
  }

  /** True when the job was cancelled: what it schedules from now on is born cancelled. */
  isCanceled(tx: Transaction, id: string): boolean {
    const row = this.#rowOf(tx, id);
    return row !== undefined && stateOf(row) === "canceled";
  }

  /** After opening: settles what the last process left behind. */
  recover(running: readonly ActionTicket[], suspects: readonly Suspect[]): void {
    const alive = new Set(running.filter(({ kind }) => kind === "job").map(({ key }) => key));
    this.#parts.write("_system/scheduler", (tx) => {
      for (const row of rowsInState(tx, "inProgress", Infinity)) {
        if (alive.has(row._id)) this.#running.add(row._id);
        else this.#finish(tx, row._id, TRANSIENT_ERROR);
      }
      for (const { text } of suspects) {
        if (!text.startsWith("job:")) continue;
        const row = this.#rowOf(tx, text.slice(4));
        if (row !== undefined && stateOf(row) === "pending") {
          this.#finish(tx, row._id, timeOutText(this.#parts.limits));
        }
      }
    });
    this.#isDirty = true;
  }

  /** An action thread finished (or lost) a job. */
  actionDone(id: string, error: string | null): void {
    if (!this.#running.delete(id)) return;
    this.#parts.write("_system/scheduler", (tx) => {
      const row = this.#rowOf(tx, id);
      if (row !== undefined && stateOf(row) === "inProgress") this.#finish(tx, id, error);
    });
    this.#isDirty = true;
  }

  /** Other code is active: jobs that could not start may be able to. */
  noteCode(): void {
    this.#isDirty = true;
  }

  /** After a tick of the core in which something may have changed: looks for due jobs and sets the alarms. */
  endTick(): void {
    if (!this.#isDirty || this.#isTicking) return;
    this.#isDirty = false;
    const { alarms, clock } = this.#parts;
    const { nextMs, expiryMs } = this.#parts.read((tx) => ({
      nextMs: this.#nextStartMs(tx),
      expiryMs: this.#nextExpiryMs(tx),
    }));
    const isDue = nextMs !== undefined && nextMs <= clock.nowMs();
    alarms.set("scheduler", isDue ? undefined : nextMs, () => this.#wake());
    alarms.set("scheduled results", expiryMs, () => this.#parts.enqueue(() => this.#expire()));
    if (isDue) this.#wake();
  }

  #wake(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#parts.enqueue(async () => {
      try {
        await this.#startOne();
      } finally {
        this.#isTicking = false;
        this.#isDirty = true;
      }
    });
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
    const info = this.#parts.find(textOf(row, "name"));
    return info?.kind !== "action" || this.#running.size < PARALLEL_ACTIONS_MAX;
  }

  /** When the next job can start: a time that has passed when one is due. Jobs that wait for an action slot do not count. */
  #nextStartMs(tx: Transaction): number | undefined {
    for (const row of rowsInState(tx, "pending", DUE_ROWS_MAX)) {
      const atMs = Number(row["scheduledTime"]);
      if (atMs > this.#parts.clock.nowMs() || this.#canStart(row)) return atMs;
    }
    return undefined;
  }

  async #startOne(): Promise<void> {
    const row = this.#parts.read((tx) => this.#firstDue(tx, this.#parts.clock.nowMs()));
    if (row === undefined) return;
    const path = textOf(row, "name");
    const args = argsText(row);
    if (this.#parts.find(path)?.kind === "action") {
      this.#parts.write("_system/scheduler", (tx) => tx.system.patch(row._id, { state: { kind: "inProgress" } }));
      this.#running.add(row._id);
      this.#parts.startAction({ kind: "job", key: row._id }, path, args);
      return;
    }
    this.#current = row._id;
    const error = await this.#parts.runMutation(
      path,
      args,
      `job:${row._id}`,
      (tx) => {
        const now = this.#rowOf(tx, row._id);
        if (now === undefined || stateOf(now) !== "pending") return false;
        tx.system.patch(row._id, { state: { kind: "inProgress" } });
        return true;
      },
      (tx) => this.#finish(tx, row._id, null),
    );
    this.#current = undefined;
    if (error !== null) this.#parts.write("_system/scheduler", (tx) => this.#finish(tx, row._id, error));
  }

  #finish(tx: Transaction, id: string, error: string | null): void {
    const state: Value = error === null ? { kind: "success" } : { kind: "failed", error };
    tx.system.patch(id, { state, completedTime: this.#parts.clock.nowMs() });
  }

  #rowOf(tx: Transaction, id: string): Doc | undefined {
    if (tx.normalizeId(SCHEDULED_TABLE, id, true) === null) return undefined;
    return tx.system.get(id) ?? undefined;
  }

  #nextExpiryMs(tx: Transaction): number | undefined {
    const row = completedRows(tx, 1)[0];
    return row === undefined ? undefined : Number(row["completedTime"]) + this.#parts.limits.scheduledResultKeptMs;
  }

  /** Deletes one slice of old results. */
  #expire(): void {
    const before = this.#parts.clock.nowMs() - this.#parts.limits.scheduledResultKeptMs;
    this.#parts.write("_system/scheduler", (tx) => {
      for (const row of completedRows(tx, EXPIRE_ROWS_MAX)) {
        if (Number(row["completedTime"]) <= before) tx.system.delete(row._id);
      }
    });
    this.#isDirty = true;
  }
}

/** @throws {UserError} When a job's time is no time or too far away. */
function checkTime(atMs: number, nowMs: number): void {
  if (!Number.isFinite(atMs)) {
    throw new UserError("InvalidScheduleTime", "Cannot schedule a function: the time should be a finite number");
  }
  const distance = atMs - nowMs;
  if (Math.abs(distance) > FIVE_YEARS_MS) {
    const where = distance > 0 ? "future" : "past";
    throw new UserError(
      "InvalidScheduleTime",
      `Cannot schedule a function: ${atMs} is more than 5 years in the ${where}`,
    );
  }
}

function stateOf(row: Doc): string {
  return (row["state"] as { readonly kind: string }).kind;
}

function rowsInState(tx: Transaction, kind: string, limit: number): readonly Doc[] {
  return readRows(tx, SCHEDULED_TABLE, "by_state", [{ type: "eq", fieldPath: "state.kind", value: kind }], limit);
}

/** Finished jobs, oldest first; others have no `completedTime`. */
function completedRows(tx: Transaction, limit: number): readonly Doc[] {
  return readRows(tx, SCHEDULED_TABLE, "by_completed", [{ type: "gte", fieldPath: "completedTime", value: 0 }], limit);
}

function argsText(row: Doc): string {
  const [args = {}] = row["args"] as readonly Value[];
  return stringifyValue(args);
}
