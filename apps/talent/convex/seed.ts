/**
 * Data to measure with and data to look at. Internal: only an administrator can call these.
 *
 *   plan  how many steps a scale has
 *   step  one bounded write of it (`model/seedPlan.ts`); call it with 0, 1, 2 … to the end
 *   demo  a small network for a first look, written once
 */
import { v } from "convex/values";
import { internalMutation, internalQuery } from "./_generated/server.js";
import { seedSizes, seedSteps } from "./model/seedPlan.ts";
import { seededRandom } from "./model/seedText.ts";
import { writeStep } from "./model/seedWrite.ts";

const DEMO_SCALE = 0.12;
const DEMO_SEED = 7;

export const plan = internalQuery({
  args: { scale: v.number() },
  returns: v.object({ steps: v.number() }),
  handler: (_, { scale }) => ({ steps: seedSteps(scale).length }),
});

/** Writes step `number`. The same scale, seed and time give the same documents. */
export const step = internalMutation({
  args: { scale: v.number(), seed: v.number(), now: v.number(), number: v.number() },
  returns: v.null(),
  handler: async (ctx, { scale, seed, now, number }) => {
    const todo = seedSteps(scale)[number];
    if (todo === undefined) return null;
    const random = seededRandom(seed * 100_003 + number);
    await writeStep(ctx, todo, { sizes: seedSizes(scale), now, random });
    return null;
  },
});

/** A dozen people, unless somebody is there. Its people have no matches yet: that is for the page to compute. */
export const demo = internalMutation({
  args: {},
  returns: v.object({ loaded: v.boolean() }),
  handler: async (ctx) => {
    if ((await ctx.db.query("profiles").first()) !== null) return { loaded: false };
    const now = Date.now();
    for (const [number, todo] of seedSteps(DEMO_SCALE).entries()) {
      const random = seededRandom(DEMO_SEED * 100_003 + number);
      await writeStep(ctx, todo, { sizes: seedSizes(DEMO_SCALE), now, random });
    }
    // The first person sees the whole way from nothing to a list of matches.
    const first = (await ctx.db.query("profiles").first())!;
    const matches = await ctx.db
      .query("matches")
      .withIndex("by_profile", (q) => q.eq("profileId", first._id))
      .collect();
    for (const match of matches) await ctx.db.delete("matches", match._id);
    return { loaded: true };
  },
});
