/**
 * Data to measure with and data to look at. Internal: only an administrator can call these.
 *
 *   plan  how many steps a scale has
 *   step  one bounded write of it (`model/seedPlan.ts`); call it with 0, 1, 2 … to the end
 *   demo  a small network for a first look, written once
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalAction, internalMutation, internalQuery } from "./_generated/server.js";
import { deleteMatches } from "./model/matchingRules.ts";
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

/** A dozen people, unless somebody is there. The first of them has no matches yet: that is for the page to compute. */
export const demo = internalAction({
  args: {},
  returns: v.object({ loaded: v.boolean() }),
  handler: async (ctx): Promise<{ loaded: boolean }> => {
    if (!(await ctx.runQuery(internal.seed.isEmpty, {}))) return { loaded: false };
    const now = Date.now();
    const { steps } = await ctx.runQuery(internal.seed.plan, { scale: DEMO_SCALE });
    for (let number = 0; number < steps; number++) {
      await ctx.runMutation(internal.seed.step, { scale: DEMO_SCALE, seed: DEMO_SEED, now, number });
      console.log(`Demo data: step ${number + 1} of ${steps}`);
    }
    await ctx.runMutation(internal.seed.forgetFirstMatches, {});
    return { loaded: true };
  },
});

export const isEmpty = internalQuery({
  args: {},
  returns: v.boolean(),
  handler: async (ctx) => (await ctx.db.query("organizations").first()) === null,
});

/** So that the first person sees the whole way from nothing to a list of matches. */
export const forgetFirstMatches = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const first = await ctx.db.query("profiles").first();
    if (first !== null) await deleteMatches(ctx, first._id);
    return null;
  },
});
