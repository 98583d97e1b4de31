/**
 * Ended events: who came?
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation } from "./_generated/server.js";
import { promptAttendees } from "./model/eventPrompts.ts";

/** Events of one transaction; each has its attendance rows. */
const EVENTS_MAX = 20;

/** Reads the events that ended and have not been asked about, by index, and no other; more than a page go on in the next step. */
export const checkEndedEvents = internalMutation({
  args: {},
  returns: v.object({ ended: v.number(), prompts: v.number() }),
  handler: async (ctx) => {
    const now = Date.now();
    const ended = await ctx.db
      .query("events")
      .withIndex("by_prompted_end", (q) => q.eq("promptedAt", undefined).lte("endAt", now))
      .take(EVENTS_MAX);
    let prompts = 0;
    for (const event of ended) prompts += await promptAttendees(ctx, event, now);
    if (ended.length === EVENTS_MAX) await ctx.scheduler.runAfter(0, internal.events.checkEndedEvents, {});
    return { ended: ended.length, prompts };
  },
});
