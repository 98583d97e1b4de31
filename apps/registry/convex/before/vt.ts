/**
 * The scanner's jobs on the queries as first written.
 *
 * Two of those say nothing about where to go on: a short answer is taken for the end, and the next one begins at the front again.
 */
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import { internalAction, type ActionCtx } from "../_generated/server.js";
import {
  backfillVtCache,
  fixNullStatus,
  jobResult,
  pollArgs,
  pollPending,
  rescanActive,
  scanLegacy,
  syncReasons,
  type JobResult,
  type ScanBackend,
  type WorkPage,
} from "../model/scanJobs.ts";
import { firstVerdict, scanVersionArgs } from "../model/verdicts.ts";

const LIMIT = 100;

function backendOf(ctx: ActionCtx): ScanBackend {
  const { scans, moderation } = internal.before;
  const shortIsLast = async <T>(asked: Promise<T[]>): Promise<WorkPage<T, string>> => {
    const skills = await asked;
    return { skills, nextCursor: null, done: skills.length < LIMIT };
  };
  return {
    pending: (limit) => ctx.runQuery(scans.getPendingScanSkillsInternal, { limit }),
    missingVt: () => shortIsLast(ctx.runQuery(scans.getActiveSkillsMissingVTCacheInternal, { limit: LIMIT })),
    staleReasons: () => shortIsLast(ctx.runQuery(scans.getSkillsWithStaleModerationReasonInternal, { limit: LIMIT })),
    rescanBatch: (cursor) =>
      ctx.runQuery(scans.getActiveSkillBatchForRescanInternal, cursor === null ? {} : { cursor }),
    legacy: () => ctx.runQuery(scans.getLegacyPendingScanSkillsInternal, {}),
    unscanned: () => ctx.runQuery(scans.getUnscannedActiveSkillsInternal, {}),
    withoutStatus: () => ctx.runQuery(scans.getSkillsWithNullModerationStatusInternal, {}),
    record: (verdicts) => ctx.runMutation(moderation.recordVerdicts, { verdicts }),
    setReasons: (reasons) => ctx.runMutation(moderation.updateSkillModerationReasons, { reasons }),
    activate: (skillIds) => ctx.runMutation(moderation.activateSkills, { skillIds }),
  };
}

export const pollPendingScans = internalAction({
  args: pollArgs,
  returns: jobResult,
  handler: async (ctx, { batchSize }): Promise<JobResult> => {
    const health = await ctx.runQuery(internal.before.scans.getScanQueueHealthInternal, {});
    if (!health.healthy)
      console.warn(`Scan queue: ${health.queueSize} wait, the oldest for ${health.oldestAgeMinutes} min`);
    return await pollPending(backendOf(ctx), batchSize);
  },
});

export const backfillActiveSkillsVTCache = internalAction({
  args: {},
  returns: jobResult,
  handler: async (ctx): Promise<JobResult> => await backfillVtCache(backendOf(ctx)),
});

export const rescanActiveSkills = internalAction({
  args: {},
  returns: jobResult,
  handler: async (ctx): Promise<JobResult> => await rescanActive(backendOf(ctx)),
});

export const syncModerationReasons = internalAction({
  args: {},
  returns: jobResult,
  handler: async (ctx): Promise<JobResult> => await syncReasons(backendOf(ctx)),
});

export const fixNullModerationStatus = internalAction({
  args: {},
  returns: jobResult,
  handler: async (ctx): Promise<JobResult> => await fixNullStatus(backendOf(ctx)),
});

export const scanLegacySkills = internalAction({
  args: {},
  returns: jobResult,
  handler: async (ctx): Promise<JobResult> => await scanLegacy(backendOf(ctx)),
});

/** The first scan of a version that was just published. */
export const scanVersion = internalAction({
  args: scanVersionArgs,
  returns: v.null(),
  handler: async (ctx, args): Promise<null> => {
    await ctx.runMutation(internal.before.moderation.recordVerdicts, { verdicts: [firstVerdict(args)] });
    return null;
  },
});
