/**
 * Short words for the function tests: make a namespace, an assignment with a chain, finish jobs.
 */
import { expect } from "vitest";
import { api } from "../convex/_generated/api.js";
import type { Doc, Id } from "../convex/_generated/dataModel.js";
import type { AssignmentCounts, JobInput } from "../convex/model/fields.ts";
import type { Backend } from "./backend.ts";

/** A namespace with a name of its own. */
export async function makeNamespace(backend: Backend, name = "harbor"): Promise<Id<"namespaces">> {
  return await backend.mutation(api.namespaces.create, { name });
}

/** Job types of one group, as text: "implement implement test". */
export function jobInputs(types: string): JobInput[] {
  return types.split(" ").map((jobType) => ({ jobType, harness: "claude" as const }));
}

/** An assignment with its groups and jobs, in chain order. */
export interface Chain {
  readonly id: Id<"assignments">;
  readonly groupIds: Id<"jobGroups">[];
  readonly jobIds: Id<"jobs">[][];
}

/** An assignment whose groups are given as texts of job types. */
export async function makeChain(
  backend: Backend,
  namespaceId: Id<"namespaces">,
  groups: readonly string[],
  options: { northStar?: string; independent?: boolean; priority?: number } = {},
): Promise<Chain> {
  const { northStar = "Reach the goal", ...rest } = options;
  const id = await backend.mutation(api.assignments.create, { namespaceId, northStar, ...rest });
  const groupIds: Id<"jobGroups">[] = [];
  const jobIds: Id<"jobs">[][] = [];
  for (const types of groups) {
    const after = groupIds.at(-1);
    const jobs = jobInputs(types);
    const created =
      after === undefined
        ? await backend.mutation(api.jobs.createGroup, { assignmentId: id, jobs })
        : await backend.mutation(api.jobs.insertGroupAfter, { afterGroupId: after, jobs });
    groupIds.push(created.groupId);
    jobIds.push(created.jobIds);
  }
  return { id, groupIds, jobIds };
}

/** Starts and completes jobs, each with a result that names it. */
export async function finishJobs(backend: Backend, ids: readonly Id<"jobs">[], result?: string): Promise<void> {
  for (const id of ids) await backend.mutation(api.jobs.start, { id });
  for (const [index, id] of ids.entries()) {
    await backend.mutation(api.jobs.complete, { id, result: result ?? `result ${index}` });
  }
}

/** Counts the namespace's assignments through the list and compares with its counters: invariant I1. */
export async function expectTrueCounts(backend: Backend, namespaceId: Id<"namespaces">): Promise<AssignmentCounts> {
  const counts: AssignmentCounts = { pending: 0, active: 0, blocked: 0, complete: 0 };
  const assignments: Doc<"assignments">[] = await backend.query(api.assignments.list, { namespaceId });
  for (const assignment of assignments) counts[assignment.status] += 1;
  const namespace = await backend.query(api.namespaces.get, { id: namespaceId });
  expect(namespace?.assignmentCounts).toEqual(counts);
  return counts;
}
