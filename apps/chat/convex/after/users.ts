/** The *after* form: a new user adds 1 to a counter. */
import { mutation } from "../_generated/server.js";
import { ensureArgs, ensureResult, ensureUser } from "../model/userRules.ts";
import { incrementStat } from "./lib/dbStats.ts";

export const ensure = mutation({
  args: ensureArgs,
  returns: ensureResult,
  handler: async (ctx, args) => await ensureUser(ctx, args, async () => await incrementStat(ctx, "users_total")),
});
