/**
 * Engagement scores as first written: every night, every membership, and every attendance row of its member, in one transaction.
 */
import { v } from "convex/values";
import { internalMutation } from "../_generated/server.js";
import { allRecords } from "../model/attendanceReads.ts";
import { saveScore, scoreOf } from "../model/engagement.ts";

export const computeEngagementScores = internalMutation({
  args: {},
  returns: v.object({ scores: v.number(), changed: v.number() }),
  handler: async (ctx) => {
    const now = Date.now();
    const memberships = await ctx.db.query("orgMemberships").collect();
    let changed = 0;
    for (const { orgId, userId } of memberships) {
      const records = (await allRecords(ctx, userId)).filter((record) => record.orgId === orgId);
      if (await saveScore(ctx, { orgId, userId, score: scoreOf(records), now })) changed += 1;
    }
    return { scores: memberships.length, changed };
  },
});
