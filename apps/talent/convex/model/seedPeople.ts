/**
 * Generated people: what a profile says, and who gets mail when.
 *
 * Zones and settings go round with fixed periods, so that counts are known: of every 100 people 25 live in each of four zones, and 20 of
 * these want match alerts.
 */
import type { WithoutSystemFields } from "convex/server";
import type { Doc, Id } from "../_generated/dataModel.js";
import { offsetWithEnd } from "./mailHours.ts";
import { PROFILE_BYTES } from "./seedPlan.ts";
import {
  between,
  INTERESTS,
  personName,
  pick,
  pickSome,
  PLACES,
  prose,
  ROLES,
  SKILLS,
  type Random,
} from "./seedText.ts";

export const ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"] as const;

const SECTIONS = ["education", "work", "skills", "goals"];
const FREQUENCIES = ["daily", "weekly", "none", "all"] as const;
/** One in so many wants no alerts. */
const WITHOUT_ALERTS = 5;
const DAY_MS = 24 * 3_600_000;

/** A user's address is the key by which later steps find it. */
export function emailOf(index: number): string {
  return `member-${String(index).padStart(6, "0")}@talent.example`;
}

/** Distances of all zones at a time, to be computed once for many people. */
export function zoneOffsets(now: number): Map<string, ReturnType<typeof offsetWithEnd>> {
  return new Map(ZONES.map((zone) => [zone, offsetWithEnd(zone, now)]));
}

/** The profile of person `index`, about eight kilobytes. */
export function profileOfPerson(
  index: number,
  given: {
    readonly userId: string;
    readonly orgIds: readonly Id<"organizations">[];
    readonly now: number;
    readonly random: Random;
    readonly offsets: ReturnType<typeof zoneOffsets>;
  },
): WithoutSystemFields<Doc<"profiles">> {
  const { random, now, orgIds } = given;
  const timezone = ZONES[index % ZONES.length]!;
  const role = pick(random, ROLES);
  const place = pick(random, PLACES);
  const text = (share: number) => prose(random, Math.round(PROFILE_BYTES * share));
  return {
    userId: given.userId,
    name: personName(index),
    location: place,
    headline: `${role} in ${place}`,
    education: [{ institution: `University of ${place}`, degree: "Master", note: text(0.05) }],
    workHistory: Array.from({ length: 3 }, () => ({
      organization: `${pick(random, PLACES)} Institute`,
      title: pick(random, ROLES),
      description: text(0.12),
    })),
    skills: pickSome(random, SKILLS, 4),
    careerGoals: text(0.1),
    aiSafetyInterests: pickSome(random, INTERESTS, 2),
    seeking: text(0.04),
    enrichmentSummary: text(0.34),
    hasEnrichmentConversation: index % 2 === 0,
    privacySettings: {
      defaultVisibility: "members",
      hiddenFromOrgs: index % 10 === 3 ? [orgIds[index % orgIds.length]!] : [],
      attendancePrivacyDefaults: { showOnProfile: true, showToOtherOrgs: index % 3 === 0 },
    },
    completedSections: SECTIONS.slice(0, between(random, 1, SECTIONS.length)),
    notificationPreferences: {
      matchAlerts: { enabled: index % WITHOUT_ALERTS !== WITHOUT_ALERTS - 1 },
      weeklyDigest: { enabled: index % 3 !== 2 },
      timezone,
    },
    eventNotificationPreferences: {
      frequency: FREQUENCIES[Math.floor(index / ZONES.length) % FREQUENCIES.length]!,
      mutedOrgIds: index % 7 === 0 ? [orgIds[0]!] : [],
    },
    ...given.offsets.get(timezone)!,
    createdAt: now - between(random, 30, 300) * DAY_MS,
    updatedAt: now - between(random, 0, 30) * DAY_MS,
  };
}
