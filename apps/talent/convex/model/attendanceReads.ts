/**
 * The reads of attendance that all forms share: which rows, before anything is joined to them.
 */
import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { PROMPT } from "./fields.ts";
import { demoViewer, profileOf, viewerId } from "./viewer.ts";

/** Arguments of the history. */
export const historyArguments = { ...demoViewer, limit: v.optional(v.number()) };

/** The newest records of a user. */
export async function newestRecords(ctx: QueryCtx, userId: string, limit: number): Promise<Doc<"attendance">[]> {
  return await ctx.db
    .query("attendance")
    .withIndex("by_user", (q) => q.eq("userId", userId))
    .order("desc")
    .take(limit);
}

/** Every record of a user. */
export async function allRecords(ctx: Pick<QueryCtx, "db">, userId: string): Promise<Doc<"attendance">[]> {
  return await ctx.db
    .query("attendance")
    .withIndex("by_user", (q) => q.eq("userId", userId))
    .collect();
}

/** Unread prompts, found among all unread notifications. */
export async function unreadPrompts(ctx: QueryCtx, userId: string): Promise<Doc<"notifications">[]> {
  const unread = await ctx.db
    .query("notifications")
    .withIndex("by_user_read", (q) => q.eq("userId", userId).eq("read", false))
    .order("desc")
    .collect();
  return unread.filter(({ type }) => type === PROMPT);
}

/** The defaults for new attendance records; one document. */
export async function readPrivacyDefaults(
  ctx: QueryCtx,
  userId: string | undefined,
): Promise<{ showOnProfile: boolean; showToOtherOrgs: boolean }> {
  const viewer = await viewerId(ctx, userId);
  const profile = viewer === null ? null : await profileOf(ctx, viewer);
  return profile?.privacySettings?.attendancePrivacyDefaults ?? { showOnProfile: true, showToOtherOrgs: false };
}
