/**
 * Shapes and small steps of the queries that the scan jobs ask; the queries themselves are in `scans.ts` and `before/scans.ts`.
 */
import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { isSuspicious, PENDING_SCAN } from "./rules.ts";

/** Reasons of skills whose version a virus scanner should have looked at, whatever their status is. */
export const LLM_REASONS = ["scanner.llm.clean", "scanner.llm.suspicious", "scanner.llm.malicious"] as const;
/** Reason of a public skill that still waits for the virus scanner. */
export const VT_PENDING = "scanner.vt.pending";
const HOUR_MS = 3_600_000;
const STALE_MS = HOUR_MS;
const VERY_STALE_MS = 24 * HOUR_MS;
const HEALTHY_QUEUE = 50;

export const limitArgs = { limit: v.optional(v.number()) };
export const cursorLimitArgs = { limit: v.optional(v.number()), cursor: v.optional(v.string()) };
export const batchArgs = { cursor: v.optional(v.number()), batchSize: v.optional(v.number()) };
export const pendingArgs = { limit: v.optional(v.number()), skipRecentMinutes: v.optional(v.number()) };

export const queueHealth = v.object({
  queueSize: v.number(),
  staleCount: v.number(),
  veryStaleCount: v.number(),
  oldestAgeMinutes: v.number(),
  healthy: v.boolean(),
});
const pointer = { skillId: v.id("skills"), versionId: v.id("skillVersions"), slug: v.string() };
export const versionPointer = v.object(pointer);
export const hashedVersion = v.object({ ...pointer, sha256hash: v.string() });
export const legacyVersion = v.object({ ...pointer, hasHash: v.boolean() });
export const staleReason = v.object({ ...pointer, currentReason: v.string(), vtStatus: v.string() });
export const rescanVersion = v.object({ ...pointer, sha256hash: v.string(), wasFlagged: v.boolean() });
export const pendingVersion = v.object({
  ...pointer,
  sha256hash: v.nullable(v.string()),
  checkCount: v.number(),
});
export const rescanBatch = v.object({
  skills: v.array(rescanVersion),
  nextCursor: v.nullable(v.number()),
  done: v.boolean(),
});
export const llmBatch = v.object({
  skills: v.array(versionPointer),
  nextCursor: v.nullable(v.number()),
  done: v.boolean(),
});

export type QueueHealth = Infer<typeof queueHealth>;
export type VersionPointer = Infer<typeof versionPointer>;
export type HashedVersion = Infer<typeof hashedVersion>;
export type LegacyVersion = Infer<typeof legacyVersion>;
export type StaleReason = Infer<typeof staleReason>;
export type RescanVersion = Infer<typeof rescanVersion>;
export type PendingVersion = Infer<typeof pendingVersion>;

/** The health of the queue that these skills form. */
export function healthOf(queue: readonly Doc<"skills">[], now: number): QueueHealth {
  const ages = queue.map(({ createdAt }) => now - createdAt);
  const veryStaleCount = ages.filter((age) => age > VERY_STALE_MS).length;
  return {
    queueSize: queue.length,
    staleCount: ages.filter((age) => age > STALE_MS).length,
    veryStaleCount,
    oldestAgeMinutes: Math.round(Math.max(0, ...ages) / 60_000),
    healthy: queue.length < HEALTHY_QUEUE && veryStaleCount === 0,
  };
}

/** A skill's latest version, null where there is none. */
export async function latestVersionOf(ctx: QueryCtx, skill: Doc<"skills">): Promise<Doc<"skillVersions"> | null> {
  return skill.latestVersionId === undefined ? null : await ctx.db.get("skillVersions", skill.latestVersionId);
}

/** Skill and version by their ids. */
export function pointerTo(skill: Doc<"skills">, versionId: Id<"skillVersions">): VersionPointer {
  return { skillId: skill._id, versionId, slug: skill.slug };
}

/** The version with its hash, null for a version without one. */
export async function toHashed(ctx: QueryCtx, skill: Doc<"skills">): Promise<HashedVersion | null> {
  const version = await latestVersionOf(ctx, skill);
  if (version?.sha256hash === undefined) return null;
  return { ...pointerTo(skill, version._id), sha256hash: version.sha256hash };
}

