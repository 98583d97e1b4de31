/**
 * Counters of the deployment as the original app keeps them: one row a key.
 *
 * Three of its traits are holes that tests show: a row that is missing begins at the first change instead of at the truth, `decrementStat`
 * hides drift at 0, and every message of the deployment patches the one row of `messages_total`.
 */
import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { type StatKey, type StatMetadata, type StatValues, zeroStats } from "../../model/statKeys.ts";

/** 0 for a key that nobody has written. */
export async function getStat(ctx: QueryCtx, key: StatKey): Promise<number> {
  return (await rowOf(ctx, key))?.value ?? 0;
}

/** One look-up a key, one after the other. */
export async function getStats(ctx: QueryCtx, keys: readonly StatKey[]): Promise<StatValues> {
  const values = zeroStats();
  for (const key of keys) values[key] = await getStat(ctx, key);
  return values;
}

export async function incrementStat(ctx: MutationCtx, key: StatKey, amount = 1): Promise<void> {
  const row = await rowOf(ctx, key);
  await write(ctx, key, row, (row?.value ?? 0) + amount);
}

/** Stops at 0; a key that is missing is created with 0. */
export async function decrementStat(ctx: MutationCtx, key: StatKey, amount = 1): Promise<void> {
  const row = await rowOf(ctx, key);
  await write(ctx, key, row, Math.max(0, (row?.value ?? 0) - amount));
}

export async function setStat(ctx: MutationCtx, key: StatKey, value: number, metadata?: StatMetadata): Promise<void> {
  const row = await rowOf(ctx, key);
  await write(ctx, key, row, value, metadata);
}

async function rowOf(ctx: QueryCtx, key: StatKey): Promise<Doc<"dbStats"> | null> {
  return await ctx.db
    .query("dbStats")
    .withIndex("by_key", (q) => q.eq("key", key))
    .unique();
}

async function write(
  ctx: MutationCtx,
  key: StatKey,
  row: Doc<"dbStats"> | null,
  value: number,
  metadata?: StatMetadata,
): Promise<void> {
  const fields = { value, updatedAt: Date.now(), ...(metadata === undefined ? {} : { metadata }) };
  if (row === null) await ctx.db.insert("dbStats", { key, ...fields });
  else await ctx.db.patch("dbStats", row._id, fields);
}
