/**
 * The words of the data model: shapes that tables, arguments and results share.
 *
 * Times are milliseconds since the epoch, days are whole days since the epoch.
 */
import { v, type Infer } from "convex/values";

export const moderationStatus = v.union(v.literal("active"), v.literal("hidden"), v.literal("removed"));

/** Who wrote a changelog. */
export const changelogSource = v.union(v.literal("auto"), v.literal("user"));

/** What a scanner can say about a version. */
export const verdictStatus = v.union(
  v.literal("clean"),
  v.literal("suspicious"),
  v.literal("malicious"),
  v.literal("pending"),
);

/** The five fields of a version that a list entry shows, copied onto its skill. `clawdis` is what the skill declares for itself. */
export const versionSummary = v.object({
  version: v.string(),
  createdAt: v.number(),
  changelog: v.string(),
  changelogSource: v.optional(changelogSource),
  clawdis: v.optional(v.any()),
});

export const badgeKind = v.union(
  v.literal("redactionApproved"),
  v.literal("highlighted"),
  v.literal("official"),
  v.literal("deprecated"),
);

const badgeMark = v.object({ byUserId: v.id("users"), at: v.number() });

export const badges = v.object({
  redactionApproved: v.optional(badgeMark),
  highlighted: v.optional(badgeMark),
  official: v.optional(badgeMark),
  deprecated: v.optional(badgeMark),
});

export const skillStats = v.object({
  downloads: v.number(),
  installsCurrent: v.optional(v.number()),
  installsAllTime: v.optional(v.number()),
  stars: v.number(),
  versions: v.number(),
  comments: v.number(),
});

export const forkOf = v.object({
  skillId: v.id("skills"),
  kind: v.union(v.literal("fork"), v.literal("duplicate")),
  version: v.optional(v.string()),
  at: v.number(),
});

/** What an automatic reader thought of a skill's text. */
export const quality = v.object({
  score: v.number(),
  decision: v.string(),
  trustTier: v.string(),
  similarSkills: v.optional(v.number()),
  reason: v.optional(v.string()),
  evaluatedAt: v.optional(v.number()),
});

/** A file of a version. `storageId` names its content wherever the publisher put it. */
export const versionFile = v.object({
  path: v.string(),
  size: v.number(),
  storageId: v.string(),
  sha256: v.string(),
  contentType: v.optional(v.string()),
});

export const parsedFiles = v.object({
  frontmatter: v.record(v.string(), v.any()),
  metadata: v.optional(v.any()),
  clawdis: v.optional(v.any()),
  moltbot: v.optional(v.any()),
});

export const vtAnalysis = v.object({
  status: v.string(),
  verdict: v.optional(v.string()),
  analysis: v.optional(v.string()),
  source: v.optional(v.string()),
  checkedAt: v.number(),
});

export const llmAnalysis = v.object({
  status: v.string(),
  verdict: v.optional(v.string()),
  confidence: v.optional(v.string()),
  summary: v.optional(v.string()),
  dimensions: v.optional(
    v.array(v.object({ name: v.string(), label: v.string(), rating: v.string(), detail: v.string() })),
  ),
  checkedAt: v.number(),
});

/** What happens to a skill that its counters count. */
export const statEventKind = v.union(
  v.literal("download"),
  v.literal("star"),
  v.literal("unstar"),
  v.literal("comment"),
  v.literal("uncomment"),
  v.literal("install_new"),
  v.literal("install_reactivate"),
  v.literal("install_deactivate"),
  v.literal("install_clear"),
);

export const leaderboardItem = v.object({
  skillId: v.id("skills"),
  score: v.number(),
  installs: v.number(),
  downloads: v.number(),
});

/** The orders that a list can have. */
export const listSort = v.union(
  v.literal("newest"),
  v.literal("updated"),
  v.literal("downloads"),
  v.literal("installs"),
  v.literal("stars"),
  v.literal("name"),
);

export const listDirection = v.union(v.literal("asc"), v.literal("desc"));

export type VersionSummary = Infer<typeof versionSummary>;
export type BadgeKind = Infer<typeof badgeKind>;
export type SkillStats = Infer<typeof skillStats>;
export type StatEventKind = Infer<typeof statEventKind>;
export type VerdictStatus = Infer<typeof verdictStatus>;
export type LeaderboardItem = Infer<typeof leaderboardItem>;
export type ListSort = Infer<typeof listSort>;
export type ListDirection = Infer<typeof listDirection>;
