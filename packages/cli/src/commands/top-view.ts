/**
 * What `narrowcast top` shows, as text: pure, so that a test can look at it.
 *
 * @module
 */
import type { Account, LedgerReport, ReportRow, ReportTable } from "@narrowcast/server";
import type { Colours } from "../terminal/colours.ts";
import { formatTable } from "../terminal/table.ts";

/** The tables, in the order in which Tab goes through them. */
export const TOP_VIEWS = ["functions", "subscriptions", "pairs", "tables"] as const;
export type TopView = (typeof TOP_VIEWS)[number];

/** How much room there is. */
export interface TopSize {
  readonly columns: number;
  /** Lines in all; undefined: as many as there are. */
  readonly rows: number | undefined;
}

interface Column {
  readonly head: string;
  readonly cell: (row: ReportRow) => string;
}

const PERCENT = 100;
const HEADER_LINES = 6;
const NAME_CHARS_MIN = 24;
/** Room that figures take beside a name. */
const FIGURES_CHARS = 96;

const RUNS: Column = { head: "runs", cell: ({ account }) => whole(account.runs) };
const RERUNS: Column = { head: "re-runs", cell: ({ account }) => whole(account.reruns) };
const SPARED: Column = { head: "spared", cell: ({ account }) => whole(account.nodeCutOffs + account.fieldCutOffs) };
const SAME: Column = { head: "same", cell: ({ account }) => whole(account.resultCutOffs) };
const DOCUMENTS: Column = { head: "docs", cell: ({ account }) => whole(account.documents) };
const BYTES: Column = { head: "read", cell: ({ account }) => bytes(account.bytes) };
const WRITTEN: Column = { head: "written", cell: ({ account }) => whole(account.documentsWritten) };
const SENT: Column = { head: "sent", cell: ({ account }) => bytes(account.bytesSent) };
const CONVEX_DOCUMENTS: Column = { head: "convex docs", cell: ({ account }) => whole(account.convexDocuments) };
const CONVEX_BYTES: Column = { head: "convex read", cell: ({ account }) => bytes(account.convexBytes) };
const SAVED: Column = { head: "saved", cell: ({ account }) => saved(account) };

const VIEWS: { readonly [view in TopView]: readonly Column[] } = {
  functions: [RUNS, RERUNS, SPARED, SAME, DOCUMENTS, BYTES, WRITTEN, SENT, CONVEX_DOCUMENTS, CONVEX_BYTES, SAVED],
  subscriptions: [RUNS, RERUNS, SPARED, SAME, DOCUMENTS, BYTES, SENT, CONVEX_DOCUMENTS, CONVEX_BYTES, SAVED],
  pairs: [
    RERUNS,
    SPARED,
    SAME,
    DOCUMENTS,
    CONVEX_DOCUMENTS,
    SAVED,
    { head: "through", cell: ({ causePaths }) => causePathsText(causePaths) },
  ],
  tables: [RERUNS, SPARED, DOCUMENTS, BYTES, WRITTEN, CONVEX_DOCUMENTS, CONVEX_BYTES, SAVED],
};

const TITLES: { readonly [view in TopView]: string } = {
  functions: "function",
  subscriptions: "subscription",
  pairs: "writer → reader",
  tables: "table",
};

/** One screen: totals, then the dearest lines of one table. */
export function topText(report: LedgerReport, view: TopView, size: TopSize, colours: Colours): string {
  const table = report[view];
  const shown = size.rows === undefined ? table.rows : table.rows.slice(0, Math.max(1, size.rows - HEADER_LINES - 2));
  const lines = [...headLines(report, view, colours), ...tableLines(table, shown, view, size.columns, colours)];
  return lines.map((line) => line.trimEnd()).join("\n");
}

