/**
 * One skill in full, for the page of one: the same in both forms, which differ in lists.
 */
import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { listEntry, publicVersion, readLatestVersion, toEntry, toPublicVersion } from "./listEntries.ts";
import { isPublic, isSuspicious } from "./rules.ts";
import { readCursor, sumBySkill } from "./statEvents.ts";
import { findCaller } from "./users.ts";

/** Versions that the page of a skill shows; each is read whole. */
const VERSIONS_SHOWN = 10;
/** Events not yet added to the skill that are counted on the spot. */
const EVENTS_SHOWN = 500;

export const skillDetail = v.object({
  entry: listEntry,
  versions: v.array(v.object({ version: publicVersion, files: v.number(), bytes: v.number(), scan: v.string() })),
  isSuspicious: v.boolean(),
  reports: v.number(),
  /** Stars with those that the statistics have not taken in yet. */
  stars: v.number(),
  downloads: v.number(),
  isStarred: v.boolean(),
  isReported: v.boolean(),
  isOwn: v.boolean(),
});
export type SkillDetail = Infer<typeof skillDetail>;

/** The skill of a slug; null if the public may not see it. */
export async function readDetail(ctx: QueryCtx, slug: string): Promise<SkillDetail | null> {
  const skill = await ctx.db
    .query("skills")
    .withIndex("by_slug", (q) => q.eq("slug", slug))
    .unique();
  if (skill === null || !isPublic(skill)) return null;
  const versions = await ctx.db
    .query("skillVersions")
    .withIndex("by_skill", (q) => q.eq("skillId", skill._id))
    .order("desc")
    .take(VERSIONS_SHOWN);
  const caller = await findCaller(ctx);
  const owner = await ctx.db.get("users", skill.ownerUserId);
  return {
    entry: toEntry(skill, await readLatestVersion(ctx, skill), owner),
    versions: versions.map((version) => toShownVersion(version)),
    isSuspicious: isSuspicious(skill),
    reports: skill.reportCount ?? 0,
    ...(await liveCounts(ctx, skill)),
    ...(await callersOwn(ctx, skill._id, caller?._id)),
    isOwn: caller?._id === skill.ownerUserId,
  };
}

function toShownVersion(version: Doc<"skillVersions">): SkillDetail["versions"][number] {
  return {
    version: toPublicVersion(version),
    files: version.files.length,
    bytes: version.files.reduce((sum, { size }) => sum + size, 0),
    scan: version.vtAnalysis?.status ?? "waiting",
  };
}

async function liveCounts(ctx: QueryCtx, skill: Doc<"skills">): Promise<{ stars: number; downloads: number }> {
  const cursor = await readCursor(ctx, "skill_stats");
  const events = await ctx.db
    .query("skillStatEvents")
    .withIndex("by_skill", (q) => q.eq("skillId", skill._id).gt("_creationTime", cursor))
    .take(EVENTS_SHOWN);
  // Events that the first form has added to the skill are marked, and have no cursor.
  const [delta] = sumBySkill(events.filter(({ processedAt }) => processedAt === undefined));
  return {
    stars: skill.stats.stars + (delta?.stars ?? 0),
    downloads: skill.stats.downloads + (delta?.downloads ?? 0),
  };
}

async function callersOwn(
  ctx: QueryCtx,
  skillId: Id<"skills">,
  userId: Id<"users"> | undefined,
): Promise<{ isStarred: boolean; isReported: boolean }> {
  if (userId === undefined) return { isStarred: false, isReported: false };
  const star = await ctx.db
    .query("stars")
    .withIndex("by_skill_user", (q) => q.eq("skillId", skillId).eq("userId", userId))
    .unique();
  const report = await ctx.db
    .query("skillReports")
    .withIndex("by_skill_user", (q) => q.eq("skillId", skillId).eq("userId", userId))
    .unique();
  return { isStarred: star !== null, isReported: report !== null };
}
