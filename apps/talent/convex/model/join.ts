/**
 * The pattern of two passes: collect the ids, fetch each row once, look it up while the results are made.
 */
import type { Doc, Id, TableNames } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";

/** The rows of these ids, each read once; rows that are gone are missing. Absent ids are skipped. */
export async function fetchDistinct<T extends TableNames>(
  ctx: Pick<QueryCtx, "db">,
  table: T,
  ids: Iterable<Id<T> | undefined>,
): Promise<Map<Id<T>, Doc<T>>> {
  const distinct = [...new Set(ids)].filter((id) => id !== undefined);
  const rows = await Promise.all(distinct.map((id) => ctx.db.get(table, id)));
  return new Map(rows.filter((row) => row !== null).map((row) => [row._id, row]));
}
