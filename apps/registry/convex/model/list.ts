/**
 * Which list serves which question: the family of indexes behind `listPublicPageV2`.
 *
 *   everything                 an index of skills that are not deleted
 *   without suspicious ones    the index by `isSuspicious`, once its backfill is proved complete; until then the index above
 *   highlighted ones           the badges, at most `HIGHLIGHTED_MAX`, sorted in memory
 *
 * Exactly one family serves all pages of a list at any time. When a proof comes or goes, cursors of the other family are refused and clients begin again.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { isComplete } from "./backfills.ts";
import { readHighlighted } from "./badges.ts";
import type { ListDirection, ListSort } from "./fields.ts";
import { ACTIVE_INDEXES, directionOf, NONSUSPICIOUS_INDEXES } from "./listKeys.ts";
import { indexRows, memoryRows, type ListSource } from "./listRead.ts";
import { isPublic, isSuspicious } from "./rules.ts";

/** What a caller may ask for. */
export interface ListQuestion {
  readonly sort?: ListSort | undefined;
  readonly dir?: ListDirection | undefined;
  readonly highlightedOnly?: boolean | undefined;
  readonly nonSuspiciousOnly?: boolean | undefined;
}

/** The list that answers. */
export async function chooseList(ctx: QueryCtx, question: ListQuestion): Promise<ListSource> {
  const sort = question.sort ?? "newest";
  const dir = directionOf(sort, question.dir);
  const isStrict = question.nonSuspiciousOnly === true;
  const filters = isStrict ? " nonsuspicious" : "";
  const isShown = (skill: Doc<"skills">): boolean => isPublic(skill) && !(isStrict && isSuspicious(skill));
  if (question.highlightedOnly === true) {
    const rows = memoryRows(await readHighlighted(ctx), sort, dir);
    return { name: `highlighted ${sort} ${dir}${filters}`, sort, dir, rows, isShown };
  }
  const alive = ["softDeletedAt", undefined] as const;
  if (isStrict && (await isComplete(ctx, "isSuspicious"))) {
    const index = NONSUSPICIOUS_INDEXES[sort];
    const rows = indexRows(ctx, index, [alive, ["isSuspicious", false]], sort, dir);
    return { name: `${index} ${dir}`, sort, dir, rows, isShown };
  }
  const index = ACTIVE_INDEXES[sort];
  return { name: `${index} ${dir}${filters}`, sort, dir, rows: indexRows(ctx, index, [alive], sort, dir), isShown };
}
