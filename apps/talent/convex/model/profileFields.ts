/**
 * Fields of a profile.
 */
import { v } from "convex/values";

const visibility = v.union(v.literal("public"), v.literal("members"), v.literal("private"));

export const attendanceDefaults = v.object({ showOnProfile: v.boolean(), showToOtherOrgs: v.boolean() });

export const notificationPreferences = v.object({
  matchAlerts: v.object({ enabled: v.boolean() }),
  weeklyDigest: v.object({ enabled: v.boolean() }),
  /** A name of the time zone database, "Europe/Berlin". */
  timezone: v.string(),
});

export const eventFrequency = v.union(v.literal("all"), v.literal("daily"), v.literal("weekly"), v.literal("none"));

export const profileFields = {
  userId: v.string(),
  name: v.optional(v.string()),
  pronouns: v.optional(v.string()),
  location: v.optional(v.string()),
  headline: v.optional(v.string()),
  education: v.optional(
    v.array(v.object({ institution: v.string(), degree: v.optional(v.string()), note: v.optional(v.string()) })),
  ),
  workHistory: v.optional(
    v.array(v.object({ organization: v.string(), title: v.string(), description: v.optional(v.string()) })),
  ),
  skills: v.optional(v.array(v.string())),
  careerGoals: v.optional(v.string()),
  aiSafetyInterests: v.optional(v.array(v.string())),
  seeking: v.optional(v.string()),
  enrichmentSummary: v.optional(v.string()),
  hasEnrichmentConversation: v.optional(v.boolean()),
  privacySettings: v.optional(
    v.object({
      defaultVisibility: visibility,
      sectionVisibility: v.optional(v.record(v.string(), visibility)),
      hiddenFromOrgs: v.optional(v.array(v.id("organizations"))),
      locationDiscoverable: v.optional(v.boolean()),
      attendancePrivacyDefaults: v.optional(attendanceDefaults),
    }),
  ),
  completedSections: v.optional(v.array(v.string())),
  notificationPreferences: v.optional(notificationPreferences),
  eventNotificationPreferences: v.optional(
    v.object({
      frequency: eventFrequency,
      reminderTiming: v.optional(v.string()),
      mutedOrgIds: v.optional(v.array(v.id("organizations"))),
    }),
  ),
  /** Of the fixed form: minutes that the local clock is ahead of UTC, and until when that holds. Kept by `model/mailHours.ts`. */
  utcOffsetMinutes: v.optional(v.number()),
  utcOffsetUntil: v.optional(v.number()),
  createdAt: v.number(),
  updatedAt: v.number(),
};
