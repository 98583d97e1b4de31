"use node";
import { createHash } from "node:crypto";
import { actionGeneric, makeFunctionReference } from "convex/server";
import { v } from "convex/values";

export const hash = actionGeneric({
  args: { text: v.string() },
  handler: async (_ctx, { text }) => createHash("sha256").update(text).digest("hex"),
});

export const hashAll = actionGeneric({
  args: {},
  handler: async (ctx) => {
    const items = (await ctx.runQuery(makeFunctionReference<"query">("items:all"), {})) as readonly { text: string }[];
    const digest = createHash("sha256").update(items.map(({ text }) => text).join("\n"));
    await ctx.runMutation(makeFunctionReference<"mutation">("items:note"), { text: digest.digest("hex") });
    return null;
  },
});
