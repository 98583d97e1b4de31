/**
 * Counts the tables for the deployment's counters, a bounded number of documents a transaction, beside live traffic.
 *
 * How a change that happens meanwhile is neither lost nor counted twice: `model/statsRun.ts`.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { candidateOf, clearCandidates, getStats, setStat } from "../lib/dbStats.ts";
import { Budget, walk } from "./budget.ts";
import { ALL_STAT_KEYS, initializedOf, type StatMetadata, type StatKey } from "./statKeys.ts";
import { beginStatsRun, COUNTED_TABLES, currentStatsRun, findStatsRun } from "./statsRun.ts";

const METADATA: Record<StatKey, StatMetadata> = {
  chats_total: { category: "chats", description: "All chats, deleted ones too" },
  chats_soft_deleted: { category: "chats", description: "Chats in the bin" },
  messages_total: { category: "messages", description: "All messages, deleted ones too" },
  messages_soft_deleted: { category: "messages", description: "Messages in the bin" },
  users_total: { category: "users", description: "All users" },
};

/** Makes sure that a count is there. `force` begins again; otherwise one that is there, finished or not, stands. */
export async function beginStatsCount(ctx: MutationCtx, force: boolean): Promise<void> {
  const former = await findStatsRun(ctx);
  if (former !== null && !force) return;
  await clearCandidates(ctx);
  await beginStatsRun(ctx, former);
}

/** Where the count is after a step. */
export interface StatsProgress {
  readonly isDone: boolean;
  readonly table: string;
  readonly documents: number;
}

/** Walks on by one step; at the end of the last table the counters become what was found. Does nothing when all is done. */
export async function stepStatsCount(ctx: MutationCtx): Promise<StatsProgress> {
  const run = await currentStatsRun(ctx);
  if (run.isComplete) return { isDone: true, table: run.table, documents: walked(run.found) };
  const found = { ...run.found };
  const documents = ctx.db
    .query(run.table)
    .withIndex("by_creation_time", (q) => q.gt("_creationTime", run.through).lte("_creationTime", run.until));
  const { isDone, through = run.until } = await walk<Doc<"users" | "chats" | "messages">>(
    documents,
    new Budget(),
    (document) => {
      add(found, `${run.table}_total`);
      if ("deletedAt" in document && document.deletedAt !== undefined) add(found, `${run.table}_soft_deleted`);
    },
  );
  const next = COUNTED_TABLES[COUNTED_TABLES.indexOf(run.table) + 1];
  const isComplete = isDone && next === undefined;
  await ctx.db.patch("migrationRuns", run._id, {
    found,
    ...(isDone ? { through: 0, table: next ?? run.table, isComplete } : { through }),
  });
  if (isComplete) await finish(ctx, found);
  return { isDone: isComplete, table: run.table, documents: walked(found) };
}

/** The counters in the shape of `migrations.initializeStats`. */
export async function statsResult(ctx: QueryCtx) {
  return initializedOf(await getStats(ctx, ALL_STAT_KEYS));
}

async function finish(ctx: MutationCtx, found: Readonly<Record<string, number>>): Promise<void> {
  for (const key of ALL_STAT_KEYS) {
    await setStat(ctx, key, (found[key] ?? 0) + (await candidateOf(ctx, key)), METADATA[key]);
  }
}

function add(found: Record<string, number>, key: string): void {
  found[key] = (found[key] ?? 0) + 1;
}

/** Documents seen so far: a deleted one stands in its total as well, so totals are enough. */
function walked(found: Readonly<Record<string, number>>): number {
  return COUNTED_TABLES.reduce((total, table) => total + (found[`${table}_total`] ?? 0), 0);
}
