/** Lists of numbers that are appended to and read in transactions, in every way in which a function can be called. */
import {
  internalMutationGeneric as internalMutation,
  makeFunctionReference,
  mutationGeneric as mutation,
  queryGeneric as query,
  type GenericMutationCtx,
  type GenericQueryCtx,
} from "convex/server";
import { v, type GenericId, type Infer } from "convex/values";
import type { AnyDataModel } from "convex/server";

const step = v.union(
  v.object({ kind: v.literal("append"), key: v.id("lists"), value: v.number() }),
  v.object({ kind: v.literal("read"), key: v.id("lists") }),
);
type Step = Infer<typeof step>;

const appendInternal = makeFunctionReference<"mutation", { steps: Step[]; fails: boolean }, unknown>("lists:nested");

async function valuesOf(ctx: Pick<GenericQueryCtx<AnyDataModel>, "db">, key: GenericId<"lists">): Promise<number[]> {
  const list = await ctx.db.get(key);
  if (list === null) throw new Error(`There is no list ${key}`);
  return list["values"] as number[];
}

/** Does the steps in their order; gives each read its values. */
async function perform(ctx: GenericMutationCtx<AnyDataModel>, steps: readonly Step[]): Promise<(number[] | null)[]> {
  const results: (number[] | null)[] = [];
  for (const one of steps) {
    const values = await valuesOf(ctx, one.key);
    if (one.kind === "append") await ctx.db.patch(one.key, { values: [...values, one.value] });
    results.push(one.kind === "read" ? values : null);
  }
  return results;
}

/** Makes so many empty lists. */
export const open = mutation({
  args: { count: v.number() },
  handler: async (ctx, { count }) => {
    const ids: string[] = [];
    for (let i = 0; i < count; i += 1) ids.push(await ctx.db.insert("lists", { values: [] }));
    return ids;
  },
});

/** One transaction. With `fails` it throws at its end. */
export const transact = mutation({
  args: { steps: v.array(step), fails: v.boolean() },
  handler: async (ctx, { steps, fails }) => {
    const results = await perform(ctx, steps);
    if (fails) throw new Error("This transaction was told to fail");
    return results;
  },
});

/** A transaction with another one inside that fails and is caught. */
export const transactAround = mutation({
  args: { steps: v.array(step), inner: v.array(step) },
  handler: async (ctx, { steps, inner }) => {
    await ctx.runMutation(appendInternal, { steps: inner, fails: true }).catch(() => undefined);
    return perform(ctx, steps);
  },
});

export const nested = internalMutation({
  args: { steps: v.array(step), fails: v.boolean() },
  handler: async (ctx, { steps, fails }) => {
    await perform(ctx, steps);
    if (fails) throw new Error("This transaction was told to fail");
    return null;
  },
});

/** Has the steps done later, once. */
export const transactLater = mutation({
  args: { steps: v.array(step) },
  handler: async (ctx, { steps }) => {
    await ctx.scheduler.runAfter(0, appendInternal, { steps, fails: false });
    return null;
  },
});

/** Several lists at one moment. */
export const read = query({
  args: { keys: v.array(v.id("lists")) },
  handler: async (ctx, { keys }) => Promise.all(keys.map((key) => valuesOf(ctx, key))),
});

/** Never ends. */
export const spin = mutation({
  args: {},
  handler: () => {
    for (;;);
  },
});
