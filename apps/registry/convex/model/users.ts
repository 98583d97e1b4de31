/**
 * Who is calling.
 *
 * A signed-in person is found by the subject of the identity. A deployment that should let visitors act without signing in names one user for
 * all of them in the environment variable `REGISTRY_GUEST` (a handle); without it they are refused.
 */
import { v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { mustExist, refuse } from "./errors.ts";

export const banUserArgs = { userId: v.id("users"), byUserId: v.optional(v.id("users")) };
export const unbanUserArgs = { userId: v.id("users") };

/** The caller, null for a visitor where there is no guest. */
export async function findCaller(ctx: QueryCtx): Promise<Doc<"users"> | null> {
  const identity = await ctx.auth.getUserIdentity();
  if (identity !== null) {
    return await ctx.db
      .query("users")
      .withIndex("by_subject", (q) => q.eq("subject", identity.subject))
      .first();
  }
  const guest = process.env["REGISTRY_GUEST"];
  return guest === undefined ? null : await userByHandle(ctx, guest);
}

/** The caller. @throws A refusal for somebody unknown or banned. */
export async function requireCaller(ctx: QueryCtx, act: string): Promise<Doc<"users">> {
  const user = await findCaller(ctx);
  if (user === null) return refuse(act, "nobody known is signed in", "sign in first");
  if (user.bannedAt !== undefined) return refuse(act, "this account is banned", "ask a moderator");
  return user;
}

/** Refuses everybody but a skill's owner. */
export async function requireOwner(ctx: QueryCtx, skillId: Id<"skills">, act: string): Promise<void> {
  const caller = await requireCaller(ctx, act);
  const skill = mustExist(await ctx.db.get("skills", skillId), "Skill");
  if (skill.ownerUserId !== caller._id) refuse(act, `"${skill.slug}" belongs to somebody else`, "ask its owner");
}

/** Marks a person as banned. When that happened, and whether it is news. */
export async function banUser(
  ctx: MutationCtx,
  userId: Id<"users">,
): Promise<{ readonly bannedAt: number; readonly isNew: boolean }> {
  const user = mustExist(await ctx.db.get("users", userId), "User");
  if (user.bannedAt !== undefined) return { bannedAt: user.bannedAt, isNew: false };
  const bannedAt = Date.now();
  await ctx.db.patch("users", userId, { bannedAt });
  return { bannedAt, isNew: true };
}

/** Takes the mark away. When it was set; undefined for somebody who is not banned. */
export async function unbanUser(ctx: MutationCtx, userId: Id<"users">): Promise<number | undefined> {
  const { bannedAt } = mustExist(await ctx.db.get("users", userId), "User");
  if (bannedAt !== undefined) await ctx.db.patch("users", userId, { bannedAt: undefined });
  return bannedAt;
}

/** The user with a handle, null for none. */
export async function userByHandle(ctx: QueryCtx, handle: string): Promise<Doc<"users"> | null> {
  return await ctx.db
    .query("users")
    .withIndex("by_handle", (q) => q.eq("handle", handle))
    .first();
}
