/**
 * Skills, versions and people of the data set to measure with, in the sizes of real ones.
 *
 * The derived fields are absent: this is the registry as it was before they were invented, and the backfills are part of what is measured.
 */
import type { Id } from "../_generated/dataModel.js";
import { LLM_REASONS, VT_PENDING } from "./scans.ts";
import { MALWARE_FLAG, PENDING_SCAN, SUSPICIOUS_FLAG } from "./rules.ts";
import { ownerHandle, SHARES } from "./seedPlan.ts";
import { between, cut, cutExactly, hash, pick, skillName, type Random } from "./seedText.ts";

const DAY_MS = 86_400_000;
const AGE_DAYS = 180;
const BYTES = { bio: 240, summary: 225, changelog: 300, frontmatter: 1_050, dimension: 270, analysis: 260 };
const FILES = 12;
const DIMENSIONS = ["purpose", "permissions", "network", "instructions", "persistence"];

/** What the pieces of a step share. */
export interface SeedInput {
  readonly random: Random;
  readonly corpus: string;
  /** Hexadecimal digits to cut hashes from that need not differ. */
  readonly digits: string;
  readonly now: number;
  /** Skills of the whole data set. */
  readonly total: number;
}

/** A person. */
export function seedUser({ random, corpus, now }: SeedInput, index: number) {
  const name = skillName(random);
  return {
    handle: ownerHandle(index),
    name,
    displayName: name,
    image: `https://images.invalid/avatars/${hash(random)}.png`,
    bio: cut(random, corpus, BYTES.bio),
    createdAt: now - AGE_DAYS * DAY_MS,
    updatedAt: now - AGE_DAYS * DAY_MS,
  };
}

/** The moderation of a skill, and what the virus scanner has said of its latest version. */
export interface SeedState {
  readonly moderationStatus?: "active" | "hidden";
  readonly moderationReason?: string;
  readonly moderationFlags?: string[];
  readonly isDeleted: boolean;
  readonly hasVtAnalysis: boolean;
}

/** States in the shares of {@link SHARES}. */
export function seedState(random: Random): SeedState {
  const place = random();
  const known = { isDeleted: false, hasVtAnalysis: true };
  if (place < SHARES.waiting)
    return { ...known, hasVtAnalysis: false, moderationStatus: "hidden", moderationReason: PENDING_SCAN };
  if (place < SHARES.hidden) {
    return {
      ...known,
      moderationStatus: "hidden",
      moderationReason: "scanner.vt.malicious",
      moderationFlags: [MALWARE_FLAG],
    };
  }
  if (place < SHARES.hidden + SHARES.deleted) {
    return { ...known, isDeleted: true, moderationStatus: "hidden", moderationReason: "user.banned" };
  }
  if (place < 1 - SHARES.active) return known;
  return activeState(random);
}

function activeState(random: Random): SeedState {
  const known = { isDeleted: false, hasVtAnalysis: true, moderationStatus: "active" as const };
  const place = random() * SHARES.active;
  if (place < SHARES.suspicious) {
    const isFlagged = random() < 0.6;
    return isFlagged
      ? { ...known, moderationReason: "scanner.vt.suspicious", moderationFlags: [SUSPICIOUS_FLAG] }
      : { ...known, moderationReason: "scanner.vt.suspicious" };
  }
  if (place < SHARES.suspicious + 0.01) {
    return { ...known, moderationReason: LLM_REASONS[0], hasVtAnalysis: random() < 0.8 };
  }
  if (place < SHARES.suspicious + 0.014)
    return { ...known, moderationReason: VT_PENDING, hasVtAnalysis: random() < 0.5 };
  if (place < SHARES.suspicious + 0.016) return { ...known, moderationReason: PENDING_SCAN, hasVtAnalysis: false };
  if (place < SHARES.suspicious + 0.03) return { ...known, hasVtAnalysis: false };
  return { ...known, moderationReason: "scanner.vt.clean" };
}

