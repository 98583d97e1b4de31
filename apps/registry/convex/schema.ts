/**
 * Tables of the skill registry.
 *
 *   user ──< skill ──< version (files, scan results)
 *              ├──< badge, star, comment, report
 *              └──< stat event ──> daily stats ──> leaderboard
 *
 * Fields that are copies or results of other fields: `skills.isSuspicious`, `skills.latestVersionSummary`, `skills.stats…` and
 * `globalStats`. Who may write and who may read them is said in `model/skillWrites.ts` and `model/backfills.ts`.
 */
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import {
  badgeKind,
  badges,
  changelogSource,
  forkOf,
  leaderboardItem,
  llmAnalysis,
  moderationStatus,
  parsedFiles,
  quality,
  skillStats,
  statEventKind,
  versionFile,
  versionSummary,
  vtAnalysis,
} from "./model/fields.ts";

const EMBEDDING_DIMENSIONS = 1_536;

export default defineSchema({
  users: defineTable({
    handle: v.string(),
    /** Subject of the identity that this person signs in with. */
    subject: v.optional(v.string()),
    name: v.optional(v.string()),
    displayName: v.optional(v.string()),
    image: v.optional(v.string()),
    bio: v.optional(v.string()),
    bannedAt: v.optional(v.number()),
    createdAt: v.number(),
    updatedAt: v.number(),
  })
    .index("by_handle", ["handle"])
    .index("by_subject", ["subject"]),

  skills: defineTable({
    slug: v.string(),
    displayName: v.string(),
    summary: v.optional(v.string()),
    resourceId: v.optional(v.string()),
    ownerUserId: v.id("users"),
    canonicalSkillId: v.optional(v.id("skills")),
    forkOf: v.optional(forkOf),
    latestVersionId: v.optional(v.id("skillVersions")),
    /** What `latestVersionId` points to, in short. Read only when its backfill is proved complete. */
    latestVersionSummary: v.optional(versionSummary),
    tags: v.record(v.string(), v.id("skillVersions")),
    softDeletedAt: v.optional(v.number()),
    badges: v.optional(badges),
    moderationStatus: v.optional(moderationStatus),
    moderationNotes: v.optional(v.string()),
    moderationReason: v.optional(v.string()),
    quality: v.optional(quality),
    /** Follows from flags and reason (`model/rules.ts`). Read only when its backfill is proved complete. */
    isSuspicious: v.optional(v.boolean()),
    moderationFlags: v.optional(v.array(v.string())),
    lastReviewedAt: v.optional(v.number()),
    scanLastCheckedAt: v.optional(v.number()),
    scanCheckCount: v.optional(v.number()),
    hiddenAt: v.optional(v.number()),
    hiddenBy: v.optional(v.id("users")),
    reportCount: v.optional(v.number()),
    lastReportedAt: v.optional(v.number()),
    batch: v.optional(v.string()),
    statsDownloads: v.optional(v.number()),
    statsStars: v.optional(v.number()),
    statsInstallsCurrent: v.optional(v.number()),
    statsInstallsAllTime: v.optional(v.number()),
    stats: skillStats,
    createdAt: v.number(),
    updatedAt: v.number(),
  })
    .index("by_slug", ["slug"])
    .index("by_owner", ["ownerUserId"])
    .index("by_updated", ["updatedAt"])
    .index("by_stats_downloads", ["statsDownloads", "updatedAt"])
    .index("by_stats_stars", ["statsStars", "updatedAt"])
    .index("by_stats_installs_current", ["statsInstallsCurrent", "updatedAt"])
    .index("by_stats_installs_all_time", ["statsInstallsAllTime", "updatedAt"])
    .index("by_batch", ["batch"])
    .index("by_active_updated", ["softDeletedAt", "updatedAt"])
    .index("by_active_created", ["softDeletedAt", "createdAt"])
    .index("by_active_name", ["softDeletedAt", "displayName"])
    .index("by_active_stats_downloads", ["softDeletedAt", "statsDownloads", "updatedAt"])
    .index("by_active_stats_stars", ["softDeletedAt", "statsStars", "updatedAt"])
    .index("by_active_stats_installs_all_time", ["softDeletedAt", "statsInstallsAllTime", "updatedAt"])
    .index("by_canonical", ["canonicalSkillId"])
    .index("by_fork_of", ["forkOf.skillId"])
    .index("by_moderation", ["moderationStatus", "moderationReason"])
    .index("by_nonsuspicious_updated", ["softDeletedAt", "isSuspicious", "updatedAt"])
    .index("by_nonsuspicious_created", ["softDeletedAt", "isSuspicious", "createdAt"])
    .index("by_nonsuspicious_name", ["softDeletedAt", "isSuspicious", "displayName"])
    .index("by_nonsuspicious_downloads", ["softDeletedAt", "isSuspicious", "statsDownloads", "updatedAt"])
    .index("by_nonsuspicious_stars", ["softDeletedAt", "isSuspicious", "statsStars", "updatedAt"])
    .index("by_nonsuspicious_installs", ["softDeletedAt", "isSuspicious", "statsInstallsAllTime", "updatedAt"]),

  skillVersions: defineTable({
    skillId: v.id("skills"),
    version: v.string(),
    fingerprint: v.optional(v.string()),
    changelog: v.string(),
    changelogSource: v.optional(changelogSource),
    files: v.array(versionFile),
    parsed: parsedFiles,
    createdBy: v.id("users"),
    createdAt: v.number(),
    softDeletedAt: v.optional(v.number()),
    sha256hash: v.optional(v.string()),
    vtAnalysis: v.optional(vtAnalysis),
    llmAnalysis: v.optional(llmAnalysis),
  })
    .index("by_skill", ["skillId"])
    .index("by_skill_version", ["skillId", "version"])
    .index("by_sha256hash", ["sha256hash"]),

  skillEmbeddings: defineTable({
    skillId: v.id("skills"),
    versionId: v.id("skillVersions"),
    ownerId: v.id("users"),
    embedding: v.array(v.number()),
    isLatest: v.boolean(),
    visibility: v.string(),
    updatedAt: v.number(),
  })
    .index("by_skill", ["skillId"])
    .index("by_version", ["versionId"])
    .vectorIndex("by_embedding", {
      vectorField: "embedding",
      dimensions: EMBEDDING_DIMENSIONS,
      filterFields: ["visibility"],
    }),

  embeddingSkillMap: defineTable({ embeddingId: v.id("skillEmbeddings"), skillId: v.id("skills") }).index(
    "by_embedding",
    ["embeddingId"],
  ),

  skillBadges: defineTable({
    skillId: v.id("skills"),
    kind: badgeKind,
    byUserId: v.id("users"),
    at: v.number(),
  })
    .index("by_skill", ["skillId"])
    .index("by_skill_kind", ["skillId", "kind"])
    .index("by_kind_at", ["kind", "at"]),

  skillDailyStats: defineTable({
    skillId: v.id("skills"),
    day: v.number(),
    downloads: v.number(),
    installs: v.number(),
    updatedAt: v.number(),
  })
    .index("by_skill_day", ["skillId", "day"])
    .index("by_day", ["day"]),

  skillLeaderboards: defineTable({
    kind: v.string(),
    generatedAt: v.number(),
    rangeStartDay: v.number(),
    rangeEndDay: v.number(),
    items: v.array(leaderboardItem),
  }).index("by_kind", ["kind", "generatedAt"]),

  globalStats: defineTable({
    key: v.string(),
    activeSkillsCount: v.number(),
    /** How often a write has changed the count; tells a recount that it was overtaken. */
    changes: v.optional(v.number()),
    updatedAt: v.number(),
  }).index("by_key", ["key"]),

  skillStatEvents: defineTable({
    skillId: v.id("skills"),
    kind: statEventKind,
    /** What an `install_clear` takes away. */
    delta: v.optional(v.object({ allTime: v.number(), current: v.number() })),
    occurredAt: v.number(),
    processedAt: v.optional(v.number()),
  })
    .index("by_unprocessed", ["processedAt"])
    .index("by_skill", ["skillId"]),

  skillStatUpdateCursors: defineTable({
    key: v.string(),
    cursorCreationTime: v.optional(v.number()),
    updatedAt: v.number(),
  }).index("by_key", ["key"]),

  stars: defineTable({ skillId: v.id("skills"), userId: v.id("users"), createdAt: v.number() })
    .index("by_skill_user", ["skillId", "userId"])
    .index("by_user", ["userId"]),

  comments: defineTable({
    skillId: v.id("skills"),
    userId: v.id("users"),
    body: v.string(),
    softDeletedAt: v.optional(v.number()),
    createdAt: v.number(),
  }).index("by_skill", ["skillId"]),

  skillReports: defineTable({
    skillId: v.id("skills"),
    userId: v.id("users"),
    reason: v.string(),
    createdAt: v.number(),
  })
    .index("by_skill_user", ["skillId", "userId"])
    .index("by_user", ["userId"]),

  /** How far a backfill has come, and whether that proves it complete (`model/backfills.ts`). */
  backfills: defineTable({
    name: v.string(),
    startedAt: v.number(),
    /** Where the step has to start that continues the proof; absent: nothing is proved by going on. */
    nextCursor: v.optional(v.string()),
    scanned: v.number(),
    completedAt: v.optional(v.number()),
  }).index("by_name", ["name"]),
});
