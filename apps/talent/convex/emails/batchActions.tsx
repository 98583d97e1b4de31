"use node";
/**
 * Sends one chunk of mails: claim, contents, render, send, settle. Four database calls, however many mails and matches.
 *
 * Node only: rendering and SMTP. Who is in a chunk, and what happens when this action is lost, is in `emails/send.ts`.
 */
import { v } from "convex/values";
import type { ReactElement } from "react";
import { internal } from "../_generated/api.js";
import { internalAction } from "../_generated/server.js";
import { mailKind, type MailKind } from "../model/fields.ts";
import { recipient, type Recipient } from "../model/mailBatches.ts";
import { eventsFor, type MailEvent, type MailMatch } from "../model/mailContents.ts";
import { DEFAULT_TIMEZONE, isTimezone } from "../model/mailHours.ts";
import { openMailer, sendMail } from "./mailer.ts";
import { EventDigest, eventDigestSubject } from "./templates/events.tsx";
import { MatchAlert, matchAlertSubject, WeeklyDigest } from "./templates/matches.tsx";

export const sendChunk = internalAction({
  args: { kind: mailKind, now: v.number(), recipients: v.array(recipient) },
  returns: v.object({ sent: v.number(), failed: v.number() }),
  handler: async (ctx, { kind, now, recipients }): Promise<{ sent: number; failed: number }> => {
    const claimed = new Set<string>(
      await ctx.runMutation(internal.emails.outbox.claim, {
        kind,
        now,
        recipients: recipients.map(({ userId, email }) => ({ userId, email })),
      }),
    );
    const mine = recipients.filter(({ userId }) => claimed.has(userId));
    if (mine.length === 0) return { sent: 0, failed: 0 };
    const profileIds = mine.map(({ profileId }) => profileId);
    const found = await ctx.runQuery(internal.emails.outbox.contents, { kind, now, profileIds });
    const matches = new Map(found.matches.map((each) => [each.profileId, each.matches]));
    const mails = mine.map((each) => ({
      to: each,
      mail: compose(kind, each, { matches: matches.get(each.profileId) ?? [], events: found.events }),
    }));
    const outcomes = await deliver(mails);
    await ctx.runMutation(internal.emails.outbox.settle, { kind, now, outcomes });
    const count = (status: Outcome["status"]) => outcomes.filter((outcome) => outcome.status === status).length;
    return { sent: count("sent"), failed: count("failed") };
  },
});

interface Composed {
  readonly subject: string;
  readonly body: ReactElement;
}

interface Outcome {
  userId: string;
  subject: string;
  status: "sent" | "failed" | "nothing to say";
  messageId?: string;
  error?: string;
}

/** One mail, or null when there is nothing to say. */
function compose(
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

/** Sends one after the other; one that fails does not stop the next. */
async function deliver(
  mails: readonly { readonly to: Recipient; readonly mail: Composed | null }[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let mailer: ReturnType<typeof openMailer> | undefined;
  for (const { to, mail } of mails) {
    const outcome = { userId: to.userId, subject: mail?.subject ?? "" };
    if (mail === null) {
      outcomes.push({ ...outcome, status: "nothing to say" });
      continue;
    }
    try {
      mailer ??= openMailer();
      outcomes.push({ ...outcome, status: "sent", messageId: await sendMail(mailer, { to: to.email, ...mail }) });
    } catch (error) {
      outcomes.push({ ...outcome, status: "failed", error: error instanceof Error ? error.message : String(error) });
    }
  }
  mailer?.close();
  return outcomes;
}
