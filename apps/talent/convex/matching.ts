/**
 * Matching: a chain of short steps over a run's row. The rules of a run are in `model/matchRun.ts`.
 *
 * The action of a step only asks the model. Everything that changes data is a mutation that checks whether the step still counts.
 */
import { ConvexError, v } from "convex/values";
import { internal } from "./_generated/api.js";
import type { Doc } from "./_generated/dataModel.js";
import { internalAction, internalMutation, internalQuery, type QueryCtx } from "./_generated/server.js";
import { askModel, isRateLimit, profileText } from "./model/askModel.ts";
import { growthArea, matchInput } from "./model/matchFields.ts";
import { candidateArguments, existingMatches, fullProfile, opportunityDoc } from "./model/matchReads.ts";
import {
  advance,
  batchIds,
  mergeGrowthAreas,
  removeActive,
  retryOrGiveUp,
  runFor,
  scheduleStep,
  STALLED_MS,
  stageBatch,
  supersede,
} from "./model/matchRun.ts";
import {
  BATCH_SIZE,
  CANDIDATES_MAX,
  computationResult,
  isCandidate,
  matchesOf,
  onlyAsked,
  type MatchComputationResult,
} from "./model/matchingRules.ts";

const step = { runId: v.id("matchRuns"), batchIndex: v.number(), attempt: v.number() };

export const getFullProfile = internalQuery(fullProfile);
export const getExistingMatches = internalQuery(existingMatches);

/** The first open opportunities; reading ends when there are enough. */
export const getCandidateOpportunities = internalQuery({
  args: candidateArguments,
  returns: v.array(opportunityDoc),
  handler: async (ctx, { hiddenOrgs, limit = CANDIDATES_MAX }) => await candidates(ctx, hiddenOrgs, limit),
});

export const computeMatchesForProfile = internalAction({
  args: { profileId: v.id("profiles") },
  returns: computationResult,
  handler: async (ctx, args): Promise<MatchComputationResult> =>
    await ctx.runMutation(internal.matching.startRun, args),
});

/** Supersedes the run that the profile may have, fixes the list of candidates, and schedules the first step and the watch. */
export const startRun = internalMutation({
  args: { profileId: v.id("profiles") },
  returns: computationResult,
  handler: async (ctx, { profileId }): Promise<MatchComputationResult> => {
    const profile = await ctx.db.get("profiles", profileId);
    if (profile === null) throw new ConvexError("Cannot compute matches: there is no such profile; create it first");
    await supersede(ctx, profileId);
    const found = await candidates(ctx, profile.privacySettings?.hiddenFromOrgs ?? [], CANDIDATES_MAX);
    if (found.length === 0) {
      await removeActive(ctx, await matchesOf(ctx, profileId));
      return { matchCount: 0, message: "No opportunities to match" };
    }
    const now = Date.now();
    const totalBatches = Math.ceil(found.length / BATCH_SIZE);
    const runId = await ctx.db.insert("matchRuns", {
      profileId,
      startedAt: now,
      status: "running",
      candidateIds: found.map(({ _id }) => _id),
      totalBatches,
      batchIndex: 0,
      retryCount: 0,
      attempt: 0,
      nextAttemptAt: now,
      progressAt: now,
      givenUp: [],
      matchCount: 0,
      growthAreas: [],
    });
    await scheduleStep(ctx, (await ctx.db.get("matchRuns", runId))!, 0, {});
    await ctx.scheduler.runAfter(STALLED_MS, internal.matching.watchRun, { runId });
    return { message: "Matching started", totalBatches };
  },
});

/** One question to the model. Whatever happens, one mutation decides what comes next. */
export const processMatchBatch = internalAction({
  args: step,
  returns: v.null(),
  handler: async (ctx, args): Promise<null> => {
    const work = await ctx.runQuery(internal.matching.getBatch, args);
    if (work === null) return null;
    try {
      // Opportunities can all be gone by now; the batch is then done without a question.
      const answer =
        work.opportunities.length === 0
          ? { matches: [], growthAreas: [], modelVersion: "" }
          : await askModel(work.profileText, work.opportunities);
      const matches = onlyAsked(answer.matches, work.opportunities);
      await ctx.runMutation(internal.matching.saveBatchResults, { ...args, ...answer, matches });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      await ctx.runMutation(internal.matching.batchFailed, { ...args, isRateLimit: isRateLimit(error), message });
    }
    return null;
  },
});

