/**
 * The words of the data model: fields of tables that arguments and results share, apart from profiles and matches.
 */
import { v, type Infer } from "convex/values";

/** Whether somebody came; "unknown" is a registration that nobody has confirmed. */
export const attendanceStatus = v.union(
  v.literal("attended"),
  v.literal("partial"),
  v.literal("not_attended"),
  v.literal("unknown"),
);

export const attendanceFields = {
  userId: v.string(),
  eventId: v.id("events"),
  orgId: v.id("organizations"),
  status: attendanceStatus,
  respondedAt: v.optional(v.number()),
  /** 1 to 5. */
  feedbackRating: v.optional(v.number()),
  feedbackText: v.optional(v.string()),
  feedbackSubmittedAt: v.optional(v.number()),
  showOnProfile: v.boolean(),
  showToOtherOrgs: v.boolean(),
  createdAt: v.number(),
  updatedAt: v.number(),
};

/** The only type of notification that functions look for; all others are just shown. */
export const PROMPT = "attendance_prompt";

export const notificationFields = {
  userId: v.string(),
  type: v.string(),
  eventId: v.optional(v.id("events")),
  orgId: v.optional(v.id("organizations")),
  title: v.string(),
  body: v.string(),
  actionUrl: v.optional(v.string()),
  read: v.boolean(),
  createdAt: v.number(),
  promptNumber: v.optional(v.number()),
};

export const programStatus = v.union(v.literal("planning"), v.literal("active"), v.literal("completed"));

export const participationStatus = v.union(
  v.literal("pending"),
  v.literal("enrolled"),
  v.literal("completed"),
  v.literal("withdrawn"),
  v.literal("removed"),
);

export const participationFields = {
  programId: v.id("programs"),
  userId: v.string(),
  orgId: v.id("organizations"),
  status: participationStatus,
  enrolledAt: v.number(),
};

export const opportunityFields = {
  sourceId: v.string(),
  title: v.string(),
  organization: v.string(),
  /** Set when the organisation is one of ours; people can hide from it. */
  organizationId: v.optional(v.id("organizations")),
  description: v.string(),
  requirements: v.array(v.string()),
  location: v.string(),
  isRemote: v.boolean(),
  roleType: v.string(),
  experienceLevel: v.optional(v.string()),
  salaryRange: v.optional(v.string()),
  sourceUrl: v.string(),
  deadline: v.optional(v.number()),
  status: v.union(v.literal("active"), v.literal("closed")),
  updatedAt: v.number(),
};

export const mailKind = v.union(
  v.literal("match-alert"),
  v.literal("weekly-digest"),
  v.literal("daily-event-digest"),
  v.literal("weekly-event-digest"),
);

export const mailFields = {
  key: v.string(),
  kind: mailKind,
  userId: v.string(),
  to: v.string(),
  /** Empty until the mail is rendered. */
  subject: v.string(),
  status: v.union(v.literal("sending"), v.literal("sent"), v.literal("failed"), v.literal("nothing to say")),
  /** How often sending was tried. */
  tries: v.number(),
  claimedAt: v.number(),
  sentAt: v.optional(v.number()),
  messageId: v.optional(v.string()),
  error: v.optional(v.string()),
};

export type AttendanceStatus = Infer<typeof attendanceStatus>;
export type ParticipationStatus = Infer<typeof participationStatus>;
export type MailKind = Infer<typeof mailKind>;
