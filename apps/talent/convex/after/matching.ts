/**
 * Matching as optimised by hand: a chain of short actions, each of which asks about one batch, saves, and schedules the next.
 *
 * The holes are the original's. Everything that a step knows travels in its arguments; the list of candidates is read anew by each step;
 * batch 0 deletes what was there before anything new is complete; a batch that is saved twice is there twice.
 */
import { ConvexError, v } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Doc, Id } from "../_generated/dataModel.js";
import { internalAction, internalMutation, internalQuery } from "../_generated/server.js";
import { isRateLimit } from "../model/askModel.ts";
import { growthArea, matchInput, type GrowthArea } from "../model/matchFields.ts";
import {
  backoffMs,
  BATCH_SIZE,
  computationResult,
  deleteMatches,
  MAX_RETRIES,
  matchesOf,
  RATE_LIMIT_DELAY_MS,
  type MatchComputationResult,
} from "../model/matchingRules.ts";
import { clearAll, existingMatches, fullProfile, scannedCandidates } from "../model/matchReads.ts";
import { insertMatches, logGrowthAreas, replaceMatches, saveAllArguments, scoreBatch } from "../model/matchWork.ts";

const chain = {
  profileId: v.id("profiles"),
  batchIndex: v.number(),
  previousOppIds: v.array(v.id("opportunities")),
  accumulatedGrowthAreas: v.array(growthArea),
  runTimestamp: v.number(),
};

export const getFullProfile = internalQuery(fullProfile);
export const getCandidateOpportunities = internalQuery(scannedCandidates);
export const getExistingMatches = internalQuery(existingMatches);

export const computeMatchesForProfile = internalAction({
  args: { profileId: v.id("profiles") },
  returns: computationResult,
  handler: async (ctx, { profileId }): Promise<MatchComputationResult> => {
    const profile: Doc<"profiles"> | null = await ctx.runQuery(internal.after.matching.getFullProfile, { profileId });
    if (profile === null) throw new ConvexError("Cannot compute matches: there is no such profile; create it first");
    const hiddenOrgs = profile.privacySettings?.hiddenFromOrgs ?? [];
    const candidates: Doc<"opportunities">[] = await ctx.runQuery(internal.after.matching.getCandidateOpportunities, {
      hiddenOrgs,
    });
    if (candidates.length === 0) {
      await ctx.runMutation(internal.after.matching.clearMatchesForProfile, { profileId });
      return { matchCount: 0, message: "No opportunities to match" };
    }
    const existing: Doc<"matches">[] = await ctx.runQuery(internal.after.matching.getExistingMatches, { profileId });
    const totalBatches = Math.ceil(candidates.length / BATCH_SIZE);
    await ctx.scheduler.runAfter(0, internal.after.matching.processMatchBatch, {
      profileId,
      batchIndex: 0,
      totalBatches,
      retryCount: 0,
      previousOppIds: existing.map(({ opportunityId }) => opportunityId),
      accumulatedGrowthAreas: [],
      runTimestamp: Date.now(),
    });
    return { message: "Matching started", totalBatches };
  },
});

export const processMatchBatch = internalAction({
  args: { ...chain, totalBatches: v.number(), retryCount: v.number() },
  returns: v.null(),
  handler: async (ctx, args): Promise<null> => {
    const { profileId, batchIndex, totalBatches, retryCount, previousOppIds, runTimestamp } = args;
    const profile: Doc<"profiles"> | null = await ctx.runQuery(internal.after.matching.getFullProfile, { profileId });
    if (profile === null) throw new ConvexError("Cannot process a batch: the profile is gone");
    const hiddenOrgs = profile.privacySettings?.hiddenFromOrgs ?? [];
    const candidates: Doc<"opportunities">[] = await ctx.runQuery(internal.after.matching.getCandidateOpportunities, {
      hiddenOrgs,
    });
    const batch = candidates.slice(batchIndex * BATCH_SIZE, (batchIndex + 1) * BATCH_SIZE);
    if (batch.length === 0) return null;
    let scored: Awaited<ReturnType<typeof scoreBatch>> = { matches: [], growthAreas: [], modelVersion: "" };
    try {
      scored = await scoreBatch(profile, batch);
    } catch (error) {
      const delayMs = retryDelayMs(error, retryCount);
      if (delayMs !== undefined) {
        await ctx.scheduler.runAfter(delayMs, internal.after.matching.processMatchBatch, {
          ...args,
          retryCount: retryCount + 1,
        });
        return null;
      }
      console.log(`Batch ${batchIndex} given up: ${String(error)}`);
    }
    const accumulatedGrowthAreas: GrowthArea[] = [...args.accumulatedGrowthAreas, ...scored.growthAreas];
    const isLastBatch = batchIndex === totalBatches - 1;
    const step = { profileId, previousOppIds, accumulatedGrowthAreas, runTimestamp };
    if (scored.matches.length > 0 || isLastBatch) {
      await ctx.runMutation(internal.after.matching.saveBatchResults, {
        ...step,
        batchIndex,
        matches: scored.matches,
        modelVersion: scored.modelVersion,
        isLastBatch,
      });
    }
    if (!isLastBatch) {
      await ctx.scheduler.runAfter(RATE_LIMIT_DELAY_MS, internal.after.matching.processMatchBatch, {
        ...step,
        batchIndex: batchIndex + 1,
        totalBatches,
        retryCount: 0,
      });
    }
    return null;
  },
});

export const saveBatchResults = internalMutation({
  args: { ...chain, matches: v.array(matchInput), modelVersion: v.string(), isLastBatch: v.boolean() },
  returns: v.object({ savedCount: v.number() }),
  handler: async (ctx, { profileId, batchIndex, matches, modelVersion, isLastBatch, ...rest }) => {
    if (batchIndex === 0) await deleteMatches(ctx, profileId);
    else if ((await matchesOf(ctx, profileId)).some(({ computedAt }) => computedAt !== rest.runTimestamp)) {
      console.warn(`Batch ${batchIndex} meets matches of another run`);
    }
    const { previousOppIds, runTimestamp: computedAt } = rest;
    await insertMatches(ctx, profileId, { matches, modelVersion, computedAt, previousOppIds });
    if (isLastBatch) logGrowthAreas(rest.accumulatedGrowthAreas);
    return { savedCount: matches.length };
  },
});

/** Kept from the first form; the chain does not call it. */
export const saveMatches = internalMutation({
  args: saveAllArguments,
  returns: v.null(),
  handler: async (ctx, { profileId, matches, modelVersion, growthAreas }) => {
    const previousOppIds: Id<"opportunities">[] = (await matchesOf(ctx, profileId)).map((match) => match.opportunityId);
    await replaceMatches(ctx, profileId, { matches, modelVersion, computedAt: Date.now(), previousOppIds });
    logGrowthAreas(growthAreas);
    return null;
  },
});

export const clearMatchesForProfile = internalMutation(clearAll);

/** How long to wait before the same batch is tried again, or undefined to give it up. */
function retryDelayMs(error: unknown, retryCount: number): number | undefined {
  if (isRateLimit(error) && retryCount < MAX_RETRIES) return backoffMs(retryCount);
  return !isRateLimit(error) && retryCount === 0 ? RATE_LIMIT_DELAY_MS : undefined;
}
