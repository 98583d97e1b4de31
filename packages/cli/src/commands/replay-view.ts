/**
 * What `narrowcast replay` prints: both accounts of the same work, side by side.
 *
 * @module
 */
import type { Account, ReplayReport, ReportRow } from "@narrowcast/server";
import { formatTable } from "../terminal/table.ts";

const SECOND_MS = 1_000;
const NAME_CHARS_MAX = 60;
const PERCENT = 100;

const LINES: readonly (readonly [name: string, convex: keyof Account, narrow: keyof Account])[] = [
  ["function calls", "convexCalls", "calls"],
  ["documents read", "convexDocuments", "documents"],
  ["bytes read", "convexBytes", "bytes"],
  ["  of first runs: documents", "convexFirstDocuments", "firstDocuments"],
  ["  of first runs: bytes", "convexFirstBytes", "firstBytes"],
  ["bytes sent", "convexBytesSent", "bytesSent"],
  ["documents written", "documentsWritten", "documentsWritten"],
  ["bytes written", "bytesWritten", "bytesWritten"],
];

/** @returns Text without a last newline. */
export function replayText(report: ReplayReport): string {
  const { totals, money, functions } = report.ledger;
  const seconds = (report.virtualMs / SECOND_MS).toFixed(1);
  const head =
    `Replayed ${report.calls} calls of ${seconds} s under ${report.rules} rules in ${Math.round(report.cpuMs)} ms of CPU` +
    (report.refused === 0 ? "" : `; ${report.refused} failed`);
  const sides = LINES.map(([name, convex, narrow]) => [
    name,
    count(totals[convex]),
    count(totals[narrow]),
    savedShare(totals[convex], totals[narrow]),
  ]);
  const price = ["dollars, high end", money.high.convex, money.high.narrow] as const;
  const dollars = [price[0], price[1].toFixed(6), price[2].toFixed(6), savedShare(price[1], price[2])];
  const work = formatTable(
    ["executions", "re-runs", "spared: node", "field", "same result", "same write"],
    [
      [
        count(totals.runs),
        count(totals.reruns),
        count(totals.nodeCutOffs),
        count(totals.fieldCutOffs),
        count(totals.resultCutOffs),
        count(totals.writeCutOffs),
      ],
    ],
  );
  const accounts = formatTable(
    ["account", "convex", report.rules === "convex" ? "replayed" : "narrow", "saved"],
    [...sides, dollars],
  );
  return [head, accounts, work, functionTable(functions.rows)].join("\n\n");
}

function functionTable(rows: readonly ReportRow[]): string {
  const cells = rows
    .filter(({ name }) => !name.startsWith("("))
    .map(({ name, account }) => [
      name,
      count(account.runs),
      count(account.reruns),
      count(account.convexDocuments),
      count(account.documents),
      count(account.convexBytes),
      count(account.bytes),
      savedShare(account.convexBytes, account.bytes),
    ]);
  const head = ["function", "runs", "re-runs", "convex docs", "docs", "convex bytes", "bytes", "saved"];
  return formatTable(head, cells, NAME_CHARS_MAX);
}

function count(figure: number): string {
  return Math.round(figure).toLocaleString("en-US");
}

function savedShare(convex: number, narrow: number): string {
  return convex === 0 ? "-" : `${Math.round(PERCENT * (1 - narrow / convex))}%`;
}
