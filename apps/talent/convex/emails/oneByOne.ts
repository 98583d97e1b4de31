"use node";
/**
 * The alert loop of the two older forms: one database call for every user and one more for every match, each of them a billed call.
 */
import { internal } from "../_generated/api.js";
import type { ActionCtx } from "../_generated/server.js";
import type { RecipientOf } from "../model/mailBatches.ts";
import { showMailMatch, type MailMatch } from "../model/mailContents.ts";
import { openMailer, sendMail } from "./mailer.ts";
import { compose } from "./templates/compose.tsx";

/** Sends each user's alert; the first failure ends the loop. */
export async function sendAlertsOneByOne(
  ctx: ActionCtx,
  users: readonly RecipientOf<"match-alert">[],
): Promise<{ sent: number }> {
  let sent = 0;
  const mailer = openMailer();
  try {
    for (const user of users) {
      const matches: MailMatch[] = [];
      for (const match of await ctx.runQuery(internal.opportunities.getNewMatches, { profileId: user.profileId })) {
        const opportunity = await ctx.runQuery(internal.opportunities.getOpportunity, { id: match.opportunityId });
        matches.push(...showMailMatch(match, opportunity));
      }
      const mail = compose("match-alert", user, { matches, events: [] });
      if (mail === null) continue;
      await sendMail(mailer, { to: user.email, ...mail });
      sent += 1;
    }
  } finally {
    mailer.close();
  }
  return { sent };
}
