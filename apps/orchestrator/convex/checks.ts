/**
 * Looking for data that is valid and still wrong, and repairing what can be repaired.
 *
 * Clamped counters, jobs that wait for ever and groups that hang on nothing look like peace and quiet. These functions
 * say so aloud; the page and the command line show what they find. They read widely and are meant to be asked, not
 * subscribed to.
 */
import { v } from "convex/values";
import { mutation, query, type QueryCtx } from "./_generated/server.js";
import type { Id } from "./_generated/dataModel.js";
import { requirePassword } from "./model/auth.ts";
import { recount, sameCounts } from "./model/counts.ts";
import { isFinished } from "./model/dispatch.ts";
import { mustExist } from "./model/errors.ts";
import { findInAssignment, findWaiting, type Finding, type LoadedGroup } from "./model/findings.ts";
import { isStranded } from "./model/groups.ts";
import { jobsOfGroup } from "./model/walk.ts";

/** Documents of one table that `orphans` looks at, newest first. */
const ORPHAN_SCAN_MAX = 500;

const finding = v.object({
  kind: v.union(
    v.literal("counters"),
    v.literal("stranded"),
    v.literal("ring"),
    v.literal("unreachable"),
    v.literal("empty"),
    v.literal("waiting"),
    v.literal("orphan"),
  ),
  subjectId: v.string(),
  text: v.string(),
  remedy: v.string(),
});

/** Everything wrong in a namespace: counters that drifted, and its unfinished assignments. Empty when all is well. */
export const namespace = query({
  args: { password: v.string(), namespaceId: v.id("namespaces") },
  returns: v.array(finding),
  handler: async (ctx, { password, namespaceId }) => {
    requirePassword(password);
    const doc = mustExist(await ctx.db.get("namespaces", namespaceId), "Namespace");
    const findings: Finding[] = [];
    const truth = await recount(ctx, namespaceId);
    if (!sameCounts(doc.assignmentCounts, truth)) {
      findings.push({
        kind: "counters",
        subjectId: namespaceId,
        text: `The counters of "${doc.name}" say ${JSON.stringify(doc.assignmentCounts ?? null)}; counted ${JSON.stringify(truth)}`,
        remedy: "Repair counts again and overwrites them",
      });
    }
    const assignments = await ctx.db
      .query("assignments")
      .withIndex("by_namespace", (q) => q.eq("namespaceId", namespaceId))
      .collect();
    for (const assignment of assignments.filter((each) => each.status !== "complete")) {
      findings.push(...findInAssignment(assignment, await loadGroups(ctx, assignment._id)));
    }
    findings.push(...findWaiting(assignments.filter((each) => each.status === "active")));
    return findings;
  },
});

/** Assignments and threads whose namespace is gone, among the newest of each table. */
export const orphans = query({
  args: { password: v.string() },
  returns: v.array(finding),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const alive = new Set((await ctx.db.query("namespaces").collect()).map((each) => each._id));
    const findings: Finding[] = [];
    for (const table of ["assignments", "chatThreads"] as const) {
      for (const doc of await ctx.db.query(table).order("desc").take(ORPHAN_SCAN_MAX)) {
        if (alive.has(doc.namespaceId)) continue;
        findings.push({
          kind: "orphan",
          subjectId: doc._id,
          text: `A document of ${table} belongs to a namespace that is gone`,
          remedy: "Remove it by its id",
        });
      }
    }
    return findings;
  },
});

/** Puts stranded groups of a namespace back to pending and counts its assignments again. Safe to run at any time. */
export const repair = mutation({
  args: { password: v.string(), namespaceId: v.id("namespaces") },
  returns: v.object({ groupsReleased: v.number(), countersFixed: v.boolean() }),
  handler: async (ctx, { password, namespaceId }) => {
    requirePassword(password);
    const doc = mustExist(await ctx.db.get("namespaces", namespaceId), "Namespace");
    const active = await ctx.db
      .query("assignments")
      .withIndex("by_namespace_status", (q) => q.eq("namespaceId", namespaceId).eq("status", "active"))
      .collect();
    let groupsReleased = 0;
    for (const assignment of active) {
      for (const { group, jobs } of await loadGroups(ctx, assignment._id)) {
        if (!isStranded(group, jobs)) continue;
        await ctx.db.patch("jobGroups", group._id, { status: "pending" });
        groupsReleased += 1;
      }
    }
    const truth = await recount(ctx, namespaceId);
    const countersFixed = !sameCounts(doc.assignmentCounts, truth);
    if (countersFixed) await ctx.db.patch("namespaces", namespaceId, { assignmentCounts: truth });
    return { groupsReleased, countersFixed };
  },
});

/** The groups of an assignment with the jobs of the unfinished ones; a finished group cannot be wrong. */
async function loadGroups(ctx: QueryCtx, assignmentId: Id<"assignments">): Promise<LoadedGroup[]> {
  const groups = await ctx.db
    .query("jobGroups")
    .withIndex("by_assignment", (q) => q.eq("assignmentId", assignmentId))
    .collect();
  return await Promise.all(
    groups.map(async (group) => {
      // The first job stands for a finished group's jobs: enough to know that the group is not empty.
      const jobs = isFinished(group)
        ? await ctx.db
            .query("jobs")
            .withIndex("by_group", (q) => q.eq("groupId", group._id))
            .take(1)
        : await jobsOfGroup(ctx, group._id);
      return { group, jobs };
    }),
  );
}
