/**
 * What the scan jobs ask, as first written: every query walks the whole table and lets a filter drop what it does not want.
 */
import { v } from "convex/values";
import { internalQuery } from "../_generated/server.js";
import { PENDING_SCAN } from "../model/rules.ts";
import {
  batchArgs,
  convertUpTo,
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
  latestVersionOf,
  versionPointer,
  VT_PENDING,
} from "../model/scans.ts";

const BATCH_FACTOR = 3;
const OVERFETCH = 2;
const POOL_MIN = 200;
const POOL_MAX = 1_000;

export const getScanQueueHealthInternal = internalQuery({
  args: {},
  returns: queueHealth,
  handler: async (ctx) => {
    const queue = await ctx.db
      .query("skills")
      .filter((q) =>
        q.and(q.eq(q.field("moderationStatus"), "hidden"), q.eq(q.field("moderationReason"), PENDING_SCAN)),
      )
      .collect();
    return healthOf(queue, Date.now());
  },
});

export const getActiveSkillsMissingVTCacheInternal = internalQuery({
  args: limitArgs,
  returns: v.array(hashedVersion),
  handler: async (ctx, { limit = 100 }) => {
    const rows = await ctx.db
      .query("skills")
      .filter((q) =>
        q.or(
          q.and(q.eq(q.field("moderationStatus"), "active"), q.eq(q.field("moderationReason"), VT_PENDING)),
          ...LLM_REASONS.map((reason) => q.eq(q.field("moderationReason"), reason)),
        ),
      )
      .take(limit * OVERFETCH);
    return await convertUpTo(rows, limit, (skill) => toMissingVt(ctx, skill));
  },
});

export const getAllActiveSkillsForRescanInternal = internalQuery({
  args: {},
  returns: v.array(hashedVersion),
  handler: async (ctx) => {
    const active = await ctx.db
      .query("skills")
      .filter((q) => q.eq(q.field("moderationStatus"), "active"))
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
      .filter((q) =>
        q.and(
          q.gt(q.field("_creationTime"), cursor),
          q.eq(q.field("moderationStatus"), "active"),
          q.eq(q.field("softDeletedAt"), undefined),
        ),
      )
      .take(rowsMax);
    return await toBatch(rows, rowsMax, batchSize, (skill) => toRescan(ctx, skill));
  },
});

export const getActiveSkillBatchForLlmBackfillInternal = internalQuery({
  args: batchArgs,
  returns: llmBatch,
  handler: async (ctx, { cursor = -1, batchSize = 10 }) => {
    const rowsMax = batchSize * BATCH_FACTOR;
    const rows = await ctx.db
      .query("skills")
      .filter((q) =>
        q.and(
          q.gt(q.field("_creationTime"), cursor),
          q.eq(q.field("moderationStatus"), "active"),
          q.eq(q.field("softDeletedAt"), undefined),
        ),
      )
      .take(rowsMax);
    return await toBatch(rows, rowsMax, batchSize, (skill) => toLlmBackfill(ctx, skill));
  },
});

export const getSkillsWithStaleModerationReasonInternal = internalQuery({
  args: limitArgs,
  returns: v.array(staleReason),
  handler: async (ctx, { limit = 100 }) => {
    const rows = await ctx.db
      .query("skills")
      .filter((q) =>
        q.and(
          q.eq(q.field("moderationStatus"), "active"),
          q.or(q.eq(q.field("moderationReason"), VT_PENDING), q.eq(q.field("moderationReason"), PENDING_SCAN)),
        ),
      )
      .take(limit * OVERFETCH);
    return await convertUpTo(rows, limit, (skill) => toStaleReason(ctx, skill));
  },
});

export const getPendingVTSkillsInternal = internalQuery({
  args: limitArgs,
  returns: v.array(hashedVersion),
  handler: async (ctx, { limit = 100 }) => {
    const rows = await ctx.db
      .query("skills")
      .filter((q) => q.and(q.eq(q.field("moderationStatus"), "active"), q.eq(q.field("moderationReason"), VT_PENDING)))
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
      .filter((q) =>
        q.and(q.eq(q.field("moderationStatus"), "active"), q.eq(q.field("moderationReason"), PENDING_SCAN)),
      )
      .take(limit);
    return await convertUpTo(rows, limit, (skill) => toLegacy(ctx, skill));
  },
});

/** Reads each version, and uses nothing of it. */
export const getUnscannedActiveSkillsInternal = internalQuery({
  args: limitArgs,
  returns: v.array(versionPointer),
  handler: async (ctx, { limit = 1_000 }) => {
    const rows = await ctx.db
      .query("skills")
      .filter((q) => q.and(q.eq(q.field("moderationStatus"), "active"), q.eq(q.field("moderationReason"), undefined)))
      .take(limit);
    return await convertUpTo(rows, limit, async (skill) => {
      if (skill.softDeletedAt !== undefined) return null;
      const version = await latestVersionOf(ctx, skill);
      return version === null ? null : pointerTo(skill, version._id);
    });
  },
});

export const getSkillsWithNullModerationStatusInternal = internalQuery({
  args: limitArgs,
  returns: v.array(v.object({ skillId: v.id("skills"), slug: v.string() })),
  handler: async (ctx, { limit = 100 }) => {
    const rows = await ctx.db
      .query("skills")
      .filter((q) => q.eq(q.field("moderationStatus"), undefined))
      .take(limit);
    return rows.map(({ _id, slug }) => ({ skillId: _id, slug }));
  },
});

/** Looks among the newest and the oldest skills only: one that waits in the middle of the table is never found. */
export const getPendingScanSkillsInternal = internalQuery({
  args: pendingArgs,
  returns: v.array(pendingVersion),
  handler: async (ctx, { limit = 100, skipRecentMinutes = 0 }) => {
    const pool = Math.min(POOL_MAX, Math.max(POOL_MIN, limit * OVERFETCH));
    const recent = await ctx.db.query("skills").order("desc").take(pool);
    const oldest = await ctx.db.query("skills").order("asc").take(pool);
    const known = new Set(recent.map(({ _id }) => _id));
    const waiting = [...recent, ...oldest.filter(({ _id }) => !known.has(_id))].filter(
      ({ moderationStatus }) => moderationStatus === "hidden",
    );
    const due = shuffled(dueForCheck(waiting, Date.now(), skipRecentMinutes));
    return await convertUpTo(due, limit, (skill) => toPending(ctx, skill));
  },
});

/** So that no skill starves behind a full batch. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
