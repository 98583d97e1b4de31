/**
 * Assignments: a piece of work with a north star, made of a chain of job groups.
 *
 * Every change of a status moves the namespace's counters in the same transaction (`model/counts.ts`).
 */
import { v } from "convex/values";
import { mutation, query } from "./_generated/server.js";
import { requirePassword } from "./model/auth.ts";
import { moveCount, recount, sameCounts, setAssignment } from "./model/counts.ts";
import { assignmentDoc, groupSummary, groupWithJobs } from "./model/documents.ts";
import { mustExist, refuse } from "./model/errors.ts";
import { alignmentStatus, assignmentStatus } from "./model/fields.ts";
import { chainFrom, jobsOfGroup } from "./model/walk.ts";

/** The namespace's assignments in creation order, all or those of one status. */
export const list = query({
  args: { password: v.string(), namespaceId: v.id("namespaces"), status: v.optional(assignmentStatus) },
  returns: v.array(assignmentDoc),
  handler: async (ctx, { password, namespaceId, status }) => {
    requirePassword(password);
    const assignments = ctx.db.query("assignments");
    return status === undefined
      ? await assignments.withIndex("by_namespace", (q) => q.eq("namespaceId", namespaceId)).collect()
      : await assignments
          .withIndex("by_namespace_status", (q) => q.eq("namespaceId", namespaceId).eq("status", status))
          .collect();
  },
});

/** One document: what the badge of one thread subscribes to. */
export const get = query({
  args: { password: v.string(), id: v.id("assignments") },
  returns: v.nullable(assignmentDoc),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    return await ctx.db.get("assignments", args.id);
  },
});

/** The assignment, its chain and every job of it: for tools. A page subscribes to `getGroupChain` and `jobs.list`. */
export const getWithGroups = query({
  args: { password: v.string(), id: v.id("assignments") },
  returns: v.nullable(v.object({ ...assignmentDoc.fields, groups: v.array(groupWithJobs) })),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const assignment = await ctx.db.get("assignments", args.id);
    if (assignment === null) return null;
    const groups = [];
    for await (const group of chainFrom(ctx, assignment.headGroupId)) {
      groups.push({ ...group, jobs: await jobsOfGroup(ctx, group._id) });
    }
    return { ...assignment, groups };
  },
});

/** The assignment and its chain without a single job, so that a job's heartbeat concerns nobody here. */
export const getGroupChain = query({
  args: { password: v.string(), id: v.id("assignments") },
  returns: v.nullable(v.object({ ...assignmentDoc.fields, groups: v.array(groupSummary) })),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const assignment = await ctx.db.get("assignments", args.id);
    if (assignment === null) return null;
    const groups = [];
    for await (const { _id, status, nextGroupId, createdAt, assignmentId } of chainFrom(ctx, assignment.headGroupId)) {
      groups.push({ _id, status, createdAt, assignmentId, ...(nextGroupId === undefined ? {} : { nextGroupId }) });
    }
    return { ...assignment, groups };
  },
});

export const create = mutation({
  args: {
    password: v.string(),
    namespaceId: v.id("namespaces"),
    northStar: v.string(),
    independent: v.optional(v.boolean()),
    priority: v.optional(v.number()),
  },
  returns: v.id("assignments"),
  handler: async (ctx, { password, namespaceId, northStar, independent = false, priority = 10 }) => {
    requirePassword(password);
    mustExist(await ctx.db.get("namespaces", namespaceId), "Namespace");
    const now = Date.now();
    const id = await ctx.db.insert("assignments", {
      namespaceId,
      northStar,
      status: "pending",
      independent,
      priority,
      artifacts: "",
      decisions: "",
      createdAt: now,
      updatedAt: now,
    });
    await moveCount(ctx, namespaceId, null, "pending");
    return id;
  },
});

/** Patches what is given. */
export const update = mutation({
  args: {
    password: v.string(),
    id: v.id("assignments"),
    artifacts: v.optional(v.string()),
    decisions: v.optional(v.string()),
    status: v.optional(assignmentStatus),
    blockedReason: v.optional(v.string()),
    headGroupId: v.optional(v.id("jobGroups")),
    alignmentStatus: v.optional(alignmentStatus),
  },
  returns: v.null(),
  handler: async (ctx, { password, id, ...changes }) => {
    requirePassword(password);
    const assignment = mustExist(await ctx.db.get("assignments", id), "Assignment");
    if (changes.headGroupId !== undefined) {
      const head = mustExist(await ctx.db.get("jobGroups", changes.headGroupId), "Group");
      if (head.assignmentId !== id) {
        refuse("set the head group", "the group belongs to another assignment", "choose one of this assignment");
      }
    }
    await setAssignment(ctx, assignment, changes);
    return null;
  },
});

export const complete = mutation({
  args: { password: v.string(), id: v.id("assignments") },
  returns: v.null(),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const assignment = mustExist(await ctx.db.get("assignments", args.id), "Assignment");
    await setAssignment(ctx, assignment, { status: "complete" });
    return null;
  },
});

export const block = mutation({
  args: { password: v.string(), id: v.id("assignments"), reason: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const assignment = mustExist(await ctx.db.get("assignments", args.id), "Assignment");
    await setAssignment(ctx, assignment, { status: "blocked", blockedReason: args.reason });
    return null;
  },
});

/** Back to active; the reason is cleared. */
export const unblock = mutation({
  args: { password: v.string(), id: v.id("assignments") },
  returns: v.null(),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const assignment = mustExist(await ctx.db.get("assignments", args.id), "Assignment");
    await setAssignment(ctx, assignment, { status: "active", blockedReason: undefined });
    return null;
  },
});

/** Removes the assignment with its groups and jobs and unlinks its threads. */
export const remove = mutation({
  args: { password: v.string(), id: v.id("assignments") },
  returns: v.object({ deleted: v.boolean(), groupsDeleted: v.number(), jobsDeleted: v.number() }),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const assignment = await ctx.db.get("assignments", args.id);
    if (assignment === null) return { deleted: false, groupsDeleted: 0, jobsDeleted: 0 };
    await moveCount(ctx, assignment.namespaceId, assignment.status, null);
    // By the index and not along the chain: groups that the chain does not reach go as well.
    const groups = await ctx.db
      .query("jobGroups")
      .withIndex("by_assignment", (q) => q.eq("assignmentId", args.id))
      .collect();
    let jobsDeleted = 0;
    for (const group of groups) {
      const jobs = await jobsOfGroup(ctx, group._id);
      for (const job of jobs) await ctx.db.delete("jobs", job._id);
      jobsDeleted += jobs.length;
      await ctx.db.delete("jobGroups", group._id);
    }
    const threads = await ctx.db
      .query("chatThreads")
      .withIndex("by_assignment", (q) => q.eq("assignmentId", args.id))
      .collect();
    for (const thread of threads) await ctx.db.patch("chatThreads", thread._id, { assignmentId: undefined });
    await ctx.db.delete("assignments", args.id);
    return { deleted: true, groupsDeleted: groups.length, jobsDeleted };
  },
});

/** Recounts every namespace and overwrites counters that are missing or wrong; running it again changes nothing. */
export const backfillNamespaceCounts = mutation({
  args: { password: v.string() },
  returns: v.object({ updated: v.number() }),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    let updated = 0;
    for (const namespace of await ctx.db.query("namespaces").collect()) {
      const truth = await recount(ctx, namespace._id);
      if (sameCounts(namespace.assignmentCounts, truth)) continue;
      await ctx.db.patch("namespaces", namespace._id, { assignmentCounts: truth });
      updated += 1;
    }
    return { updated };
  },
});
