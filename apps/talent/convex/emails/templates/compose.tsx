"use node";
/**
 * One mail of any kind: its subject and its body.
 */
import type { ReactElement } from "react";
import type { MailKind } from "../../model/fields.ts";
import type { Recipient } from "../../model/mailBatches.ts";
import { eventsFor, type MailEvent, type MailMatch } from "../../model/mailContents.ts";
import { DEFAULT_TIMEZONE, isTimezone } from "../../model/mailHours.ts";
import { EventDigest, eventDigestSubject } from "./events.tsx";
import { MatchAlert, matchAlertSubject, WeeklyDigest } from "./matches.tsx";

/** A mail that is ready to be rendered. */
export interface Composed {
  readonly subject: string;
  readonly body: ReactElement;
}

/** One mail, or null when there is nothing to say. */
export function compose(
  kind: MailKind,
  to: Recipient,
  { matches, events }: { readonly matches: readonly MailMatch[]; readonly events: readonly MailEvent[] },
): Composed | null {
  const { userName } = to;
  if (kind === "match-alert") {
    if (matches.length === 0) return null;
    return { subject: matchAlertSubject(matches.length), body: <MatchAlert userName={userName} matches={matches} /> };
  }
  if (kind === "weekly-digest") {
    const completedSections = "completedSections" in to ? to.completedSections : [];
    const hasTalked = "hasEnrichmentConversation" in to && to.hasEnrichmentConversation;
    const about = { userName, matches, completedSections, hasEnrichmentConversation: hasTalked };
    return { subject: "Your week in the talent network", body: <WeeklyDigest {...about} /> };
  }
  const shown = eventsFor(events, "mutedOrgIds" in to ? to.mutedOrgIds : []);
  if (shown.length === 0) return null;
  const period = kind === "daily-event-digest" ? "today" : "this week";
  const timezone = "timezone" in to && isTimezone(to.timezone) ? to.timezone : DEFAULT_TIMEZONE;
  return {
    subject: eventDigestSubject(shown.length, period),
    body: <EventDigest userName={userName} events={shown} timezone={timezone} period={period} />,
  };
}
