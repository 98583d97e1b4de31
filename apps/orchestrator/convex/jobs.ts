/**
 * Jobs and their groups. `updateMetrics` is the metric tick: it writes one job document and nothing else, so it
 * concerns nobody but those who look at that group's jobs.
 */
import { v } from "convex/values";
import { mutation, query } from "./_generated/server.js";
import { requirePassword } from "./model/auth.ts";
import { setAssignment } from "./model/counts.ts";
import { isFinished } from "./model/dispatch.ts";
import { assignmentDoc, groupDoc, groupWithJobs, jobDoc } from "./model/documents.ts";
import { mustExist, refuse } from "./model/errors.ts";
import { jobInput, metrics, workStatus } from "./model/fields.ts";
import { insertGroup, settleGroup } from "./model/groups.ts";
import { jobsOfGroup } from "./model/walk.ts";

const createdGroup = v.object({ groupId: v.id("jobGroups"), jobIds: v.array(v.id("jobs")) });
const groupOutcome = v.nullable(v.object({ groupId: v.id("jobGroups"), status: workStatus, finished: v.boolean() }));

/** Jobs of a group, of a status, of both, or all. */
export const list = query({
  args: { password: v.string(), groupId: v.optional(v.id("jobGroups")), status: v.optional(workStatus) },
  returns: v.array(jobDoc),
  handler: async (ctx, { password, groupId, status }) => {
    requirePassword(password);
    const jobs = ctx.db.query("jobs");
    if (groupId !== undefined && status !== undefined) {
      return await jobs.withIndex("by_group_status", (q) => q.eq("groupId", groupId).eq("status", status)).collect();
    }
    if (groupId !== undefined) return await jobs.withIndex("by_group", (q) => q.eq("groupId", groupId)).collect();
    if (status !== undefined) return await jobs.withIndex("by_status", (q) => q.eq("status", status)).collect();
    return await jobs.collect();
  },
});

export const get = query({
  args: { password: v.string(), id: v.id("jobs") },
  returns: v.nullable(jobDoc),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    return await ctx.db.get("jobs", args.id);
  },
});

export const getWithGroup = query({
  args: { password: v.string(), id: v.id("jobs") },
  returns: v.nullable(v.object({ job: jobDoc, group: v.nullable(groupDoc) })),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const job = await ctx.db.get("jobs", args.id);
    return job === null ? null : { job, group: await ctx.db.get("jobGroups", job.groupId) };
  },
});

export const getWithAssignment = query({
  args: { password: v.string(), id: v.id("jobs") },
  returns: v.nullable(v.object({ job: jobDoc, group: v.nullable(groupDoc), assignment: v.nullable(assignmentDoc) })),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const job = await ctx.db.get("jobs", args.id);
    if (job === null) return null;
    const group = await ctx.db.get("jobGroups", job.groupId);
    const assignment = group === null ? null : await ctx.db.get("assignments", group.assignmentId);
    return { job, group, assignment };
  },
});

export const getGroup = query({
  args: { password: v.string(), id: v.id("jobGroups") },
  returns: v.nullable(groupDoc),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    return await ctx.db.get("jobGroups", args.id);
  },
});

export const getGroupWithJobs = query({
  args: { password: v.string(), id: v.id("jobGroups") },
  returns: v.nullable(groupWithJobs),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const group = await ctx.db.get("jobGroups", args.id);
    return group === null ? null : { ...group, jobs: await jobsOfGroup(ctx, group._id) };
  },
});

/** Groups of an assignment, of a status, of both, or all. */
export const listGroups = query({
  args: { password: v.string(), assignmentId: v.optional(v.id("assignments")), status: v.optional(workStatus) },
  returns: v.array(groupDoc),
  handler: async (ctx, { password, assignmentId, status }) => {
    requirePassword(password);
    const groups = ctx.db.query("jobGroups");
    if (assignmentId !== undefined) {
      const all = await groups.withIndex("by_assignment", (q) => q.eq("assignmentId", assignmentId)).collect();
      return status === undefined ? all : all.filter((group) => group.status === status);
    }
    if (status !== undefined) return await groups.withIndex("by_status", (q) => q.eq("status", status)).collect();
    return await groups.collect();
  },
});

