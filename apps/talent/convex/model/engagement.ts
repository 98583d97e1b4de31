/**
 * How engaged somebody is with an organisation: points for what they attended and what they said about it.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";

const POINTS = { attended: 3, partial: 2, unknown: 0, not_attended: 0 } as const;
const FEEDBACK_POINTS = 1;

/** Points of these records. */
export function scoreOf(records: readonly Doc<"attendance">[]): number {
  return records.reduce(
    (sum, { status, feedbackSubmittedAt }) =>
      sum + POINTS[status] + (feedbackSubmittedAt === undefined ? 0 : FEEDBACK_POINTS),
    0,
  );
}

/** Writes a score, if it is another one. @returns Whether it was written. */
export async function saveScore(
  ctx: MutationCtx,
  { orgId, userId, score, now }: { orgId: Id<"organizations">; userId: string; score: number; now: number },
): Promise<boolean> {
  const row = await ctx.db
    .query("engagementScores")
    .withIndex("by_org_user", (q) => q.eq("orgId", orgId).eq("userId", userId))
    .unique();
  if (row?.score === score) return false;
  if (row === null) await ctx.db.insert("engagementScores", { orgId, userId, score, computedAt: now });
  else await ctx.db.patch("engagementScores", row._id, { score, computedAt: now });
  return true;
}
