/**
 * Positions in a list, and the index ranges between two of them.
 *
 * A position is the index key of a row: its sort fields and its creation time, which is unique in a table. Equal lists have equal cursors for
 * everybody, so their pages can be shared, and a cursor names the list that it belongs to: index, direction and filters.
 *
 * Why not `.paginate()`: a page has to be full although rows are dropped by conditions that no `.filter()` can express, and a function may
 * paginate only once. Reading ranges needs no second call.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { ListDirection, ListSort } from "./fields.ts";
import { refuseCursor } from "./errors.ts";

type SortField = "createdAt" | "updatedAt" | "displayName" | "statsDownloads" | "statsStars" | "statsInstallsAllTime";
type KeyValue = string | number | undefined;
/** Values of the sort fields and the creation time. */
export type ListKey = readonly KeyValue[];
/** Behind a row, or behind the last row. */
export type Position = ListKey | "end";

/** Fields that a sort goes by. */
const SORT_FIELDS: Record<ListSort, readonly SortField[]> = {
  newest: ["createdAt"],
  updated: ["updatedAt"],
  name: ["displayName"],
  downloads: ["statsDownloads", "updatedAt"],
  stars: ["statsStars", "updatedAt"],
  installs: ["statsInstallsAllTime", "updatedAt"],
};

/** The index of all skills that are not deleted, for each sort. */
export const ACTIVE_INDEXES = {
  newest: "by_active_created",
  updated: "by_active_updated",
  name: "by_active_name",
  downloads: "by_active_stats_downloads",
  stars: "by_active_stats_stars",
  installs: "by_active_stats_installs_all_time",
} as const satisfies Record<ListSort, string>;

/** The index by `isSuspicious`, for each sort. */
export const NONSUSPICIOUS_INDEXES = {
  newest: "by_nonsuspicious_created",
  updated: "by_nonsuspicious_updated",
  name: "by_nonsuspicious_name",
  downloads: "by_nonsuspicious_downloads",
  stars: "by_nonsuspicious_stars",
  installs: "by_nonsuspicious_installs",
} as const satisfies Record<ListSort, string>;

/** The direction of a sort when the caller names none. */
export function directionOf(sort: ListSort, dir: ListDirection | undefined): ListDirection {
  return dir ?? (sort === "name" ? "asc" : "desc");
}

/** Where a row stands in a sort. */
export function keyOf(skill: Doc<"skills">, sort: ListSort): ListKey {
  return [...SORT_FIELDS[sort].map((field) => skill[field]), skill._creationTime];
}

/** The fields of {@link keyOf}, by name. */
export function keyFields(sort: ListSort): readonly string[] {
  return [...SORT_FIELDS[sort], "_creationTime"];
}

/** Orders two positions of one sort, ascending; an absent value comes first, as in an index. */
export function compareKeys(a: ListKey, b: ListKey): number {
  for (const [at, left] of a.entries()) {
    const right = b[at];
    if (left === right) continue;
    if (left === undefined) return -1;
    return right === undefined || left > right ? 1 : -1;
  }
  return 0;
}

/** A cursor: the list that it belongs to and the position, as text. */
export function writeCursor(list: string, position: Position): string {
  const values = position === "end" ? position : position.map((value) => value ?? null);
  return JSON.stringify([list, values]);
}

/** The position that a cursor names. @throws A refusal that `usePaginatedQuery` understands, when it belongs to another list. */
export function readCursor(list: string, sort: ListSort, text: string): Position {
  const [owner, position] = parse(text);
  if (owner !== list) {
    refuseCursor(
      `the cursor belongs to the list "${String(owner)}" and this is "${list}"`,
      "begin again without a cursor when sort, direction, filters or the index behind them change",
    );
  }
  if (position === "end") return position;
  if (Array.isArray(position) && position.length === keyFields(sort).length && position.every(isStored)) {
    return position.map((value) => value ?? undefined);
  }
  return refuseCursor("its position cannot be read", "pass a cursor as it was given");
}

function parse(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.length === 2) return value as unknown[];
  } catch {
    // Not one of ours: refused below, like everything else that is none.
  }
  return refuseCursor("the text is no cursor of a list of skills", "pass a cursor as it was given");
}

function isStored(value: unknown): value is string | number | null {
  return value === null || typeof value === "string" || typeof value === "number";
}

/** One index range: leading fields equal, then at most one field bounded. In walking direction: `after` comes first. */
export interface KeyRange {
  readonly equal: ListKey;
  readonly after?: { readonly value: KeyValue };
  readonly upTo?: { readonly value: KeyValue; readonly isIncluded: boolean };
}

/**
 * The ranges that hold, one behind the other, exactly the rows behind `start` up to and including `end`.
 *
 * An index range bounds only the field behind equal ones. So behind (a, b, c) come: equal a, b and behind c; equal a and behind b; behind a.
 */
export function rangesBetween(start: ListKey | null, end: ListKey | null): KeyRange[] {
  const shared = start === null || end === null ? 0 : sharedLength(start, end);
  const last = ((start ?? end)?.length ?? 0) - 1;
  if (start !== null && end !== null && shared > last) return [];
  const behind = (start ?? [])
    .map((value, at): KeyRange => ({ equal: (start ?? []).slice(0, at), after: { value } }))
    .slice(shared + 1)
    .toReversed();
  const between: KeyRange = {
    equal: (start ?? end ?? []).slice(0, shared),
    ...(start === null ? {} : { after: { value: start[shared] } }),
    ...(end === null ? {} : { upTo: { value: end[shared], isIncluded: shared === last } }),
  };
  const before = (end ?? [])
    .map((value, at): KeyRange => ({ equal: (end ?? []).slice(0, at), upTo: { value, isIncluded: at === last } }))
    .slice(shared + 1);
  return [...behind, between, ...before];
}

function sharedLength(a: ListKey, b: ListKey): number {
  const different = a.findIndex((value, at) => value !== b[at]);
  return different < 0 ? a.length : different;
}
