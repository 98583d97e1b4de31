/**
 * Rows whose parent is gone.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";

/** Tables whose rows belong to a row of another one. */
export const CHILD_TABLES = ["setlists", "votes", "songVotes", "artistSongs"] as const;
export type ChildTable = (typeof CHILD_TABLES)[number];

/** The row that a row belongs to. */
export function parentOf(row: Doc<ChildTable>): Id<"shows"> | Id<"setlists"> | Id<"artists"> {
  if ("showId" in row) return row.showId;
  return "setlistId" in row ? row.setlistId : row.artistId;
}

/** Orphans on one page of a table. A parent that several rows of the page share is looked for once. */
export async function orphansOnPage(
  ctx: QueryCtx,
  table: ChildTable,
  cursor: string | null,
  numItems: number,
): Promise<{ orphans: Id<ChildTable>[]; isDone: boolean; continueCursor: string }> {
  const { page, isDone, continueCursor } = await ctx.db.query(table).paginate({ cursor, numItems });
  const isThere = new Map<string, boolean>();
  const orphans = [];
  for (const row of page) {
    const parent = parentOf(row);
    if (!isThere.has(parent)) isThere.set(parent, (await ctx.db.get(parent)) !== null);
    if (isThere.get(parent) === false) orphans.push(row._id);
  }
  return { orphans, isDone, continueCursor };
}
