/**
 * Work for an operator. Long jobs go on by themselves, one bounded transaction after the other, and log how far they are.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation, internalQuery } from "./_generated/server.js";
import { backfillArgs, backfillResult, backfillStep, readRow, type BackfillStep } from "./model/backfills.ts";
import { isSameSummary, isSuspicious, summaryOf } from "./model/rules.ts";
import { batchResult, cleanupEmpty, maintenanceArgs, nominateEmpty, type Batch } from "./model/skillBatches.ts";
import { derivingWrites, repairSummary, repairSuspicious } from "./model/skillWrites.ts";

const SUSPICIOUS_BATCH = 100;
const SUMMARY_BATCH = 50;

interface StepResult {
  readonly patched: number;
  readonly isDone: boolean;
  readonly scanned: number;
}

/**
 * Sets `isSuspicious` of every skill. When it has gone through from the beginning, lists without suspicious skills read it.
 * What it returns is about this step.
 */
export const backfillIsSuspiciousInternal = internalMutation({
  args: backfillArgs,
  returns: backfillResult,
  handler: async (ctx, args): Promise<StepResult> => {
    const step = await backfillStep(ctx, "isSuspicious", repairSuspicious, args, SUSPICIOUS_BATCH);
    if (!step.isDone) {
      await ctx.scheduler.runAfter(0, internal.maintenance.backfillIsSuspiciousInternal, nextArgs(step, args));
    }
    return toResult(step);
  },
});

/** Sets `latestVersionSummary` of every skill to what its latest version says now. When it has gone through, lists read it. */
export const backfillLatestVersionSummaryInternal = internalMutation({
  args: backfillArgs,
  returns: backfillResult,
  handler: async (ctx, args): Promise<StepResult> => {
    const step = await backfillStep(ctx, "latestVersionSummary", repairSummary, args, SUMMARY_BATCH);
    if (!step.isDone) {
      await ctx.scheduler.runAfter(0, internal.maintenance.backfillLatestVersionSummaryInternal, nextArgs(step, args));
    }
    return toResult(step);
  },
});

function nextArgs(step: BackfillStep, { batchSize }: { readonly batchSize?: number }) {
  return { cursor: step.nextCursor, ...(batchSize === undefined ? {} : { batchSize }) };
}

function toResult({ patched, isDone, scanned }: BackfillStep): StepResult {
  return { patched, isDone, scanned };
}

const state = v.object({ scanned: v.number(), isComplete: v.boolean(), completedAt: v.nullable(v.number()) });

/** How far the backfills are. */
export const backfillStatusInternal = internalQuery({
  args: {},
  returns: v.object({ isSuspicious: state, latestVersionSummary: state }),
  handler: async (ctx) => {
    const stateOf = async (name: "isSuspicious" | "latestVersionSummary") => {
      const row = await readRow(ctx, name);
      const completedAt = row?.completedAt ?? null;
      return { scanned: row?.scanned ?? 0, isComplete: completedAt !== null, completedAt };
    };
    return {
      isSuspicious: await stateOf("isSuspicious"),
      latestVersionSummary: await stateOf("latestVersionSummary"),
    };
  },
});

const AUDIT_BATCH = 200;

/** Compares the derived fields of the next skills with what they should be; the slugs of those that differ. */
export const auditDerivedFieldsInternal = internalQuery({
  args: { cursor: v.optional(v.string()) },
  returns: v.object({ wrong: v.array(v.string()), isDone: v.boolean(), nextCursor: v.string() }),
  handler: async (ctx, { cursor }) => {
    const page = await ctx.db.query("skills").paginate({ cursor: cursor ?? null, numItems: AUDIT_BATCH });
    const wrong: string[] = [];
    for (const skill of page.page) {
      const version =
        skill.latestVersionId === undefined ? null : await ctx.db.get("skillVersions", skill.latestVersionId);
      const summary = version === null ? undefined : summaryOf(version);
      const isRight = skill.isSuspicious === isSuspicious(skill) && isSameSummary(skill.latestVersionSummary, summary);
      if (!isRight) wrong.push(skill.slug);
    }
    return { wrong, isDone: page.isDone, nextCursor: page.continueCursor };
  },
});

/** Marks skills without content. */
export const nominateEmptySkillsInternal = internalMutation({
  args: maintenanceArgs,
  returns: batchResult,
  handler: async (ctx, args): Promise<Batch> => {
    const batch = await nominateEmpty(ctx, derivingWrites, args);
    if (!batch.isDone) {
      await ctx.scheduler.runAfter(0, internal.maintenance.nominateEmptySkillsInternal, {
        ...args,
        cursor: batch.nextCursor,
      });
    }
    return batch;
  },
});

/** Deletes, softly, those that were marked and are still empty. */
export const cleanupEmptySkillsInternal = internalMutation({
  args: maintenanceArgs,
  returns: batchResult,
  handler: async (ctx, args): Promise<Batch> => {
    const batch = await cleanupEmpty(ctx, derivingWrites, args);
    if (!batch.isDone) {
      await ctx.scheduler.runAfter(0, internal.maintenance.cleanupEmptySkillsInternal, {
        ...args,
        cursor: batch.nextCursor,
      });
    }
    return batch;
  },
});
