/**
 * Checks of a whole table, a page a transaction, that resume where they stopped.
 *
 * A scheduled job takes one page a run, so the whole table is checked over a day or two at a small price. An operator's pass takes page after page until the
 * end. Pages go by creation time, which no writer moves, so nothing is skipped.
 *
 * A counter that is kept at the write has one owner, the writer; a sweep only finds and repairs what went round the writer.
 */
import type { PaginationResult } from "convex/server";
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";

/** Rows a page. */
export const SWEEP_ROWS = 100;
/** Pause between the pages of an operator's pass. */
export const SWEEP_PAUSE_MS = 1_000;

/** How far a sweep is. */
export async function sweepOf(ctx: MutationCtx, name: string): Promise<Doc<"sweeps">> {
  const existing = await ctx.db
    .query("sweeps")
    .withIndex("by_name", (q) => q.eq("name", name))
    .unique();
  if (existing !== null) return existing;
  const id = await ctx.db.insert("sweeps", { name, cursor: null, generation: 0, checked: 0, repaired: 0, passes: 0 });
  return (await ctx.db.get("sweeps", id))!;
}

/** Begins a pass of its own at the start of the table; one that is under way ends. Gives its generation. */
export async function restart(ctx: MutationCtx, name: string): Promise<number> {
  const sweep = await sweepOf(ctx, name);
  const generation = sweep.generation + 1;
  await ctx.db.patch("sweeps", sweep._id, { cursor: null, generation, checked: 0, repaired: 0 });
  return generation;
}

/** Checks one page: `check` repairs a row and tells whether it had to. At the end of the table the next page is the first again. */
export async function sweepPage<Row>(
  ctx: MutationCtx,
  sweep: Doc<"sweeps">,
  { page, isDone, continueCursor }: PaginationResult<Row>,
  check: (row: Row) => Promise<boolean>,
): Promise<{ checked: number; repaired: number; isDone: boolean }> {
  let repaired = 0;
  for (const row of page) if (await check(row)) repaired += 1;
  const isFresh = sweep.cursor === null;
  const checked = (isFresh ? 0 : sweep.checked) + page.length;
  const total = (isFresh ? 0 : sweep.repaired) + repaired;
  await ctx.db.patch("sweeps", sweep._id, {
    cursor: isDone ? null : continueCursor,
    checked,
    repaired: total,
    passes: sweep.passes + (isDone ? 1 : 0),
  });
  const note = `${checked} checked, ${total} repaired${isDone ? ", the end" : ""}`;
  console.log(`Sweep "${sweep.name}": ${note}`);
  return { checked: page.length, repaired, isDone };
}
