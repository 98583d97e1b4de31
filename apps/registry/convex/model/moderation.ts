/**
 * Every rule that changes a skill's flags or reason. Both forms use them; `writes` decides what is kept in step (`skillWrites.ts`).
 */
import { v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { mustExist } from "./errors.ts";
import { changeFlags, isSuspicious, MALWARE_FLAG, PENDING_SCAN, SUSPICIOUS_FLAG } from "./rules.ts";
import type { SkillChanges, SkillWrites } from "./skillWrites.ts";

/** A skill disappears with this report. */
export const REPORTS_THAT_HIDE = 4;

export const reportArgs = { skillId: v.id("skills"), reason: v.string() };
export const reasonArgs = { skillId: v.id("skills"), reason: v.string() };
export const skillArgs = { skillId: v.id("skills") };
export const approveArgs = {
  sha256hash: v.string(),
  scanner: v.string(),
  status: v.union(v.literal("clean"), v.literal("suspicious"), v.literal("malicious")),
};
export const escalateArgs = {
  sha256hash: v.string(),
  status: v.union(v.literal("suspicious"), v.literal("malicious")),
};

/** Takes a report by one person; a second one of the same person changes nothing. */
export async function report(
  ctx: MutationCtx,
  writes: SkillWrites,
  userId: Id<"users">,
  { skillId, reason }: { readonly skillId: Id<"skills">; readonly reason: string },
): Promise<{ readonly reported: boolean; readonly isHidden: boolean }> {
  const skill = mustExist(await ctx.db.get("skills", skillId), "Skill");
  const former = await ctx.db
    .query("skillReports")
    .withIndex("by_skill_user", (q) => q.eq("skillId", skillId).eq("userId", userId))
    .unique();
  if (former !== null) return { reported: false, isHidden: skill.softDeletedAt !== undefined };
  const now = Date.now();
  await ctx.db.insert("skillReports", { skillId, userId, reason, createdAt: now });
  const reportCount = (skill.reportCount ?? 0) + 1;
  const isHiding = reportCount >= REPORTS_THAT_HIDE && skill.softDeletedAt === undefined;
  await writes.patch(ctx, skill, {
    reportCount,
    lastReportedAt: now,
    ...(isHiding
      ? {
          softDeletedAt: now,
          moderationStatus: "hidden" as const,
          moderationReason: "auto.reports",
          moderationNotes: `Hidden after ${reportCount} reports by different people`,
          hiddenAt: now,
        }
      : {}),
  });
  return { reported: true, isHidden: isHiding || skill.softDeletedAt !== undefined };
}

/** Sets the reason alone: when a scanner's stored result and the reason had come apart. */
export async function updateReason(
  ctx: MutationCtx,
  writes: SkillWrites,
  { skillId, reason }: { readonly skillId: Id<"skills">; readonly reason: string },
): Promise<null> {
  const skill = mustExist(await ctx.db.get("skills", skillId), "Skill");
  await writes.patch(ctx, skill, { moderationReason: reason });
  return null;
}

/** Gives up on a scan that does not end. */
export async function markScanStale(ctx: MutationCtx, writes: SkillWrites, skillId: Id<"skills">): Promise<null> {
  const skill = mustExist(await ctx.db.get("skills", skillId), "Skill");
  await writes.patch(ctx, skill, { moderationReason: `${PENDING_SCAN}.stale`, scanLastCheckedAt: Date.now() });
  return null;
}

/** Notes that a scan was asked for once more. */
export async function noteScanCheck(ctx: MutationCtx, writes: SkillWrites, skillId: Id<"skills">): Promise<null> {
  const skill = mustExist(await ctx.db.get("skills", skillId), "Skill");
  await writes.patch(ctx, skill, {
    scanLastCheckedAt: Date.now(),
    scanCheckCount: (skill.scanCheckCount ?? 0) + 1,
  });
  return null;
}

/** Gives a skill without a status the one that it was taken to have. */
export async function activate(ctx: MutationCtx, writes: SkillWrites, skillId: Id<"skills">): Promise<null> {
  const skill = mustExist(await ctx.db.get("skills", skillId), "Skill");
  if (skill.moderationStatus === undefined) await writes.patch(ctx, skill, { moderationStatus: "active" });
  return null;
}

/** Applies a scanner's verdict to the skill whose latest version has this content. Whether there is one. */
export async function approveByHash(
  ctx: MutationCtx,
  writes: SkillWrites,
  args: {
    readonly sha256hash: string;
    readonly scanner: string;
    readonly status: "clean" | "suspicious" | "malicious";
  },
): Promise<boolean> {
  const skill = await latestWithHash(ctx, args.sha256hash);
  if (skill === null) return false;
  const isMalicious = args.status === "malicious";
  await writes.patch(ctx, skill, {
    moderationStatus: isMalicious ? "hidden" : "active",
    moderationReason: `scanner.${args.scanner}.${args.status}`,
    moderationFlags: changeFlags(
      skill.moderationFlags,
      isMalicious ? [MALWARE_FLAG] : args.status === "suspicious" ? [SUSPICIOUS_FLAG] : [],
      isMalicious ? [SUSPICIOUS_FLAG] : args.status === "suspicious" ? [MALWARE_FLAG] : [SUSPICIOUS_FLAG, MALWARE_FLAG],
    ),
    hiddenAt: isMalicious ? Date.now() : undefined,
    lastReviewedAt: Date.now(),
  });
  return true;
}

/** Makes things worse only: adds the flag of a verdict, and hides what is malicious. The reason of another scanner stays otherwise. */
export async function escalateByHash(
  ctx: MutationCtx,
  writes: SkillWrites,
  { sha256hash, status }: { readonly sha256hash: string; readonly status: "suspicious" | "malicious" },
): Promise<boolean> {
  const skill = await latestWithHash(ctx, sha256hash);
  if (skill === null) return false;
  const flag = status === "malicious" ? MALWARE_FLAG : SUSPICIOUS_FLAG;
  await writes.patch(ctx, skill, {
    moderationFlags: changeFlags(skill.moderationFlags, [flag]),
    ...(status === "malicious"
      ? { moderationStatus: "hidden" as const, moderationReason: "scanner.vt.malicious", hiddenAt: Date.now() }
      : {}),
  });
  return true;
}

async function latestWithHash(ctx: MutationCtx, sha256hash: string): Promise<Doc<"skills"> | null> {
  const versions = ctx.db.query("skillVersions").withIndex("by_sha256hash", (q) => q.eq("sha256hash", sha256hash));
  for await (const version of versions) {
    const skill = await ctx.db.get("skills", version.skillId);
    if (skill !== null && skill.latestVersionId === version._id) return skill;
  }
  return null;
}

/** What a trusted owner's skill looks like once nobody suspects it any more; null if nobody did. */
export function clearedOfSuspicion(skill: Doc<"skills">): SkillChanges | null {
  if (!isSuspicious(skill)) return null;
  const { moderationFlags: _flags, ...reasonAlone } = skill;
  const isReasonSuspicious = isSuspicious(reasonAlone);
  return {
    moderationFlags: changeFlags(skill.moderationFlags, [], [SUSPICIOUS_FLAG]),
    ...(isReasonSuspicious ? { moderationReason: "manual.cleared" } : {}),
    lastReviewedAt: Date.now(),
  };
}

/** Hides a skill because its owner was banned; null if it is deleted already. */
export function bannedWithOwner(
  skill: Doc<"skills">,
  bannedAt: number,
  hiddenBy: Id<"users"> | undefined,
): SkillChanges | null {
  if (skill.softDeletedAt !== undefined) return null;
  return {
    softDeletedAt: bannedAt,
    moderationStatus: "hidden",
    moderationReason: "user.banned",
    hiddenAt: bannedAt,
    hiddenBy,
  };
}

/** Takes that back; null for a skill that something else has hidden. */
export function restoredWithOwner(skill: Doc<"skills">, bannedAt: number): SkillChanges | null {
  if (skill.softDeletedAt !== bannedAt || skill.moderationReason !== "user.banned") return null;
  return {
    softDeletedAt: undefined,
    moderationStatus: "active",
    moderationReason: "restored.unban",
    hiddenAt: undefined,
    hiddenBy: undefined,
  };
}
