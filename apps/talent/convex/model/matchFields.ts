/**
 * Fields of matches: what the model says about one opportunity, a match as it is shown, a run, and what a run has staged.
 */
import { v, type Infer } from "convex/values";

const tier = v.union(v.literal("great"), v.literal("good"), v.literal("exploring"));

const recommendation = v.object({
  type: v.union(v.literal("specific"), v.literal("skill"), v.literal("experience")),
  action: v.string(),
  priority: v.union(v.literal("high"), v.literal("medium"), v.literal("low")),
});

/** The model's opinion. */
const opinionFields = {
  tier,
  /** 0 to 100. */
  score: v.number(),
  explanation: v.object({ strengths: v.array(v.string()), gap: v.optional(v.string()) }),
  probability: v.object({ interviewChance: v.string(), ranking: v.string(), confidence: v.string() }),
  recommendations: v.array(recommendation),
};

/** One opportunity of a batch as the model found it to fit. */
export const matchInput = v.object({ opportunityId: v.id("opportunities"), ...opinionFields });

/** What somebody could learn, by theme. */
export const growthArea = v.object({ theme: v.string(), items: v.array(v.string()) });

export const matchStatus = v.union(v.literal("active"), v.literal("dismissed"), v.literal("saved"));

export const matchFields = {
  profileId: v.id("profiles"),
  opportunityId: v.id("opportunities"),
  ...opinionFields,
  /** Absent is active. */
  status: v.optional(matchStatus),
  isNew: v.boolean(),
  computedAt: v.number(),
  modelVersion: v.string(),
};

export const stagedFields = {
  runId: v.id("matchRuns"),
  profileId: v.id("profiles"),
  batchIndex: v.number(),
  opportunityId: v.id("opportunities"),
  ...opinionFields,
  modelVersion: v.string(),
};

export const runStatus = v.union(v.literal("running"), v.literal("finished"), v.literal("superseded"));

export const runFields = {
  profileId: v.id("profiles"),
  startedAt: v.number(),
  status: runStatus,
  /** The opportunities that this run looks at, fixed at its start: batches are slices of this list. */
  candidateIds: v.array(v.id("opportunities")),
  totalBatches: v.number(),
  /** The batch under way; `totalBatches` when all are done. */
  batchIndex: v.number(),
  /** Retries of this batch so far. */
  retryCount: v.number(),
  /** Rises with every scheduled step: of two steps for one batch, only the newest counts. */
  attempt: v.number(),
  /** When the step under way was or will be started. */
  nextAttemptAt: v.number(),
  progressAt: v.number(),
  /** Batches that the model never answered; old matches of their opportunities stay. */
  givenUp: v.array(v.number()),
  lastError: v.optional(v.string()),
  matchCount: v.number(),
  growthAreas: v.array(growthArea),
  finishedAt: v.optional(v.number()),
};

export type MatchInput = Infer<typeof matchInput>;
export type GrowthArea = Infer<typeof growthArea>;
