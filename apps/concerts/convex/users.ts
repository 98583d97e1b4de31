/**
 * Visitors. Who somebody is, is an identity provider's business; here a browser's key stands for a person.
 */
import { v } from "convex/values";
import { mutation } from "./_generated/server.js";
import { personWithKey } from "./model/people.ts";

/** The person of this browser, made on the first call. */
export const ensure = mutation({
  args: { clientKey: v.string(), name: v.optional(v.string()) },
  returns: v.id("users"),
  handler: async (ctx, { clientKey, name = "Visitor" }) => await personWithKey(ctx, clientKey, name),
});
