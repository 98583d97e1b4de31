import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
import { v } from "convex/values";

/** Stores documents `from` (included) to `to`, of `chars` characters that do not repeat from one to the next. */
export const load = mutation({
  args: { from: v.number(), to: v.number(), chars: v.number() },
  handler: async (ctx, { from, to, chars }) => {
    for (let number = from; number < to; number++) {
      const piece = Math.imul(number + 1, 2654435761)
        .toString(36)
        .padStart(16, "x");
      await ctx.db.insert("blobs", { number, body: piece.repeat(Math.ceil(chars / piece.length)).slice(0, chars) });
    }
  },
});

/** A point query through an index. */
export const find = query({
  args: { number: v.number() },
  handler: async (ctx, { number }) => {
    const blob = await ctx.db
      .query("blobs")
      .withIndex("by_number", (q) => q.eq("number", number))
      .unique();
    return blob === null ? -1 : (blob["body"] as string).length;
  },
});
