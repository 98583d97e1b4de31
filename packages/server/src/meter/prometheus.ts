/**
 * The ledger as Prometheus text (format 0.0.4): totals, and the dearest functions and tables as labels.
 *
 * All are counters that begin again at zero when the core is started again, as Prometheus expects of counters. Lines that are no
 * longer told apart are summed under `other`, so sums over a label are right; a function may move into it.
 *
 * @module
 */
import type { Account } from "./account.ts";
import type { LedgerReport, ReportTable, VerifierReport } from "./report.ts";

/** Media type of the text. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const OTHER = "(other)";

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly series: readonly { readonly labels: string; readonly of: (account: Readonly<Account>) => number }[];
}

const RULES = (narrow: keyof Account, convex: keyof Account): Metric["series"] => [
  { labels: `rules="narrow"`, of: (account) => account[narrow] },
  { labels: `rules="convex"`, of: (account) => account[convex] },
];

const METRICS: readonly Metric[] = [
  { name: "runs_total", help: "Executions of functions.", series: [{ labels: "", of: (account) => account.runs }] },
  {
    name: "reruns_total",
    help: "Executions that a commit made necessary.",
    series: [{ labels: "", of: (account) => account.reruns }],
  },
  { name: "errors_total", help: "Executions that failed.", series: [{ labels: "", of: (account) => account.errors }] },
  {
    name: "cut_offs_total",
    help: "Where waves of changes ended, by cut-off.",
    series: [
      { labels: `by="write"`, of: (account) => account.writeCutOffs },
      { labels: `by="node"`, of: (account) => account.nodeCutOffs },
      { labels: `by="field"`, of: (account) => account.fieldCutOffs },
      { labels: `by="result"`, of: (account) => account.resultCutOffs },
    ],
  },
  { name: "calls_total", help: "Function calls.", series: RULES("calls", "convexCalls") },
  { name: "documents_read_total", help: "Documents read.", series: RULES("documents", "convexDocuments") },
  { name: "bytes_read_total", help: "Bytes of documents read.", series: RULES("bytes", "convexBytes") },
  {
    name: "documents_written_total",
    help: "Documents written.",
    series: [{ labels: "", of: (account) => account.documentsWritten }],
  },
  {
    name: "bytes_written_total",
    help: "Bytes of documents written.",
    series: [{ labels: "", of: (account) => account.bytesWritten }],
  },
  { name: "bytes_sent_total", help: "Bytes of results sent.", series: RULES("bytesSent", "convexBytesSent") },
  {
    name: "user_seconds_total",
    help: "Time inside functions.",
    series: [{ labels: "", of: (account) => account.userMs / 1_000 }],
  },
];

/** How much is shown. */
export interface PrometheusOptions {
  /** Whether functions and tables are named. */
  readonly hasLabels: boolean;
}

export function prometheusText(report: LedgerReport, { hasLabels }: PrometheusOptions): string {
  const lines: string[] = [];
  for (const metric of METRICS) {
    lines.push(...head(metric.name, metric.help));
    lines.push(...samples(metric, metric.name, "", report.totals));
  }
  lines.push(...fileLines(report.files));
  if (report.verifier !== null) lines.push(...verifierLines(report.verifier));
  if (hasLabels) lines.push(...tableLines("function", report.functions), ...tableLines("table", report.tables));
  return `${lines.join("\n")}\n`;
}

function verifierLines({ verified, divergences, unsteady }: VerifierReport): string[] {
  const help = "Held results compared with runs from scratch; any that is false is a fault of the server.";
  const name = "verifications_total";
  const counts = { true: verified, false: divergences, unsteady };
  const of = Object.entries(counts).map(([result, count]) => `narrowcast_${name}{result="${result}"} ${count}`);
  return [...head(name, help), ...of];
}

function fileLines({ stored, reads, bytesIn, bytesOut }: LedgerReport["files"]): string[] {
  return [
    ...head("files_total", "Files stored, and reads of files or parts of them."),
    `narrowcast_files_total{op="store"} ${stored}`,
    `narrowcast_files_total{op="read"} ${reads}`,
    ...head("file_bytes_total", "Bytes of files that came in and went out."),
    `narrowcast_file_bytes_total{direction="in"} ${bytesIn}`,
    `narrowcast_file_bytes_total{direction="out"} ${bytesOut}`,
  ];
}

function tableLines(kind: "function" | "table", table: ReportTable): string[] {
  const lines: string[] = [];
  for (const metric of METRICS) {
    const name = `${kind}_${metric.name}`;
    const of: string[] = [];
    for (const row of table.rows) of.push(...samples(metric, name, `${kind}="${escaped(row.name)}"`, row.account));
    of.push(...samples(metric, name, `${kind}="${OTHER}"`, table.others));
    // A series of zeros tells nothing, so it is left out.
    if (of.length > 0) lines.push(...head(name, `${metric.help.slice(0, -1)}, by ${kind}.`), ...of);
  }
  return lines;
}

function samples({ series }: Metric, name: string, label: string, account: Readonly<Account>): string[] {
  const lines: string[] = [];
  for (const { labels, of } of series) {
    const value = of(account);
    if (value === 0 && label !== "") continue;
    const all = [label, labels].filter((text) => text !== "").join(",");
    lines.push(`narrowcast_${name}${all === "" ? "" : `{${all}}`} ${value}`);
  }
  return lines;
}

function head(name: string, help: string): string[] {
  return [`# HELP narrowcast_${name} ${help}`, `# TYPE narrowcast_${name} counter`];
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
