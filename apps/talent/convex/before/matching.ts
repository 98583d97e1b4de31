/**
 * Matching as first written: one action asks about every batch, waiting in between, and saves once at the end.
 *
 * An error anywhere loses everything that the model has said so far, and the waits are paid for.
 */
import { ConvexError, v } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Doc } from "../_generated/dataModel.js";
import { internalAction, internalMutation, internalQuery } from "../_generated/server.js";
import type { GrowthArea, MatchInput } from "../model/matchFields.ts";
import {
  BATCH_SIZE,
  computationResult,
  matchesOf,
  RATE_LIMIT_DELAY_MS,
  type MatchComputationResult,
} from "../model/matchingRules.ts";
import { clearAll, existingMatches, fullProfile, scannedCandidates } from "../model/matchReads.ts";
import { logGrowthAreas, replaceMatches, saveAllArguments, scoreBatch } from "../model/matchWork.ts";

export const getFullProfile = internalQuery(fullProfile);
export const getCandidateOpportunities = internalQuery(scannedCandidates);
export const getExistingMatches = internalQuery(existingMatches);

export const computeMatchesForProfile = internalAction({
  args: { profileId: v.id("profiles") },
  returns: computationResult,
  handler: async (ctx, { profileId }): Promise<MatchComputationResult> => {
    const profile: Doc<"profiles"> | null = await ctx.runQuery(internal.before.matching.getFullProfile, { profileId });
    if (profile === null) throw new ConvexError("Cannot compute matches: there is no such profile; create it first");
    const hiddenOrgs = profile.privacySettings?.hiddenFromOrgs ?? [];
    const candidates: Doc<"opportunities">[] = await ctx.runQuery(internal.before.matching.getCandidateOpportunities, {
      hiddenOrgs,
    });
    if (candidates.length === 0) {
      await ctx.runMutation(internal.before.matching.clearMatchesForProfile, { profileId });
      return { matchCount: 0, message: "No opportunities to match" };
    }
    const matches: MatchInput[] = [];
    const growthAreas: GrowthArea[] = [];
    let modelVersion = "";
    for (let start = 0; start < candidates.length; start += BATCH_SIZE) {
      if (start > 0) await new Promise((resolve) => setTimeout(resolve, RATE_LIMIT_DELAY_MS));
      const scored = await scoreBatch(profile, candidates.slice(start, start + BATCH_SIZE));
      matches.push(...scored.matches);
      growthAreas.push(...scored.growthAreas);
      modelVersion = scored.modelVersion;
    }
    await ctx.runMutation(internal.before.matching.saveMatches, { profileId, matches, modelVersion, growthAreas });
    return { matchCount: matches.length };
  },
});

/** Deletes what there is and inserts what was found. */
export const saveMatches = internalMutation({
  args: saveAllArguments,
  returns: v.null(),
  handler: async (ctx, { profileId, matches, modelVersion, growthAreas }) => {
    const previousOppIds = (await matchesOf(ctx, profileId)).map(({ opportunityId }) => opportunityId);
    await replaceMatches(ctx, profileId, { matches, modelVersion, computedAt: Date.now(), previousOppIds });
    logGrowthAreas(growthAreas);
    return null;
  },
});

export const clearMatchesForProfile = internalMutation(clearAll);
