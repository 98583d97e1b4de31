/**
 * Tables of the orchestrator.
 *
 *   namespace ──< assignment ──head──> group ──next──> group ──next──> …      groups run in order
 *       │             ▲                  └──< job                              jobs of one group run in parallel
 *       └──< thread ──┘ (optional link)
 *               ├──< message
 *               └──< chat job
 *
 * A namespace stands for one client's repository. Times are milliseconds since the epoch. `artifacts`, `decisions` and a
 * chat job's `context` are JSON texts that agents write and read; the server never looks inside.
 */
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import {
  alignmentStatus,
  assignmentCounts,
  assignmentStatus,
  chatMode,
  chatRole,
  harness,
  metrics,
  promptMode,
  workStatus,
} from "./model/fields.ts";

export default defineSchema({
  namespaces: defineTable({
    name: v.string(),
    description: v.optional(v.string()),
    /** Absent on documents older than the counters; `assignments.backfillNamespaceCounts` fills it in. */
    assignmentCounts: v.optional(assignmentCounts),
    createdAt: v.number(),
    updatedAt: v.number(),
  }).index("by_name", ["name"]),

  assignments: defineTable({
    namespaceId: v.id("namespaces"),
    northStar: v.string(),
    status: assignmentStatus,
    blockedReason: v.optional(v.string()),
    alignmentStatus: v.optional(alignmentStatus),
    /** Independent assignments run beside everything else; of the others one at a time. */
    independent: v.boolean(),
    /** Smaller runs first. */
    priority: v.number(),
    artifacts: v.string(),
    decisions: v.string(),
    headGroupId: v.optional(v.id("jobGroups")),
    createdAt: v.number(),
    updatedAt: v.number(),
  })
    .index("by_namespace", ["namespaceId"])
    .index("by_namespace_status", ["namespaceId", "status"])
    .index("by_status", ["status"]),

  jobGroups: defineTable({
    assignmentId: v.id("assignments"),
    nextGroupId: v.optional(v.id("jobGroups")),
    status: workStatus,
    aggregatedResult: v.optional(v.string()),
    createdAt: v.number(),
  })
    .index("by_assignment", ["assignmentId"])
    .index("by_status", ["status"]),

  jobs: defineTable({
    groupId: v.id("jobGroups"),
    jobType: v.string(),
    harness,
    context: v.optional(v.string()),
    prompt: v.optional(v.string()),
    status: workStatus,
    result: v.optional(v.string()),
    startedAt: v.optional(v.number()),
    completedAt: v.optional(v.number()),
    ...metrics,
    createdAt: v.number(),
  })
    .index("by_group", ["groupId"])
    .index("by_group_status", ["groupId", "status"])
    .index("by_status", ["status"]),

  chatThreads: defineTable({
    namespaceId: v.id("namespaces"),
    title: v.string(),
    mode: chatMode,
    lastPromptMode: v.optional(promptMode),
    assignmentId: v.optional(v.id("assignments")),
    claudeSessionId: v.optional(v.string()),
    createdAt: v.number(),
    updatedAt: v.number(),
  })
    .index("by_namespace", ["namespaceId"])
    .index("by_namespace_updated", ["namespaceId", "updatedAt"])
    .index("by_assignment", ["assignmentId"]),

  chatMessages: defineTable({
    threadId: v.id("chatThreads"),
    role: chatRole,
    content: v.string(),
    createdAt: v.number(),
  })
    .index("by_thread", ["threadId"])
    .index("by_thread_created", ["threadId", "createdAt"]),

  chatJobs: defineTable({
    threadId: v.id("chatThreads"),
    namespaceId: v.id("namespaces"),
    harness,
    context: v.string(),
    prompt: v.optional(v.string()),
    status: workStatus,
    result: v.optional(v.string()),
    startedAt: v.optional(v.number()),
    completedAt: v.optional(v.number()),
    ...metrics,
    createdAt: v.number(),
  })
    .index("by_namespace", ["namespaceId"])
    .index("by_status", ["status"])
    .index("by_namespace_status", ["namespaceId", "status"])
    .index("by_thread", ["threadId"])
    .index("by_thread_status", ["threadId", "status"]),
});
