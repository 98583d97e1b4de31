/**
 * Every write of a skill's flags or reason that is not a publication, as first written: nothing else is kept in step.
 */
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import { internalMutation } from "../_generated/server.js";
import { setBadge as writeBadge } from "../model/badges.ts";
import { badgeKind } from "../model/fields.ts";
import {
  activate,
  approveArgs,
  approveByHash,
  bannedWithOwner,
  clearedOfSuspicion,
  escalateArgs,
  escalateByHash,
  markScanStale as giveUpScan,
  reasonArgs,
  restoredWithOwner,
  skillArgs,
  updateReason,
} from "../model/moderation.ts";
import {
  banArgs,
  batchResult,
  changeOwnedSkills,
  ownerBatchArgs,
  unbanArgs,
  type Batch,
} from "../model/skillBatches.ts";
import { plainWrites } from "../model/skillWrites.ts";
import { recordVerdicts as applyVerdicts, verdictsArgs } from "../model/verdicts.ts";

export const updateSkillModerationReason = internalMutation({
  args: reasonArgs,
  returns: v.null(),
  handler: async (ctx, args) => await updateReason(ctx, plainWrites, args),
});

/** A page of them in one transaction. */
export const updateSkillModerationReasons = internalMutation({
  args: { reasons: v.array(v.object(reasonArgs)) },
  returns: v.null(),
  handler: async (ctx, { reasons }) => {
    for (const each of reasons) await updateReason(ctx, plainWrites, each);
    return null;
  },
});

export const markScanStale = internalMutation({
  args: skillArgs,
  returns: v.null(),
  handler: async (ctx, { skillId }) => await giveUpScan(ctx, plainWrites, skillId),
});

export const activateSkills = internalMutation({
  args: { skillIds: v.array(v.id("skills")) },
  returns: v.null(),
  handler: async (ctx, { skillIds }) => {
    for (const skillId of skillIds) await activate(ctx, plainWrites, skillId);
    return null;
  },
});

export const approveSkillByHash = internalMutation({
  args: approveArgs,
  returns: v.boolean(),
  handler: async (ctx, args) => await approveByHash(ctx, plainWrites, args),
});

export const escalateByVt = internalMutation({
  args: escalateArgs,
  returns: v.boolean(),
  handler: async (ctx, args) => await escalateByHash(ctx, plainWrites, args),
});

export const recordVerdicts = internalMutation({
  args: verdictsArgs,
  returns: v.null(),
  handler: async (ctx, { verdicts }) => await applyVerdicts(ctx, plainWrites, verdicts),
});

/** An owner who is trusted from now on. Goes on by itself until all skills are done, like the two below. */
export const clearOwnerSuspiciousFlags = internalMutation({
  args: ownerBatchArgs,
  returns: batchResult,
  handler: async (ctx, args): Promise<Batch> => {
    const batch = await changeOwnedSkills(ctx, plainWrites, args, clearedOfSuspicion);
    if (!batch.isDone) {
      await ctx.scheduler.runAfter(0, internal.before.moderation.clearOwnerSuspiciousFlags, {
        ...args,
        cursor: batch.nextCursor,
      });
    }
    return batch;
  },
});

export const applyBanToOwnedSkillsBatch = internalMutation({
  args: banArgs,
  returns: batchResult,
  handler: async (ctx, args): Promise<Batch> => {
    const { bannedAt, hiddenBy } = args;
    const batch = await changeOwnedSkills(ctx, plainWrites, args, (skill) =>
      bannedWithOwner(skill, bannedAt, hiddenBy),
    );
    if (!batch.isDone) {
      await ctx.scheduler.runAfter(0, internal.before.moderation.applyBanToOwnedSkillsBatch, {
        ...args,
        cursor: batch.nextCursor,
      });
    }
    return batch;
  },
});

export const restoreOwnedSkillsForUnbanBatch = internalMutation({
  args: unbanArgs,
  returns: batchResult,
  handler: async (ctx, args): Promise<Batch> => {
    const batch = await changeOwnedSkills(ctx, plainWrites, args, (skill) => restoredWithOwner(skill, args.bannedAt));
    if (!batch.isDone) {
      await ctx.scheduler.runAfter(0, internal.before.moderation.restoreOwnedSkillsForUnbanBatch, {
        ...args,
        cursor: batch.nextCursor,
      });
    }
    return batch;
  },
});

export const setBadge = internalMutation({
  args: { skillId: v.id("skills"), kind: badgeKind, byUserId: v.id("users"), isSet: v.boolean() },
  returns: v.null(),
  handler: async (ctx, args) => await writeBadge(ctx, plainWrites, args),
});
