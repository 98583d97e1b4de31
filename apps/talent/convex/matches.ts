/**
 * Matches as their owner sees them, and how far a run is.
 */
import { ConvexError, v } from "convex/values";
import { internal } from "./_generated/api.js";
import type { Doc } from "./_generated/dataModel.js";
import { action, mutation, query } from "./_generated/server.js";
import { matchStatus, runFields } from "./model/matchFields.ts";
import { computationResult, type MatchComputationResult } from "./model/matchingRules.ts";
import { newestRun, staged } from "./model/matchRun.ts";
import {
  countNewMatches,
  matchShown,
  myMatches,
  readMatch,
  readMyMatches,
  viewerProfile,
} from "./model/matchShapes.ts";
import { demoViewer } from "./model/viewer.ts";

const { candidateIds: _, ...progressFields } = runFields;

/** Starts a run for the viewer; one that is under way is superseded. */
export const triggerMatchComputation = action({
  args: demoViewer,
  returns: computationResult,
  handler: async (ctx, args): Promise<MatchComputationResult> => {
    const profile: Doc<"profiles"> | null = await ctx.runQuery(internal.profiles.mine, args);
    if (profile === null) throw new ConvexError("Cannot compute matches: you have no profile; create it first");
    return await ctx.runAction(internal.matching.computeMatchesForProfile, { profileId: profile._id });
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

/** The viewer's newest run with what it has found so far, by batch; null before the first. */
export const getProgress = query({
  args: demoViewer,
  returns: v.nullable(
    v.object({
      _id: v.id("matchRuns"),
      ...progressFields,
      candidateCount: v.number(),
      found: v.array(v.object({ batchIndex: v.number(), title: v.string(), tier: v.string(), score: v.number() })),
    }),
  ),
  handler: async (ctx, { userId }) => {
    const profile = await viewerProfile(ctx, userId);
    const run = profile === null ? null : await newestRun(ctx, profile._id);
    if (run === null) return null;
    const { _creationTime, candidateIds, ...shown } = run;
    const found = await Promise.all(
      (await staged(ctx, run._id)).map(async ({ batchIndex, tier, score, opportunityId }) => {
        const title = (await ctx.db.get("opportunities", opportunityId))?.title ?? "An opening that is gone";
        return { batchIndex, title, tier, score };
      }),
    );
    return { ...shown, candidateCount: candidateIds.length, found };
  },
});

/** Saves a match, dismisses it, or takes either back; the match is no longer new. */
export const setStatus = mutation({
  args: { ...demoViewer, matchId: v.id("matches"), status: matchStatus },
  returns: v.null(),
  handler: async (ctx, { userId, matchId, status }) => {
    const profile = await viewerProfile(ctx, userId);
    const match = await ctx.db.get("matches", matchId);
    if (profile === null || match === null || match.profileId !== profile._id) {
      throw new ConvexError("Cannot change the match: it is not yours or it is gone; reload the page");
    }
    await ctx.db.patch("matches", matchId, { status, isNew: false });
    return null;
  },
});
