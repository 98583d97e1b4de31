/**
 * Who gets which mail, as optimised by hand: every profile is still read, each recipient's user is fetched once by its id.
 *
 * The hole is the original's: a text that is no id of a user makes the fetch throw, and with it the mail of everybody else.
 */
import { v } from "convex/values";
import { internalQuery, type QueryCtx } from "../../_generated/server.js";
import type { Id } from "../../_generated/dataModel.js";
import type { MailKind } from "../../model/fields.ts";
import { fetchDistinct } from "../../model/join.ts";
import {
  alertRecipient,
  dailyEventRecipient,
  digestRecipient,
  hourArguments,
  eligibleOf,
  toRecipients,
  weeklyEventRecipient,
  type RecipientOf,
} from "../../model/mailBatches.ts";
import { logReads } from "../../model/performanceLog.ts";

export const getUsersForMatchAlertBatch = internalQuery({
  args: hourArguments,
  returns: v.array(alertRecipient),
  handler: async (ctx, { targetLocalHour }) => await recipients(ctx, "match-alert", targetLocalHour),
});

export const getUsersForWeeklyDigestBatch = internalQuery({
  args: {},
  returns: v.array(digestRecipient),
  handler: async (ctx) => await recipients(ctx, "weekly-digest"),
});

export const getUsersForDailyEventDigestBatch = internalQuery({
  args: hourArguments,
  returns: v.array(dailyEventRecipient),
  handler: async (ctx, { targetLocalHour }) => await recipients(ctx, "daily-event-digest", targetLocalHour),
});

export const getUsersForWeeklyEventDigestBatch = internalQuery({
  args: {},
  returns: v.array(weeklyEventRecipient),
  handler: async (ctx) => await recipients(ctx, "weekly-event-digest"),
});

async function recipients<K extends MailKind>(ctx: QueryCtx, kind: K, hour?: number): Promise<RecipientOf<K>[]> {
  const profiles = await ctx.db.query("profiles").collect();
  const eligible = eligibleOf(kind, profiles, hour);
  const users = await fetchDistinct(
    ctx,
    "users",
    eligible.map(({ userId }) => userId as Id<"users">),
  );
  logReads(kind, { profiles: profiles.length, eligible: eligible.length, users: users.size });
  return toRecipients(kind, eligible, ({ userId }) => users.get(userId as Id<"users">));
}
