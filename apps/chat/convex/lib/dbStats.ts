/**
 * Counters of the deployment, made right.
 *
 * - **No contention**: a hot key is kept in sixteen rows, its parts; a write picks one by chance, a reader adds them up. Parts may be negative;
 *   nothing is clamped, so drift shows as a wrong sum instead of hiding at 0.
 * - **No false beginning**: counters are only true from a count of the tables on. The first write that finds none of that starts one
 *   (`model/statsRun.ts`), and while it runs every change is added twice: to `value`, and to `candidate` when the count does not see it.
 * - **One row a part**: two rows of one key (an import, a hand) hold one another's share, so they are added up when read and merged when written.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import {
  ALL_STAT_KEYS,
  STAT_KEYS,
  type StatKey,
  type StatMetadata,
  type StatValues,
  zeroStats,
} from "../model/statKeys.ts";
import { currentStatsRun, isMissed, type Counted } from "../model/statsRun.ts";

/** Parts of the key that every message changes. The other keys change rarely. */
const HOT_PARTS = 16;

/** The names of a key's parts; the first is the key itself, which is all that the other form of this library knows. */
export function partsOf(key: StatKey): readonly string[] {
  const parts = key === STAT_KEYS.messagesTotal ? HOT_PARTS : 1;
  return Array.from({ length: parts }, (_, part) => (part === 0 ? key : `${key}#${part}`));
}

/** 0 for a key that nobody has written. */
export async function getStat(ctx: QueryCtx, key: StatKey): Promise<number> {
  const rows = await Promise.all(partsOf(key).map((part) => rowsOf(ctx, part)));
  return rows.flat().reduce((total, row) => total + row.value, 0);
}

/** The values of several keys, side by side. */
export async function getStats(ctx: QueryCtx, keys: readonly StatKey[] = ALL_STAT_KEYS): Promise<StatValues> {
  const values = zeroStats();
  await Promise.all(
    keys.map(async (key) => {
      values[key] = await getStat(ctx, key);
    }),
  );
  return values;
}

/** Adds to a counter because of the documents in `counted`, one for each of `amount`. */
export async function incrementStat(ctx: MutationCtx, key: StatKey, counted: readonly Counted[]): Promise<void> {
  await changeStat(ctx, key, 1, counted);
}

/** Takes from a counter because of the documents in `counted`. It may fall below 0, and whoever reports says so. */
export async function decrementStat(ctx: MutationCtx, key: StatKey, counted: readonly Counted[]): Promise<void> {
  await changeStat(ctx, key, -1, counted);
}

/** Makes `value` the whole of a counter. */
export async function setStat(ctx: MutationCtx, key: StatKey, value: number, metadata?: StatMetadata): Promise<void> {
  for (const [index, part] of partsOf(key).entries()) {
    const row = await mergedRow(ctx, part);
    const fields = {
      value: index === 0 ? value : 0,
      updatedAt: Date.now(),
      ...(metadata === undefined || index > 0 ? {} : { metadata }),
    };
    if (row !== null) await ctx.db.patch("dbStats", row._id, { ...fields, candidate: undefined });
    else if (index === 0) await ctx.db.insert("dbStats", { key: part, ...fields });
  }
}

/** The sum of what a count in progress has not seen and never will. */
export async function candidateOf(ctx: QueryCtx, key: StatKey): Promise<number> {
  const rows = await Promise.all(partsOf(key).map((part) => rowsOf(ctx, part)));
  return rows.flat().reduce((total, row) => total + (row.candidate ?? 0), 0);
}

/** Forgets what an earlier count had not seen. */
export async function clearCandidates(ctx: MutationCtx): Promise<void> {
  for (const part of ALL_STAT_KEYS.flatMap(partsOf)) {
    for (const row of await rowsOf(ctx, part)) await ctx.db.patch("dbStats", row._id, { candidate: undefined });
  }
}

async function changeStat(ctx: MutationCtx, key: StatKey, sign: 1 | -1, counted: readonly Counted[]): Promise<void> {
  if (counted.length === 0) return;
  const run = await currentStatsRun(ctx);
  const amount = sign * counted.length;
  const parts = partsOf(key);
  const part = parts[Math.floor(Math.random() * parts.length)]!;
  const row = await mergedRow(ctx, part);
  const missed = run.isComplete ? 0 : sign * (await countMissed(ctx, run, counted));
  const fields = {
    value: (row?.value ?? 0) + amount,
    updatedAt: Date.now(),
    ...(run.isComplete ? {} : { candidate: (row?.candidate ?? 0) + missed }),
  };
  if (row === null) await ctx.db.insert("dbStats", { key: part, ...fields });
  else await ctx.db.patch("dbStats", row._id, fields);
}

async function countMissed(ctx: MutationCtx, run: Doc<"migrationRuns">, counted: readonly Counted[]): Promise<number> {
  let missed = 0;
  for (const each of counted) if (await isMissed(ctx, run, each)) missed += 1;
  return missed;
}

async function rowsOf(ctx: QueryCtx, part: string): Promise<Doc<"dbStats">[]> {
  return await ctx.db
    .query("dbStats")
    .withIndex("by_key", (q) => q.eq("key", part))
    .take(100);
}

/** The one row of a part. Several become one that holds their sum, so that nothing is lost. */
async function mergedRow(ctx: MutationCtx, part: string): Promise<Doc<"dbStats"> | null> {
  const [first, ...others] = await rowsOf(ctx, part);
  if (first === undefined) return null;
  if (others.length === 0) return first;
  console.warn(`Counter "${part}" has ${others.length + 1} rows; they are merged into one`);
  const value = [first, ...others].reduce((total, row) => total + row.value, 0);
  const candidate = [first, ...others].reduce((total, row) => total + (row.candidate ?? 0), 0);
  for (const row of others) await ctx.db.delete("dbStats", row._id);
  return { ...first, value, candidate };
}
