/**
 * What people do with skills: star, comment, download, install. Each is an event; no skill is written here.
 */
import { v } from "convex/values";
import type { Id } from "./_generated/dataModel.js";
import { internalMutation, mutation, query, type QueryCtx } from "./_generated/server.js";
import { mustExist, refuse } from "./model/errors.ts";
import { statEventKind } from "./model/fields.ts";
import { isPublic } from "./model/rules.ts";
import { appendEvent } from "./model/statEvents.ts";
import { requireCaller } from "./model/users.ts";

const COMMENT_MAX = 2_000;
const COMMENTS_SHOWN = 50;

/** Stars a skill, or takes the star back. What holds now. */
export const toggleStar = mutation({
  args: { skillId: v.id("skills") },
  returns: v.object({ isStarred: v.boolean() }),
  handler: async (ctx, { skillId }) => {
    const caller = await requireCaller(ctx, "star");
    await requirePublic(ctx, skillId);
    const star = await ctx.db
      .query("stars")
      .withIndex("by_skill_user", (q) => q.eq("skillId", skillId).eq("userId", caller._id))
      .unique();
    if (star === null) await ctx.db.insert("stars", { skillId, userId: caller._id, createdAt: Date.now() });
    else await ctx.db.delete("stars", star._id);
    await appendEvent(ctx, skillId, star === null ? "star" : "unstar");
    return { isStarred: star === null };
  },
});

/** Counts a download. */
export const download = mutation({
  args: { skillId: v.id("skills") },
  returns: v.null(),
  handler: async (ctx, { skillId }) => {
    await requirePublic(ctx, skillId);
    await appendEvent(ctx, skillId, "download");
    return null;
  },
});

/** An event that an installer reports. `delta` says what an `install_clear` takes away. */
export const recordEvent = internalMutation({
  args: {
    skillId: v.id("skills"),
    kind: statEventKind,
    delta: v.optional(v.object({ allTime: v.number(), current: v.number() })),
  },
  returns: v.null(),
  handler: async (ctx, args) => {
    await ctx.db.insert("skillStatEvents", { ...args, occurredAt: Date.now() });
    return null;
  },
});

const comment = v.object({
  _id: v.id("comments"),
  body: v.string(),
  handle: v.nullable(v.string()),
  createdAt: v.number(),
});

/** The newest comments on a skill. */
export const comments = query({
  args: { skillId: v.id("skills") },
  returns: v.array(comment),
  handler: async (ctx, { skillId }) => {
    const rows = await ctx.db
      .query("comments")
      .withIndex("by_skill", (q) => q.eq("skillId", skillId))
      .order("desc")
      .take(COMMENTS_SHOWN);
    const shown = rows.filter(({ softDeletedAt }) => softDeletedAt === undefined);
    return await Promise.all(
      shown.map(async ({ _id, body, userId, createdAt }) => {
        const user = await ctx.db.get("users", userId);
        return { _id, body, handle: user?.handle ?? null, createdAt };
      }),
    );
  },
});

export const addComment = mutation({
  args: { skillId: v.id("skills"), body: v.string() },
  returns: v.id("comments"),
  handler: async (ctx, { skillId, body }) => {
    const caller = await requireCaller(ctx, "comment");
    await requirePublic(ctx, skillId);
    const text = body.trim();
    if (text === "" || text.length > COMMENT_MAX) {
      refuse("comment", `the text has ${text.length} characters`, `write 1 to ${COMMENT_MAX}`);
    }
    await appendEvent(ctx, skillId, "comment");
    return await ctx.db.insert("comments", { skillId, userId: caller._id, body: text, createdAt: Date.now() });
  },
});

/** Takes one's own comment away. */
export const removeComment = mutation({
  args: { commentId: v.id("comments") },
  returns: v.null(),
  handler: async (ctx, { commentId }) => {
    const caller = await requireCaller(ctx, "remove a comment");
    const row = mustExist(await ctx.db.get("comments", commentId), "Comment");
    if (row.userId !== caller._id) refuse("remove a comment", "somebody else wrote it", "remove your own");
    if (row.softDeletedAt !== undefined) return null;
    await ctx.db.patch("comments", commentId, { softDeletedAt: Date.now() });
    await appendEvent(ctx, row.skillId, "uncomment");
    return null;
  },
});

async function requirePublic(ctx: QueryCtx, skillId: Id<"skills">): Promise<void> {
  const skill = mustExist(await ctx.db.get("skills", skillId), "Skill");
  if (!isPublic(skill)) refuse("do this with the skill", "it is not public", "choose another");
}
