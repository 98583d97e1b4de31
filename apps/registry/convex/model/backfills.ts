/**
 * Backfills of derived fields, and the proof that one is complete.
 *
 * A derived field may be read only when every document has it. That holds once a backfill has gone through the whole table, from the
 * beginning and without a gap, while all writers keep the field (`skillWrites.ts`). The row of a backfill says where the next step of such a walk has
 * to start; a step that somebody begins elsewhere repairs what it meets, but proves nothing. Starting again takes the proof away until the walk
 * is through: whoever starts again has a reason to doubt it.
 */
import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";

/** The derived fields that need a proof. */
export type BackfillName = "isSuspicious" | "latestVersionSummary";

export const backfillArgs = { cursor: v.optional(v.string()), batchSize: v.optional(v.number()) };
export const backfillResult = v.object({ patched: v.number(), isDone: v.boolean(), scanned: v.number() });

/** One step's result; `nextCursor` continues. */
export interface BackfillStep {
  readonly patched: number;
  readonly scanned: number;
  readonly isDone: boolean;
  readonly nextCursor: string;
}

const BATCH_MIN = 10;
const BATCH_MAX = 200;

/** Whether every skill has the field. Readers depend on this one row. */
export async function isComplete(ctx: QueryCtx, name: BackfillName): Promise<boolean> {
  return (await readRow(ctx, name))?.completedAt !== undefined;
}

/** How far a backfill is: null when it was never started. */
export async function readRow(ctx: QueryCtx, name: BackfillName): Promise<Doc<"backfills"> | null> {
  return await ctx.db
    .query("backfills")
    .withIndex("by_name", (q) => q.eq("name", name))
    .unique();
}

/** Does one step: repairs `batchSize` skills behind `cursor` and notes what that proves. */
export async function backfillStep(
  ctx: MutationCtx,
  name: BackfillName,
  repair: (ctx: MutationCtx, skill: Doc<"skills">) => Promise<boolean>,
  args: { readonly cursor?: string | undefined; readonly batchSize?: number | undefined },
  defaultBatchSize: number,
): Promise<BackfillStep> {
  const cursor = args.cursor ?? null;
  const numItems = Math.min(BATCH_MAX, Math.max(BATCH_MIN, Math.floor(args.batchSize ?? defaultBatchSize)));
  const { page, isDone, continueCursor } = await ctx.db.query("skills").paginate({ cursor, numItems });
  let patched = 0;
  for (const skill of page) if (await repair(ctx, skill)) patched += 1;
  const scanned = await noteProgress(ctx, name, cursor, { seen: page.length, isDone, nextCursor: continueCursor });
  console.log(`Backfill of ${name}: ${scanned} skills looked at, ${patched} patched in this step`);
  return { patched, scanned: page.length, isDone, nextCursor: continueCursor };
}

/** Carries the proof on if this step continued it. @returns Documents that the walk has seen. */
async function noteProgress(
  ctx: MutationCtx,
  name: BackfillName,
  cursor: string | null,
  step: { readonly seen: number; readonly isDone: boolean; readonly nextCursor: string },
): Promise<number> {
  const now = Date.now();
  const row = await readRow(ctx, name);
  const isStart = cursor === null;
  if (!isStart && (row === null || row.nextCursor !== cursor)) return step.seen;
  const scanned = (isStart ? 0 : (row?.scanned ?? 0)) + step.seen;
  const fields = {
    name,
    startedAt: isStart ? now : (row?.startedAt ?? now),
    scanned,
    ...(step.isDone ? { completedAt: now } : { nextCursor: step.nextCursor }),
  };
  if (row === null) await ctx.db.insert("backfills", fields);
  else await ctx.db.replace("backfills", row._id, fields);
  return scanned;
}
