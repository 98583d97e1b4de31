/**
 * The *before* form of `shows`: the job that closes past shows reads every upcoming one.
 */
import { v } from "convex/values";
import { internalMutation } from "../_generated/server.js";
import { dateOf } from "../model/days.ts";
import { showStatus } from "../model/fields.ts";

export { getAllByArtistInternal, getBySlug, upcomingOf } from "../shows.ts";

export const autoTransitionStatuses = internalMutation({
  args: {},
  returns: v.object({ checked: v.number(), closed: v.number() }),
  handler: async (ctx) => {
    const today = dateOf(Date.now());
    const upcoming = await ctx.db
      .query("shows")
      .withIndex("by_status", (q) => q.eq("status", "upcoming"))
      .collect();
    const due = upcoming.filter(({ date }) => date < today);
    for (const show of due) await ctx.db.patch("shows", show._id, { status: "completed" });
    return { checked: upcoming.length, closed: due.length };
  },
});

/** Writes the status and nothing that depends on it. */
export const setShowStatus = internalMutation({
  args: { showId: v.id("shows"), status: showStatus },
  returns: v.null(),
  handler: async (ctx, { showId, status }) => {
    await ctx.db.patch("shows", showId, { status });
    return null;
  },
});
