/**
 * Crons: functions that run again and again, as the app's `crons.ts` declares them.
 *
 *   push ──diff by name──▶ `_cron_jobs` rows {schedule, nextRunMs, isRunning} ──due──▶ mutation | action ──▶ next moment
 *
 * Invariants:
 *   - At most one run of a cron at a time; moments that pass while it runs, or while nothing runs at all, are skipped.
 *   - A mutation and the move to the next moment are one commit. An action's start is durable before it starts.
 *   - A cron whose definition is unchanged by a push keeps its next moment.
 *   - One alarm for the next moment of all crons.
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import type { Transaction } from "../tx/types.ts";
import type { Alarms, Clock } from "../protocol/alarms.ts";
import type { ActionTicket, Suspect } from "../protocol/core-protocol.ts";
import { nextFireMs } from "../functions/cron-times.ts";
import type { SchedulerParts } from "./scheduler.ts";
import { readRows, textOf } from "../functions/system-rows.ts";
import type { CronSchedule, CronSpec } from "../app/types.ts";

export const CRONS_TABLE = "_cron_jobs";
const SOURCE = "_system/crons";

/** What crons need of the core: a part of what the scheduler needs. */
export type CronParts = Pick<SchedulerParts, "find" | "enqueue" | "write" | "read" | "runMutation" | "startAction"> & {
  readonly clock: Clock;
  readonly alarms: Alarms;
};

/** See the module comment. */
export class Crons {
  readonly #parts: CronParts;
  #isDirty = true;
  #isTicking = false;

  constructor(parts: CronParts) {
    this.#parts = parts;
  }

  /** Makes the rows agree with the crons of new code, inside the push's transaction. */
  deployIn(tx: Transaction, specs: readonly CronSpec[]): void {
    const rows = new Map(allRows(tx).map((row) => [textOf(row, "name"), row]));
    const nowMs = this.#parts.clock.nowMs();
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
    this.#isDirty = true;
  }

  /** After opening: no run of the last process is under way any more, unless its action still is; missed moments are skipped. */
  recover(running: readonly ActionTicket[], suspects: readonly Suspect[]): void {
    const alive = new Set(running.filter(({ kind }) => kind === "cron").map(({ key }) => key));
    const ended = new Set(suspects.map(({ text }) => text));
    const nowMs = this.#parts.clock.nowMs();
    this.#parts.write(SOURCE, (tx) => {
      for (const row of allRows(tx)) {
        const name = textOf(row, "name");
        if (row["isRunning"] === true && !alive.has(name)) tx.system.patch(row._id, { isRunning: false });
        const isSuspect = ended.has(`cron:${name}`);
        if (isSuspect) tx.system.patch(row._id, { lastError: "Function execution timed out" });
        if (isSuspect || Number(row["nextRunMs"]) < nowMs) tx.system.patch(row._id, { nextRunMs: nextOf(row, nowMs) });
      }
    });
    this.#isDirty = true;
  }

  /** An action thread finished (or lost) a cron's action. */
  actionDone(name: string, error: string | null): void {
    this.#parts.write(SOURCE, (tx) => {
      const row = rowOf(tx, name);
      if (row !== undefined) tx.system.patch(row._id, { isRunning: false, lastError: error });
    });
    this.#isDirty = true;
  }

  /** After a tick of the core in which something may have changed: sets the alarm for the next moment. */
  endTick(): void {
    if (!this.#isDirty || this.#isTicking) return;
    this.#isDirty = false;
    const nextMs = this.#parts.read((tx) => {
      const row = nextRow(tx);
      return row === undefined ? undefined : Number(row["nextRunMs"]);
    });
    const isDue = nextMs !== undefined && nextMs <= this.#parts.clock.nowMs();
    this.#parts.alarms.set("crons", isDue ? undefined : nextMs, () => this.#wake());
    if (isDue) this.#wake();
  }

  #wake(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#parts.enqueue(async () => {
      try {
        await this.#fireOne();
      } finally {
        this.#isTicking = false;
        this.#isDirty = true;
      }
    });
  }

  async #fireOne(): Promise<void> {
    const nowMs = this.#parts.clock.nowMs();
    const row = this.#parts.read(nextRow);
    if (row === undefined || Number(row["nextRunMs"]) > nowMs) return;
    const name = textOf(row, "name");
    const path = textOf(row, "path");
    const args = textOf(row, "args");
    const nextRunMs = nextOf(row, nowMs);
    if (row["isRunning"] === true) {
      this.#parts.write(SOURCE, (tx) => tx.system.patch(row._id, { nextRunMs }));
    } else if (this.#parts.find(path)?.kind === "action") {
      this.#parts.write(SOURCE, (tx) => tx.system.patch(row._id, { nextRunMs, isRunning: true, lastRunMs: nowMs }));
      this.#parts.startAction({ kind: "cron", key: name }, path, args);
    } else {
      const moved = { nextRunMs, lastRunMs: nowMs };
      const error = await this.#parts.runMutation(
        path,
        args,
        `cron:${name}`,
        () => true,
        (tx) => tx.system.patch(row._id, { ...moved, lastError: null }),
      );
      if (error !== null) {
        this.#parts.write(SOURCE, (tx) => tx.system.patch(row._id, { ...moved, lastError: error }));
      }
    }
  }
}

function nextOf(row: Doc, nowMs: number): number {
  const schedule = JSON.parse(textOf(row, "schedule")) as CronSchedule;
  return nextFireMs(schedule, nowMs, Number(row["nextRunMs"]));
}

function allRows(tx: Transaction): readonly Doc[] {
  return readRows(tx, CRONS_TABLE, "by_name", [], Infinity);
}

function rowOf(tx: Transaction, name: string): Doc | undefined {
  return readRows(tx, CRONS_TABLE, "by_name", [{ type: "eq", fieldPath: "name", value: name }], 1)[0];
}

function nextRow(tx: Transaction): Doc | undefined {
  return readRows(tx, CRONS_TABLE, "by_next", [], 1)[0];
}
