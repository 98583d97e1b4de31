/**
 * What may run next, as pure rules over documents: no database, no clock. Both function sets use them, so they can only
 * differ in what they read.
 *
 *   choose     which assignments are searched at all
 *   judge      what one group means for the walk: dispatch, wait, pass or stuck
 *   accumulate what a later job is given of the results before it
 */
import type { Doc } from "../_generated/dataModel.js";

type Assignment = Doc<"assignments">;
type Job = Doc<"jobs">;

/** A finished job's result as later jobs see it. `groupIndex` counts groups since the last PM group. */
export interface ResultItem {
  readonly jobType: string;
  readonly harness: Job["harness"];
  readonly result: string;
  readonly groupId: Job["groupId"];
  readonly groupIndex: number;
}

/** The results that the walk has gathered so far. */
export interface WalkContext {
  readonly accumulatedResults: ResultItem[];
  readonly previousNonPmGroupResults: ResultItem[];
  readonly r1GroupResults: ResultItem[];
  readonly groupIndex: number;
}

/** The context before the first group. */
export const EMPTY_CONTEXT: WalkContext = {
  accumulatedResults: [],
  previousNonPmGroupResults: [],
  r1GroupResults: [],
  groupIndex: 0,
};

/**
 * Which of the workable (active or pending) assignments are searched: every independent one; of the sequential ones the
 * first active, else the pending one with the smallest priority, oldest first.
 */
export function chooseAssignments(active: readonly Assignment[], pending: readonly Assignment[]): Assignment[] {
  const independent = [...active, ...pending].filter((assignment) => assignment.independent);
  const sequential = active.find((assignment) => !assignment.independent) ?? firstPending(pending);
  return sequential === undefined ? independent : [...independent, sequential];
}

/** The sequential assignment that starts next when none is active. */
function firstPending(pending: readonly Assignment[]): Assignment | undefined {
  return pending.filter((assignment) => !assignment.independent).toSorted(byPriority)[0];
}

/** Priority ascending, then age. */
export function byPriority(a: Assignment, b: Assignment): number {
  return a.priority - b.priority || a.createdAt - b.createdAt || a._creationTime - b._creationTime;
}

/** What a group says to the walk. */
export type Verdict =
  | { readonly kind: "dispatch"; readonly jobs: Job[] }
  | { readonly kind: "wait" }
  | { readonly kind: "pass" }
  | { readonly kind: "stuck" };

/**
 * Judges a group by its jobs: one running → wait; some pending → dispatch all of those; all finished → pass. A group
 * without jobs, or with a job in a state that is none of the four, is stuck: the walk ends there and a check shows it.
 */
export function judgeGroup(jobs: readonly Job[]): Verdict {
  if (jobs.some((job) => job.status === "running")) return { kind: "wait" };
  const pending = jobs.filter((job) => job.status === "pending");
  if (pending.length > 0) return { kind: "dispatch", jobs: pending };
  return jobs.length > 0 && jobs.every(isFinished) ? { kind: "pass" } : { kind: "stuck" };
}

/** Complete or failed. */
export function isFinished(job: { readonly status: string }): boolean {
  return job.status === "complete" || job.status === "failed";
}

/** A group with a job of type "pm": the project manager looks at what was done and plans on. */
export function isPmGroup(jobs: readonly { readonly jobType: string }[]): boolean {
  return jobs.some((job) => job.jobType === "pm");
}

/** A group with a review: "review", "code-review", "uxreview"… */
export function isReviewGroup(jobs: readonly { readonly jobType: string }[]): boolean {
  return jobs.some((job) => job.jobType.endsWith("review"));
}

/**
 * The context after a finished group. A PM group starts the accumulation afresh and leaves the other two lists alone;
 * a review group remembers what it reviewed (the group before it) as `r1GroupResults`.
 */
export function accumulate(context: WalkContext, jobs: readonly Job[]): WalkContext {
  if (isPmGroup(jobs)) return { ...context, accumulatedResults: [], groupIndex: 0 };
  const results = jobs.flatMap((job) => resultOf(job, context.groupIndex));
  return {
    accumulatedResults: [...context.accumulatedResults, ...results],
    previousNonPmGroupResults: results,
    r1GroupResults: isReviewGroup(jobs) ? context.previousNonPmGroupResults : context.r1GroupResults,
    groupIndex: context.groupIndex + 1,
  };
}

/** None for a job that left no result. */
function resultOf(job: Job, groupIndex: number): ResultItem[] {
  if (job.result === undefined || job.result === "") return [];
  return [{ jobType: job.jobType, harness: job.harness, result: job.result, groupId: job.groupId, groupIndex }];
}
