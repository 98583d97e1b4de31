/**
 * The *before* form of `spotifyAuth`: all tokens are read to find those that expire.
 */
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import { internalAction, internalQuery } from "../_generated/server.js";
import { DAY_MS } from "../model/days.ts";
import { askToken } from "../model/services.ts";

export const expiring = internalQuery({
  args: {},
  returns: v.array(v.object({ tokenId: v.id("spotifyTokens"), refreshToken: v.string() })),
  handler: async (ctx) => {
    const tokens = await ctx.db.query("spotifyTokens").collect();
    return tokens
      .filter(({ expiresAt }) => expiresAt < Date.now() + DAY_MS)
      .map(({ _id, refreshToken }) => ({ tokenId: _id, refreshToken }));
  },
});

export const refreshUserTokens = internalAction({
  args: {},
  returns: v.number(),
  handler: async (ctx): Promise<number> => {
    let renewed = 0;
    for (const { tokenId, refreshToken } of await ctx.runQuery(internal.before.spotifyAuth.expiring, {})) {
      const answer = await askToken(refreshToken);
      if (!answer.ok) continue;
      const { accessToken, expiresInSeconds } = answer.value;
      const token = { tokenId, accessToken, expiresAt: Date.now() + expiresInSeconds * 1_000 };
      await ctx.runMutation(internal.spotifyAuth.save, { tokens: [token] });
      renewed += 1;
    }
    return renewed;
  },
});
