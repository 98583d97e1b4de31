/**
 * Jobs for operators: see them, change their intervals, switch them off and on, run them now; no polling.
 *
 * Native timers (`crons.ts`) run every job that nobody has touched. `update` makes a job the registry's (`model/registry.ts`); its native timer stands
 * back from then on, and `reset` gives it back. Functions that change something take the operator's key.
 */
import { v } from "convex/values";
import { internalMutation, mutation, query, type MutationCtx, type QueryCtx } from "./_generated/server.js";
import type { Doc } from "./_generated/dataModel.js";
import { requireAdmin } from "./model/errors.ts";
import { runBy, runOutcome } from "./model/fields.ts";
import { JOBS, jobNamed } from "./model/jobs.ts";
import { arm, checkInterval, nextInPhase } from "./model/registry.ts";

const runView = v.object({
  by: runBy,
  startedAt: v.number(),
  endedAt: v.optional(v.number()),
  outcome: v.optional(runOutcome),
  note: v.optional(v.string()),
});

const jobView = v.object({
  name: v.string(),
  title: v.string(),
  kind: v.union(v.literal("mutation"), v.literal("action")),
  intervalMs: v.number(),
  defaultIntervalMs: v.number(),
  enabled: v.boolean(),
  isManaged: v.boolean(),
  nextRunAt: v.nullable(v.number()),
  lastRun: v.nullable(runView),
});

const HISTORY_ROWS_MAX = 50;

/** The thirteen jobs as they run now, each with its latest run. */
export const list = query({
  args: {},
  returns: v.array(jobView),
  handler: async (ctx) => {
    const jobs = [];
    for (const { name, title, kind, intervalMs: defaultIntervalMs } of JOBS) {
      const setting = await settingOf(ctx, name);
      const managed = setting?.isManaged === true ? setting : undefined;
      const latest = await latestRun(ctx, name);
      jobs.push({
        name,
        title,
        kind,
        intervalMs: managed?.intervalMs ?? defaultIntervalMs,
        defaultIntervalMs,
        enabled: managed?.enabled ?? true,
        isManaged: managed !== undefined,
        nextRunAt: managed?.nextRunAt ?? null,
        lastRun: latest === null ? null : viewOf(latest),
      });
    }
    return jobs;
  },
});

/** The latest runs of one job, newest first. */
export const history = query({
  args: { name: v.string(), limit: v.optional(v.number()) },
  returns: v.array(runView),
  handler: async (ctx, { name, limit = 20 }) => {
    const runs = await ctx.db
      .query("cronRuns")
      .withIndex("by_name_and_start", (q) => q.eq("name", name))
      .order("desc")
      .take(Math.min(limit, HISTORY_ROWS_MAX));
    return runs.map(viewOf);
  },
});

/** Takes a job over, or changes one that is: the pending wake-up is replaced at once. */
export const update = mutation({
  args: { key: v.string(), name: v.string(), intervalMs: v.number(), enabled: v.boolean() },
  returns: v.null(),
  handler: async (ctx, { key, name, intervalMs, enabled }) => {
    requireAdmin(key);
    jobNamed(name);
    checkInterval(intervalMs);
    await takeOver(ctx, name, intervalMs, enabled);
    return null;
  },
});

/** Gives a job back to its native timer, with the interval of the program. */
export const reset = mutation({
  args: { key: v.string(), name: v.string() },
  returns: v.null(),
  handler: async (ctx, { key, name }) => {
    requireAdmin(key);
    jobNamed(name);
    const setting = await settingOf(ctx, name);
    if (setting === null) return null;
    await arm(ctx, setting._id, undefined);
    await ctx.db.delete("cronSettings", setting._id);
    return null;
  },
});

/** Runs a job at once, also one that is switched off. Its timer and wake-up stay as they are; the lease keeps two from running together. */
export const runNow = mutation({
  args: { key: v.string(), name: v.string() },
  returns: v.null(),
  handler: async (ctx, { key, name }) => {
    requireAdmin(key);
    const { run, args } = jobNamed(name);
    await ctx.scheduler.runAfter(0, run, { ...args, by: "operator" });
    return null;
  },
});

/** A wake-up. Only the one that the job's row names does anything: a younger one has taken the place of any other. */
export const wake = internalMutation({
  args: { name: v.string() },
  returns: v.null(),
  handler: async (ctx, { name }) => {
    const setting = await settingOf(ctx, name);
    const now = Date.now();
    if (setting?.isManaged !== true || !setting.enabled || setting.nextRunAt === undefined) return null;
    if (setting.nextRunAt > now) return null;
    const { run, args } = jobNamed(name);
    await arm(ctx, setting._id, nextInPhase(setting.nextRunAt, setting.intervalMs, now));
    await ctx.db.patch("cronSettings", setting._id, { lastRunAt: now });
    await ctx.scheduler.runAfter(0, run, { ...args, by: "registry" });
    return null;
  },
});

/**
 * After a change from the before form: rows that its polling left and that an operator had edited become the registry's, the others go. Operator
 * command; running it again changes nothing.
 */
export const adopt = internalMutation({
  args: {},
  returns: v.object({ adopted: v.number(), removed: v.number() }),
  handler: async (ctx) => {
    let [adopted, removed] = [0, 0];
    for (const setting of await ctx.db.query("cronSettings").take(10 * JOBS.length)) {
      if (setting.isManaged === true) continue;
      const job = JOBS.find(({ name }) => name === setting.name);
      if (job === undefined || (setting.enabled && setting.intervalMs === job.intervalMs)) {
        await ctx.db.delete("cronSettings", setting._id);
        removed += 1;
      } else {
        await takeOver(ctx, setting.name, setting.intervalMs, setting.enabled);
        adopted += 1;
      }
    }
    console.log(`Adopted ${adopted} edited jobs, removed ${removed} rows that said what the program says`);
    return { adopted, removed };
  },
});

async function takeOver(ctx: MutationCtx, name: string, intervalMs: number, enabled: boolean): Promise<void> {
  const existing = await settingOf(ctx, name);
  const changes = { intervalMs, enabled, isManaged: true };
  const id = existing?._id ?? (await ctx.db.insert("cronSettings", { name, ...changes }));
  if (existing !== null) await ctx.db.patch("cronSettings", id, changes);
  const now = Date.now();
  const lastMs = (await latestRun(ctx, name))?.startedAt ?? existing?.lastRunAt;
  // A job whose time has come under the new interval runs at once, and one that never ran too.
  const nextMs = lastMs === undefined ? now : Math.max(now, lastMs + intervalMs);
  await arm(ctx, id, enabled ? nextMs : undefined);
}

async function settingOf(ctx: QueryCtx, name: string): Promise<Doc<"cronSettings"> | null> {
  return await ctx.db
    .query("cronSettings")
    .withIndex("by_name", (q) => q.eq("name", name))
    .unique();
}

async function latestRun(ctx: QueryCtx, name: string): Promise<Doc<"cronRuns"> | null> {
  return await ctx.db
    .query("cronRuns")
    .withIndex("by_name_and_start", (q) => q.eq("name", name))
    .order("desc")
    .first();
}

function viewOf({ by, startedAt, endedAt, outcome, note }: Doc<"cronRuns">) {
  return {
    by,
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(note === undefined ? {} : { note }),
  };
}
