/**
 * What a mail says, as data: templates only lay it out.
 */
import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";

/** Matches that one mail shows. */
const MATCHES_SHOWN = 5;
/** Events that one mail shows. */
const EVENTS_SHOWN = 8;
/** Events that are read for a digest. */
const EVENTS_READ = 100;
const DAY_MS = 24 * 3_600_000;

export const mailMatch = v.object({
  title: v.string(),
  organization: v.string(),
  location: v.string(),
  url: v.string(),
  score: v.number(),
  tier: v.string(),
  strength: v.string(),
});

export const mailEvent = v.object({
  title: v.string(),
  startAt: v.number(),
  location: v.string(),
  orgId: v.id("organizations"),
});

export type MailMatch = Infer<typeof mailMatch>;
export type MailEvent = Infer<typeof mailEvent>;

/** One line of a mail, or nothing when the opportunity is gone or somebody dismissed it. */
export function showMailMatch(match: Doc<"matches">, opportunity: Doc<"opportunities"> | null): MailMatch[] {
  if (opportunity === null || match.status === "dismissed") return [];
  return [
    {
      title: opportunity.title,
      organization: opportunity.organization,
      location: opportunity.isRemote ? "Remote" : opportunity.location,
      url: opportunity.sourceUrl,
      score: match.score,
      tier: match.tier,
      strength: match.explanation.strengths[0] ?? "",
    },
  ];
}

/** The best new matches of a profile. */
export async function newestMatches(ctx: Pick<QueryCtx, "db">, profileId: Id<"profiles">): Promise<Doc<"matches">[]> {
  const matches = await ctx.db
    .query("matches")
    .withIndex("by_profile_new", (q) => q.eq("profileId", profileId).eq("isNew", true))
    .collect();
  return matches.sort((a, b) => b.score - a.score).slice(0, MATCHES_SHOWN);
}

/** Events of the next `days` days, soonest first. */
export async function upcomingEvents(ctx: Pick<QueryCtx, "db">, now: number, days: number): Promise<MailEvent[]> {
  const events = await ctx.db
    .query("events")
    .withIndex("by_start", (q) => q.gte("startAt", now).lt("startAt", now + days * DAY_MS))
    .take(EVENTS_READ);
  return events.map(({ title, startAt, location, isVirtual, orgId }) => ({
    title,
    startAt,
    orgId,
    location: isVirtual ? "Online" : (location ?? "To be announced"),
  }));
}

/** Those that somebody wants to hear of. */
export function eventsFor(events: readonly MailEvent[], mutedOrgIds: readonly string[]): MailEvent[] {
  return events.filter(({ orgId }) => !mutedOrgIds.includes(orgId)).slice(0, EVENTS_SHOWN);
}
