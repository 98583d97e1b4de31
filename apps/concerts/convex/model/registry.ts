/**
 * Jobs that operators have edited: one pending wake-up each, on the deployment's own scheduler.
 *
 *   update ──▶ cancel the pending wake-up ──▶ new one at the new time
 *   wake-up ──▶ schedules the next one, then the job: a job that fails cannot end the chain
 *
 * Invariants:
 *   - At most one wake-up of a job is pending, and it is the one that its row names; any other does nothing when it fires.
 *   - Wake-ups are rows of the store: a restart keeps them, and one that became due meanwhile fires once.
 *   - Intervals keep their phase; moments that passed while nothing ran are skipped.
 */
import { internal } from "../_generated/api.js";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { DAY_MS, MINUTE_MS } from "./days.ts";
import { refuse } from "./errors.ts";

export const INTERVAL_MS_MIN = MINUTE_MS;
export const INTERVAL_MS_MAX = 30 * DAY_MS;
/** A wake-up this late was lost. */
const LATE_MS = 5 * MINUTE_MS;

/** @throws When no job may have this interval. */
export function checkInterval(intervalMs: number): void {
  if (Number.isInteger(intervalMs) && intervalMs >= INTERVAL_MS_MIN && intervalMs <= INTERVAL_MS_MAX) return;
  refuse(
    "change the interval",
    `${intervalMs} ms is out of bounds`,
    "choose whole milliseconds from 1 minute to 30 days",
  );
}

/** Makes `atMs` the job's next wake-up; undefined: none. */
export async function arm(ctx: MutationCtx, settingId: Id<"cronSettings">, atMs: number | undefined): Promise<void> {
  const setting = await ctx.db.get("cronSettings", settingId);
  if (setting === null) return;
  if (setting.wakeId !== undefined && (await isPending(ctx, setting.wakeId)))
    await ctx.scheduler.cancel(setting.wakeId);
  const wakeId =
    atMs === undefined
      ? undefined
      : await ctx.scheduler.runAt(atMs, internal.cronSettings.wake, { name: setting.name });
  await ctx.db.patch("cronSettings", settingId, { wakeId, nextRunAt: atMs });
}

/** The next moment after `now` in the phase of `lastMs`. */
export function nextInPhase(lastMs: number, intervalMs: number, now: number): number {
  return lastMs + intervalMs * Math.max(1, Math.floor((now - lastMs) / intervalMs) + 1);
}

/** Replaces a wake-up that was lost; does nothing when it is pending, or the job is disabled. */
export async function rearm(ctx: MutationCtx, setting: Doc<"cronSettings">): Promise<void> {
  if (!setting.enabled) return;
  const now = Date.now();
  if (setting.nextRunAt !== undefined && setting.nextRunAt >= now - LATE_MS) return;
  if (setting.wakeId !== undefined && (await isPending(ctx, setting.wakeId))) return;
  console.warn(`The wake-up of "${setting.name}" was lost; it gets a new one`);
  await arm(ctx, setting._id, now);
}

async function isPending(ctx: MutationCtx, id: Id<"_scheduled_functions">): Promise<boolean> {
  return (await ctx.db.system.get("_scheduled_functions", id))?.state.kind === "pending";
}
