/**
 * The life of a job group: made, started with its first job, finished with its last.
 *
 *   pending ──start──> running ──last job──> complete | failed
 *      ▲                  │
 *      └──────────────────┘  no job runs any more, but some never started
 *
 * The way back is the answer to a stranded job. The scheduler reads no job while a group runs, so it could never find a
 * job that was left behind in a running group (its runner died between two starts). Only these mutations have the
 * jobs at hand anyway; they put the group back to pending and the scheduler dispatches the rest.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { isFinished } from "./dispatch.ts";
import { refuse } from "./errors.ts";
import type { JobInput, WorkStatus } from "./fields.ts";
import { jobsOfGroup } from "./walk.ts";

/** Inserts a group with its jobs; linking it into a chain is the caller's. */
export async function insertGroup(
  ctx: MutationCtx,
  assignmentId: Id<"assignments">,
  inputs: readonly JobInput[],
  nextGroupId: Id<"jobGroups"> | undefined,
): Promise<{ groupId: Id<"jobGroups">; jobIds: Id<"jobs">[] }> {
  if (inputs.length === 0) refuse("create a group", "the list of jobs is empty", "give at least one job");
  const createdAt = Date.now();
  const groupId = await ctx.db.insert("jobGroups", {
    assignmentId,
    status: "pending",
    createdAt,
    ...(nextGroupId === undefined ? {} : { nextGroupId }),
  });
  const jobIds: Id<"jobs">[] = [];
  for (const input of inputs) {
    jobIds.push(await ctx.db.insert("jobs", { ...input, groupId, status: "pending", createdAt }));
  }
  return { groupId, jobIds };
}

/** What a finished job did to its group. `finished` is true for exactly one call: the one that ended the group. */
export interface GroupOutcome {
  readonly groupId: Id<"jobGroups">;
  readonly status: WorkStatus;
  readonly finished: boolean;
}

/** Brings a group's status in line with its jobs after one of them has finished. */
export async function settleGroup(ctx: MutationCtx, groupId: Id<"jobGroups">): Promise<GroupOutcome | null> {
  const group = await ctx.db.get("jobGroups", groupId);
  if (group === null) return null;
  const jobs = await jobsOfGroup(ctx, groupId);
  if (jobs.every(isFinished)) {
    const status = jobs.some((job) => job.status === "complete") ? "complete" : "failed";
    await ctx.db.patch("jobGroups", groupId, { status, aggregatedResult: aggregateResults(jobs) });
    return { groupId, status, finished: !isFinished(group) };
  }
  if (isStranded(group, jobs)) {
    await ctx.db.patch("jobGroups", groupId, { status: "pending" });
    return { groupId, status: "pending", finished: false };
  }
  return { groupId, status: group.status, finished: false };
}

/** Running by its status, but no job runs and some are still to be started. */
export function isStranded(
  group: { readonly status: WorkStatus },
  jobs: readonly { readonly status: WorkStatus }[],
): boolean {
  return (
    group.status === "running" &&
    jobs.some((job) => job.status === "pending") &&
    !jobs.some((job) => job.status === "running")
  );
}

/** The results of a group as one text: a headed block per job, letters where a type occurs more than once. */
export function aggregateResults(jobs: readonly Pick<Doc<"jobs">, "jobType" | "result">[]): string {
  const withResult = jobs.filter((job) => job.result !== undefined && job.result !== "");
  const seen = new Map<string, number>();
  const blocks = withResult.map((job) => {
    const nth = seen.get(job.jobType) ?? 0;
    seen.set(job.jobType, nth + 1);
    const several = withResult.filter((other) => other.jobType === job.jobType).length > 1;
    return `## ${several ? `${job.jobType} ${letter(nth)}` : job.jobType}\n\n${job.result}`;
  });
  return blocks.join("\n\n---\n\n");
}

/** A, B … Z, AA, AB … */
function letter(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : letter(Math.floor(index / 26) - 1) + last;
}
