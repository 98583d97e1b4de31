/**
 * Chat jobs: one answer of an agent in a thread.
 *
 * The typing indicator is `getActiveForThread`: two index look-ups, at most two documents, however long the thread is.
 */
import { ConvexError, v } from "convex/values";
import { mutation, query } from "./_generated/server.js";
import { requirePassword } from "./model/auth.ts";
import { chatContext } from "./model/chatContext.ts";
import { isFinished } from "./model/dispatch.ts";
import { chatJobDoc } from "./model/documents.ts";
import { mustExist, refuse } from "./model/errors.ts";
import { chatMode, harness, metrics } from "./model/fields.ts";

/** Asks an agent for an answer to the thread's latest message. */
export const trigger = mutation({
  args: {
    password: v.string(),
    threadId: v.id("chatThreads"),
    harness: v.optional(harness),
    isGuardianEvaluation: v.optional(v.boolean()),
  },
  returns: v.object({ jobId: v.id("chatJobs"), mode: chatMode }),
  handler: async (ctx, { password, threadId, harness = "claude", isGuardianEvaluation = false }) => {
    requirePassword(password);
    const thread = mustExist(await ctx.db.get("chatThreads", threadId), "Thread");
    const messages = await ctx.db
      .query("chatMessages")
      .withIndex("by_thread_created", (q) => q.eq("threadId", threadId))
      .collect();
    if (messages.length === 0) throw new ConvexError("No messages in thread");
    const role = isGuardianEvaluation ? "pm" : "user";
    const latest = messages.findLast((message) => message.role === role);
    if (latest === undefined) throw new ConvexError(`No ${role} message in thread`);
    const context = chatContext(thread, messages, latest.content, isGuardianEvaluation);
    const jobId = await ctx.db.insert("chatJobs", {
      threadId,
      namespaceId: thread.namespaceId,
      harness,
      context: JSON.stringify(context),
      status: "pending",
      createdAt: Date.now(),
    });
    return { jobId, mode: thread.mode };
  },
});

/** Claims a pending chat job. */
export const start = mutation({
  args: { password: v.string(), id: v.id("chatJobs"), prompt: v.optional(v.string()) },
  returns: v.null(),
  handler: async (ctx, { password, id, ...given }) => {
    requirePassword(password);
    const job = mustExist(await ctx.db.get("chatJobs", id), "Chat job");
    if (job.status !== "pending")
      refuse("start the chat job", `it is ${job.status}`, "only a pending one can be started");
    await ctx.db.patch("chatJobs", id, { ...given, status: "running", startedAt: Date.now() });
    return null;
  },
});

export const complete = mutation({
  args: { password: v.string(), id: v.id("chatJobs"), result: v.string(), ...metrics },
  returns: v.null(),
  handler: async (ctx, { password, id, ...outcome }) => {
    requirePassword(password);
    const job = mustExist(await ctx.db.get("chatJobs", id), "Chat job");
    if (isFinished(job)) refuse("complete the chat job", `it is ${job.status}`, "a chat job finishes once");
    await ctx.db.patch("chatJobs", id, { ...outcome, status: "complete", completedAt: Date.now() });
    return null;
  },
});

export const fail = mutation({
  args: { password: v.string(), id: v.id("chatJobs"), result: v.optional(v.string()), ...metrics },
  returns: v.null(),
  handler: async (ctx, { password, id, ...outcome }) => {
    requirePassword(password);
    const job = mustExist(await ctx.db.get("chatJobs", id), "Chat job");
    if (isFinished(job)) refuse("fail the chat job", `it is ${job.status}`, "a chat job finishes once");
    await ctx.db.patch("chatJobs", id, { ...outcome, status: "failed", completedAt: Date.now() });
    return null;
  },
});

/** The metric tick of a chat job. */
export const updateMetrics = mutation({
  args: { password: v.string(), id: v.id("chatJobs"), ...metrics },
  returns: v.null(),
  handler: async (ctx, { password, id, ...changes }) => {
    requirePassword(password);
    if (Object.keys(changes).length > 0) await ctx.db.patch("chatJobs", id, changes);
    return null;
  },
});

/** Chat jobs of a namespace that nobody has claimed, oldest first. */
export const getPending = query({
  args: { password: v.string(), namespaceId: v.id("namespaces") },
  returns: v.array(chatJobDoc),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    return await ctx.db
      .query("chatJobs")
      .withIndex("by_namespace_status", (q) => q.eq("namespaceId", args.namespaceId).eq("status", "pending"))
      .collect();
  },
});

export const get = query({
  args: { password: v.string(), id: v.id("chatJobs") },
  returns: v.nullable(chatJobDoc),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    return await ctx.db.get("chatJobs", args.id);
  },
});

/** The oldest pending chat job of the thread, else the oldest running one, else null. */
export const getActiveForThread = query({
  args: { password: v.string(), threadId: v.id("chatThreads") },
  returns: v.nullable(chatJobDoc),
  handler: async (ctx, { password, threadId }) => {
    requirePassword(password);
    for (const status of ["pending", "running"] as const) {
      const job = await ctx.db
        .query("chatJobs")
        .withIndex("by_thread_status", (q) => q.eq("threadId", threadId).eq("status", status))
        .first();
      if (job !== null) return job;
    }
    return null;
  },
});
