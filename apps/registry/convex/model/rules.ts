/**
 * What follows from a skill's own fields: whether it is suspicious, whether the public sees it, how its version reads in short.
 *
 * Pure functions, the same for every form. The stored copies (`isSuspicious`, `latestVersionSummary`) are made by nothing else.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { VersionSummary } from "./fields.ts";

/** Flag of a skill that a person should look at twice; it stays public. */
export const SUSPICIOUS_FLAG = "flagged.suspicious";
/** Flag of a skill that nobody may install. */
export const MALWARE_FLAG = "blocked.malware";
/** Reason of a skill that waits for its first scan. */
export const PENDING_SCAN = "pending.scan";

/** Whether flags or reason call a skill suspicious. */
export function isSuspicious(skill: Pick<Doc<"skills">, "moderationFlags" | "moderationReason">): boolean {
  if (skill.moderationFlags?.includes(SUSPICIOUS_FLAG) === true) return true;
  const reason = skill.moderationReason ?? "";
  return reason.startsWith("scanner.") && reason.endsWith(".suspicious");
}

/** Whether everybody may see a skill. */
export function isPublic(
  skill: Pick<Doc<"skills">, "softDeletedAt" | "moderationStatus" | "moderationFlags">,
): boolean {
  if (skill.softDeletedAt !== undefined) return false;
  if (skill.moderationStatus !== undefined && skill.moderationStatus !== "active") return false;
  return skill.moderationFlags?.includes(MALWARE_FLAG) !== true;
}

/** The five fields of a version that its skill carries along. */
export function summaryOf(version: Doc<"skillVersions">): VersionSummary {
  const { changelogSource, parsed } = version;
  return {
    version: version.version,
    createdAt: version.createdAt,
    changelog: version.changelog,
    ...(changelogSource === undefined ? {} : { changelogSource }),
    ...(parsed.clawdis === undefined ? {} : { clawdis: parsed.clawdis as unknown }),
  };
}

/** Whether two summaries say the same in all five fields; `clawdis` may hold anything and is compared as JSON. */
export function isSameSummary(a: VersionSummary | undefined, b: VersionSummary | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.version === b.version &&
    a.createdAt === b.createdAt &&
    a.changelog === b.changelog &&
    a.changelogSource === b.changelogSource &&
    JSON.stringify(a.clawdis) === JSON.stringify(b.clawdis)
  );
}

/** Flags with `wanted` added and `unwanted` taken away, each once, in a fixed order. */
export function changeFlags(
  flags: readonly string[] | undefined,
  wanted: readonly string[],
  unwanted: readonly string[] = [],
): string[] | undefined {
  const next = new Set([...(flags ?? []), ...wanted].filter((flag) => !unwanted.includes(flag)));
  return next.size === 0 ? undefined : [...next].toSorted((a, b) => (a < b ? -1 : 1));
}
