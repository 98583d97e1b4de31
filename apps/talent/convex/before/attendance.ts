/**
 * Attendance as first written: two look-ups for every row, whatever they were for.
 */
import { v } from "convex/values";
import { query } from "../_generated/server.js";
import {
  allRecords,
  historyArguments,
  newestRecords,
  readPrivacyDefaults,
  unreadPrompts,
} from "../model/attendanceReads.ts";
import {
  HISTORY_LIMIT,
  historyItem,
  isAttended,
  promptItem,
  RECENT,
  showAttendance,
  showPrompt,
  showRecent,
  summary,
} from "../model/attendanceShapes.ts";
import { attendanceDefaults } from "../model/profileFields.ts";
import { demoViewer, viewerId } from "../model/viewer.ts";

export const getMyAttendanceHistory = query({
  args: historyArguments,
  returns: v.array(historyItem),
  handler: async (ctx, { userId, limit = HISTORY_LIMIT }) => {
    const viewer = await viewerId(ctx, userId);
    if (viewer === null) return [];
    const records = await newestRecords(ctx, viewer, limit);
    const items = await Promise.all(
      records.map(async (record) =>
        showAttendance(
          record,
          await ctx.db.get("events", record.eventId),
          await ctx.db.get("organizations", record.orgId),
        ),
      ),
    );
    return items.flat();
  },
});

export const getPendingPrompts = query({
  args: demoViewer,
  returns: v.array(promptItem),
  handler: async (ctx, { userId }) => {
    const viewer = await viewerId(ctx, userId);
    if (viewer === null) return [];
    const items = await Promise.all(
      (await unreadPrompts(ctx, viewer)).map(async (prompt) =>
        showPrompt(
          prompt,
          prompt.eventId === undefined ? null : await ctx.db.get("events", prompt.eventId),
          prompt.orgId === undefined ? null : await ctx.db.get("organizations", prompt.orgId),
        ),
      ),
    );
    return items.flat();
  },
});

export const getMyAttendanceSummary = query({
  args: demoViewer,
  returns: summary,
  handler: async (ctx, { userId }) => {
    const viewer = await viewerId(ctx, userId);
    if (viewer === null) return null;
    const records = await allRecords(ctx, viewer);
    const recent = await Promise.all(
      (await newestRecords(ctx, viewer, RECENT)).map(async (record) =>
        showRecent(record, await ctx.db.get("events", record.eventId), await ctx.db.get("organizations", record.orgId)),
      ),
    );
    return { total: records.length, attended: records.filter(isAttended).length, recent };
  },
});

export const getAttendancePrivacyDefaults = query({
  args: demoViewer,
  returns: attendanceDefaults,
  handler: async (ctx, { userId }) => await readPrivacyDefaults(ctx, userId),
});
