/**
 * Walks some ranges of `by_moderation`, one behind the other, until enough of what it meets was kept.
 *
 * The condition is about the version, so no index can answer it. Taking twice as many rows and filtering would give short answers that look like
 * the end; here an answer is short only at the end or when `ROWS_MAX` rows were looked at, and it says which.
 */
import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { refuse } from "./errors.ts";

/** Rows that one call looks at; with a version each it stays below half of what a transaction may read. */
export const ROWS_MAX = 900;

/** A status and a reason; undefined is "absent". */
export type ModerationRange = readonly [status: Doc<"skills">["moderationStatus"], reason: string];

/** The result of a walk: `nextCursor` is null when `done`. */
export const walkResult = <Item extends ReturnType<typeof v.object>>(item: Item) =>
  v.object({ skills: v.array(item), nextCursor: v.nullable(v.string()), done: v.boolean() });

/** Goes on behind `cursor`, keeping what `convert` does not turn down. */
export async function walkModeration<T>(
  ctx: QueryCtx,
  ranges: readonly ModerationRange[],
  { limit, cursor }: { readonly limit: number; readonly cursor: string | undefined },
  convert: (skill: Doc<"skills">) => Promise<T | null>,
): Promise<{ skills: T[]; nextCursor: string | null; done: boolean }> {
  const start = readCursor(cursor, ranges.length);
  const skills: T[] = [];
  let looked = 0;
  for (const [at, [status, reason]] of ranges.entries()) {
    if (at < start.range) continue;
    const after = at === start.range ? start.creationTime : -1;
    const rows = ctx.db
      .query("skills")
      .withIndex("by_moderation", (q) =>
        q.eq("moderationStatus", status).eq("moderationReason", reason).gt("_creationTime", after),
      );
    for await (const skill of rows) {
      looked += 1;
      const converted = await convert(skill);
      if (converted !== null) skills.push(converted);
      if (skills.length >= limit || looked >= ROWS_MAX) {
        return { skills, nextCursor: `${at}:${skill._creationTime}`, done: false };
      }
    }
  }
  return { skills, nextCursor: null, done: true };
}

function readCursor(cursor: string | undefined, ranges: number): { range: number; creationTime: number } {
  if (cursor === undefined) return { range: 0, creationTime: -1 };
  const [range = NaN, creationTime = NaN] = cursor.split(":").map(Number);
  if (Number.isInteger(range) && range < ranges && Number.isFinite(creationTime)) return { range, creationTime };
  return refuse("go on", `"${cursor}" is no cursor of this query`, "pass `nextCursor` as it was given");
}
