import { mutationGeneric, queryGeneric } from "convex/server";
import { v } from "convex/values";

export const add = mutationGeneric({
  args: { n: v.number() },
  handler: async (ctx, { n }) => {
    await ctx.db.insert("items", { n });
  },
});

export const last = queryGeneric({
  args: { asked: v.number() },
  handler: async (ctx) => ctx.db.query("items").order("desc").first(),
});
