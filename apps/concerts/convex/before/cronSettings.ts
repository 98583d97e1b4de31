/**
 * The *before* form of `cronSettings`: rows that the polling orchestrator asks for, one by one.
 */
import { v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import {
  internalMutation,
  internalQuery,
  mutation,
  query,
  type MutationCtx,
  type QueryCtx,
} from "../_generated/server.js";
import { mustExist, requireAdmin } from "../model/errors.ts";

const setting = {
  name: v.string(),
  intervalMs: v.number(),
  enabled: v.boolean(),
  lastRunAt: v.optional(v.number()),
};

/** The setting of one job, or null. */
export const getByNameInternal = internalQuery({
  args: { name: v.string() },
  returns: v.nullable(v.object(setting)),
  handler: async (ctx, { name }) => {
    const row = await byName(ctx, name);
    return row === null ? null : viewOf(row);
  },
});

/** Writes the setting of one job, new or not. */
export const upsertInternal = internalMutation({
  args: setting,
  returns: v.id("cronSettings"),
  handler: async (ctx, args) => await upsert(ctx, args),
});

/** All settings, for operators. */
export const list = query({
  args: { key: v.string() },
  returns: v.array(v.object(setting)),
  handler: async (ctx, { key }) => {
    requireAdmin(key);
    return (await ctx.db.query("cronSettings").collect()).map(viewOf);
  },
});

/** Changes a job; the next look of the orchestrator, up to five minutes later, heeds it. */
export const update = mutation({
  args: { key: v.string(), name: v.string(), intervalMs: v.number(), enabled: v.boolean() },
  returns: v.null(),
  handler: async (ctx, { key, name, intervalMs, enabled }) => {
    requireAdmin(key);
    const row = mustExist(await byName(ctx, name), "Setting");
    await ctx.db.patch("cronSettings", row._id, { intervalMs, enabled });
    return null;
  },
});

async function upsert(
  ctx: MutationCtx,
  fields: { name: string; intervalMs: number; enabled: boolean; lastRunAt?: number },
): Promise<Id<"cronSettings">> {
  const row = await byName(ctx, fields.name);
  if (row === null) return await ctx.db.insert("cronSettings", fields);
  await ctx.db.patch("cronSettings", row._id, fields);
  return row._id;
}

async function byName(ctx: QueryCtx, name: string): Promise<Doc<"cronSettings"> | null> {
  return await ctx.db
    .query("cronSettings")
    .withIndex("by_name", (q) => q.eq("name", name))
    .first();
}

function viewOf({ name, intervalMs, enabled, lastRunAt }: Doc<"cronSettings">) {
  return { name, intervalMs, enabled, ...(lastRunAt === undefined ? {} : { lastRunAt }) };
}
