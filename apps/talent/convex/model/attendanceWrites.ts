/**
 * The only writer of attendance records, and of the counters that stand for them.
 *
 * A user without counters is counted once, when the first write needs them; readers count until then. So there is no moment at which
 * a counter is believed that was never complete.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { allRecords } from "./attendanceReads.ts";
import { isAttended } from "./attendanceShapes.ts";
import type { AttendanceStatus } from "./fields.ts";
import { profileOf } from "./viewer.ts";

interface Totals {
  readonly total: number;
  readonly attended: number;
}

/** Counters of a user. */
export async function attendanceTotals(ctx: Pick<QueryCtx, "db">, userId: string): Promise<Totals> {
  return (await totalsRow(ctx, userId)) ?? (await countRecords(ctx, userId));
}

/** What is known about somebody's presence at an event; one record for each user and event. */
export async function recordAttendance(
  ctx: MutationCtx,
  given: {
    readonly userId: string;
    readonly event: Doc<"events">;
    readonly status: AttendanceStatus;
    readonly now: number;
  },
): Promise<Id<"attendance">> {
  const { userId, event, status, now } = given;
  const former = await ctx.db
    .query("attendance")
    .withIndex("by_user_event", (q) => q.eq("userId", userId).eq("eventId", event._id))
    .first();
  // Before the write: counting afterwards would count it twice.
  const row = await ensureTotals(ctx, userId);
  const move = Number(isAttended({ status })) - Number(former !== null && isAttended(former));
  await ctx.db.patch("attendanceTotals", row._id, {
    total: row.total + (former === null ? 1 : 0),
    attended: row.attended + move,
  });
  if (former !== null) {
    await ctx.db.patch("attendance", former._id, { status, respondedAt: now, updatedAt: now });
    return former._id;
  }
  const profile = await profileOf(ctx, userId);
  const privacy = profile?.privacySettings?.attendancePrivacyDefaults ?? {
    showOnProfile: true,
    showToOtherOrgs: false,
  };
  return await ctx.db.insert("attendance", {
    userId,
    eventId: event._id,
    orgId: event.orgId,
    status,
    respondedAt: now,
    ...privacy,
    createdAt: now,
    updatedAt: now,
  });
}

/** The counters' row, made from a count when it is missing. */
export async function ensureTotals(ctx: MutationCtx, userId: string): Promise<Doc<"attendanceTotals">> {
  const row = await totalsRow(ctx, userId);
  if (row !== null) return row;
  const id = await ctx.db.insert("attendanceTotals", { userId, ...(await countRecords(ctx, userId)) });
  return (await ctx.db.get("attendanceTotals", id))!;
}

async function totalsRow(ctx: Pick<QueryCtx, "db">, userId: string): Promise<Doc<"attendanceTotals"> | null> {
  return await ctx.db
    .query("attendanceTotals")
    .withIndex("by_user", (q) => q.eq("userId", userId))
    .unique();
}

async function countRecords(ctx: Pick<QueryCtx, "db">, userId: string): Promise<Totals> {
  const records = await allRecords(ctx, userId);
  return { total: records.length, attended: records.filter(isAttended).length };
}
