/**
 * Engagement scores: only those whose attendance changed since the last look.
 *
 * The cursor is a time of `updatedAt`. Rows of its very millisecond are looked at again, so that none is missed; a score that comes out the
 * same is not written.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation } from "./_generated/server.js";
import { saveScore, scoreOf } from "./model/engagement.ts";

const CURSOR = "engagement";
/** Changed rows of one transaction. */
const ROWS = 200;

export const computeEngagementScores = internalMutation({
  args: {},
  returns: v.object({ scores: v.number(), changed: v.number() }),
  handler: async (ctx) => {
    const now = Date.now();
    const cursor = await ctx.db
      .query("cursors")
      .withIndex("by_name", (q) => q.eq("name", CURSOR))
      .unique();
    const since = cursor?.position ?? 0;
    const first = await ctx.db
      .query("attendance")
      .withIndex("by_updated", (q) => q.gte("updatedAt", since))
      .take(ROWS);
    const last = first.at(-1)?.updatedAt ?? since;
    // A page must not end inside one millisecond, or the next would begin with the same rows for ever.
    const rest =
      first.length < ROWS
        ? []
        : await ctx.db
            .query("attendance")
            .withIndex("by_updated", (q) => q.eq("updatedAt", last))
            .collect();
    const pairs = new Map([...first, ...rest].map((row) => [`${row.orgId} ${row.userId}`, row]));
    let changed = 0;
    for (const { orgId, userId } of pairs.values()) {
      const records = await ctx.db
        .query("attendance")
        .withIndex("by_user_org", (q) => q.eq("userId", userId).eq("orgId", orgId))
        .collect();
      if (await saveScore(ctx, { orgId, userId, score: scoreOf(records), now })) changed += 1;
    }
    const isMore = first.length === ROWS;
    const position = isMore ? last + 1 : last;
    if (cursor === null) await ctx.db.insert("cursors", { name: CURSOR, position });
    else await ctx.db.patch("cursors", cursor._id, { position });
    if (isMore) await ctx.scheduler.runAfter(0, internal.engagement.computeEngagementScores, {});
    return { scores: pairs.size, changed };
  },
});
