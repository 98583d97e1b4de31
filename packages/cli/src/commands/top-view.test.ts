import type { Account, LedgerReport, ReportRow, ReportTable } from "@narrowcast/server";
import { expect, test } from "vitest";
import { coloursFor } from "../terminal/colours.ts";
import { topText, type TopView } from "./top-view.ts";

const PLAIN = coloursFor({ isTTY: false }, {});

const FIELDS =
  `runs firstRuns reruns answers errors calls writeCutOffs nodeCutOffs fieldCutOffs resultCutOffs documents bytes keyBytes
  firstDocuments firstBytes documentsWritten bytesWritten keyBytesWritten resultBytes sends bytesSent userMs convexCalls convexDocuments
  convexBytes convexKeyBytes convexFirstDocuments convexFirstBytes convexBytesSent`.split(/\s+/u);

function account(parts: Partial<Account>): Account {
  return { ...(Object.fromEntries(FIELDS.map((field) => [field, 0])) as unknown as Account), ...parts };
}

function table(rows: readonly ReportRow[], keysMoved = 0): ReportTable {
  return { rows, others: account({}), keysMax: 1_000, keysMoved };
}

function row(name: string, parts: Partial<Account>, causePaths?: ReportRow["causePaths"]): ReportRow {
  return {
    name,
    key: name,
    account: account(parts),
    uncertainty: 0,
    ...(causePaths === undefined ? {} : { causePaths }),
  };
}

const LIST = { runs: 1_204, reruns: 1_200, fieldCutOffs: 90, resultCutOffs: 3, documents: 1_200, bytes: 1_234_567 };
const REPORT: LedgerReport = {
  sinceMs: 0,
  nowMs: 3_725_000,
  totals: account({ ...LIST, calls: 1_210, convexCalls: 5_000, convexDocuments: 90_000, convexBytes: 9_000_000 }),
  functions: table(
    [row("jobs:list", { ...LIST, convexDocuments: 90_000, convexBytes: 9_000_000 }), row("jobs:tick", { runs: 6 })],
    2,
  ),
  subscriptions: table([row('jobs:list {"group":"a"}', LIST)]),
  pairs: table([row("jobs:tick → jobs:list", LIST, { "jobs.by_group [progress]": 1_199, "jobs.by_id (insert)": 1 })]),
  tables: table([]),
  recent: [],
  files: { stored: 0, reads: 0, bytesIn: 0, bytesOut: 0 },
  verifier: null,
  money: {
    low: { convex: 1, narrow: 0.1 },
    high: { convex: 2.5, narrow: 0.25 },
    currency: "USD",
    source: "list",
    date: "2026",
  },
};

function lines(view: TopView, columns = 160, rows?: number): string[] {
  return topText(REPORT, view, { columns, rows }, PLAIN).split("\n");
}

test("the head gives totals on both sides, the saved share and the money", () => {
  expect(lines("functions").slice(0, 5)).toEqual([
    "narrowcast top  1 h 2 min  [functions]  subscriptions   pairs   tables",
    "calls 1,210  runs 1,204  re-runs 1,200  errors 0",
    "read 1,200 docs 1.2 MB  written 0 docs 0 B  sent 0 B",
    "by Convex's rules: calls 5,000  read 90,000 docs 9.0 MB  sent 0 B  saved 86%",
    "at list price: $0.250000 against $2.50 (high end, 2026)",
  ]);
});

test("functions have a line each, and it is said what is not shown", () => {
  const shown = lines("functions");
  expect(shown[6]).toMatch(/^function +runs +re-runs +spared/u);
  expect(shown[7]).toMatch(/^jobs:list +1,204 +1,200 +90 +3 +1,200 +1\.2 MB .* 86%$/u);
  expect(shown.at(-1)).toBe("… 2 small ones summed up");
});

test("pairs say through what a writer wakes a reader", () => {
  expect(lines("pairs")[7]).toMatch(/jobs\.by_group \[progress\] ×1199, jobs\.by_id/u);
});

test("a table without lines says so", () => {
  expect(lines("tables").at(-1)).toBe("Nothing yet.");
});

test("a small screen cuts lines, in both directions", () => {
  const shown = lines("functions", 60, 9);
  expect(shown).toHaveLength(9);
  expect(shown.at(-1)).toBe("… 1 more lines, 2 small ones summed up");
  for (const line of shown.slice(6)) expect(line.length).toBeLessThanOrEqual(60);
});
