/**
 * A run of the matching as a row: what it may do next, and the swap at its end.
 *
 *   start ─▶ batch 0 ─▶ batch 1 ─▶ … ─▶ swap        each step one transaction: save, move the row, schedule the next step
 *              ↺ retry
 *
 * Invariants:
 *   - A profile has at most one running run; starting another one supersedes it, and a superseded run writes nothing.
 *   - A step counts only if it is the row's newest attempt at the row's batch, so a step that is done twice is done once.
 *   - The row and the scheduled next step change together. A step that is lost all the same (actions run at most once) is missed by the
 *     watch, which is a scheduled mutation and cannot be lost.
 *   - `matches` changes in the swap only. Until then the old list stands; what people saved or dismissed outlives it.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { internal } from "../_generated/api.js";
import {
  backoffMs,
  BATCH_SIZE,
  deduplicateGrowthAreas,
  MAX_RETRIES,
  matchesOf,
  RATE_LIMIT_DELAY_MS,
} from "./matchingRules.ts";
import type { GrowthArea, MatchInput } from "./matchFields.ts";

/** A run that made no progress for so long has lost its step: actions end after ten minutes. */
export const STALLED_MS = 10 * 60_000;

/** One step of a run, as its action names it. */
export interface Step {
  readonly runId: Id<"matchRuns">;
  readonly batchIndex: number;
  readonly attempt: number;
}

/** The run, if the step is the one that it waits for. */
export async function runFor(ctx: Pick<QueryCtx, "db">, step: Step): Promise<Doc<"matchRuns"> | null> {
  const run = await ctx.db.get("matchRuns", step.runId);
  const isCurrent =
    run !== null && run.status === "running" && run.batchIndex === step.batchIndex && run.attempt === step.attempt;
  return isCurrent ? run : null;
}

/** The newest run of a profile. */
export async function newestRun(
  ctx: Pick<QueryCtx, "db">,
  profileId: Id<"profiles">,
): Promise<Doc<"matchRuns"> | null> {
  return await ctx.db
    .query("matchRuns")
    .withIndex("by_profile", (q) => q.eq("profileId", profileId))
    .order("desc")
    .first();
}

/** Ends the run that a profile has, if any: its later writes are ignored and what it staged is dropped. */
export async function supersede(ctx: MutationCtx, profileId: Id<"profiles">): Promise<void> {
  const run = await newestRun(ctx, profileId);
  if (run?.status !== "running") return;
  await ctx.db.patch("matchRuns", run._id, { status: "superseded", finishedAt: Date.now() });
  for (const row of await staged(ctx, run._id)) await ctx.db.delete("stagedMatches", row._id);
}

/** Schedules the next step of a run and notes it in the row, with other changes of the row. */
export async function scheduleStep(
  ctx: MutationCtx,
  run: Doc<"matchRuns">,
  delayMs: number,
  changes: Partial<Doc<"matchRuns">>,
): Promise<void> {
  const now = Date.now();
  const attempt = run.attempt + 1;
  await ctx.db.patch("matchRuns", run._id, {
    ...changes,
    attempt,
    progressAt: now,
    nextAttemptAt: now + delayMs,
  });
  await ctx.scheduler.runAfter(delayMs, internal.matching.processMatchBatch, {
    runId: run._id,
    batchIndex: changes.batchIndex ?? run.batchIndex,
    attempt,
  });
}

/** Keeps what the model said about a batch: one row for each opportunity, however often it is said. */
export async function stageBatch(
  ctx: MutationCtx,
  run: Doc<"matchRuns">,
  matches: readonly MatchInput[],
  modelVersion: string,
): Promise<void> {
  for (const match of matches) {
    const row = await ctx.db
      .query("stagedMatches")
      .withIndex("by_run_opportunity", (q) => q.eq("runId", run._id).eq("opportunityId", match.opportunityId))
      .unique();
    if (row !== null) await ctx.db.patch("stagedMatches", row._id, { ...match, modelVersion });
    else {
      const { profileId, batchIndex, _id: runId } = run;
      await ctx.db.insert("stagedMatches", { runId, profileId, batchIndex, ...match, modelVersion });
    }
  }
}

