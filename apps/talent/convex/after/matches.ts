/**
 * Matches as their owner sees them, over the hand-optimised chain. Readers are the same in all forms.
 */
import { ConvexError, v } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Doc } from "../_generated/dataModel.js";
import { action, query } from "../_generated/server.js";
import { computationResult, type MatchComputationResult } from "../model/matchingRules.ts";
import { countNewMatches, matchShown, myMatches, readMatch, readMyMatches } from "../model/matchShapes.ts";
import { demoViewer } from "../model/viewer.ts";

export const triggerMatchComputation = action({
  args: demoViewer,
  returns: computationResult,
  handler: async (ctx, args): Promise<MatchComputationResult> => {
    const profile: Doc<"profiles"> | null = await ctx.runQuery(internal.profiles.mine, args);
    if (profile === null) throw new ConvexError("Cannot compute matches: you have no profile; create it first");
    return await ctx.runAction(internal.after.matching.computeMatchesForProfile, { profileId: profile._id });
  },
});

export const getMyMatches = query({
  args: demoViewer,
  returns: myMatches,
  handler: async (ctx, { userId }) => await readMyMatches(ctx, userId),
});

export const getNewMatchCount = query({
  args: demoViewer,
  returns: v.number(),
  handler: async (ctx, { userId }) => await countNewMatches(ctx, userId),
});

export const getMatchById = query({
  args: { ...demoViewer, matchId: v.id("matches") },
  returns: v.nullable(matchShown),
  handler: async (ctx, { matchId, userId }) => await readMatch(ctx, matchId, userId),
});
