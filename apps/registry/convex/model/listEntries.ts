/**
 * What a list shows of a skill: the public part of its document, its latest version in short, its owner.
 *
 * One shape for all forms; they differ in where the version's five fields come from.
 */
import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { badges, changelogSource, forkOf, listDirection, listSort, skillStats } from "./fields.ts";
import { summaryOf } from "./rules.ts";
import type { VersionSummary } from "./fields.ts";
import { paginationOptsValidator } from "convex/server";

export const publicSkill = v.object({
  _id: v.id("skills"),
  _creationTime: v.number(),
  slug: v.string(),
  displayName: v.string(),
  summary: v.optional(v.string()),
  ownerUserId: v.id("users"),
  canonicalSkillId: v.optional(v.id("skills")),
  forkOf: v.optional(forkOf),
  latestVersionId: v.optional(v.id("skillVersions")),
  tags: v.record(v.string(), v.id("skillVersions")),
  badges: v.optional(badges),
  stats: skillStats,
  createdAt: v.number(),
  updatedAt: v.number(),
});

/** `_creationTime` is that of the version document, or its `createdAt` where only the summary was read: they differ by the time that the publishing took. */
export const publicVersion = v.object({
  _id: v.id("skillVersions"),
  _creationTime: v.number(),
  version: v.string(),
  createdAt: v.number(),
  changelog: v.string(),
  changelogSource: v.optional(changelogSource),
  parsed: v.optional(v.object({ clawdis: v.optional(v.any()) })),
});

export const publicOwner = v.object({
  _id: v.id("users"),
  handle: v.string(),
  name: v.optional(v.string()),
  displayName: v.optional(v.string()),
  image: v.optional(v.string()),
});

export const listEntry = v.object({
  skill: publicSkill,
  latestVersion: v.nullable(publicVersion),
  ownerHandle: v.nullable(v.string()),
  owner: v.nullable(publicOwner),
});

/** Arguments of `listPublicPageV2` in both forms. */
export const listArgs = {
  paginationOpts: paginationOptsValidator,
  sort: v.optional(listSort),
  dir: v.optional(listDirection),
  highlightedOnly: v.optional(v.boolean()),
  nonSuspiciousOnly: v.optional(v.boolean()),
};

/** A page as Convex's clients know it. */
export const listPage = v.object({
  page: v.array(listEntry),
  isDone: v.boolean(),
  continueCursor: v.string(),
  splitCursor: v.optional(v.nullable(v.string())),
  pageStatus: v.optional(v.nullable(v.union(v.literal("SplitRecommended"), v.literal("SplitRequired")))),
});

export type PublicVersion = Infer<typeof publicVersion>;
export type PublicOwner = Infer<typeof publicOwner>;
export type ListEntry = Infer<typeof listEntry>;
export type ListPage = Infer<typeof listPage>;

/** The part of a skill that everybody may see. */
export function toPublicSkill(skill: Doc<"skills">): Infer<typeof publicSkill> {
  const { summary, canonicalSkillId, latestVersionId } = skill;
  return {
    _id: skill._id,
    _creationTime: skill._creationTime,
    slug: skill.slug,
    displayName: skill.displayName,
    ...(summary === undefined ? {} : { summary }),
    ownerUserId: skill.ownerUserId,
    ...(canonicalSkillId === undefined ? {} : { canonicalSkillId }),
    ...(skill.forkOf === undefined ? {} : { forkOf: skill.forkOf }),
    ...(latestVersionId === undefined ? {} : { latestVersionId }),
    tags: skill.tags,
    ...(skill.badges === undefined ? {} : { badges: skill.badges }),
    stats: skill.stats,
    createdAt: skill.createdAt,
    updatedAt: skill.updatedAt,
  };
}

/** The part of a person that everybody may see. */
export function toPublicOwner(user: Doc<"users">): PublicOwner {
  const { _id, handle, name, displayName, image } = user;
  return {
    _id,
    handle,
    ...(name === undefined ? {} : { name }),
    ...(displayName === undefined ? {} : { displayName }),
    ...(image === undefined ? {} : { image }),
  };
}

/** A version, from its document. */
export function toPublicVersion(version: Doc<"skillVersions">): PublicVersion {
  return versionFromSummary(version._id, version._creationTime, summaryOf(version));
}

function versionFromSummary(
  _id: Id<"skillVersions">,
  _creationTime: number,
  { clawdis, ...shown }: VersionSummary,
): PublicVersion {
  return {
    _id,
    _creationTime,
    ...shown,
    ...(clawdis === undefined ? {} : { parsed: { clawdis: clawdis as unknown } }),
  };
}

/** The latest version by reading its document, 6 KB for five fields. */
export async function readLatestVersion(ctx: QueryCtx, skill: Doc<"skills">): Promise<PublicVersion | null> {
  if (skill.latestVersionId === undefined) return null;
  const version = await ctx.db.get("skillVersions", skill.latestVersionId);
  return version === null ? null : toPublicVersion(version);
}

/** The latest version from the copy on the skill. Only where the copies are proved complete: then none means that there is no version. */
export function summarisedVersion(skill: Doc<"skills">): PublicVersion | null {
  const { latestVersionId, latestVersionSummary } = skill;
  if (latestVersionId === undefined || latestVersionSummary === undefined) return null;
  return versionFromSummary(latestVersionId, latestVersionSummary.createdAt, latestVersionSummary);
}

/** An entry of skill, version and owner. */
export function toEntry(
  skill: Doc<"skills">,
  latestVersion: PublicVersion | null,
  user: Doc<"users"> | null,
): ListEntry {
  const owner = user === null ? null : toPublicOwner(user);
  return { skill: toPublicSkill(skill), latestVersion, ownerHandle: owner?.handle ?? null, owner };
}

/** Entries of some skills: each owner read once, versions from the copies if those are proved complete. */
export async function buildEntries(
  ctx: QueryCtx,
  skills: readonly Doc<"skills">[],
  hasSummaries: boolean,
): Promise<ListEntry[]> {
  const owners = new Map<Id<"users">, Doc<"users"> | null>();
  const entries: ListEntry[] = [];
  for (const skill of skills) {
    if (!owners.has(skill.ownerUserId)) {
      owners.set(skill.ownerUserId, await ctx.db.get("users", skill.ownerUserId));
    }
    const version = hasSummaries ? summarisedVersion(skill) : await readLatestVersion(ctx, skill);
    entries.push(toEntry(skill, version, owners.get(skill.ownerUserId) ?? null));
  }
  return entries;
}
