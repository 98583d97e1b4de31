"use node";
/**
 * Sends one chunk of mails: claim, contents, render, send, settle. Three database calls, however many mails and matches.
 *
 * Node only: rendering and SMTP. Who is in a chunk, and what happens when this action is lost, is in `emails/send.ts`.
 */
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import { internalAction } from "../_generated/server.js";
import { mailKind } from "../model/fields.ts";
import { recipient, type Recipient } from "../model/mailBatches.ts";
import { openMailer, sendMail } from "./mailer.ts";
import { compose, type Composed } from "./templates/compose.tsx";

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

interface Outcome {
  userId: string;
  subject: string;
  status: "sent" | "failed" | "nothing to say";
  messageId?: string;
  error?: string;
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
