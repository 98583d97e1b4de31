/**
 * The words of the data model: every enumerated field as one validator, used by the tables and by the arguments.
 *
 * A status is a closed set on purpose. The dispatch walk knows what to do with each of the four states of a job; a fifth
 * one would have to be taught to it (`dispatch.ts`), and the validator refuses it until then.
 */
import { v, type Infer } from "convex/values";

/** Where an assignment stands; a namespace counts its assignments by this. */
export const assignmentStatus = v.union(
  v.literal("pending"),
  v.literal("active"),
  v.literal("blocked"),
  v.literal("complete"),
);

/** The states of a job, a group of jobs and a chat job. */
export const workStatus = v.union(
  v.literal("pending"),
  v.literal("running"),
  v.literal("complete"),
  v.literal("failed"),
);

/** Which agent program runs a job. */
export const harness = v.union(v.literal("claude"), v.literal("codex"), v.literal("gemini"));

/** What a guardian last said about an assignment's direction. */
export const alignmentStatus = v.union(v.literal("aligned"), v.literal("uncertain"), v.literal("misaligned"));

/** How a thread is answered: `jam` thinks along, `cook` does the work, `guardian` watches an assignment. */
export const chatMode = v.union(v.literal("jam"), v.literal("cook"), v.literal("guardian"));

/** The two modes that a prompt can be written in; a guardian acts as `cook`. */
export const promptMode = v.union(v.literal("jam"), v.literal("cook"));

/** Who wrote a message; `pm` is the project manager's report to a guardian. */
export const chatRole = v.union(v.literal("user"), v.literal("assistant"), v.literal("pm"));

/** Assignments of a namespace by status, kept on the namespace document. */
export const assignmentCounts = v.object({
  pending: v.number(),
  active: v.number(),
  blocked: v.number(),
  complete: v.number(),
});

/** What a run reports about itself; a heartbeat writes these. `lastEventAt` is milliseconds since the epoch. */
export const metrics = {
  toolCallCount: v.optional(v.number()),
  subagentCount: v.optional(v.number()),
  totalTokens: v.optional(v.number()),
  lastEventAt: v.optional(v.number()),
};

/** One job as the caller of `createGroup` and `insertGroupAfter` describes it. */
export const jobInput = v.object({ jobType: v.string(), harness, context: v.optional(v.string()) });

export type AssignmentStatus = Infer<typeof assignmentStatus>;
export type AssignmentCounts = Infer<typeof assignmentCounts>;
export type WorkStatus = Infer<typeof workStatus>;
export type Harness = Infer<typeof harness>;
export type JobInput = Infer<typeof jobInput>;
export type ChatMode = Infer<typeof chatMode>;
export type ChatRole = Infer<typeof chatRole>;
export type AlignmentStatus = Infer<typeof alignmentStatus>;