/** A skill without its version and tags. */
export function seedSkill(
  input: SeedInput,
  index: number,
  ownerUserId: Id<"users">,
  { isDeleted, hasVtAnalysis: _unused, ...moderation }: SeedState,
  versions: number,
) {
  const { random, corpus, now, total } = input;
  const name = skillName(random);
  const createdAt = Math.round(now - AGE_DAYS * DAY_MS * (1 - index / total));
  const updatedAt = Math.round(createdAt + (now - createdAt) * random() * 0.5);
  // A few are known to everybody, most to hardly anyone.
  const downloads = Math.floor(20_000 * random() ** 6);
  const stats = {
    downloads,
    stars: Math.floor((downloads / 40) * random()),
    installsAllTime: Math.floor(downloads / 5),
    installsCurrent: Math.floor(downloads / 9),
    versions,
    comments: between(random, 0, 3),
  };
  return {
    slug: `${name.toLowerCase().replace(" ", "-")}-${index}`,
    displayName: name,
    summary: cut(random, corpus, BYTES.summary),
    resourceId: `r-${hash(random).slice(0, 12)}`,
    ownerUserId,
    ...moderation,
    ...(isDeleted ? { softDeletedAt: updatedAt } : {}),
    ...(random() < 0.5
      ? {
          quality: {
            score: between(random, 30, 99),
            decision: "pass",
            trustTier: pick(random, ["low", "medium", "trusted"]),
          },
        }
      : {}),
    batch: "measure",
    scanCheckCount: between(random, 1, 3),
    scanLastCheckedAt: updatedAt,
    statsDownloads: stats.downloads,
    statsStars: stats.stars,
    statsInstallsCurrent: stats.installsCurrent,
    statsInstallsAllTime: stats.installsAllTime,
    stats,
    createdAt,
    updatedAt,
  };
}

/** A version: files 2 KB, frontmatter 1 KB, what a language model said 2 KB. */
export function seedVersion(
  { random, corpus, digits }: SeedInput,
  skillId: Id<"skills">,
  createdBy: Id<"users">,
  { version, createdAt, hasVtAnalysis }: { version: string; createdAt: number; hasVtAnalysis: boolean },
) {
  return {
    skillId,
    version,
    fingerprint: hash(random),
    changelog: cut(random, corpus, BYTES.changelog),
    changelogSource: pick(random, ["auto", "user"] as const),
    files: Array.from({ length: FILES }, (_, at) => ({
      path: at === 0 ? "SKILL.md" : `references/part-${at}.md`,
      size: between(random, 300, 9_000),
      storageId: cutExactly(random, digits, 32),
      sha256: cutExactly(random, digits, 64),
      contentType: "text/markdown",
    })),
    parsed: {
      frontmatter: {
        name: skillName(random),
        description: cut(random, corpus, BYTES.frontmatter),
        license: "Apache-2.0",
      },
      clawdis: { emoji: "🧭", requires: { bins: ["git"], env: ["SKILL_TOKEN"] } },
    },
    createdBy,
    createdAt,
    sha256hash: hash(random),
    ...(hasVtAnalysis
      ? {
          vtAnalysis: {
            status: "clean",
            verdict: "clean",
            analysis: cut(random, corpus, BYTES.analysis),
            source: "local",
            checkedAt: createdAt,
          },
        }
      : {}),
    llmAnalysis: {
      status: "clean",
      verdict: "benign",
      confidence: "high",
      summary: cut(random, corpus, BYTES.analysis),
      dimensions: DIMENSIONS.map((name) => ({
        name,
        label: name,
        rating: "ok",
        detail: cut(random, corpus, BYTES.dimension),
      })),
      checkedAt: createdAt,
    },
  };
}

/** How many versions a skill has: 2.2 in the mean. */
export function versionCount(random: Random): number {
  return pick(random, [1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
}
