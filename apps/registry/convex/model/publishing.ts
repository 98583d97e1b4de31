/**
 * Publishing a version, and moving tags.
 *
 * A published skill is hidden until a scan has said something about it.
 */
import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { mustExist, refuse } from "./errors.ts";
import { changelogSource, forkOf, parsedFiles, versionFile } from "./fields.ts";
import { changeFlags, MALWARE_FLAG, PENDING_SCAN, SUSPICIOUS_FLAG } from "./rules.ts";
import type { SkillWrites } from "./skillWrites.ts";

const versionFields = {
  slug: v.string(),
  displayName: v.string(),
  summary: v.optional(v.string()),
  version: v.string(),
  changelog: v.string(),
  changelogSource: v.optional(changelogSource),
  files: v.array(versionFile),
  parsed: parsedFiles,
  sha256hash: v.optional(v.string()),
  fingerprint: v.optional(v.string()),
  tags: v.optional(v.array(v.string())),
  forkOf: v.optional(forkOf),
};

/** What a publisher hands in. */
export const publishArgs = versionFields;
export const insertVersionArgs = { ...versionFields, ownerUserId: v.id("users") };
export const insertVersionResult = v.object({ skillId: v.id("skills"), versionId: v.id("skillVersions") });
export const updateTagsArgs = {
  skillId: v.id("skills"),
  tags: v.array(v.object({ tag: v.string(), versionId: v.id("skillVersions") })),
};

const insertVersionObject = v.object(insertVersionArgs);
/** Arguments of {@link insertVersion}. */
export type VersionInput = Infer<typeof insertVersionObject>;

const SLUG = /^[a-z0-9][a-z0-9-]{0,63}$/u;
const VERSION = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/u;

/** Writes a version and makes it the latest of its skill, which is created if its slug is free. */
export async function insertVersion(
  ctx: MutationCtx,
  writes: SkillWrites,
  input: VersionInput,
): Promise<{ skillId: Id<"skills">; versionId: Id<"skillVersions"> }> {
  const { slug, version } = input;
  if (!SLUG.test(slug)) refuse("publish", `"${slug}" is no slug`, "use small letters, digits and hyphens");
  if (!VERSION.test(version)) refuse("publish", `"${version}" is no version`, "use three numbers, as in 1.0.0");
  const skill = await ctx.db
    .query("skills")
    .withIndex("by_slug", (q) => q.eq("slug", slug))
    .unique();
  const skillId = skill === null ? await insertSkill(ctx, writes, input) : await checkOwnVersion(ctx, skill, input);
  const versionId = await ctx.db.insert("skillVersions", versionDocument(skillId, input));
  await makeLatest(ctx, writes, skillId, versionId, input);
  return { skillId, versionId };
}

async function insertSkill(ctx: MutationCtx, writes: SkillWrites, input: VersionInput): Promise<Id<"skills">> {
  const now = Date.now();
  return await writes.insert(ctx, {
    slug: input.slug,
    displayName: input.displayName,
    ...(input.summary === undefined ? {} : { summary: input.summary }),
    ...(input.forkOf === undefined ? {} : { forkOf: input.forkOf }),
    ownerUserId: input.ownerUserId,
    tags: {},
    moderationStatus: "hidden",
    moderationReason: PENDING_SCAN,
    statsDownloads: 0,
    statsStars: 0,
    statsInstallsCurrent: 0,
    statsInstallsAllTime: 0,
    stats: { downloads: 0, stars: 0, installsCurrent: 0, installsAllTime: 0, versions: 0, comments: 0 },
    createdAt: now,
    updatedAt: now,
  });
}

async function checkOwnVersion(
  ctx: MutationCtx,
  skill: Doc<"skills">,
  { slug, version, ownerUserId }: VersionInput,
): Promise<Id<"skills">> {
  if (skill.ownerUserId !== ownerUserId) {
    refuse("publish", `"${slug}" belongs to somebody else`, "choose another slug");
  }
  const same = await ctx.db
    .query("skillVersions")
    .withIndex("by_skill_version", (q) => q.eq("skillId", skill._id).eq("version", version))
    .first();
  if (same !== null) refuse("publish", `version ${version} of "${slug}" exists`, "raise the version");
  return skill._id;
}

function versionDocument(skillId: Id<"skills">, input: VersionInput) {
  const { sha256hash, fingerprint } = input;
  return {
    skillId,
    version: input.version,
    changelog: input.changelog,
    changelogSource: input.changelogSource ?? ("user" as const),
    files: input.files,
    parsed: input.parsed,
    createdBy: input.ownerUserId,
    createdAt: Date.now(),
    ...(sha256hash === undefined ? {} : { sha256hash }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
  };
}

async function makeLatest(
  ctx: MutationCtx,
  writes: SkillWrites,
  skillId: Id<"skills">,
  versionId: Id<"skillVersions">,
  input: VersionInput,
): Promise<void> {
  const skill = mustExist(await ctx.db.get("skills", skillId), "Skill");
  const tags: Doc<"skills">["tags"] = { ...skill.tags, latest: versionId };
  for (const tag of input.tags ?? []) tags[tag] = versionId;
  await writes.patch(ctx, skill, {
    displayName: input.displayName,
    ...(input.summary === undefined ? {} : { summary: input.summary }),
    latestVersionId: versionId,
    tags,
    stats: { ...skill.stats, versions: skill.stats.versions + 1 },
    moderationStatus: "hidden",
    moderationReason: PENDING_SCAN,
    moderationFlags: changeFlags(skill.moderationFlags, [], [SUSPICIOUS_FLAG, MALWARE_FLAG]),
    scanCheckCount: undefined,
    scanLastCheckedAt: undefined,
    updatedAt: Date.now(),
  });
}

/**
 * Points tags at versions; "latest" moves the skill's latest version with it. A version that is gone is pointed to all the same, as it always was: the list
 * then shows the skill without a version.
 */
export async function updateTags(
  ctx: MutationCtx,
  writes: SkillWrites,
  args: {
    readonly skillId: Id<"skills">;
    readonly tags: readonly { readonly tag: string; readonly versionId: Id<"skillVersions"> }[];
  },
): Promise<null> {
  const skill = mustExist(await ctx.db.get("skills", args.skillId), "Skill");
  const tags = { ...skill.tags };
  for (const { tag, versionId } of args.tags) {
    const version = await ctx.db.get("skillVersions", versionId);
    if (version !== null && version.skillId !== skill._id) {
      refuse(`tag a version of "${skill.slug}"`, "the version belongs to another skill", "name one of its own");
    }
    tags[tag] = versionId;
  }
  const latest = args.tags.findLast(({ tag }) => tag === "latest");
  await writes.patch(ctx, skill, {
    tags,
    ...(latest === undefined ? {} : { latestVersionId: latest.versionId }),
    updatedAt: Date.now(),
  });
  return null;
}
