/**
 * Ended events as first written, and as they stayed: every ten minutes all events are read, and the end is tested in code.
 */
import { v } from "convex/values";
import { internalMutation } from "../_generated/server.js";
import { promptAttendees } from "../model/eventPrompts.ts";

export const checkEndedEvents = internalMutation({
  args: {},
  returns: v.object({ ended: v.number(), prompts: v.number() }),
  handler: async (ctx) => {
    const now = Date.now();
    const events = await ctx.db.query("events").collect();
    const ended = events.filter(({ endAt, promptedAt }) => endAt <= now && promptedAt === undefined);
    let prompts = 0;
    for (const event of ended) prompts += await promptAttendees(ctx, event, now);
    return { ended: ended.length, prompts };
  },
});
