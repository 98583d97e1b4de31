/**
 * Reads one page of a list so that it is full unless the list ends.
 *
 * Rows are read one at a time and only as many as the page needs; those that the public may not see do not count. A page that has looked at
 * `ROWS_READ_MAX` rows ends there and says where to go on, so no list can reach the limits of a transaction.
 *
 * A page whose end is given (`endCursor`) reads exactly up to it, whatever has been added in between: pages do not overlap nor leave a gap while
 * the list moves. `.paginate()` remembers that end by itself; here the answer asks for it (`SplitRecommended`), and `usePaginatedQuery`
 * then subscribes to the two halves of the page by their ends.
 */
import type { PaginationOptions } from "convex/server";
import type { Doc } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { refuse } from "./errors.ts";
import type { ListDirection, ListSort } from "./fields.ts";
import {
  compareKeys,
  keyFields,
  keyOf,
  rangesBetween,
  readCursor,
  writeCursor,
  type KeyRange,
  type ListKey,
  type Position,
} from "./listKeys.ts";

/** Rows that one page looks at: 4 MB of the largest skills, a quarter of what a transaction may read. */
export const ROWS_READ_MAX = 1_000;

/** A list: what it is called in cursors, its order and where its rows come from. */
export interface ListSource {
  readonly name: string;
  readonly sort: ListSort;
  readonly dir: ListDirection;
  /** Rows behind `start` up to `end`, in order. */
  rows(start: ListKey | null, end: ListKey | null): AsyncIterable<Doc<"skills">>;
  /** Whether a row is shown. */
  isShown(skill: Doc<"skills">): boolean;
}

/** The skills of a page and the rest of a page's answer. */
export interface ReadPage {
  readonly skills: readonly Doc<"skills">[];
  readonly isDone: boolean;
  readonly continueCursor: string;
  readonly splitCursor: string | null;
  readonly pageStatus: "SplitRecommended" | "SplitRequired" | null;
}

/** Reads a page. @throws When a cursor belongs to another list. */
export async function readPage(source: ListSource, options: PaginationOptions): Promise<ReadPage> {
  const { name, sort } = source;
  const { numItems } = options;
  if (!Number.isInteger(numItems) || numItems < 1) {
    refuse("read a page", `numItems is ${numItems}`, "ask for one row or more");
  }
  const position = (cursor: string | null | undefined): Position | null =>
    typeof cursor === "string" ? readCursor(name, sort, cursor) : null;
  const start = position(options.cursor);
  const end = position(options.endCursor);
  const read = start === "end" ? EMPTY : await readRows(source, start, end, numItems);
  const isPinned = end !== null;
  const last: Position = isPinned ? end : (read.stoppedAt ?? "end");
  const split = splitPosition(isPinned, read, sort);
  return {
    skills: read.skills,
    isDone: last === "end",
    continueCursor: writeCursor(name, last),
    splitCursor: split === null ? null : writeCursor(name, split),
    pageStatus: statusOf(isPinned, read),
  };
}

/** Where a page should be split: in the middle, or where the budget ended it. */
function splitPosition(isPinned: boolean, read: ReadRows, sort: ListSort): ListKey | null {
  if (isPinned && read.isTruncated) return read.stoppedAt;
  const middle = read.skills[(read.skills.length - 1) >> 1];
  return middle === undefined ? null : keyOf(middle, sort);
}

/** A page whose end is given and that hit the budget is not whole; any other page wants its end given. */
function statusOf(isPinned: boolean, read: ReadRows): ReadPage["pageStatus"] {
  if (isPinned) return read.isTruncated ? "SplitRequired" : null;
  return read.skills.length === 0 ? null : "SplitRecommended";
}

interface ReadRows {
  readonly skills: readonly Doc<"skills">[];
  /** The row that was looked at last, unless the rows ended. */
  readonly stoppedAt: ListKey | null;
  readonly isTruncated: boolean;
}

const EMPTY: ReadRows = { skills: [], stoppedAt: null, isTruncated: false };

async function readRows(
  source: ListSource,
  start: ListKey | null,
  end: Position | null,
  numItems: number,
): Promise<ReadRows> {
  const skills: Doc<"skills">[] = [];
  let looked = 0;
  for await (const skill of source.rows(start, end === "end" ? null : end)) {
    looked += 1;
    if (source.isShown(skill)) skills.push(skill);
    const isFull = end === null && skills.length >= numItems;
    const isTruncated = looked >= ROWS_READ_MAX;
    if (isFull || isTruncated) return { skills, stoppedAt: keyOf(skill, source.sort), isTruncated: !isFull };
  }
  return { skills, stoppedAt: null, isTruncated: false };
}

/** The builder of an index range where index and fields are chosen at run time; the types of the generated one want them as literals. */
interface LooseRange {
  eq(field: string, value: unknown): LooseRange;
  gt(field: string, value: unknown): LooseRange;
  gte(field: string, value: unknown): LooseRange;
  lt(field: string, value: unknown): LooseRange;
  lte(field: string, value: unknown): LooseRange;
}
interface LooseTable {
  withIndex(
    index: string,
    range: (q: LooseRange) => LooseRange,
  ): { order(dir: ListDirection): AsyncIterable<Doc<"skills">> };
}

/** Rows of one index whose leading fields have fixed values. */
export function indexRows(
  ctx: QueryCtx,
  index: string,
  fixed: readonly (readonly [field: string, value: unknown])[],
  sort: ListSort,
  dir: ListDirection,
): ListSource["rows"] {
  const table = ctx.db.query("skills") as unknown as LooseTable;
  const fields = keyFields(sort);
  return async function* rows(start, end) {
    for (const range of rangesBetween(start, end)) {
      const bounded = (q: LooseRange): LooseRange =>
        bound(
          fixed.reduce((builder, [field, value]) => builder.eq(field, value), q),
          range,
          fields,
          dir,
        );
      yield* table.withIndex(index, bounded).order(dir);
    }
  };
}

function bound(q: LooseRange, range: KeyRange, fields: readonly string[], dir: ListDirection): LooseRange {
  const { equal, after, upTo } = range;
  const field = fields[equal.length] ?? "";
  let builder = q;
  for (const [at, value] of equal.entries()) builder = builder.eq(fields[at] ?? "", value);
  const isAscending = dir === "asc";
  const lower = (): void => {
    if (isAscending && after !== undefined) builder = builder.gt(field, after.value);
    if (!isAscending && upTo !== undefined) {
      builder = upTo.isIncluded ? builder.gte(field, upTo.value) : builder.gt(field, upTo.value);
    }
  };
  const upper = (): void => {
    if (!isAscending && after !== undefined) builder = builder.lt(field, after.value);
    if (isAscending && upTo !== undefined) {
      builder = upTo.isIncluded ? builder.lte(field, upTo.value) : builder.lt(field, upTo.value);
    }
  };
  // An index range wants its lower bound first.
  lower();
  upper();
  return builder;
}

/** Rows that are in memory already. */
export function memoryRows(skills: readonly Doc<"skills">[], sort: ListSort, dir: ListDirection): ListSource["rows"] {
  const sign = dir === "asc" ? 1 : -1;
  const compare = (a: ListKey, b: ListKey): number => sign * compareKeys(a, b);
  const keyed = skills.map((skill) => ({ skill, key: keyOf(skill, sort) })).toSorted((a, b) => compare(a.key, b.key));
  return async function* rows(start, end) {
    for (const { skill, key } of keyed) {
      if (start !== null && compare(key, start) <= 0) continue;
      if (end !== null && compare(key, end) > 0) return;
      yield skill;
    }
  };
}
