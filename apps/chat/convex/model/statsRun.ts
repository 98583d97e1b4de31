/**
 * The count of whole tables that makes the deployment's counters true, as its writers see it.
 *
 * The count walks `users`, `chats` and `messages` by creation time, some documents a transaction, up to the newest that there was when it began. Writers go on
 * meanwhile. A change concerns a document that the count has passed, or will pass, or (created later) never will; in the first and the
 * third case the count misses the change, so its writer adds it to the result itself. Writer and count read and write one row,
 * so each change is before or after each step, never both. Invariant: result = walked + what writers added.
 *
 * The walk is in `model/statsCount.ts`.
 */
import { internal } from "../_generated/api.js";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";

export const STATS_RUN = "initializeStats";

/** The tables in the order in which they are walked. */
export const COUNTED_TABLES = ["users", "chats", "messages"] as const;
export type CountedTable = (typeof COUNTED_TABLES)[number];

/** A document because of which a counter changes. The creation time may be left out, and is looked up when it matters. */
export type Counted =
  | { readonly table: "users"; readonly id: Id<"users">; readonly creationTime?: number }
  | { readonly table: "chats"; readonly id: Id<"chats">; readonly creationTime?: number }
  | { readonly table: "messages"; readonly id: Id<"messages">; readonly creationTime?: number };

/** The count, null when there never was one. */
export async function findStatsRun(ctx: QueryCtx): Promise<Doc<"migrationRuns"> | null> {
  return await ctx.db
    .query("migrationRuns")
    .withIndex("by_name", (q) => q.eq("name", STATS_RUN))
    .first();
}

/** The count; begins one when there never was one. */
export async function currentStatsRun(ctx: MutationCtx): Promise<Doc<"migrationRuns">> {
  return (await findStatsRun(ctx)) ?? (await beginStatsRun(ctx, null));
}

/** A fresh count, in the place of `former`. It goes on by itself. */
export async function beginStatsRun(
  ctx: MutationCtx,
  former: Doc<"migrationRuns"> | null,
): Promise<Doc<"migrationRuns">> {
  const fresh = {
    name: STATS_RUN,
    isComplete: false,
    table: COUNTED_TABLES[0],
    through: 0,
    until: await newest(ctx),
    found: {},
    samples: [],
  };
  const id = former?._id ?? (await ctx.db.insert("migrationRuns", fresh));
  if (former !== null) await ctx.db.patch("migrationRuns", id, fresh);
  await ctx.scheduler.runAfter(0, internal.migrations.continueStatsCount, {});
  return { _id: id, _creationTime: 0, ...fresh };
}

/**
 * The latest creation time that there is. Not the clock's: creation times may run ahead of it, and a document between the two would be
 * counted by nobody.
 */
async function newest(ctx: QueryCtx): Promise<number> {
  const latest = await Promise.all(COUNTED_TABLES.map((table) => ctx.db.query(table).order("desc").first()));
  return Math.max(0, ...latest.map((document) => document?._creationTime ?? 0));
}

/** Whether the count in progress misses a change of this document, so that its writer has to add it. */
export async function isMissed(ctx: QueryCtx, run: Doc<"migrationRuns">, counted: Counted): Promise<boolean> {
  const place = COUNTED_TABLES.indexOf(counted.table) - COUNTED_TABLES.indexOf(run.table);
  const creationTime = counted.creationTime ?? (await creationTimeOf(ctx, counted));
  return creationTime > run.until || place < 0 || (place === 0 && creationTime <= run.through);
}

async function creationTimeOf(ctx: QueryCtx, counted: Counted): Promise<number> {
  // A document that is gone was deleted by the caller, who then knows its creation time; only inserts leave it out.
  const document =
    counted.table === "users"
      ? await ctx.db.get("users", counted.id)
      : counted.table === "chats"
        ? await ctx.db.get("chats", counted.id)
        : await ctx.db.get("messages", counted.id);
  return document?._creationTime ?? Infinity;
}
