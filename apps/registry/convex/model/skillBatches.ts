/**
 * Changes of many skills: one bounded transaction at a time, each of which says where the next has to begin.
 *
 * Pages go by creation time, which no change moves: a batch neither skips nor repeats a skill.
 */
import { v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import type { SkillChanges, SkillWrites } from "./skillWrites.ts";

/** Skills of one owner that a transaction changes. */
export const OWNED_BATCH = 25;
const EMPTY_REASON = "quality.empty.backfill";
/** A skill whose files hold less than this says nothing. */
const EMPTY_BYTES = 64;
const MAINTENANCE_BATCH = 50;

export const ownerBatchArgs = { ownerUserId: v.id("users"), cursor: v.optional(v.string()) };
export const banArgs = {
  ...ownerBatchArgs,
  bannedAt: v.number(),
  hiddenBy: v.optional(v.id("users")),
};
export const unbanArgs = { ...ownerBatchArgs, bannedAt: v.number() };
export const maintenanceArgs = { cursor: v.optional(v.string()), batchSize: v.optional(v.number()) };
export const batchResult = v.object({
  changed: v.number(),
  scanned: v.number(),
  isDone: v.boolean(),
  nextCursor: v.string(),
});

/** What a batch did. */
export interface Batch {
  readonly changed: number;
  readonly scanned: number;
  readonly isDone: boolean;
  readonly nextCursor: string;
}

/** Changes the next skills of an owner as `change` says; null leaves one alone. */
export async function changeOwnedSkills(
  ctx: MutationCtx,
  writes: SkillWrites,
  args: { readonly ownerUserId: Id<"users">; readonly cursor?: string | undefined },
  change: (skill: Doc<"skills">) => SkillChanges | null,
): Promise<Batch> {
  const page = await ctx.db
    .query("skills")
    .withIndex("by_owner", (q) => q.eq("ownerUserId", args.ownerUserId))
    .paginate({ cursor: args.cursor ?? null, numItems: OWNED_BATCH });
  return await changePage(ctx, writes, page, (skill) => Promise.resolve(change(skill)));
}

/** Gives skills without content a reason that says so, for people to look at before `cleanupEmpty` takes them away. */
export async function nominateEmpty(
  ctx: MutationCtx,
  writes: SkillWrites,
  args: { readonly cursor?: string | undefined; readonly batchSize?: number | undefined },
): Promise<Batch> {
  const page = await ctx.db
    .query("skills")
    .paginate({ cursor: args.cursor ?? null, numItems: args.batchSize ?? MAINTENANCE_BATCH });
  return await changePage(ctx, writes, page, async (skill) => {
    if (skill.softDeletedAt !== undefined || skill.moderationReason === EMPTY_REASON) return null;
    return (await isEmpty(ctx, skill)) ? { moderationReason: EMPTY_REASON } : null;
  });
}

/** Deletes, softly, what was nominated and is still empty. */
export async function cleanupEmpty(
  ctx: MutationCtx,
  writes: SkillWrites,
  args: { readonly cursor?: string | undefined; readonly batchSize?: number | undefined },
): Promise<Batch> {
  const now = Date.now();
  const page = await ctx.db
    .query("skills")
    .paginate({ cursor: args.cursor ?? null, numItems: args.batchSize ?? MAINTENANCE_BATCH });
  return await changePage(ctx, writes, page, async (skill) => {
    if (skill.moderationReason !== EMPTY_REASON || skill.softDeletedAt !== undefined) return null;
    if (!(await isEmpty(ctx, skill))) return null;
    return { softDeletedAt: now, moderationStatus: "hidden", hiddenAt: now };
  });
}

async function isEmpty(ctx: MutationCtx, skill: Doc<"skills">): Promise<boolean> {
  if (skill.latestVersionId === undefined) return true;
  const version = await ctx.db.get("skillVersions", skill.latestVersionId);
  const bytes = version?.files.reduce((sum, file) => sum + file.size, 0) ?? 0;
  return bytes < EMPTY_BYTES;
}

async function changePage(
  ctx: MutationCtx,
  writes: SkillWrites,
  { page, isDone, continueCursor }: { page: Doc<"skills">[]; isDone: boolean; continueCursor: string },
  change: (skill: Doc<"skills">) => Promise<SkillChanges | null>,
): Promise<Batch> {
  let changed = 0;
  for (const skill of page) {
    const changes = await change(skill);
    if (changes === null) continue;
    await writes.patch(ctx, skill, changes);
    changed += 1;
  }
  return { changed, scanned: page.length, isDone, nextCursor: continueCursor };
}
