/**
 * What the runner subscribes to.
 *
 * `getReadyJobs` reads active and pending assignments through the index and, of an assignment in which a group runs,
 * groups only. So during the long time that a job runs, its heartbeats concern nobody here.
 */
import { v } from "convex/values";
import { query } from "./_generated/server.js";
import { requirePassword } from "./model/auth.ts";
import { chooseAssignments } from "./model/dispatch.ts";
import { chatJobDoc, readyJob } from "./model/documents.ts";
import { hasRunningGroup, readyJobsOf, type ReadyJob } from "./model/walk.ts";

/** The jobs of a namespace that may start now, each with the results that it builds on. */
export const getReadyJobs = query({
  args: { password: v.string(), namespaceId: v.id("namespaces") },
  returns: v.array(readyJob),
  handler: async (ctx, { password, namespaceId }) => {
    requirePassword(password);
    const withStatus = async (status: "active" | "pending") =>
      await ctx.db
        .query("assignments")
        .withIndex("by_namespace_status", (q) => q.eq("namespaceId", namespaceId).eq("status", status))
        .collect();
    const active = await withStatus("active");
    const pending = await withStatus("pending");
    const ready: ReadyJob[] = [];
    for (const assignment of chooseAssignments(active, pending)) {
      if (assignment.headGroupId === undefined) continue;
      if (await hasRunningGroup(ctx, assignment._id)) continue;
      ready.push(...(await readyJobsOf(ctx, assignment)));
    }
    return ready;
  },
});

/** The chat jobs of a namespace that nobody has claimed, oldest first. */
export const getReadyChatJobs = query({
  args: { password: v.string(), namespaceId: v.id("namespaces") },
  returns: v.array(v.object({ chatJob: chatJobDoc })),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const pending = await ctx.db
      .query("chatJobs")
      .withIndex("by_namespace_status", (q) => q.eq("namespaceId", args.namespaceId).eq("status", "pending"))
      .collect();
    return pending.map((chatJob) => ({ chatJob }));
  },
});
