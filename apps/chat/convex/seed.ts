/**
 * Data to measure with and data to look at. Internal: only an administrator can call these.
 *
 *   plan, step  the big data set (`model/seedPlan.ts`): `step` writes one bounded part, numbers from 0 on
 *   blob        stores one small file; call it before the steps, or they write no rows of files
 *   demo        some chats for a first look, written once
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import type { Id } from "./_generated/dataModel.js";
import { internalAction, internalMutation, internalQuery } from "./_generated/server.js";
import { loadDemo } from "./model/seedDemo.ts";
import { chatSizes, populationAt, seedSteps } from "./model/seedPlan.ts";
import { writeStep } from "./model/seedWrite.ts";

/** How many calls of `step` make the data set. */
export const plan = internalQuery({
  args: { scale: v.number(), seed: v.optional(v.number()) },
  returns: v.object({ steps: v.number() }),
  handler: async (_ctx, { scale, seed = 1 }) => {
    const population = populationAt(scale);
    return { steps: seedSteps(population, total(chatSizes(population, seed))).length };
  },
});

/** Writes one part. The same scale, seed and time give the same documents. */
export const step = internalMutation({
  args: { scale: v.number(), seed: v.number(), now: v.number(), number: v.number() },
  returns: v.object({ written: v.number() }),
  handler: async (ctx, { scale, seed, now, number }) => {
    const population = populationAt(scale);
    const sizes = chatSizes(population, seed);
    const todo = seedSteps(population, total(sizes))[number];
    if (todo === undefined) return { written: 0 };
    return { written: await writeStep(ctx, todo, { population, sizes, seed, now }) };
  },
});

/** One small file that all seeded rows of files share. */
export const blob = internalAction({
  args: {},
  returns: v.id("_storage"),
  handler: async (ctx) => await ctx.storage.store(new Blob(["A file of the data set.\n"], { type: "text/plain" })),
});

/** Some chats to look at, with a picture and a note, unless there are chats. */
export const demo = internalAction({
  args: {},
  returns: v.object({ loaded: v.boolean() }),
  handler: async (ctx): Promise<{ loaded: boolean }> => {
    if (await ctx.runQuery(internal.seed.hasUsers, {})) return { loaded: false };
    const store = async (text: string, type: string): Promise<Id<"_storage">> =>
      await ctx.storage.store(new Blob([text], { type }));
    const [picture, note] = [await store(PICTURE, "image/svg+xml"), await store(NOTE, "text/plain")];
    const sizes = { picture: PICTURE.length, note: NOTE.length };
    await ctx.runMutation(internal.seed.demoChats, { picture, note, sizes });
    return { loaded: true };
  },
});

export const hasUsers = internalQuery({
  args: {},
  returns: v.boolean(),
  handler: async (ctx) => (await ctx.db.query("users").first()) !== null,
});

/** The documents of `demo`. */
export const demoChats = internalMutation({
  args: {
    picture: v.id("_storage"),
    note: v.id("_storage"),
    sizes: v.object({ picture: v.number(), note: v.number() }),
  },
  returns: v.null(),
  handler: async (ctx, files) => {
    await loadDemo(ctx, files, Date.now());
    return null;
  },
});

const NOTE = `Shopping for the week

- two leeks, a bag of carrots
- red lentils, a tin of tomatoes
- bread, the dark one
- coffee
`;

const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180" width="320" height="180">
  <rect width="320" height="180" fill="#d9edf2"/>
  <circle cx="246" cy="52" r="24" fill="#f6c453"/>
  <path d="M0 136 C 60 96 104 124 160 110 S 268 92 320 124 V180 H0Z" fill="#5f9c86"/>
  <path d="M0 156 C 80 128 140 160 200 146 S 290 140 320 152 V180 H0Z" fill="#39705f"/>
  <path d="M64 122 l22 -38 22 38z M92 126 l28 -52 28 52z" fill="#2b5549"/>
</svg>
`;

function total(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}
