/**
 * Chat threads of a namespace. A thread may be linked to an assignment; in guardian mode it watches that assignment.
 */
import { v } from "convex/values";
import { mutation, query } from "./_generated/server.js";
import type { MutationCtx } from "./_generated/server.js";
import type { Doc, Id } from "./_generated/dataModel.js";
import { requirePassword } from "./model/auth.ts";
import { setAssignment } from "./model/counts.ts";
import { threadDoc } from "./model/documents.ts";
import { mustExist, refuse } from "./model/errors.ts";
import { chatMode, promptMode } from "./model/fields.ts";

/** All threads of all namespaces, the latest first. */
export const listAll = query({
  args: { password: v.string() },
  returns: v.array(threadDoc),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    const threads = await ctx.db.query("chatThreads").collect();
    return threads.sort((a, b) => b.updatedAt - a.updatedAt);
  },
});

/** The namespace's threads, the latest first. */
export const list = query({
  args: { password: v.string(), namespaceId: v.id("namespaces") },
  returns: v.array(threadDoc),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    return await ctx.db
      .query("chatThreads")
      .withIndex("by_namespace_updated", (q) => q.eq("namespaceId", args.namespaceId))
      .order("desc")
      .collect();
  },
});

export const get = query({
  args: { password: v.string(), id: v.id("chatThreads") },
  returns: v.nullable(threadDoc),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    return await ctx.db.get("chatThreads", args.id);
  },
});

/** The thread that watches an assignment, or null. */
export const getGuardianThread = query({
  args: { password: v.string(), assignmentId: v.id("assignments") },
  returns: v.nullable(threadDoc),
  handler: async (ctx, args) => {
    requirePassword(args.password);
    return await ctx.db
      .query("chatThreads")
      .withIndex("by_assignment", (q) => q.eq("assignmentId", args.assignmentId))
      .filter((q) => q.eq(q.field("mode"), "guardian"))
      .first();
  },
});

export const create = mutation({
  args: {
    password: v.string(),
    namespaceId: v.id("namespaces"),
    title: v.optional(v.string()),
    mode: v.optional(chatMode),
  },
  returns: v.id("chatThreads"),
  handler: async (ctx, { password, namespaceId, title = "New Chat", mode = "jam" }) => {
    requirePassword(password);
    mustExist(await ctx.db.get("namespaces", namespaceId), "Namespace");
    const now = Date.now();
    return await ctx.db.insert("chatThreads", { namespaceId, title, mode, createdAt: now, updatedAt: now });
  },
});

export const updateMode = mutation({
  args: { password: v.string(), id: v.id("chatThreads"), mode: chatMode },
  returns: v.null(),
  handler: async (ctx, { password, id, mode }) => {
    requirePassword(password);
    await patchThread(ctx, id, { mode });
    return null;
  },
});

/** Links a thread to an assignment of its own namespace. */
export const linkAssignment = mutation({
  args: { password: v.string(), threadId: v.id("chatThreads"), assignmentId: v.id("assignments") },
  returns: v.null(),
  handler: async (ctx, { password, threadId, assignmentId }) => {
    requirePassword(password);
    await mustShareNamespace(ctx, threadId, assignmentId);
    await patchThread(ctx, threadId, { assignmentId });
    return null;
  },
});

/** Link, guardian mode and a fresh "aligned" in one transaction. */
export const enableGuardianMode = mutation({
  args: { password: v.string(), threadId: v.id("chatThreads"), assignmentId: v.id("assignments") },
  returns: v.null(),
  handler: async (ctx, { password, threadId, assignmentId }) => {
    requirePassword(password);
    const assignment = await mustShareNamespace(ctx, threadId, assignmentId);
    await patchThread(ctx, threadId, { assignmentId, mode: "guardian" });
    await setAssignment(ctx, assignment, { alignmentStatus: "aligned" });
    return null;
  },
});

export const updateTitle = mutation({
  args: { password: v.string(), id: v.id("chatThreads"), title: v.string() },
  returns: v.null(),
  handler: async (ctx, { password, id, title }) => {
    requirePassword(password);
    await patchThread(ctx, id, { title });
    return null;
  },
});

/** Remembers the agent's session, so that the next answer resumes it. */
export const updateSessionId = mutation({
  args: { password: v.string(), id: v.id("chatThreads"), claudeSessionId: v.string() },
  returns: v.null(),
  handler: async (ctx, { password, id, claudeSessionId }) => {
    requirePassword(password);
    await patchThread(ctx, id, { claudeSessionId });
    return null;
  },
});

/** Remembers the mode of the last prompt, so that the agent is told when it changes. */
export const updateLastPromptMode = mutation({
  args: { password: v.string(), id: v.id("chatThreads"), lastPromptMode: promptMode },
  returns: v.null(),
  handler: async (ctx, { password, id, lastPromptMode }) => {
    requirePassword(password);
    await patchThread(ctx, id, { lastPromptMode });
    return null;
  },
});

/** Sets or (without an id) clears the link and nothing else: for tools. */
export const linkAssignmentRaw = mutation({
  args: { password: v.string(), threadId: v.id("chatThreads"), assignmentId: v.optional(v.id("assignments")) },
  returns: v.null(),
  handler: async (ctx, { password, threadId, assignmentId }) => {
    requirePassword(password);
    mustExist(await ctx.db.get("chatThreads", threadId), "Thread");
    await ctx.db.patch("chatThreads", threadId, { assignmentId });
    return null;
  },
});

/** Removes the thread with its messages and chat jobs. */
export const remove = mutation({
  args: { password: v.string(), id: v.id("chatThreads") },
  returns: v.null(),
  handler: async (ctx, { password, id }) => {
    requirePassword(password);
    mustExist(await ctx.db.get("chatThreads", id), "Thread");
    for (const table of ["chatMessages", "chatJobs"] as const) {
      const rows = await ctx.db
        .query(table)
        .withIndex("by_thread", (q) => q.eq("threadId", id))
        .collect();
      for (const row of rows) await ctx.db.delete(row._id);
    }
    await ctx.db.delete("chatThreads", id);
    return null;
  },
});

async function patchThread(
  ctx: MutationCtx,
  id: Id<"chatThreads">,
  changes: Partial<Pick<Doc<"chatThreads">, "mode" | "assignmentId" | "title" | "claudeSessionId" | "lastPromptMode">>,
): Promise<void> {
  mustExist(await ctx.db.get("chatThreads", id), "Thread");
  await ctx.db.patch("chatThreads", id, { ...changes, updatedAt: Date.now() });
}

async function mustShareNamespace(
  ctx: MutationCtx,
  threadId: Id<"chatThreads">,
  assignmentId: Id<"assignments">,
): Promise<Doc<"assignments">> {
  const thread = mustExist(await ctx.db.get("chatThreads", threadId), "Thread");
  const assignment = mustExist(await ctx.db.get("assignments", assignmentId), "Assignment");
  if (thread.namespaceId !== assignment.namespaceId) {
    refuse("link the thread", "the assignment is in another namespace", "choose one of the thread's namespace");
  }
  return assignment;
}
