/**
 * Tokens with which people let the site look at their music: renewed before they expire.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import type { Id } from "./_generated/dataModel.js";
import { internalAction, internalMutation, internalQuery } from "./_generated/server.js";
import { runLeased } from "./model/actionRuns.ts";
import { DAY_MS } from "./model/days.ts";
import { runBy } from "./model/fields.ts";
import { askToken, type Token } from "./model/services.ts";
import { jobResult, type JobResult } from "./model/views.ts";

/** Tokens that one run renews. */
const TOKENS_MAX = 50;

/** Tokens that expire within a day: a range of the index, and no other. */
export const expiring = internalQuery({
  args: { now: v.number() },
  returns: v.array(v.object({ tokenId: v.id("spotifyTokens"), refreshToken: v.string() })),
  handler: async (ctx, { now }) => {
    const tokens = await ctx.db
      .query("spotifyTokens")
      .withIndex("by_expiry", (q) => q.lt("expiresAt", now + DAY_MS))
      .take(TOKENS_MAX);
    return tokens.map(({ _id, refreshToken }) => ({ tokenId: _id, refreshToken }));
  },
});

export const save = internalMutation({
  args: {
    tokens: v.array(v.object({ tokenId: v.id("spotifyTokens"), accessToken: v.string(), expiresAt: v.number() })),
  },
  returns: v.null(),
  handler: async (ctx, { tokens }) => {
    for (const { tokenId, ...fields } of tokens) {
      if ((await ctx.db.get("spotifyTokens", tokenId)) !== null) await ctx.db.patch("spotifyTokens", tokenId, fields);
    }
    return null;
  },
});

/** Renews what expires soon; what the service refuses is tried again by the next run. */
export const refreshUserTokens = internalAction({
  args: { by: v.optional(runBy) },
  returns: jobResult,
  handler: async (ctx, { by = "cron" }): Promise<JobResult> =>
    await runLeased(ctx, "spotify-refresh", by, async () => {
      const now = Date.now();
      const renewed = [];
      const asked: { tokenId: Id<"spotifyTokens">; refreshToken: string }[] = await ctx.runQuery(
        internal.spotifyAuth.expiring,
        { now },
      );
      for (const { tokenId, refreshToken } of asked) {
        const answer = await askToken(refreshToken);
        if (answer.ok) renewed.push({ tokenId, ...fieldsOf(answer.value, now) });
      }
      if (renewed.length > 0) await ctx.runMutation(internal.spotifyAuth.save, { tokens: renewed });
      return `${renewed.length} of ${asked.length} tokens renewed`;
    }),
});

function fieldsOf({ accessToken, expiresInSeconds }: Token, now: number) {
  return { accessToken, expiresAt: now + expiresInSeconds * 1_000 };
}
