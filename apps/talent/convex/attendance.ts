/**
 * Attendance: the history, what is waiting for an answer, and the answer.
 *
 * Two passes over the rows, no log, prompts by an index of their own, and totals from counters.
 */
import { ConvexError, v } from "convex/values";
import { mutation, query } from "./_generated/server.js";
import { historyArguments, newestRecords, readPrivacyDefaults } from "./model/attendanceReads.ts";
import {
  HISTORY_LIMIT,
  historyItem,
  promptItem,
  RECENT,
  showAttendance,
  showPrompt,
  showRecent,
  summary,
} from "./model/attendanceShapes.ts";
import { attendanceTotals, recordAttendance } from "./model/attendanceWrites.ts";
import { attendanceStatus, PROMPT } from "./model/fields.ts";
import { fetchDistinct } from "./model/join.ts";
import { attendanceDefaults } from "./model/profileFields.ts";
import { demoViewer, requireViewer, viewerId } from "./model/viewer.ts";
import type { Doc, Id } from "./_generated/dataModel.js";
import type { QueryCtx } from "./_generated/server.js";

/** Newest first; records of deleted events are left out. */
export const getMyAttendanceHistory = query({
  args: historyArguments,
  returns: v.array(historyItem),
  handler: async (ctx, { userId, limit = HISTORY_LIMIT }) => {
    const viewer = await viewerId(ctx, userId);
    if (viewer === null) return [];
    const records = await newestRecords(ctx, viewer, limit);
    const { events, orgs } = await joined(ctx, records);
    return records.flatMap((record) => showAttendance(record, events.get(record.eventId), orgs.get(record.orgId)));
  },
});

/** Unread questions whether somebody came, newest first; those of deleted events are left out. */
export const getPendingPrompts = query({
  args: demoViewer,
  returns: v.array(promptItem),
  handler: async (ctx, { userId }) => {
    const viewer = await viewerId(ctx, userId);
    if (viewer === null) return [];
    const prompts = await ctx.db
      .query("notifications")
      .withIndex("by_user_read_type", (q) => q.eq("userId", viewer).eq("read", false).eq("type", PROMPT))
      .order("desc")
      .collect();
    const { events, orgs } = await joined(ctx, prompts);
    return prompts.flatMap((prompt) => showPrompt(prompt, events.get(prompt.eventId!), orgs.get(prompt.orgId!)));
  },
});

export const getMyAttendanceSummary = query({
  args: demoViewer,
  returns: summary,
  handler: async (ctx, { userId }) => {
    const viewer = await viewerId(ctx, userId);
    if (viewer === null) return null;
    const { total, attended } = await attendanceTotals(ctx, viewer);
    const recent = await newestRecords(ctx, viewer, RECENT);
    const { events, orgs } = await joined(ctx, recent);
    return {
      total,
      attended,
      recent: recent.map((record) => showRecent(record, events.get(record.eventId), orgs.get(record.orgId))),
    };
  },
});

export const getAttendancePrivacyDefaults = query({
  args: demoViewer,
  returns: attendanceDefaults,
  handler: async (ctx, { userId }) => await readPrivacyDefaults(ctx, userId),
});

/** Answers a prompt: the record says so and the prompt is read. An answered prompt can be answered again. */
export const answerPrompt = mutation({
  args: { ...demoViewer, notificationId: v.id("notifications"), status: attendanceStatus },
  returns: v.id("attendance"),
  handler: async (ctx, { userId, notificationId, status }) => {
    const viewer = await requireViewer(ctx, userId);
    const prompt = await ctx.db.get("notifications", notificationId);
    if (prompt === null || prompt.userId !== viewer || prompt.type !== PROMPT) {
      throw new ConvexError("Cannot answer: this is no question to you; reload the page");
    }
    const event = prompt.eventId === undefined ? null : await ctx.db.get("events", prompt.eventId);
    if (event === null) throw new ConvexError("Cannot answer: the event was deleted; nothing is asked any more");
    await ctx.db.patch("notifications", prompt._id, { read: true });
    return await recordAttendance(ctx, { userId: viewer, event, status, now: Date.now() });
  },
});

/** Events and organisations of rows, each read once. */
async function joined(
  ctx: QueryCtx,
  rows: readonly { readonly eventId?: Id<"events">; readonly orgId?: Id<"organizations"> }[],
): Promise<{ events: Map<Id<"events">, Doc<"events">>; orgs: Map<Id<"organizations">, Doc<"organizations">> }> {
  const [events, orgs] = await Promise.all([
    fetchDistinct(
      ctx,
      "events",
      rows.map(({ eventId }) => eventId),
    ),
    fetchDistinct(
      ctx,
      "organizations",
      rows.map(({ orgId }) => orgId),
    ),
  ]);
  return { events, orgs };
}