/** What the step's action needs, in one call; null when the step does not count any more. */
export const getBatch = internalQuery({
  args: step,
  returns: v.nullable(v.object({ profileText: v.string(), opportunities: v.array(opportunityDoc) })),
  handler: async (ctx, args) => {
    const run = await runFor(ctx, args);
    const profile = run === null ? null : await ctx.db.get("profiles", run.profileId);
    if (run === null) return null;
    // A deleted profile has nothing to match; the run goes on to its end without questions.
    if (profile === null) return { profileText: "", opportunities: [] };
    const rows = await Promise.all(batchIds(run, run.batchIndex).map((id) => ctx.db.get("opportunities", id)));
    const hidden = profile.privacySettings?.hiddenFromOrgs ?? [];
    const opportunities = rows.filter((row) => row !== null && isCandidate(row, hidden, run.startedAt));
    return { profileText: profileText(profile), opportunities: opportunities as Doc<"opportunities">[] };
  },
});

export const saveBatchResults = internalMutation({
  args: { ...step, matches: v.array(matchInput), growthAreas: v.array(growthArea), modelVersion: v.string() },
  returns: v.object({ savedCount: v.number() }),
  handler: async (ctx, { matches, growthAreas, modelVersion, ...args }) => {
    const run = await runFor(ctx, args);
    if (run === null) return { savedCount: 0 };
    await stageBatch(ctx, run, matches, modelVersion);
    await advance(ctx, run, { growthAreas: mergeGrowthAreas(run, growthAreas) });
    return { savedCount: matches.length };
  },
});

export const batchFailed = internalMutation({
  args: { ...step, isRateLimit: v.boolean(), message: v.string() },
  returns: v.null(),
  handler: async (ctx, { isRateLimit: isRefusal, message, ...args }) => {
    const run = await runFor(ctx, args);
    if (run !== null) await retryOrGiveUp(ctx, run, { isRateLimit: isRefusal, message });
    return null;
  },
});

/** Looks after a run until it ends: a step that was lost, with the server or by an error, is done again. */
export const watchRun = internalMutation({
  args: { runId: v.id("matchRuns") },
  returns: v.null(),
  handler: async (ctx, { runId }) => {
    const run = await ctx.db.get("matchRuns", runId);
    if (run?.status !== "running") return null;
    const now = Date.now();
    const stalledAt = Math.max(run.progressAt, run.nextAttemptAt) + STALLED_MS;
    if (stalledAt <= now) await scheduleStep(ctx, run, 0, { lastError: "A step was lost; it is done again" });
    const lookAt = stalledAt <= now ? now + STALLED_MS : stalledAt;
    await ctx.scheduler.runAt(lookAt, internal.matching.watchRun, { runId });
    return null;
  },
});

/** Removes what nobody saved or dismissed. */
export const clearMatchesForProfile = internalMutation({
  args: { profileId: v.id("profiles") },
  returns: v.null(),
  handler: async (ctx, { profileId }) => {
    await removeActive(ctx, await matchesOf(ctx, profileId));
    return null;
  },
});

async function candidates(
  ctx: Pick<QueryCtx, "db">,
  hiddenOrgs: readonly string[],
  limit: number,
): Promise<Doc<"opportunities">[]> {
  const found: Doc<"opportunities">[] = [];
  const now = Date.now();
  const active = ctx.db.query("opportunities").withIndex("by_status", (q) => q.eq("status", "active"));
  for await (const opportunity of active) {
    if (found.length >= limit) break;
    if (isCandidate(opportunity, hiddenOrgs, now)) found.push(opportunity);
  }
  return found;
}
