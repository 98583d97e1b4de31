/**
 * One more module for a deployment under test, beside the app's own: writes documents past the app's functions, as old
 * versions, tools and accidents do, and empties the deployment for the next test.
 *
 * Bundled into the test deployment as `arrange` (`server.ts`); the app does not contain it.
 */
import { internalMutationGeneric, internalQueryGeneric } from "convex/server";
import { v, type GenericId } from "convex/values";

/** Documents removed by one call of `clear`; bounded by bytes read. */
const CLEARED_AT_ONCE = 200;

export const insert = internalMutationGeneric({
  args: { table: v.string(), document: v.any() },
  handler: async (ctx, { table, document }) => await ctx.db.insert(table, document),
});

/** Sets `fields` and removes the fields named in `unset`. */
export const patch = internalMutationGeneric({
  args: { id: v.string(), fields: v.any(), unset: v.array(v.string()) },
  handler: async (ctx, { id, fields, unset }) => {
    const removed = Object.fromEntries(unset.map((name) => [name, undefined]));
    await ctx.db.patch(id as GenericId<string>, { ...fields, ...removed });
  },
});

export const remove = internalMutationGeneric({
  args: { id: v.string() },
  handler: async (ctx, { id }) => await ctx.db.delete(id as GenericId<string>),
});

/** Every document of a table in creation order. */
export const all = internalQueryGeneric({
  args: { table: v.string() },
  handler: async (ctx, { table }) => await ctx.db.query(table).collect(),
});

/** Removes documents of these tables, a bounded number of them. Returns whether nothing is left. */
export const clear = internalMutationGeneric({
  args: { tables: v.array(v.string()) },
  handler: async (ctx, { tables }) => {
    let left = CLEARED_AT_ONCE;
    for (const table of tables) {
      for (const { _id } of await ctx.db.query(table).take(left)) {
        await ctx.db.delete(_id);
        left -= 1;
      }
      if (left === 0) return false;
    }
    return true;
  },
});