/** After a batch, with or without matches: the next one, or the swap. */
export async function advance(
  ctx: MutationCtx,
  run: Doc<"matchRuns">,
  changes: { readonly growthAreas?: GrowthArea[]; readonly givenUp?: number[]; readonly lastError?: string },
): Promise<void> {
  const batchIndex = run.batchIndex + 1;
  const next = { ...changes, batchIndex, retryCount: 0 };
  if (batchIndex < run.totalBatches) return await scheduleStep(ctx, run, RATE_LIMIT_DELAY_MS, next);
  const matchCount = await swap(ctx, { ...run, ...next });
  const now = Date.now();
  await ctx.db.patch("matchRuns", run._id, {
    ...next,
    status: "finished",
    matchCount,
    progressAt: now,
    finishedAt: now,
  });
}

/** After an error of the model: the same batch again, or the next one without it. */
export async function retryOrGiveUp(
  ctx: MutationCtx,
  run: Doc<"matchRuns">,
  failure: { readonly isRateLimit: boolean; readonly message: string },
): Promise<void> {
  const { retryCount } = run;
  const lastError = failure.message;
  const again = { retryCount: retryCount + 1, lastError };
  if (failure.isRateLimit && retryCount < MAX_RETRIES) {
    return await scheduleStep(ctx, run, backoffMs(retryCount), again);
  }
  if (!failure.isRateLimit && retryCount === 0) return await scheduleStep(ctx, run, RATE_LIMIT_DELAY_MS, again);
  await advance(ctx, run, { givenUp: [...run.givenUp, run.batchIndex], lastError });
}

/** Growth areas of a run with those of one more batch: bounded, however many batches there are. */
export function mergeGrowthAreas(run: Doc<"matchRuns">, areas: readonly GrowthArea[]): GrowthArea[] {
  return deduplicateGrowthAreas([...run.growthAreas, ...areas]);
}

/** Removes matches that nothing speaks for any more; saved and dismissed ones are a person's word and stay. */
export async function removeActive(
  ctx: MutationCtx,
  matches: readonly Doc<"matches">[],
  isKept: (match: Doc<"matches">) => boolean = () => false,
): Promise<void> {
  for (const match of matches) {
    const isActive = match.status === undefined || match.status === "active";
    if (isActive && !isKept(match)) await ctx.db.delete("matches", match._id);
  }
}

/** What a run has staged; bounded by its candidates. */
export async function staged(ctx: Pick<QueryCtx, "db">, runId: Id<"matchRuns">): Promise<Doc<"stagedMatches">[]> {
  return await ctx.db
    .query("stagedMatches")
    .withIndex("by_run_opportunity", (q) => q.eq("runId", runId))
    .collect();
}

/**
 * Puts what was staged in the place of the old matches. One that is matched again is patched in place and keeps its status; one of a batch
 * that the model never answered stays as it is. Of a profile that is gone nothing stays.
 *
 * @returns How many matches the run has brought.
 */
async function swap(ctx: MutationCtx, run: Doc<"matchRuns"> & { givenUp: number[] }): Promise<number> {
  const former = new Map((await matchesOf(ctx, run.profileId)).map((match) => [match.opportunityId, match]));
  const found = await staged(ctx, run._id);
  if ((await ctx.db.get("profiles", run.profileId)) === null) {
    for (const { _id } of found) await ctx.db.delete("stagedMatches", _id);
    for (const { _id } of former.values()) await ctx.db.delete("matches", _id);
    return 0;
  }
  for (const row of found) {
    const { _id, _creationTime, runId: _runId, batchIndex: _batchIndex, ...opinion } = row;
    const match = former.get(row.opportunityId);
    former.delete(row.opportunityId);
    const computed = { ...opinion, computedAt: run.startedAt, isNew: match === undefined };
    if (match !== undefined) await ctx.db.patch("matches", match._id, computed);
    else await ctx.db.insert("matches", { ...computed, status: "active" });
    await ctx.db.delete("stagedMatches", _id);
  }
  const unanswered = new Set<string>(run.givenUp.flatMap((batchIndex) => batchIds(run, batchIndex)));
  await removeActive(ctx, [...former.values()], ({ opportunityId }) => unanswered.has(opportunityId));
  return found.length;
}

/** The opportunities of one batch. */
export function batchIds(
  { candidateIds }: Pick<Doc<"matchRuns">, "candidateIds">,
  batchIndex: number,
): Id<"opportunities">[] {
  return candidateIds.slice(batchIndex * BATCH_SIZE, (batchIndex + 1) * BATCH_SIZE);
}