/**
 * The first group of an assignment. One that already has a head is refused: the new group would hang on nothing, and
 * its jobs would wait for ever. `insertGroupAfter` continues a chain.
 */
export const createGroup = mutation({
  args: { password: v.string(), assignmentId: v.id("assignments"), jobs: v.array(jobInput) },
  returns: createdGroup,
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const assignment = mustExist(await ctx.db.get("assignments", args.assignmentId), "Assignment");
    if (assignment.headGroupId !== undefined) {
      refuse("create the first group", "the assignment already has one", "use insertGroupAfter to continue its chain");
    }
    const created = await insertGroup(ctx, args.assignmentId, args.jobs, undefined);
    await setAssignment(ctx, assignment, { headGroupId: created.groupId });
    return created;
  },
});

/** A group spliced into the chain behind another. */
export const insertGroupAfter = mutation({
  args: { password: v.string(), afterGroupId: v.id("jobGroups"), jobs: v.array(jobInput) },
  returns: createdGroup,
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const after = mustExist(await ctx.db.get("jobGroups", args.afterGroupId), "Group");
    const created = await insertGroup(ctx, after.assignmentId, args.jobs, after.nextGroupId);
    await ctx.db.patch("jobGroups", after._id, { nextGroupId: created.groupId });
    return created;
  },
});

/**
 * Claims a pending job and makes its assignment active. Of two runners that reach for the same job the second is refused,
 * and a runner that is about to start cannot undo a block that was set a moment ago.
 */
export const start = mutation({
  args: { password: v.string(), id: v.id("jobs"), prompt: v.optional(v.string()) },
  returns: v.null(),
  handler: async (ctx, { password, id, ...given }) => {
    requirePassword(password);
    const job = mustExist(await ctx.db.get("jobs", id), "Job");
    if (job.status !== "pending") refuse("start the job", `it is ${job.status}`, "only a pending job can be started");
    const group = mustExist(await ctx.db.get("jobGroups", job.groupId), "Group");
    const assignment = mustExist(await ctx.db.get("assignments", group.assignmentId), "Assignment");
    if (assignment.status === "blocked") refuse("start the job", "its assignment is blocked", "unblock it first");
    await ctx.db.patch("jobs", id, { ...given, status: "running", startedAt: Date.now() });
    if (group.status !== "running") await ctx.db.patch("jobGroups", group._id, { status: "running" });
    await setAssignment(ctx, assignment, { status: "active" });
    return null;
  },
});

export const complete = mutation({
  args: { password: v.string(), id: v.id("jobs"), result: v.string(), ...metrics },
  returns: groupOutcome,
  handler: async (ctx, { password, id, ...outcome }) => {
    requirePassword(password);
    const job = mustExist(await ctx.db.get("jobs", id), "Job");
    if (isFinished(job)) refuse("complete the job", `it is ${job.status}`, "a job finishes once");
    await ctx.db.patch("jobs", id, { ...outcome, status: "complete", completedAt: Date.now() });
    return await settleGroup(ctx, job.groupId);
  },
});

export const fail = mutation({
  args: { password: v.string(), id: v.id("jobs"), result: v.optional(v.string()), ...metrics },
  returns: groupOutcome,
  handler: async (ctx, { password, id, ...outcome }) => {
    requirePassword(password);
    const job = mustExist(await ctx.db.get("jobs", id), "Job");
    if (isFinished(job)) refuse("fail the job", `it is ${job.status}`, "a job finishes once");
    await ctx.db.patch("jobs", id, { ...outcome, status: "failed", completedAt: Date.now() });
    return await settleGroup(ctx, job.groupId);
  },
});

/** The metric tick: patches what is given, writes nothing if nothing is. */
export const updateMetrics = mutation({
  args: { password: v.string(), id: v.id("jobs"), ...metrics },
  returns: v.null(),
  handler: async (ctx, { password, id, ...changes }) => {
    requirePassword(password);
    if (Object.keys(changes).length > 0) await ctx.db.patch("jobs", id, changes);
    return null;
  },
});
