/**
 * Pages: a stretch of one query, from a cursor up to where the page ends.
 *
 * The first run of a page ends after `numItems` documents, or earlier where it has read as much as the caller allows. A later run is
 * given that end as `endCursor` and reads exactly `(cursor, endCursor]`, however many documents are there by then and whatever the caller
 * allows: pages grow and shrink, but never overlap nor leave a gap. One that has become large says that it should be split.
 *
 * @module
 */
import type { Doc, Limits } from "@narrowcast/values";
import type { Key, KeyRange } from "../engine/types.ts";
import type { CursorCodec, Position } from "./page-cursor.ts";
import { keyAfter } from "./read-set.ts";
import { UserError } from "./types.ts";
import type { Page, PageRequest } from "./types.ts";

/** A page of more rows than this share of its maximum should be split. */
const SPLIT_SHARE = 0.75;
/** Rows of a page taken as its maximum when the caller names none. */
const PAGE_ROWS = 8_192;

/** The rows of a page, one at a time, with what reading them took. */
export interface PageRows {
  /** A document, `null` for a row that a filter dropped, `undefined` at the end. */
  pull(): Doc | null | undefined;
  close(): void;
  /** What was read depends on more of the rows than the page shows. */
  dependOnWholeRows(): void;
  readonly rowsRead: number;
  readonly bytesRead: number;
  /** Index key of the row pulled last. */
  readonly position: Key | undefined;
}

/** A page of fewer bytes than this share of what makes it split cannot come to split by changes that nobody looks at. */
const QUIET_SHARE = 0.25;

/** What a page is read from. */
export interface PageSource {
  readonly codec: CursorCodec;
  readonly fingerprint: Buffer;
  readonly range: KeyRange;
  readonly order: "asc" | "desc";
  readonly limits: Limits;
  /** Called once the request was found good, before anything is read. */
  accepted(): void;
  openStream(range: KeyRange): PageRows;
}

/** Reads one page. @throws {UserError} For bad cursors and sizes. */
export function readPage(source: PageSource, request: PageRequest): Page {
  checkNumItems(request.numItems, source.limits);
  checkMaximum("maximumRowsRead", request.maximumRowsRead);
  checkMaximum("maximumBytesRead", request.maximumBytesRead);
  const { codec, fingerprint } = source;
  const start = request.cursor === null ? undefined : codec.decode(request.cursor, fingerprint);
  const end = typeof request.endCursor === "string" ? codec.decode(request.endCursor, fingerprint) : undefined;
  source.accepted();
  const stream = source.openStream(pageRange(source, start, end));
  const rows = readRows(stream, request, end !== undefined);
  stream.close();
  if (isNearSplit(stream, request, source.limits)) stream.dependOnWholeRows();
  const encode = (position: Position) => codec.encode(fingerprint, position);
  const last: Position = rows.isExhausted ? { kind: "end" } : { kind: "after", key: rows.positions.at(-1) ?? "" };
  const middle = rows.positions.length > 2 ? rows.positions[(rows.positions.length - 1) >> 1] : undefined;
  return {
    page: rows.page,
    isDone: (end ?? last).kind === "end",
    continueCursor: end === undefined ? encode(last) : (request.endCursor ?? ""),
    splitCursor: middle === undefined ? null : encode({ kind: "after", key: middle }),
    pageStatus: pageStatus(stream, request, rows.isTruncated, source.limits),
  };
}

/** Sizes of rows may decide where a page ends or whether it should be split. */
function isNearSplit({ bytesRead }: PageRows, { maximumBytesRead }: PageRequest, limits: Limits): boolean {
  return maximumBytesRead !== undefined || bytesRead > limits.bytesReadMax * SPLIT_SHARE * QUIET_SHARE;
}

function checkNumItems(numItems: number, limits: Limits): void {
  if (!Number.isInteger(numItems) || numItems < 1) {
    throw new UserError(
      "InvalidPageSize",
      `\`options.numItems\` must be a positive number. Received \`${String(numItems)}\`.`,
    );
  }
  if (numItems > limits.pageItemsMax) {
    throw new UserError(
      "PageSizeTooLarge",
      `Page size ${numItems} is too large (maximum page size: ${limits.pageItemsMax})`,
    );
  }
}

function checkMaximum(name: string, maximum: number | undefined): void {
  if (maximum === undefined || (Number.isInteger(maximum) && maximum > 0)) return;
  throw new UserError(
    "InvalidPageSize",
    `\`options.${name}\` must be a positive number. Received \`${String(maximum)}\`.`,
  );
}

function pageRange({ range, order }: PageSource, start: Position | undefined, end: Position | undefined): KeyRange {
  let low = range.start;
  let high = range.end;
  if (start?.kind === "end") return { start: low, end: low };
  if (start !== undefined) {
    if (order === "asc") low = later(low, keyAfter(start.key));
    else high = earlier(high, start.key);
  }
  if (end?.kind === "after") {
    if (order === "asc") high = earlier(high, keyAfter(end.key));
    else low = later(low, end.key);
  }
  return { start: low, end: high !== undefined && high < low ? low : high };
}

function later(a: Key, b: Key): Key {
  return a > b ? a : b;
}

function earlier(a: Key | undefined, b: Key): Key {
  return a !== undefined && a < b ? a : b;
}

function readRows(
  stream: PageRows,
  request: PageRequest,
  hasEnd: boolean,
): {
  readonly page: Doc[];
  readonly positions: readonly Key[];
  readonly isExhausted: boolean;
  readonly isTruncated: boolean;
} {
  const page: Doc[] = [];
  const positions: Key[] = [];
  const rowsMax = request.maximumRowsRead ?? Infinity;
  const bytesMax = request.maximumBytesRead ?? Infinity;
  for (;;) {
    const row = stream.pull();
    if (row === undefined) return { page, positions, isExhausted: true, isTruncated: false };
    positions.push(stream.position ?? "");
    if (row !== null) page.push(row);
    if (hasEnd) continue;
    if (page.length >= request.numItems) return { page, positions, isExhausted: false, isTruncated: false };
    if (stream.rowsRead >= rowsMax || stream.bytesRead >= bytesMax) {
      return { page, positions, isExhausted: false, isTruncated: true };
    }
  }
}

function pageStatus(stream: PageRows, request: PageRequest, isTruncated: boolean, limits: Limits): Page["pageStatus"] {
  if (isTruncated) return "SplitRequired";
  const rowsMax = Math.min(request.maximumRowsRead ?? PAGE_ROWS, PAGE_ROWS);
  const bytesMax = Math.min(request.maximumBytesRead ?? limits.bytesReadMax, limits.bytesReadMax);
  const isLarge = stream.rowsRead > rowsMax * SPLIT_SHARE || stream.bytesRead > bytesMax * SPLIT_SHARE;
  return isLarge ? "SplitRecommended" : null;
}
