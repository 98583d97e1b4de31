/**
 * The *before* form of `scheduler`: queries that read whole graphs, as a first version does.
 *
 * They are right, and they cost: whatever changes in a namespace, a heartbeat too, runs each of them again. They are kept
 * to be measured against the *after* form; the page, the runner and the command line use none of them.
 */
import { v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import { query, type QueryCtx } from "../_generated/server.js";
import { requirePassword } from "../model/auth.ts";
import { zeroCounts } from "../model/counts.ts";
import { byPriority, chooseAssignments } from "../model/dispatch.ts";
import { assignmentDoc, groupWithJobs, namespaceDoc, readyJob } from "../model/documents.ts";
import { assignmentCounts } from "../model/fields.ts";
import { chainFrom, jobsOfGroup, readyJobsOf, type ReadyJob } from "../model/walk.ts";

export { getReadyChatJobs } from "../scheduler.ts";

const assignmentGraph = v.object({ ...assignmentDoc.fields, groups: v.array(groupWithJobs) });

/** The jobs that may start now. Reads every assignment of the namespace and walks the chains of the workable ones. */
export const getReadyJobs = query({
  args: { password: v.string(), namespaceId: v.id("namespaces") },
  returns: v.array(readyJob),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const all = await assignmentsOf(ctx, args.namespaceId);
    const active = all.filter((assignment) => assignment.status === "active");
    const pending = all.filter((assignment) => assignment.status === "pending");
    const ready: ReadyJob[] = [];
    for (const assignment of chooseAssignments(active, pending)) ready.push(...(await readyJobsOf(ctx, assignment)));
    return ready;
  },
});

/** Every assignment of the namespace with all its groups and all their jobs. */
export const getAllAssignments = query({
  args: { password: v.string(), namespaceId: v.id("namespaces") },
  returns: v.array(assignmentGraph),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const assignments = await assignmentsOf(ctx, args.namespaceId);
    return await Promise.all(assignments.map((assignment) => withGroups(ctx, assignment)));
  },
});

/** Every namespace with its assignments counted one by one and the time of the latest change among them. */
export const getAllNamespaces = query({
  args: { password: v.string() },
  returns: v.array(v.object({ ...namespaceDoc.fields, counts: assignmentCounts, lastActivity: v.number() })),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const namespaces = await ctx.db.query("namespaces").collect();
    return await Promise.all(
      namespaces.map(async (namespace) => {
        const assignments = await assignmentsOf(ctx, namespace._id);
        const lastActivity = Math.max(namespace.updatedAt, ...assignments.map((assignment) => assignment.updatedAt));
        return { ...namespace, counts: countByStatus(assignments), lastActivity };
      }),
    );
  },
});

/** The unfinished assignments of the namespace in the order in which they would run, with their whole graphs. */
export const watchQueue = query({
  args: { password: v.string(), namespaceId: v.id("namespaces") },
  returns: v.array(assignmentGraph),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const assignments = await assignmentsOf(ctx, args.namespaceId);
    const active = assignments.filter((assignment) => assignment.status === "active");
    const pending = assignments.filter((assignment) => assignment.status === "pending").toSorted(byPriority);
    return await Promise.all([...active, ...pending].map((assignment) => withGroups(ctx, assignment)));
  },
});

/** How many assignments of the namespace have each status, counted one by one. */
export const getQueueStatus = query({
  args: { password: v.string(), namespaceId: v.id("namespaces") },
  returns: v.object({ total: v.number(), ...assignmentCounts.fields }),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const assignments = await assignmentsOf(ctx, args.namespaceId);
    return { total: assignments.length, ...countByStatus(assignments) };
  },
});

async function assignmentsOf(ctx: QueryCtx, namespaceId: Id<"namespaces">): Promise<Doc<"assignments">[]> {
  return await ctx.db
    .query("assignments")
    .withIndex("by_namespace", (q) => q.eq("namespaceId", namespaceId))
    .collect();
}

async function withGroups(ctx: QueryCtx, assignment: Doc<"assignments">) {
  const groups = [];
  for await (const group of chainFrom(ctx, assignment.headGroupId)) {
    groups.push({ ...group, jobs: await jobsOfGroup(ctx, group._id) });
  }
  return { ...assignment, groups };
}

function countByStatus(assignments: readonly Doc<"assignments">[]) {
  const counts = zeroCounts();
  for (const assignment of assignments) counts[assignment.status] += 1;
  return counts;
}
