/**
 * Runs of jobs: who may run now, and the history of who did.
 *
 *   timer | registry | operator ──▶ may it run? ──▶ work ──▶ cronRuns row
 *
 * Invariants:
 *   - A job that the registry has taken over does nothing when its native timer rings.
 *   - Of an action job at most one run holds the lease; a lease whose run was lost ends after {@link LEASE_MS}.
 *
 * Jobs that are one mutation need no lease: they are one transaction. The row of one that throws is rolled back with it; its error is in the log and in
 * `_scheduled_functions` or the timer's own record.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { DAY_MS, HOUR_MS } from "./days.ts";
import type { RunBy } from "./fields.ts";
import { rearm } from "./registry.ts";
import type { JobResult } from "./views.ts";

/** A run that has not ended by then is lost: no action lasts longer than half of it. */
export const LEASE_MS = HOUR_MS;
const HISTORY_MS = 7 * DAY_MS;
/** Old rows that one run removes; more than it adds, so that the history cannot grow. */
const TRIMMED_MAX = 2;

/** Does a job's work in this transaction, unless it must not run, and writes it down. `work` gives a note for the history. */
export async function runWithin(
  ctx: MutationCtx,
  name: string,
  by: RunBy,
  work: () => Promise<string>,
): Promise<JobResult> {
  if (await standsBack(ctx, name, by)) return { ran: false, note: "the registry runs this job" };
  const now = Date.now();
  const note = await work();
  await ctx.db.insert("cronRuns", { name, by, startedAt: now, endedAt: now, outcome: "done", note });
  await trimHistory(ctx, name, now);
  return { ran: true, note };
}

/** Takes the lease of an action job. Null: it must not run, because the registry has it or another run is under way. */
export async function beginRun(ctx: MutationCtx, name: string, by: RunBy): Promise<Id<"cronRuns"> | null> {
  if (await standsBack(ctx, name, by)) return null;
  const now = Date.now();
  const lock = await lockOf(ctx, name);
  if (lock?.isRunning === true) {
    if (now - lock.updatedAt < LEASE_MS) {
      const note = "another run was under way";
      await ctx.db.insert("cronRuns", { name, by, startedAt: now, endedAt: now, outcome: "skipped", note });
      return null;
    }
    if (lock.runId !== undefined) await closeRun(ctx, lock.runId, "failed", "lost: it never ended");
  }
  const runId = await ctx.db.insert("cronRuns", { name, by, startedAt: now });
  const lease = { isRunning: true, updatedAt: now, runId };
  if (lock === null) await ctx.db.insert("maintenanceLocks", { name, ...lease });
  else await ctx.db.patch("maintenanceLocks", lock._id, lease);
  await trimHistory(ctx, name, now);
  return runId;
}

/** Ends a run and gives its lease back. A run that was given up as lost changes nothing any more. */
export async function finishRun(
  ctx: MutationCtx,
  runId: Id<"cronRuns">,
  outcome: "done" | "failed",
  note: string,
): Promise<void> {
  const run = await ctx.db.get("cronRuns", runId);
  if (run === null || run.endedAt !== undefined) return;
  await closeRun(ctx, runId, outcome, note);
  const lock = await lockOf(ctx, run.name);
  if (lock?.runId === runId)
    await ctx.db.patch("maintenanceLocks", lock._id, { isRunning: false, updatedAt: Date.now() });
}

/** Native timers of managed jobs do nothing but look that the registry has not lost its wake-up. */
async function standsBack(ctx: MutationCtx, name: string, by: RunBy): Promise<boolean> {
  if (by !== "cron") return false;
  const setting = await ctx.db
    .query("cronSettings")
    .withIndex("by_name", (q) => q.eq("name", name))
    .unique();
  if (setting?.isManaged !== true) return false;
  await rearm(ctx, setting);
  return true;
}

async function closeRun(
  ctx: MutationCtx,
  runId: Id<"cronRuns">,
  outcome: "done" | "failed",
  note: string,
): Promise<void> {
  const run = await ctx.db.get("cronRuns", runId);
  if (run !== null) await ctx.db.patch("cronRuns", runId, { endedAt: Date.now(), outcome, note });
}

async function lockOf(ctx: MutationCtx, name: string): Promise<Doc<"maintenanceLocks"> | null> {
  return await ctx.db
    .query("maintenanceLocks")
    .withIndex("by_name", (q) => q.eq("name", name))
    .unique();
}

async function trimHistory(ctx: MutationCtx, name: string, now: number): Promise<void> {
  const old = await ctx.db
    .query("cronRuns")
    .withIndex("by_name_and_start", (q) => q.eq("name", name).lt("startedAt", now - HISTORY_MS))
    .take(TRIMMED_MAX);
  for (const run of old) await ctx.db.delete("cronRuns", run._id);
}
