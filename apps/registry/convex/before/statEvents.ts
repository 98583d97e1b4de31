/**
 * The statistics, as first written: every five minutes all new events go to their skills and days in one go, and are marked as done.
 */
import { v } from "convex/values";
import { internalMutation } from "../_generated/server.js";
import { plainWrites } from "../model/skillWrites.ts";
import { addToDays, addToSkills, sumByDay, sumBySkill } from "../model/statEvents.ts";

const EVENTS_MAX = 500;

export const processSkillStatEventsInternal = internalMutation({
  args: {},
  returns: v.object({ events: v.number(), written: v.number() }),
  handler: async (ctx) => {
    const events = await ctx.db
      .query("skillStatEvents")
      .withIndex("by_unprocessed", (q) => q.eq("processedAt", undefined))
      .take(EVENTS_MAX);
    const processedAt = Date.now();
    const written = await addToSkills(ctx, plainWrites, sumBySkill(events));
    await addToDays(ctx, sumByDay(events));
    for (const { _id } of events) await ctx.db.patch("skillStatEvents", _id, { processedAt });
    return { events: events.length, written };
  },
});
