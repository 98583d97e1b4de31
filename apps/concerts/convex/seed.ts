/**
 * Data to measure with and data to look at. Internal: only an administrator can call these.
 *
 *   plan, step   the big data set (`model/seedPlan.ts`), one bounded transaction a step
 *   casts        only the artists of the chain reaction, with their shows
 *   demo         a small site for a first look, written once, artist by artist
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalAction, internalMutation, internalQuery } from "./_generated/server.js";
import { refuse } from "./model/errors.ts";
import { DEMO_ARTISTS, loadDemoArtist, writeCasts } from "./model/seedDemo.ts";
import { CAST_ARTISTS, CAST_SHOWS, sizesOf, stepsOf } from "./model/seedPlan.ts";
import { writeStep } from "./model/seedWrite.ts";

/** How many steps the data set of a scale has. */
export const plan = internalQuery({
  args: { scale: v.number() },
  returns: v.object({ steps: v.number() }),
  handler: async (_ctx, { scale }) => await Promise.resolve({ steps: stepsOf(scale).length }),
});

/** Writes step `number`, counted from 0. The same scale, seed and time give the same documents. */
export const step = internalMutation({
  args: { scale: v.number(), seed: v.number(), now: v.number(), number: v.number() },
  returns: v.object({ kind: v.string(), written: v.number() }),
  handler: async (ctx, { scale, seed, now, number }) => {
    const todo = stepsOf(scale)[number];
    if (todo === undefined) refuse("write the step", `there is no step ${number}`, "ask seed:plan for their number");
    const written = await writeStep(ctx, todo, { sizes: sizesOf(scale), seed, now });
    return { kind: todo.kind, written };
  },
});

/** Artists without a usable track, and their shows, none of which has a setlist. */
export const casts = internalMutation({
  args: { now: v.number(), artists: v.optional(v.number()), shows: v.optional(v.number()) },
  returns: v.null(),
  handler: async (ctx, { now, artists = CAST_ARTISTS, shows = CAST_SHOWS }) => {
    await writeCasts(ctx, artists, shows, now);
    return null;
  },
});

/** A small site, an artist a transaction; what is there already is left alone. Then its ranks and lists. */
export const demo = internalAction({
  args: {},
  returns: v.object({ loaded: v.boolean() }),
  handler: async (ctx): Promise<{ loaded: boolean }> => {
    let loaded = false;
    for (let index = 0; index < DEMO_ARTISTS; index++) {
      const isNew: boolean = await ctx.runMutation(internal.seed.demoArtist, { index });
      loaded = isNew || loaded;
    }
    if (!loaded) return { loaded };
    await ctx.runMutation(internal.trending.updateArtistTrending, { by: "operator" });
    await ctx.runMutation(internal.trending.updateShowTrending, { by: "operator" });
    await ctx.runAction(internal.maintenance.syncTrendingData, { by: "operator" });
    return { loaded };
  },
});

export const demoArtist = internalMutation({
  args: { index: v.number() },
  returns: v.boolean(),
  handler: async (ctx, { index }) => await loadDemoArtist(ctx, index, Date.now()),
});
