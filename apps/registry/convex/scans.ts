/**
 * What the scan jobs ask, by the index on status and reason: each reads what it returns, and little more.
 */
import { v } from "convex/values";
import { internalQuery } from "./_generated/server.js";
import { walkModeration, walkResult, type ModerationRange } from "./model/moderationWalk.ts";
import { PENDING_SCAN } from "./model/rules.ts";
import {
  batchArgs,
  convertUpTo,
  cursorLimitArgs,
  dueForCheck,
  hashedVersion,
  healthOf,
  legacyVersion,
  limitArgs,
  llmBatch,
  LLM_REASONS,
  pendingArgs,
  pendingVersion,
  pointerTo,
  queueHealth,
  rescanBatch,
  staleReason,
  toBatch,
  toHashed,
  toLegacy,
  toLlmBackfill,
  toMissingVt,
  toPending,
  toRescan,
  toStaleReason,
  versionPointer,
  VT_PENDING,
} from "./model/scans.ts";

/** Rows looked at for a batch of one row: most are active and have a hash. */
const BATCH_FACTOR = 3;
/** Waiting skills that a poll chooses from. */
const PENDING_POOL = 1_000;
const STATUSES = [undefined, "active", "hidden", "removed"] as const;
/** A reason of a language model counts whatever the status is. */
const MISSING_VT_RANGES: readonly ModerationRange[] = [
  ["active", VT_PENDING],
  ...STATUSES.flatMap((status) => LLM_REASONS.map((reason) => [status, reason] as const)),
];
const STALE_REASON_RANGES: readonly ModerationRange[] = [
  ["active", VT_PENDING],
  ["active", PENDING_SCAN],
];

export const getScanQueueHealthInternal = internalQuery({
  args: {},
  returns: queueHealth,
  handler: async (ctx) => {
    const queue = await ctx.db
      .query("skills")
      .withIndex("by_moderation", (q) => q.eq("moderationStatus", "hidden").eq("moderationReason", PENDING_SCAN))
      .collect();
    return healthOf(queue, Date.now());
  },
});

/** Pages: asked with `nextCursor` until `done`, it gives every skill once. */
export const getActiveSkillsMissingVTCacheInternal = internalQuery({
  args: cursorLimitArgs,
  returns: walkResult(hashedVersion),
  handler: async (ctx, { limit = 100, cursor }) =>
    await walkModeration(ctx, MISSING_VT_RANGES, { limit, cursor }, (skill) => toMissingVt(ctx, skill)),
});

/** All at once, as its name says: with a few thousand active skills it goes over what a transaction may read. The batches below do not. */
export const getAllActiveSkillsForRescanInternal = internalQuery({
  args: {},
  returns: v.array(hashedVersion),
  handler: async (ctx) => {
    const active = await ctx.db
      .query("skills")
      .withIndex("by_moderation", (q) => q.eq("moderationStatus", "active"))
      .collect();
    return await convertUpTo(active, Infinity, (skill) => toHashed(ctx, skill));
  },
});

export const getActiveSkillBatchForRescanInternal = internalQuery({
  args: batchArgs,
  returns: rescanBatch,
  handler: async (ctx, { cursor = -1, batchSize = 100 }) => {
    const rowsMax = batchSize * BATCH_FACTOR;
    const rows = await ctx.db
      .query("skills")
      .withIndex("by_creation_time", (q) => q.gt("_creationTime", cursor))
      .take(rowsMax);
    return await toBatch(rows, rowsMax, batchSize, async (skill) =>
      skill.moderationStatus === "active" && skill.softDeletedAt === undefined ? await toRescan(ctx, skill) : null,
    );
  },
});

export const getActiveSkillBatchForLlmBackfillInternal = internalQuery({
  args: batchArgs,
  returns: llmBatch,
  handler: async (ctx, { cursor = -1, batchSize = 10 }) => {
    const rowsMax = batchSize * BATCH_FACTOR;
    const rows = await ctx.db
      .query("skills")
      .withIndex("by_creation_time", (q) => q.gt("_creationTime", cursor))
      .take(rowsMax);
    return await toBatch(rows, rowsMax, batchSize, async (skill) =>
      skill.moderationStatus === "active" && skill.softDeletedAt === undefined ? await toLlmBackfill(ctx, skill) : null,
    );
  },
});

/** Pages, as above: however many rows in front have nothing to say, none behind them is lost. */
export const getSkillsWithStaleModerationReasonInternal = internalQuery({
  args: cursorLimitArgs,
  returns: walkResult(staleReason),
  handler: async (ctx, { limit = 100, cursor }) =>
    await walkModeration(ctx, STALE_REASON_RANGES, { limit, cursor }, (skill) => toStaleReason(ctx, skill)),
});

export const getPendingVTSkillsInternal = internalQuery({
  args: limitArgs,
  returns: v.array(hashedVersion),
  handler: async (ctx, { limit = 100 }) => {
    const rows = await ctx.db
      .query("skills")
      .withIndex("by_moderation", (q) => q.eq("moderationStatus", "active").eq("moderationReason", VT_PENDING))
      .take(limit);
    return await convertUpTo(rows, limit, (skill) => toHashed(ctx, skill));
  },
});

export const getLegacyPendingScanSkillsInternal = internalQuery({
  args: limitArgs,
  returns: v.array(legacyVersion),
  handler: async (ctx, { limit = 1_000 }) => {
    const rows = await ctx.db
      .query("skills")
      .withIndex("by_moderation", (q) => q.eq("moderationStatus", "active").eq("moderationReason", PENDING_SCAN))
      .take(limit);
    return await convertUpTo(rows, limit, (skill) => toLegacy(ctx, skill));
  },
});

/** The pointer to the version is enough, so no version is read. */
export const getUnscannedActiveSkillsInternal = internalQuery({
  args: limitArgs,
  returns: v.array(versionPointer),
  handler: async (ctx, { limit = 1_000 }) => {
    const rows = await ctx.db
      .query("skills")
      .withIndex("by_moderation", (q) => q.eq("moderationStatus", "active").eq("moderationReason", undefined))
      .take(limit);
    return rows.flatMap((skill) =>
      skill.softDeletedAt === undefined && skill.latestVersionId !== undefined
        ? [pointerTo(skill, skill.latestVersionId)]
        : [],
    );
  },
});

export const getSkillsWithNullModerationStatusInternal = internalQuery({
  args: limitArgs,
  returns: v.array(v.object({ skillId: v.id("skills"), slug: v.string() })),
  handler: async (ctx, { limit = 100 }) => {
    const rows = await ctx.db
      .query("skills")
      .withIndex("by_moderation", (q) => q.eq("moderationStatus", undefined))
      .take(limit);
    return rows.map(({ _id, slug }) => ({ skillId: _id, slug }));
  },
});

export const getPendingScanSkillsInternal = internalQuery({
  args: pendingArgs,
  returns: v.array(pendingVersion),
  handler: async (ctx, { limit = 100, skipRecentMinutes = 0 }) => {
    const waiting = await ctx.db
      .query("skills")
      .withIndex("by_moderation", (q) => q.eq("moderationStatus", "hidden").eq("moderationReason", PENDING_SCAN))
      .take(PENDING_POOL);
    const due = dueForCheck(waiting, Date.now(), skipRecentMinutes);
    return await convertUpTo(due, limit, (skill) => toPending(ctx, skill));
  },
});
