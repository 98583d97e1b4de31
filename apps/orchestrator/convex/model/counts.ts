/**
 * Counters on a namespace: how many of its assignments have each status.
 *
 * Invariant I1: after every mutation `counts[s]` equals the number of the namespace's assignments with status `s`. Every
 * write of an assignment's status goes through this file, in the same transaction; that is the whole proof.
 *
 * `updatedAt` of the namespace is not touched: it means the namespace's own last change.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import type { AssignmentCounts, AssignmentStatus } from "./fields.ts";

/** The four statuses in the order in which they are shown. */
export const ASSIGNMENT_STATUSES: readonly AssignmentStatus[] = ["pending", "active", "blocked", "complete"];

/** No assignment in any status. */
export function zeroCounts(): AssignmentCounts {
  return { pending: 0, active: 0, blocked: 0, complete: 0 };
}

/**
 * Moves one assignment from a status to another in the counters; `null` is "not there" (before it is created, after it
 * is removed). A namespace that is gone is left alone.
 *
 * A counter never becomes negative. Reaching for it means that the counters had drifted, which is logged here and
 * shown by `checks.namespace`.
 */
export async function moveCount(
  ctx: MutationCtx,
  namespaceId: Id<"namespaces">,
  from: AssignmentStatus | null,
  to: AssignmentStatus | null,
): Promise<void> {
  if (from === to) return;
  const namespace = await ctx.db.get("namespaces", namespaceId);
  if (namespace === null) return;
  const counts = { ...(namespace.assignmentCounts ?? zeroCounts()) };
  if (from !== null) {
    if (counts[from] <= 0)
      console.warn(`Counter "${from}" of namespace ${namespace.name} has drifted; run the backfill`);
    counts[from] = Math.max(0, counts[from] - 1);
  }
  if (to !== null) counts[to] += 1;
  await ctx.db.patch("namespaces", namespaceId, { assignmentCounts: counts });
}

/** What {@link setAssignment} may write beside the status. */
export type AssignmentChanges = Partial<
  Pick<
    Doc<"assignments">,
    "status" | "artifacts" | "decisions" | "headGroupId" | "alignmentStatus" | "northStar" | "priority" | "independent"
  >
> & { readonly blockedReason?: string | undefined };

/** Patches an assignment, stamps `updatedAt` and keeps the counters true when its status really changes. */
export async function setAssignment(
  ctx: MutationCtx,
  assignment: Doc<"assignments">,
  changes: AssignmentChanges,
): Promise<void> {
  await ctx.db.patch("assignments", assignment._id, { ...changes, updatedAt: Date.now() });
  await moveCount(ctx, assignment.namespaceId, assignment.status, changes.status ?? assignment.status);
}

/** Counts the assignments of a namespace one by one: the truth that the counters are compared with. */
export async function recount(ctx: QueryCtx, namespaceId: Id<"namespaces">): Promise<AssignmentCounts> {
  const counts = zeroCounts();
  const assignments = ctx.db.query("assignments").withIndex("by_namespace", (q) => q.eq("namespaceId", namespaceId));
  for await (const assignment of assignments) counts[assignment.status] += 1;
  return counts;
}

/** Whether two sets of counters say the same; absent counters equal nothing. */
export function sameCounts(a: AssignmentCounts | undefined, b: AssignmentCounts): boolean {
  return a !== undefined && ASSIGNMENT_STATUSES.every((status) => a[status] === b[status]);
}
