/** The *before* form: nobody counts users. */
import { mutation } from "../_generated/server.js";
import { ensureArgs, ensureResult, ensureUser } from "../model/userRules.ts";

export const ensure = mutation({
  args: ensureArgs,
  returns: ensureResult,
  handler: async (ctx, args) => await ensureUser(ctx, args, async () => {}),
});
