/**
 * The four mails that go out to many: who gets one, and what is known about a recipient.
 *
 * A form differs in how it finds profiles and users; whom it finds is decided here.
 */
import { v, type Infer, type ObjectType } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import type { MailKind } from "./fields.ts";
import { DEFAULT_TIMEZONE, localHoursAt } from "./mailHours.ts";

/** The local hour of alerts and daily digests. */
export const MAIL_HOUR = 8;

const base = { userId: v.string(), email: v.string(), profileId: v.id("profiles"), userName: v.string() };
const muted = v.array(v.id("organizations"));

export const alertRecipient = v.object({ ...base, timezone: v.string() });
export const digestRecipient = v.object({
  ...base,
  timezone: v.string(),
  completedSections: v.array(v.string()),
  hasEnrichmentConversation: v.boolean(),
});
export const dailyEventRecipient = v.object({ ...base, timezone: v.string(), mutedOrgIds: muted });
export const weeklyEventRecipient = v.object({ ...base, mutedOrgIds: muted });

/** A recipient of any kind of mail. */
export const recipient = v.union(alertRecipient, digestRecipient, dailyEventRecipient, weeklyEventRecipient);

export const hourArguments = { targetLocalHour: v.number() };

export type Recipient = Infer<typeof recipient>;
export type HourArguments = ObjectType<typeof hourArguments>;
type Profile = Doc<"profiles">;

/** Each kind: whether a profile wants it, whether it waits for the local hour, and the recipient that it gives. */
export const MAILS = {
  "match-alert": {
    isHourly: true,
    wants: (profile: Profile) => profile.notificationPreferences?.matchAlerts.enabled === true,
    show: (profile: Profile, email: string) => ({ ...common(profile, email), timezone: timezoneOf(profile) }),
  },
  "weekly-digest": {
    isHourly: false,
    wants: (profile: Profile) => profile.notificationPreferences?.weeklyDigest.enabled === true,
    show: (profile: Profile, email: string) => ({
      ...common(profile, email),
      timezone: timezoneOf(profile),
      completedSections: profile.completedSections ?? [],
      hasEnrichmentConversation: profile.hasEnrichmentConversation ?? false,
    }),
  },
  "daily-event-digest": {
    isHourly: true,
    wants: (profile: Profile) => profile.eventNotificationPreferences?.frequency === "daily",
    show: (profile: Profile, email: string) => ({
      ...common(profile, email),
      timezone: timezoneOf(profile),
      mutedOrgIds: profile.eventNotificationPreferences?.mutedOrgIds ?? [],
    }),
  },
  "weekly-event-digest": {
    isHourly: false,
    wants: (profile: Profile) => profile.eventNotificationPreferences?.frequency === "weekly",
    show: (profile: Profile, email: string) => ({
      ...common(profile, email),
      mutedOrgIds: profile.eventNotificationPreferences?.mutedOrgIds ?? [],
    }),
  },
} as const satisfies Record<MailKind, unknown>;

/** Recipients of a kind, as its query gives them. */
export type RecipientOf<K extends MailKind> = ReturnType<(typeof MAILS)[K]["show"]>;

/** Those profiles to which a mail of this kind goes now. */
export function eligibleOf(
  kind: MailKind,
  profiles: readonly Profile[],
  targetLocalHour: number | undefined,
): Profile[] {
  const hourOf = localHoursAt(Date.now());
  return profiles.filter(
    (profile) =>
      MAILS[kind].wants(profile) && (targetLocalHour === undefined || hourOf(timezoneOf(profile)) === targetLocalHour),
  );
}

/** Recipients of those profiles whose user has an address. */
export function toRecipients<K extends MailKind>(
  kind: K,
  profiles: readonly Profile[],
  userOf: (profile: Profile) => Doc<"users"> | null | undefined,
): RecipientOf<K>[] {
  const show = MAILS[kind].show as (profile: Profile, email: string) => RecipientOf<K>;
  return profiles.flatMap((profile) => {
    const email = userOf(profile)?.email;
    return email === undefined ? [] : [show(profile, email)];
  });
}

export function timezoneOf(profile: Profile): string {
  return profile.notificationPreferences?.timezone ?? DEFAULT_TIMEZONE;
}

function common(profile: Profile, email: string) {
  return { userId: profile.userId, email, profileId: profile._id, userName: profile.name ?? "there" };
}
