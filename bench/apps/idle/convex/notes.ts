import { internalMutationGeneric as internalMutation, queryGeneric as query } from "convex/server";

export const list = query({ args: {}, handler: async (ctx) => ctx.db.query("notes").take(10) });

export const tidy = internalMutation({
  args: {},
  handler: async (ctx) => {
    const note = await ctx.db.query("notes").first();
    if (note !== null) await ctx.db.delete(note._id);
  },
});
