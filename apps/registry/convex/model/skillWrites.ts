/**
 * The two ways to write a skill, and the only file that does.
 *
 * As first written (`plainWrites`) a skill is patched with what the caller says. The other way (`derivingWrites`) also keeps
 * what follows from it in the same transaction: `isSuspicious`, `latestVersionSummary`, the count of public skills. Rules are written once
 * and take the way as a parameter, so that no write site can forget a field: there is only this one.
 *
 * Whether readers may rely on the result is decided by `backfills.ts`: older documents lack the fields until a backfill is through.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { addToActiveSkills } from "./activeSkills.ts";
import { isPublic, isSameSummary, isSuspicious, summaryOf } from "./rules.ts";
import type { VersionSummary } from "./fields.ts";

type Fields = Omit<Doc<"skills">, "_id" | "_creationTime">;
/** Fields that follow from others; a caller cannot set them. */
type Derived = "isSuspicious" | "latestVersionSummary";

/** What a caller may change; undefined removes a field. */
export type SkillChanges = {
  [K in Exclude<keyof Fields, Derived>]?: undefined extends Fields[K] ? Fields[K] | undefined : Fields[K];
};
/** A skill to be inserted. */
export type NewSkill = Omit<Fields, Derived>;

/** A way to write skills. */
export interface SkillWrites {
  insert(ctx: MutationCtx, fields: NewSkill): Promise<Id<"skills">>;
  /** @param skill The document as it is now in this transaction. */
  patch(ctx: MutationCtx, skill: Doc<"skills">, changes: SkillChanges): Promise<void>;
}

/** As first written: nothing but what the caller says. */
export const plainWrites: SkillWrites = {
  insert: async (ctx, fields) => await ctx.db.insert("skills", fields),
  patch: async (ctx, skill, changes) => await ctx.db.patch("skills", skill._id, changes),
};

/** With everything that follows from it. */
export const derivingWrites: SkillWrites = {
  insert: async (ctx, fields) => {
    const summary = await currentSummary(ctx, fields.latestVersionId);
    const id = await ctx.db.insert("skills", {
      ...fields,
      isSuspicious: isSuspicious(fields),
      ...(summary === undefined ? {} : { latestVersionSummary: summary }),
    });
    await addToActiveSkills(ctx, isPublic(fields) ? 1 : 0);
    return id;
  },
  patch: async (ctx, skill, changes) => {
    const next = { ...skill, ...changes } as Doc<"skills">;
    const isRetargeted = next.latestVersionId !== skill.latestVersionId;
    await ctx.db.patch("skills", skill._id, {
      ...changes,
      isSuspicious: isSuspicious(next),
      // A version that is missing leaves no summary: better none than that of another version.
      ...(isRetargeted ? { latestVersionSummary: await currentSummary(ctx, next.latestVersionId) } : {}),
    });
    await addToActiveSkills(ctx, Number(isPublic(next)) - Number(isPublic(skill)));
  },
};

async function currentSummary(
  ctx: MutationCtx,
  versionId: Id<"skillVersions"> | undefined,
): Promise<VersionSummary | undefined> {
  if (versionId === undefined) return undefined;
  const version = await ctx.db.get("skillVersions", versionId);
  return version === null ? undefined : summaryOf(version);
}

/** Brings one skill's `isSuspicious` in line. Whether it had to. */
export async function repairSuspicious(ctx: MutationCtx, skill: Doc<"skills">): Promise<boolean> {
  const wanted = isSuspicious(skill);
  if (skill.isSuspicious === wanted) return false;
  await ctx.db.patch("skills", skill._id, { isSuspicious: wanted });
  return true;
}

/** Brings one skill's `latestVersionSummary` in line with the version that `latestVersionId` points to now. Whether it had to. */
export async function repairSummary(ctx: MutationCtx, skill: Doc<"skills">): Promise<boolean> {
  const wanted = await currentSummary(ctx, skill.latestVersionId);
  if (isSameSummary(skill.latestVersionSummary, wanted)) return false;
  await ctx.db.patch("skills", skill._id, { latestVersionSummary: wanted });
  return true;
}
