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
 *   - A schedule that a former release accepted and this one refuses does not run; it is named when the core opens, and hinders nothing else.
 *
 * Not here: what the rows look like (`cron-rows.ts`).
 *
 * @module
 */
import { functionIn, textOf } from "../functions/system-rows.ts";
import type { Commit } from "../tx/types.ts";
import type { ActionTicket, Suspect } from "../protocol/core-protocol.ts";
import { withoutRequestLine } from "../protocol/core-protocol.ts";
import type { CommitObserver } from "./commits.ts";
import { NEVER_MS, cronNamed, cronRows, momentAfter, nextCron, refusalOf } from "./cron-rows.ts";
import type { StateChange } from "./deployment-state.ts";
import type { SchedulerParts } from "./scheduler.ts";
import { Ticker } from "./ticker.ts";

const SOURCE = "_system/crons";

/** What crons need of the core: a part of what the scheduler needs. */
export type CronParts = Pick<SchedulerParts, "ticking" | "state" | "commits" | "runs">;

/** See the module comment. */
export class Crons implements CommitObserver {
  readonly #parts: CronParts;
  readonly #ticker: Ticker;

  constructor(parts: CronParts) {
    this.#parts = parts;
    this.#ticker = new Ticker(parts.ticking, {
      name: "crons",
      nextMs: () => parts.state.due.cronMs,
      work: () => this.#fireOne(),
    });
  }

  /** After opening: no run of the last process is under way any more, unless its action still is; missed moments are skipped. */
  recover(running: readonly ActionTicket[], suspects: readonly Suspect[]): void {
    const alive = new Set(running.filter(({ kind }) => kind === "cron").map(({ key }) => key));
    const ended = new Set(suspects.flatMap(({ run }) => (run.kind === "cron" ? run.name : [])));
    const nowMs = this.#parts.ticking.clock.nowMs();
    this.#parts.commits.write(SOURCE, (tx) => {
      for (const row of cronRows(tx)) {
        const name = textOf(row, "name");
        if (row["isRunning"] === true && !alive.has(name)) tx.system.patch(row._id, { isRunning: false });
        const isSuspect = ended.has(name);
        if (isSuspect) tx.system.patch(row._id, { lastError: "Function execution timed out" });
        const refusal = refusalOf(row);
        const presentMs = Number(row["nextRunMs"]);
        if (refusal !== undefined) {
          const lastError = `its schedule is not valid: ${refusal}`;
          console.error(`The cron "${name}" does not run: ${lastError}. A push with another schedule brings it back.`);
          tx.system.patch(row._id, { nextRunMs: NEVER_MS, lastError });
        } else if (isSuspect || presentMs < nowMs || presentMs === NEVER_MS)
          tx.system.patch(row._id, { nextRunMs: momentAfter(row, nowMs) });
      }
    });
  }

  /** An action thread finished (or lost) a cron's action. */
  actionDone(name: string, error: string | null): void {
    this.#parts.commits.write(SOURCE, (tx) => {
      const row = cronNamed(tx, name);
      if (row === undefined) return;
      tx.system.patch(row._id, { isRunning: false, lastError: error === null ? null : withoutRequestLine(error) });
    });
  }

  committed(_commit: Commit, { crons }: StateChange): void {
    if (crons) this.#ticker.touch();
  }

  /** After a tick of the core: sets the alarm for the next moment. */
  endTick(): void {
    this.#ticker.endTick();
  }

  async #fireOne(): Promise<void> {
    const { commits, runs, state, ticking } = this.#parts;
    const nowMs = ticking.clock.nowMs();
    const row = commits.read(nextCron);
    if (row === undefined || Number(row["nextRunMs"]) > nowMs) return;
    const [name, address, args] = [textOf(row, "name"), functionIn(row, "path"), textOf(row, "args")];
    const nextRunMs = momentAfter(row, nowMs);
    if (row["isRunning"] === true) {
      commits.write(SOURCE, (tx) => tx.system.patch(row._id, { nextRunMs }));
    } else if (state.find(address)?.kind === "action") {
      commits.write(SOURCE, (tx) => tx.system.patch(row._id, { nextRunMs, isRunning: true, lastRunMs: nowMs }));
      runs.startAction({ kind: "cron", key: name }, address, args);
    } else {
      const moved = { nextRunMs, lastRunMs: nowMs };
      const error = await runs.runMutation({
        ...address,
        args,
        run: { kind: "cron", name },
        caller: "Cron",
        before: () => true,
        mark: (tx) => tx.system.patch(row._id, { ...moved, lastError: null }),
      });
      if (error === null) return;
      const lastError = withoutRequestLine(error);
      commits.write(SOURCE, (tx) => tx.system.patch(row._id, { ...moved, lastError }));
    }
  }
}