/** The version if it has a hash and the virus scanner has not answered for it. */
export async function toMissingVt(ctx: QueryCtx, skill: Doc<"skills">): Promise<HashedVersion | null> {
  const version = await latestVersionOf(ctx, skill);
  if (version?.sha256hash === undefined || version.vtAnalysis !== undefined) return null;
  return { ...pointerTo(skill, version._id), sha256hash: version.sha256hash };
}

/** A skill whose reason still says "pending" although the scanner has answered. */
export async function toStaleReason(ctx: QueryCtx, skill: Doc<"skills">): Promise<StaleReason | null> {
  const version = await latestVersionOf(ctx, skill);
  const vtStatus = version?.vtAnalysis?.status;
  if (version === null || vtStatus === undefined || vtStatus === "") return null;
  return { ...pointerTo(skill, version._id), currentReason: skill.moderationReason ?? "", vtStatus };
}

/** The version to be scanned again. */
export async function toRescan(ctx: QueryCtx, skill: Doc<"skills">): Promise<RescanVersion | null> {
  const hashed = await toHashed(ctx, skill);
  return hashed === null ? null : { ...hashed, wasFlagged: isSuspicious(skill) };
}

/** The version if no language model has judged it, or failed to. */
export async function toLlmBackfill(ctx: QueryCtx, skill: Doc<"skills">): Promise<VersionPointer | null> {
  const version = await latestVersionOf(ctx, skill);
  if (version === null || (version.llmAnalysis !== undefined && version.llmAnalysis.status !== "error")) return null;
  return pointerTo(skill, version._id);
}

/** Whether a version has a hash, at the price of reading it. */
export async function toLegacy(ctx: QueryCtx, skill: Doc<"skills">): Promise<LegacyVersion | null> {
  const version = await latestVersionOf(ctx, skill);
  if (version === null) return null;
  return { ...pointerTo(skill, version._id), hasHash: version.sha256hash !== undefined };
}

/** A version that waits for its scan. */
export async function toPending(ctx: QueryCtx, skill: Doc<"skills">): Promise<PendingVersion | null> {
  const version = await latestVersionOf(ctx, skill);
  if (version === null) return null;
  return {
    ...pointerTo(skill, version._id),
    sha256hash: version.sha256hash ?? null,
    checkCount: skill.scanCheckCount ?? 0,
  };
}

/** What `convert` makes of the skills, without those that it turns down; ends with the `limit`th. */
export async function convertUpTo<T>(
  skills: readonly Doc<"skills">[],
  limit: number,
  convert: (skill: Doc<"skills">) => Promise<T | null>,
): Promise<T[]> {
  const kept: T[] = [];
  for (const skill of skills) {
    if (kept.length >= limit) break;
    const converted = await convert(skill);
    if (converted !== null) kept.push(converted);
  }
  return kept;
}

/** The next batch of a walk by creation time; `rows` were read to be at most `rowsMax`. */
export async function toBatch<T>(
  rows: readonly Doc<"skills">[],
  rowsMax: number,
  batchSize: number,
  convert: (skill: Doc<"skills">) => Promise<T | null>,
): Promise<{ skills: T[]; nextCursor: number | null; done: boolean }> {
  const skills: T[] = [];
  let nextCursor: number | null = null;
  let looked = 0;
  for (const row of rows) {
    if (skills.length >= batchSize) break;
    looked += 1;
    nextCursor = row._creationTime;
    const converted = await convert(row);
    if (converted !== null) skills.push(converted);
  }
  return { skills, nextCursor, done: looked === rows.length && rows.length < rowsMax };
}

/** Skills that wait for a scan and were not asked about lately, those first that were never or longest ago asked about. */
export function dueForCheck(skills: readonly Doc<"skills">[], now: number, skipRecentMinutes: number): Doc<"skills">[] {
  const before = now - skipRecentMinutes * 60_000;
  return skills
    .filter((skill) => skill.moderationReason === PENDING_SCAN && (skill.scanLastCheckedAt ?? 0) <= before)
    .toSorted((a, b) => (a.scanLastCheckedAt ?? 0) - (b.scanLastCheckedAt ?? 0));
}