function headLines({ totals, money, sinceMs, nowMs }: LedgerReport, view: TopView, colours: Colours): string[] {
  const tabs = TOP_VIEWS.map((name) => (name === view ? colours.bold(colours.cyan(`[${name}]`)) : ` ${name} `));
  const { convex, narrow } = money.high;
  return [
    `${colours.bold("narrowcast top")}  ${duration(nowMs - sinceMs)}  ${tabs.join(" ")}`,
    `calls ${whole(totals.calls)}  runs ${whole(totals.runs)}  re-runs ${whole(totals.reruns)}  errors ${whole(totals.errors)}`,
    `read ${whole(totals.documents)} docs ${bytes(totals.bytes)}  written ${whole(totals.documentsWritten)} docs ${bytes(totals.bytesWritten)}  sent ${bytes(totals.bytesSent)}`,
    `by Convex's rules: calls ${whole(totals.convexCalls)}  read ${whole(totals.convexDocuments)} docs ${bytes(totals.convexBytes)}  sent ${bytes(totals.convexBytesSent)}  saved ${colours.green(saved(totals))}`,
    `at list price: $${dollars(narrow)} against $${dollars(convex)} ${colours.dim(`(high end, ${money.date})`)}`,
    "",
  ];
}

function tableLines(
  table: ReportTable,
  shown: readonly ReportRow[],
  view: TopView,
  columns: number,
  colours: Colours,
): string[] {
  if (shown.length === 0) return [colours.dim("Nothing yet.")];
  const chosen = VIEWS[view];
  const nameMax = Math.max(NAME_CHARS_MIN, columns - FIGURES_CHARS);
  const head = [TITLES[view], ...chosen.map((column) => column.head)];
  const rows = shown.map((row) => [cut(row.name, nameMax), ...chosen.map(({ cell }) => cell(row))]);
  const [title = "", ...lines] = formatTable(head, rows, Math.max(nameMax, NAME_CHARS_MIN)).split("\n");
  const left = table.rows.length - shown.length;
  const rest = left > 0 || table.keysMoved > 0 ? [colours.dim(restText(left, table.keysMoved))] : [];
  return [colours.dim(title), ...lines, ...rest].map((line) => cutLine(line, columns, colours));
}

function restText(left: number, keysMoved: number): string {
  const texts = [left > 0 ? `${left} more lines` : "", keysMoved > 0 ? `${keysMoved} small ones summed up` : ""];
  return `… ${texts.filter((text) => text !== "").join(", ")}`;
}

function causePathsText(causePaths: ReportRow["causePaths"]): string {
  const all = Object.entries(causePaths ?? {}).sort(([, a], [, b]) => b - a);
  return all.map(([causePath, times]) => (times === 1 ? causePath : `${causePath} ×${times}`)).join(", ");
}

/** Share of the bytes read and sent that Convex's rules would have spent and that were not. */
function saved(account: Readonly<Account>): string {
  const convex = account.convexBytes + account.convexBytesSent;
  if (convex === 0) return "-";
  return `${Math.round(PERCENT * (1 - (account.bytes + account.bytesSent) / convex))}%`;
}

function whole(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

const UNITS = ["B", "KB", "MB", "GB", "TB"] as const;
const UNIT = 1_000;
const TEN = 10;

function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= UNIT && unit < UNITS.length - 1) {
    value /= UNIT;
    unit += 1;
  }
  return `${unit === 0 || value >= TEN ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? ""}`;
}

const CENTS_DIGITS = 2;
const SMALL_DIGITS = 6;

function dollars(amount: number): string {
  return amount >= 1 ? amount.toFixed(CENTS_DIGITS) : amount.toFixed(SMALL_DIGITS);
}

const SECOND_MS = 1_000;
const MINUTE_S = 60;
const HOUR_S = 3_600;

function duration(ms: number): string {
  const seconds = Math.floor(ms / SECOND_MS);
  if (seconds < MINUTE_S) return `${seconds} s`;
  if (seconds < HOUR_S) return `${Math.floor(seconds / MINUTE_S)} min ${seconds % MINUTE_S} s`;
  return `${Math.floor(seconds / HOUR_S)} h ${Math.floor((seconds % HOUR_S) / MINUTE_S)} min`;
}

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;
}

/** Coloured lines are short; plain ones are cut to the screen. */
function cutLine(line: string, columns: number, colours: Colours): string {
  return line.includes("\u001b") && colours.isColorSupported ? line : cut(line, columns);
}
