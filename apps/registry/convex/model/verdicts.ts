/**
 * Verdicts on versions: a plain scanner that needs no network, and what a verdict does.
 */
import { v, type Infer } from "convex/values";
import type { MutationCtx } from "../_generated/server.js";
import { verdictStatus, type VerdictStatus } from "./fields.ts";
import { approveByHash, escalateByHash, markScanStale, noteScanCheck } from "./moderation.ts";
import type { SkillWrites } from "./skillWrites.ts";

/** Scans asked for in vain before a skill counts as stale. */
const CHECKS_MAX = 10;
/** Of 256 contents this many are malicious, suspicious, or looked at twice before they are clean. */
const MALICIOUS = 3;
const SUSPICIOUS = 8;
const SLOW = 5;
const CHECKS_OF_SLOW = 2;

/**
 * What the local scanner says about a content, the same each time: the first byte of its hash decides. A slow one is "pending" until it
 * was asked `CHECKS_OF_SLOW` times, and a content without a hash stays so.
 */
export function localVerdict(sha256hash: string | null, checkCount: number): VerdictStatus {
  const byte = Number.parseInt((sha256hash ?? "").slice(0, 2), 16);
  if (Number.isNaN(byte)) return "pending";
  if (byte < MALICIOUS) return "malicious";
  if (byte < MALICIOUS + SUSPICIOUS) return "suspicious";
  if (byte < MALICIOUS + SUSPICIOUS + SLOW && checkCount < CHECKS_OF_SLOW) return "pending";
  return "clean";
}

/** A verdict, and how far it may go: `approve` sets the skill's state, `escalate` makes it worse only. */
export const verdict = v.object({
  skillId: v.id("skills"),
  versionId: v.id("skillVersions"),
  status: verdictStatus,
  effect: v.union(v.literal("approve"), v.literal("escalate")),
});
export const verdictsArgs = { verdicts: v.array(verdict) };
export type Verdict = Infer<typeof verdict>;

export const scanVersionArgs = { skillId: v.id("skills"), versionId: v.id("skillVersions"), sha256hash: v.string() };

/** What the first scan of a version says; it decides about its skill. */
export function firstVerdict({
  sha256hash,
  ...version
}: Pick<Verdict, "skillId" | "versionId"> & { readonly sha256hash: string }): Verdict {
  return { ...version, status: localVerdict(sha256hash, 0), effect: "approve" };
}

/** Writes verdicts down and lets them take effect. */
export async function recordVerdicts(
  ctx: MutationCtx,
  writes: SkillWrites,
  verdicts: readonly Verdict[],
): Promise<null> {
  for (const each of verdicts) await recordVerdict(ctx, writes, each);
  return null;
}

async function recordVerdict(
  ctx: MutationCtx,
  writes: SkillWrites,
  { skillId, versionId, status, effect }: Verdict,
): Promise<void> {
  if (status === "pending") return await noteWaiting(ctx, writes, skillId);
  const version = await ctx.db.get("skillVersions", versionId);
  if (version?.sha256hash === undefined) return;
  const { sha256hash } = version;
  await ctx.db.patch("skillVersions", versionId, {
    vtAnalysis: { status, verdict: status, source: "local", checkedAt: Date.now() },
  });
  if (effect === "approve") await approveByHash(ctx, writes, { sha256hash, scanner: "vt", status });
  else if (status !== "clean") await escalateByHash(ctx, writes, { sha256hash, status });
}

async function noteWaiting(ctx: MutationCtx, writes: SkillWrites, skillId: Verdict["skillId"]): Promise<void> {
  const skill = await ctx.db.get("skills", skillId);
  if (skill === null) return;
  if ((skill.scanCheckCount ?? 0) + 1 >= CHECKS_MAX) await markScanStale(ctx, writes, skillId);
  else await noteScanCheck(ctx, writes, skillId);
}
