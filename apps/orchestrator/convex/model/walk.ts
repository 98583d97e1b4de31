/**
 * Walking the chain of an assignment's groups, head first.
 *
 * A chain is a linked list in documents, so nothing but the code keeps it from being a ring. Every walk here remembers
 * where it was and ends at the first group that it meets again; `checks.namespace` tells about such a ring.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { accumulate, EMPTY_CONTEXT, judgeGroup, type ResultItem } from "./dispatch.ts";

/** A job that may start, with the context of its place in the chain. */
export interface ReadyJob {
  readonly job: Doc<"jobs">;
  readonly group: Doc<"jobGroups">;
  readonly assignment: Doc<"assignments">;
  readonly accumulatedResults: ResultItem[];
  readonly previousNonPmGroupResults: ResultItem[];
  readonly r1GroupResults: ResultItem[];
}

/** The groups from `head` on, each once. Reads a group only when it is asked for. */
export async function* chainFrom(
  ctx: QueryCtx,
  head: Id<"jobGroups"> | undefined,
): AsyncGenerator<Doc<"jobGroups">, void> {
  const seen = new Set<Id<"jobGroups">>();
  for (let id = head; id !== undefined && !seen.has(id);) {
    seen.add(id);
    const group = await ctx.db.get("jobGroups", id);
    if (group === null) return;
    yield group;
    id = group.nextGroupId;
  }
}

/** The jobs of a group in creation order. */
export async function jobsOfGroup(ctx: QueryCtx, groupId: Id<"jobGroups">): Promise<Doc<"jobs">[]> {
  return await ctx.db
    .query("jobs")
    .withIndex("by_group", (q) => q.eq("groupId", groupId))
    .collect();
}

/** Whether one of the assignment's groups runs; reads groups only, up to the first running one. */
export async function hasRunningGroup(ctx: QueryCtx, assignmentId: Id<"assignments">): Promise<boolean> {
  const running = await ctx.db
    .query("jobGroups")
    .withIndex("by_assignment", (q) => q.eq("assignmentId", assignmentId))
    .filter((q) => q.eq(q.field("status"), "running"))
    .first();
  return running !== null;
}

/** The jobs of the first unfinished group, if they may start; nothing while one of that group runs. */
export async function readyJobsOf(ctx: QueryCtx, assignment: Doc<"assignments">): Promise<ReadyJob[]> {
  let context = EMPTY_CONTEXT;
  for await (const group of chainFrom(ctx, assignment.headGroupId)) {
    const jobs = await jobsOfGroup(ctx, group._id);
    const verdict = judgeGroup(jobs);
    if (verdict.kind === "dispatch") {
      const { groupIndex: _, ...results } = context;
      return verdict.jobs.map((job) => ({ job, group, assignment, ...results }));
    }
    if (verdict.kind !== "pass") return [];
    context = accumulate(context, jobs);
  }
  return [];
}
