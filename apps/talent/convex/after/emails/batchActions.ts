"use node";
/**
 * The hourly alert as optimised by hand: one action for everybody, with one call for each user's matches and one for each match.
 */
import { v } from "convex/values";
import { internal } from "../../_generated/api.js";
import { internalAction } from "../../_generated/server.js";
import { sendAlertsOneByOne } from "../../emails/oneByOne.ts";
import { hourArguments } from "../../model/mailBatches.ts";

export const processMatchAlertBatch = internalAction({
  args: hourArguments,
  returns: v.object({ sent: v.number() }),
  handler: async (ctx, { targetLocalHour }): Promise<{ sent: number }> =>
    await sendAlertsOneByOne(
      ctx,
      await ctx.runQuery(internal.after.emails.send.getUsersForMatchAlertBatch, { targetLocalHour }),
    ),
});
