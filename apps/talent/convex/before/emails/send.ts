/**
 * Who gets which mail, as first written: every profile is read, and for each recipient the table of users is walked until the id fits.
 */
import { v } from "convex/values";
import { internalQuery, type QueryCtx } from "../../_generated/server.js";
import type { Doc } from "../../_generated/dataModel.js";
import type { MailKind } from "../../model/fields.ts";
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
  const found: RecipientOf<K>[] = [];
  for (const profile of eligibleOf(kind, profiles, hour)) {
    const user: Doc<"users"> | null = await ctx.db
      .query("users")
      .filter((q) => q.eq(q.field("_id"), profile.userId))
      .first();
    found.push(...toRecipients(kind, [profile], () => user));
  }
  return found;
}
