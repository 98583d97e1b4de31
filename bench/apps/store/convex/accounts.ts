import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
import { v } from "convex/values";

export const START_BALANCE = 1_000;

/** Opens the accounts `from` (included) to `to`. Returns their ids. */
export const open = mutation({
  args: { from: v.number(), to: v.number() },
  handler: async (ctx, { from, to }) => {
    const ids: string[] = [];
    for (let number = from; number < to; number++) {
      ids.push(await ctx.db.insert("accounts", { number, balance: START_BALANCE }));
    }
    return ids;
  },
});

/** Two reads, two writes. */
export const transfer = mutation({
  args: { from: v.id("accounts"), to: v.id("accounts"), amount: v.number() },
  handler: async (ctx, { from, to, amount }) => {
    const payer = await ctx.db.get(from);
    const payee = await ctx.db.get(to);
    if (payer === null || payee === null) throw new Error("Cannot transfer: there is no such account");
    await ctx.db.patch(from, { balance: (payer["balance"] as number) - amount });
    await ctx.db.patch(to, { balance: (payee["balance"] as number) + amount });
  },
});

/** Sum of the balances of accounts `from` (included) to `to`. */
export const total = query({
  args: { from: v.number(), to: v.number() },
  handler: async (ctx, { from, to }) => {
    const accounts = await ctx.db
      .query("accounts")
      .withIndex("by_number", (q) => q.gte("number", from).lt("number", to))
      .collect();
    return accounts.reduce((sum, account) => sum + (account["balance"] as number), 0);
  },
});
