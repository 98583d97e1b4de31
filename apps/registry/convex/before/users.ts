/**
 * Bans, on the writes as first written.
 */
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import { internalMutation } from "../_generated/server.js";
import { banUser, banUserArgs, unbanUser, unbanUserArgs } from "../model/users.ts";

/** Bans a person and hides all skills, 25 a transaction. */
export const banUserInternal = internalMutation({
  args: banUserArgs,
  returns: v.object({ bannedAt: v.number() }),
  handler: async (ctx, { userId, byUserId }): Promise<{ readonly bannedAt: number }> => {
    const { bannedAt, isNew } = await banUser(ctx, userId);
    if (isNew) {
      await ctx.scheduler.runAfter(0, internal.before.moderation.applyBanToOwnedSkillsBatch, {
        ownerUserId: userId,
        bannedAt,
        ...(byUserId === undefined ? {} : { hiddenBy: byUserId }),
      });
    }
    return { bannedAt };
  },
});

/** Takes a ban back, and restores what it had hidden. */
export const unbanUserInternal = internalMutation({
  args: unbanUserArgs,
  returns: v.null(),
  handler: async (ctx, { userId }): Promise<null> => {
    const bannedAt = await unbanUser(ctx, userId);
    if (bannedAt !== undefined) {
      await ctx.scheduler.runAfter(0, internal.before.moderation.restoreOwnedSkillsForUnbanBatch, {
        ownerUserId: userId,
        bannedAt,
      });
    }
    return null;
  },
});
