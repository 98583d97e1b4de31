/**
 * Tables of the talent network, the same for all three forms.
 *
 *   user ── profile ──< match >── opportunity          matching: run ──< staged match, swapped into `matches` at the end
 *     ├──< attendance >── event >── organization
 *     ├──< notification                                "did you attend?" and others
 *     ├──< participation >── program >── organization
 *     └──< mail                                        what was sent, once per kind, user and day
 *
 * Times are milliseconds since the epoch. User ids stand as texts outside of `users`: they come from the identity provider, and one that
 * names no row must not stop anybody else's work.
 */
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import * as fields from "./model/fields.ts";
import { matchFields, runFields, stagedFields } from "./model/matchFields.ts";
import { profileFields } from "./model/profileFields.ts";

export default defineSchema({
  users: defineTable({ name: v.optional(v.string()), email: v.optional(v.string()) }).index("email", ["email"]),

  profiles: defineTable(profileFields)
    .index("by_user", ["userId"])
    .index("by_match_alert", ["notificationPreferences.matchAlerts.enabled", "utcOffsetMinutes"])
    .index("by_weekly_digest", ["notificationPreferences.weeklyDigest.enabled"])
    .index("by_event_digest", ["eventNotificationPreferences.frequency", "utcOffsetMinutes"])
    .index("by_offset_until", ["utcOffsetUntil"]),

  attendance: defineTable(fields.attendanceFields)
    .index("by_user", ["userId"])
    .index("by_event", ["eventId"])
    .index("by_org", ["orgId"])
    .index("by_user_event", ["userId", "eventId"])
    .index("by_user_org", ["userId", "orgId"])
    .index("by_updated", ["updatedAt"]),

  /** Counters of the fixed form; a user without a row is counted from scratch. Written by `model/attendanceWrites.ts` only. */
  attendanceTotals: defineTable({ userId: v.string(), total: v.number(), attended: v.number() }).index("by_user", [
    "userId",
  ]),

  notifications: defineTable(fields.notificationFields)
    .index("by_user", ["userId"])
    .index("by_user_read", ["userId", "read"])
    .index("by_user_read_type", ["userId", "read", "type"])
    .index("by_user_event", ["userId", "eventId"]),

  events: defineTable({
    orgId: v.id("organizations"),
    lumaId: v.string(),
    title: v.string(),
    description: v.string(),
    location: v.optional(v.string()),
    isVirtual: v.boolean(),
    startAt: v.number(),
    endAt: v.number(),
    /** When people were asked whether they came; absent until then. */
    promptedAt: v.optional(v.number()),
  })
    .index("by_org", ["orgId"])
    .index("by_org_start", ["orgId", "startAt"])
    .index("by_start", ["startAt"])
    .index("by_luma_id", ["lumaId"])
    .index("by_prompted_end", ["promptedAt", "endAt"]),

  organizations: defineTable({ name: v.string(), slug: v.string(), logoUrl: v.optional(v.string()), about: v.string() })
    .index("by_slug", ["slug"])
    .searchIndex("search_name", { searchField: "name" }),

  orgMemberships: defineTable({
    orgId: v.id("organizations"),
    userId: v.string(),
    role: v.union(v.literal("admin"), v.literal("member")),
  })
    .index("by_user", ["userId"])
    .index("by_org", ["orgId"])
    .index("by_org_role", ["orgId", "role"])
    .index("by_org_user", ["orgId", "userId"]),

  programs: defineTable({
    orgId: v.id("organizations"),
    name: v.string(),
    slug: v.string(),
    summary: v.string(),
    status: fields.programStatus,
    /** Of the fixed form; a program without it is counted from scratch. Written by `model/participation.ts` only. */
    enrolledCount: v.optional(v.number()),
  })
    .index("by_org", ["orgId"])
    .index("by_org_status", ["orgId", "status"])
    .index("by_org_slug", ["orgId", "slug"]),

  programParticipation: defineTable(fields.participationFields)
    .index("by_program", ["programId"])
    .index("by_user", ["userId"])
    .index("by_org", ["orgId"])
    .index("by_program_status", ["programId", "status"])
    .index("by_user_org", ["userId", "orgId"]),

  opportunities: defineTable(fields.opportunityFields)
    .index("by_source_id", ["sourceId"])
    .index("by_organization", ["organization"])
    .index("by_status", ["status"])
    .index("by_role_type", ["roleType"])
    .index("by_location", ["location"])
    .searchIndex("search_title", { searchField: "title" }),

  matches: defineTable(matchFields)
    .index("by_profile", ["profileId"])
    .index("by_profile_tier", ["profileId", "tier"])
    .index("by_opportunity", ["opportunityId"])
    .index("by_profile_new", ["profileId", "isNew"])
    .index("by_profile_opportunity", ["profileId", "opportunityId"]),

  /** One row for each run of the matching, fixed form. */
  matchRuns: defineTable(runFields).index("by_profile", ["profileId", "startedAt"]),

  /** What a run has found so far; the last step moves it into `matches`. One row for each run and opportunity. */
  stagedMatches: defineTable(stagedFields).index("by_run_opportunity", ["runId", "opportunityId"]),

  /** The outbox. `key` names kind, user and day: a mail is claimed once under it. */
  mails: defineTable(fields.mailFields).index("by_key", ["key"]).index("by_user", ["userId"]),

  engagementScores: defineTable({
    orgId: v.id("organizations"),
    userId: v.string(),
    score: v.number(),
    computedAt: v.number(),
  }).index("by_org_user", ["orgId", "userId"]),

  /** How far a repeated job has looked. */
  cursors: defineTable({ name: v.string(), position: v.number() }).index("by_name", ["name"]),

  /** Demo only: until when the app's own model endpoint answers 429. */
  modelSettings: defineTable({ busyUntil: v.number() }),
});
