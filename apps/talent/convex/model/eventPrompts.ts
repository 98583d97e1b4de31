/**
 * What happens when an event has ended: everybody who registered is asked whether they came.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { PROMPT } from "./fields.ts";

/** Asks the registered people of one event, and notes on the event that it was done. @returns How many were asked. */
export async function promptAttendees(ctx: MutationCtx, event: Doc<"events">, now: number): Promise<number> {
  const rows = await ctx.db
    .query("attendance")
    .withIndex("by_event", (q) => q.eq("eventId", event._id))
    .collect();
  const open = rows.filter(({ status, respondedAt }) => status === "unknown" && respondedAt === undefined);
  for (const { userId } of open) {
    await ctx.db.insert("notifications", {
      userId,
      type: PROMPT,
      eventId: event._id,
      orgId: event.orgId,
      title: `Did you attend ${event.title}?`,
      body: "Your answer helps the organisers, and keeps your history right.",
      read: false,
      createdAt: now,
      promptNumber: 1,
    });
  }
  await ctx.db.patch("events", event._id, { promptedAt: now });
  return open.length;
}
