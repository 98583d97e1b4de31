/**
 * Opportunities one at a time: what the alert loop of the older forms asks for, and what an editor changes.
 */
import { v } from "convex/values";
import { internalMutation, internalQuery } from "./_generated/server.js";
import { opportunityFields } from "./model/fields.ts";
import { matchFields } from "./model/matchFields.ts";
import { newestMatches } from "./model/mailContents.ts";

export const getOpportunity = internalQuery({
  args: { id: v.id("opportunities") },
  returns: v.nullable(v.object({ _id: v.id("opportunities"), _creationTime: v.number(), ...opportunityFields })),
  handler: async (ctx, { id }) => await ctx.db.get("opportunities", id),
});

/** The new matches that an alert shows. */
export const getNewMatches = internalQuery({
  args: { profileId: v.id("profiles") },
  returns: v.array(v.object({ _id: v.id("matches"), _creationTime: v.number(), ...matchFields })),
  handler: async (ctx, { profileId }) => await newestMatches(ctx, profileId),
});

/** Opens or closes an opportunity. */
export const setStatus = internalMutation({
  args: { id: v.id("opportunities"), status: opportunityFields.status },
  returns: v.null(),
  handler: async (ctx, { id, status }) => {
    await ctx.db.patch("opportunities", id, { status });
    return null;
  },
});
