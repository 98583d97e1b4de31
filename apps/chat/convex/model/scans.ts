/**
 * The emptying of the bin as the original has it, for the forms *before* and *after*: it looks at every row for what was deleted long ago.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";

/** The first rows of a table that were deleted before `cutoff`. Reads on until it has found enough of them: the whole table when there are none. */
export async function scanDeleted<Table extends "chats" | "messages">(
  ctx: QueryCtx,
  table: Table,
  cutoff: number,
  batchSize: number,
): Promise<Doc<Table>[]> {
  return await ctx.db
    .query(table)
    .filter((q) => q.neq(q.field("deletedAt"), undefined))
    .filter((q) => q.lt(q.field("deletedAt"), cutoff))
    .take(batchSize);
}
