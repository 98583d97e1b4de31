/**
 * People: who is here, and bans with what they do to a person's skills.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation, mutation, query } from "./_generated/server.js";
import { refuse } from "./model/errors.ts";
import { publicOwner, toPublicOwner } from "./model/listEntries.ts";
import { banUser, banUserArgs, findCaller, unbanUser, unbanUserArgs, userByHandle } from "./model/users.ts";

/** The caller, null for a stranger. */
export const me = query({
  args: {},
  returns: v.nullable(publicOwner),
  handler: async (ctx) => {
    const caller = await findCaller(ctx);
    return caller === null ? null : toPublicOwner(caller);
  },
});

/** Makes the signed-in person known, and writes only what has changed: every list that shows the person depends on this document. */
export const ensure = mutation({
  args: { handle: v.string(), displayName: v.optional(v.string()) },
  returns: v.id("users"),
  handler: async (ctx, { handle, displayName }) => {
    const identity = await ctx.auth.getUserIdentity();
    if (identity === null) return refuse("register", "nobody is signed in", "sign in first");
    const known = await findCaller(ctx);
    const shown = displayName === undefined ? {} : { displayName };
    if (known !== null) {
      if (displayName !== undefined && displayName !== known.displayName) {
        await ctx.db.patch("users", known._id, { displayName, updatedAt: Date.now() });
      }
      return known._id;
    }
    if ((await userByHandle(ctx, handle)) !== null) refuse("register", `"${handle}" is taken`, "choose another handle");
    const now = Date.now();
    return await ctx.db.insert("users", {
      handle,
      ...shown,
      subject: identity.subject,
      createdAt: now,
      updatedAt: now,
    });
  },
});

/** Bans a person and hides all skills, 25 a transaction. */
export const banUserInternal = internalMutation({
  args: banUserArgs,
  returns: v.object({ bannedAt: v.number() }),
  handler: async (ctx, { userId, byUserId }): Promise<{ readonly bannedAt: number }> => {
    const { bannedAt, isNew } = await banUser(ctx, userId);
    if (isNew) {
      await ctx.scheduler.runAfter(0, internal.moderation.applyBanToOwnedSkillsBatch, {
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
      await ctx.scheduler.runAfter(0, internal.moderation.restoreOwnedSkillsForUnbanBatch, {
        ownerUserId: userId,
        bannedAt,
      });
    }
    return null;
  },
});
