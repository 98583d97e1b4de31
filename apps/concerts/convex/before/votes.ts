/**
 * The *before* form of `votes`: a vote is written and nothing is counted; the hourly job and every reader count for themselves.
 */
import { v } from "convex/values";
import { mutation } from "../_generated/server.js";
import { mustExist } from "../model/errors.ts";
import { voteType } from "../model/fields.ts";
import { recordVote, toggleSongVote } from "../model/votes.ts";

export { mine } from "../votes.ts";

export const submitVote = mutation({
  args: { userId: v.id("users"), setlistId: v.id("setlists"), voteType },
  returns: v.null(),
  handler: async (ctx, args) => {
    const setlist = mustExist(await ctx.db.get("setlists", args.setlistId), "Setlist");
    await recordVote(ctx, args.userId, setlist, args.voteType);
    return null;
  },
});

export const submitSongVote = mutation({
  args: { userId: v.id("users"), setlistId: v.id("setlists"), songTitle: v.string() },
  returns: v.boolean(),
  handler: async (ctx, { userId, setlistId, songTitle }) =>
    await toggleSongVote(ctx, userId, mustExist(await ctx.db.get("setlists", setlistId), "Setlist"), songTitle),
});
