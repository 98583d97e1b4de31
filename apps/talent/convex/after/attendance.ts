/**
 * Attendance as optimised by hand: two passes, and the log that was to prove it.
 *
 * Two holes are the original's: the log stamps every run with the time, and the summary still collects every row to count two numbers.
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
import { fetchDistinct } from "../model/join.ts";
import { logReads } from "../model/performanceLog.ts";
import { attendanceDefaults } from "../model/profileFields.ts";
import { demoViewer, viewerId } from "../model/viewer.ts";

export const getMyAttendanceHistory = query({
  args: historyArguments,
  returns: v.array(historyItem),
  handler: async (ctx, { userId, limit = HISTORY_LIMIT }) => {
    const viewer = await viewerId(ctx, userId);
    if (viewer === null) return [];
    const records = await newestRecords(ctx, viewer, limit);
    const [events, orgs] = await Promise.all([
      fetchDistinct(
        ctx,
        "events",
        records.map(({ eventId }) => eventId),
      ),
      fetchDistinct(
        ctx,
        "organizations",
        records.map(({ orgId }) => orgId),
      ),
    ]);
    logReads("getMyAttendanceHistory", { records: records.length, events: events.size, orgs: orgs.size });
    return records.flatMap((record) => showAttendance(record, events.get(record.eventId), orgs.get(record.orgId)));
  },
});

export const getPendingPrompts = query({
  args: demoViewer,
  returns: v.array(promptItem),
  handler: async (ctx, { userId }) => {
    const viewer = await viewerId(ctx, userId);
    if (viewer === null) return [];
    const prompts = await unreadPrompts(ctx, viewer);
    const [events, orgs] = await Promise.all([
      fetchDistinct(
        ctx,
        "events",
        prompts.map(({ eventId }) => eventId),
      ),
      fetchDistinct(
        ctx,
        "organizations",
        prompts.map(({ orgId }) => orgId),
      ),
    ]);
    logReads("getPendingPrompts", { prompts: prompts.length, events: events.size, orgs: orgs.size });
    return prompts.flatMap((prompt) => showPrompt(prompt, events.get(prompt.eventId!), orgs.get(prompt.orgId!)));
  },
});

export const getMyAttendanceSummary = query({
  args: demoViewer,
  returns: summary,
  handler: async (ctx, { userId }) => {
    const viewer = await viewerId(ctx, userId);
    if (viewer === null) return null;
    const records = await allRecords(ctx, viewer);
    const recent = await newestRecords(ctx, viewer, RECENT);
    const [events, orgs] = await Promise.all([
      fetchDistinct(
        ctx,
        "events",
        recent.map(({ eventId }) => eventId),
      ),
      fetchDistinct(
        ctx,
        "organizations",
        recent.map(({ orgId }) => orgId),
      ),
    ]);
    logReads("getMyAttendanceSummary", { records: records.length, events: events.size, orgs: orgs.size });
    return {
      total: records.length,
      attended: records.filter(isAttended).length,
      recent: recent.map((record) => showRecent(record, events.get(record.eventId), orgs.get(record.orgId))),
    };
  },
});

export const getAttendancePrivacyDefaults = query({
  args: demoViewer,
  returns: attendanceDefaults,
  handler: async (ctx, { userId }) => {
    logReads("getAttendancePrivacyDefaults", { profiles: 1 });
    return await readPrivacyDefaults(ctx, userId);
  },
});
