/**
 * Rows of `_scheduled_functions`: what is written when functions are scheduled, cancelled and done, and which are next.
 *
 * Not here: running them (`scheduler.ts`).
 *
 * @module
 */
import { parseValue, stringifyValue, type Doc, type Value } from "@narrowcast/values";
import { UserError, type Transaction } from "../tx/types.ts";
import type { Clock } from "../protocol/alarms.ts";
import { withoutRequestLine } from "../protocol/core-protocol.ts";
import { readRows, textOf } from "../functions/system-rows.ts";
import type { FunctionInfo } from "../app/types.ts";

export const SCHEDULED_TABLE = "_scheduled_functions";
const CANCELS_ITSELF = "A scheduled mutation cannot cancel itself while it is running: it goes on.";
const FIVE_YEARS_MS = 5 * 365.25 * 24 * 3_600_000;

/** What the rows are checked against. */
export interface ScheduledRowsParts {
  readonly clock: Clock;
  find(path: string): FunctionInfo | undefined;
}

/** See the module comment. */
export class ScheduledRows {
  readonly #parts: ScheduledRowsParts;

  constructor(parts: ScheduledRowsParts) {
    this.#parts = parts;
  }

  /** Adds a job to the transaction. Returns its id. */
  schedule(tx: Transaction, path: string, args: string, atMs: number, isBornCanceled = false): string {
    const nowMs = this.#parts.clock.nowMs();
    checkTime(atMs, nowMs);
    tx.countScheduled(Buffer.byteLength(args));
    if (this.#parts.find(path) === undefined) {
      const hint = "Did you forget to run `npx convex dev`?";
      throw new UserError("FunctionNotFound", `Could not find function for '${path}'. ${hint}`);
    }
    const row = { name: path, args: [parseValue(args)], scheduledTime: atMs };
    return isBornCanceled
      ? tx.system.insert(SCHEDULED_TABLE, { ...row, state: { kind: "canceled" }, completedTime: nowMs })
      : tx.system.insert(SCHEDULED_TABLE, { ...row, state: { kind: "pending" } });
  }

  /**
   * Cancels a job in the transaction; a finished one stays as it is, and so does the one that asks.
   *
   * @returns A warning for the developer, if there is something to be warned of.
   */
  cancel(tx: Transaction, id: string): string | undefined {
    const row = rowOf(tx, id);
    if (row === undefined) {
      throw new UserError("ScheduledFunctionNotFound", `Scheduled function with ID ${id} not found.`);
    }
    const kind = stateOf(row);
    // Only the mutation's own transaction sees it in progress; an action is in progress for everybody.
    if (kind === "inProgress" && this.#parts.find(textOf(row, "name"))?.kind === "mutation") {
      return CANCELS_ITSELF;
    }
    if (kind !== "pending" && kind !== "inProgress") return undefined;
    tx.system.patch(id, { state: { kind: "canceled" }, completedTime: this.#parts.clock.nowMs() });
    return undefined;
  }

  /** Notes how a job ended. */
  finish(tx: Transaction, id: string, error: string | null): void {
    const state: Value = error === null ? { kind: "success" } : { kind: "failed", error: withoutRequestLine(error) };
    tx.system.patch(id, { state, completedTime: this.#parts.clock.nowMs() });
  }
}

/** True when the job was cancelled: what it schedules from now on is born cancelled. */
export function isCanceled(tx: Transaction, id: string): boolean {
  const row = rowOf(tx, id);
  return row !== undefined && stateOf(row) === "canceled";
}

export function rowOf(tx: Transaction, id: string): Doc | undefined {
  if (tx.normalizeId(SCHEDULED_TABLE, id, true) === null) return undefined;
  return tx.system.get(id) ?? undefined;
}

export function stateOf(row: Doc): string {
  return (row["state"] as { readonly kind: string }).kind;
}

export function rowsInState(tx: Transaction, kind: string, limit: number): readonly Doc[] {
  return readRows(tx, SCHEDULED_TABLE, "by_state", [{ type: "eq", fieldPath: "state.kind", value: kind }], limit);
}

/** When the first pending job is to start, in milliseconds since the epoch. */
export function nextPendingMs(tx: Transaction): number | undefined {
  const row = rowsInState(tx, "pending", 1)[0];
  return row === undefined ? undefined : Number(row["scheduledTime"]);
}

/** Finished jobs, oldest first; others have no `completedTime`. */
export function completedRows(tx: Transaction, limit: number): readonly Doc[] {
  return readRows(tx, SCHEDULED_TABLE, "by_completed", [{ type: "gte", fieldPath: "completedTime", value: 0 }], limit);
}

/** When the oldest finished job finished, in milliseconds since the epoch. */
export function oldestResultMs(tx: Transaction): number | undefined {
  const row = completedRows(tx, 1)[0];
  return row === undefined ? undefined : Number(row["completedTime"]);
}

export function argsText(row: Doc): string {
  const [args = {}] = row["args"] as readonly Value[];
  return stringifyValue(args);
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
