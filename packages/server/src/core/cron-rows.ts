/**
 * Rows of `_cron_jobs`: one for each cron of the deployed code.
 *
 * Not here: running them (`crons.ts`).
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import { UserError, type Transaction } from "../tx/types.ts";
import { nextFireMs } from "../functions/cron-times.ts";
import { readRows, textOf } from "../functions/system-rows.ts";
import type { Analysis, CronSchedule, CronSpec } from "../app/types.ts";

export const CRONS_TABLE = "_cron_jobs";

/** Makes the rows agree with the crons of new code, inside the push's transaction. An unchanged definition keeps its next moment. */
export function deployCrons(tx: Transaction, specs: readonly CronSpec[], nowMs: number): void {
  const rows = new Map(cronRows(tx).map((row) => [textOf(row, "name"), row]));
  for (const { name, path, args, schedule } of specs) {
    const fields = { name, path, args, schedule: JSON.stringify(schedule) };
    const row = rows.get(name);
    rows.delete(name);
    if (row === undefined) {
      const nextRunMs = nextFireMs(schedule, nowMs, undefined);
      tx.system.insert(CRONS_TABLE, { ...fields, nextRunMs, isRunning: false, lastRunMs: null, lastError: null });
    } else if (row["schedule"] !== fields.schedule) {
      tx.system.patch(row._id, { ...fields, nextRunMs: nextFireMs(schedule, nowMs, undefined) });
    } else if (row["path"] !== path || row["args"] !== args) {
      tx.system.patch(row._id, fields);
    }
  }
  for (const row of rows.values()) tx.system.delete(row._id);
}

/** @throws {UserError} When a cron's function does not exist or its schedule cannot be understood. */
export function checkCrons(analysis: Analysis): void {
  const known = new Map(analysis.functions.map((info) => [info.path, info.kind]));
  for (const { name, path, schedule } of analysis.crons) {
    const kind = known.get(path);
    if (kind !== "mutation" && kind !== "action") {
      const is = kind === undefined ? "does not exist" : `is a ${kind}`;
      throw new UserError(
        "InvalidCron",
        `Cannot schedule cron "${name}": ${path} ${is}; it should be a mutation or an action`,
      );
    }
    try {
      nextFireMs(schedule, 0, undefined);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UserError("InvalidCron", `Cannot schedule cron "${name}": its schedule is not valid: ${reason}`);
    }
  }
}

/** The next moment of a cron that does not run: its schedule, of a former release, is refused now. */
export const NEVER_MS = Infinity;

/** The moment after the present one, of those that have not passed. @throws {Error} When the schedule is not valid. */
export function momentAfter(row: Doc, nowMs: number): number {
  const schedule = JSON.parse(textOf(row, "schedule")) as CronSchedule;
  const presentMs = Number(row["nextRunMs"]);
  return nextFireMs(schedule, nowMs, presentMs === NEVER_MS ? undefined : presentMs);
}

/** Why the schedule of a row is not valid, if it is not. */
export function refusalOf(row: Doc): string | undefined {
  try {
    momentAfter(row, 0);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export function cronRows(tx: Transaction): readonly Doc[] {
  return readRows(tx, CRONS_TABLE, "by_name", [], Infinity);
}

export function cronNamed(tx: Transaction, name: string): Doc | undefined {
  return readRows(tx, CRONS_TABLE, "by_name", [{ type: "eq", fieldPath: "name", value: name }], 1)[0];
}

/** The cron that is to run first. */
export function nextCron(tx: Transaction): Doc | undefined {
  return readRows(tx, CRONS_TABLE, "by_next", [], 1)[0];
}

/** When it is to run, in milliseconds since the epoch. */
export function nextCronMs(tx: Transaction): number | undefined {
  const nextMs = Number(nextCron(tx)?.["nextRunMs"] ?? NEVER_MS);
  return nextMs === NEVER_MS ? undefined : nextMs;
}
