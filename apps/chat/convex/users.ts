/**
 * Users. A client says who it is by an id of its own.
 */
import { mutation } from "./_generated/server.js";
import { incrementStat } from "./lib/dbStats.ts";
import { ensureArgs, ensureResult, ensureUser } from "./model/userRules.ts";

/** The user with that `externalId`; made when missing, written only when a field differs. */
export const ensure = mutation({
  args: ensureArgs,
  returns: ensureResult,
  handler: async (ctx, args) =>
    await ensureUser(ctx, args, (id) => incrementStat(ctx, "users_total", [{ table: "users", id }])),
});
