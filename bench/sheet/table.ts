/**
 * The sheet as text: all four combinations side by side, what the claim makes of them, and why where it does not hold.
 *
 * @module
 */
import { CLAIMED, excuseFor, type ClaimedFigure } from "./excuses.ts";
import { COMBINATIONS, type SheetRow } from "./measure.ts";
import { SCENARIOS } from "./scenarios.ts";

type Shown = ClaimedFigure | "runs" | "cpuMs";

/** Figures in the order of the table, with their names for people. */
const SHOWN: readonly (readonly [figure: Shown, name: string])[] = [
  ["documents", "documents read"],
  ["bytes", "bytes read"],
  ["runs", "queries run again"],
  ["calls", "function calls"],
  ["bytesSent", "bytes sent"],
  ["cpuMs", "CPU ms"],
];

const HEAD = [
  "scenario",
  "for one play",
  ...COMBINATIONS.map(([form, rules]) => `${form}/${rules}`),
  "before/narrow : after/convex",
];

/** All rows of one scenario on one state. */
interface Group {
  readonly scenario: string;
  readonly rows: readonly SheetRow[];
}

/** A figure of the claim that does not hold. */
export interface Miss {
  readonly state: string;
  readonly scenario: string;
  readonly figure: ClaimedFigure;
  readonly narrow: number;
  readonly convex: number;
  /** `undefined`: nothing excuses it. */
  readonly reason: string | undefined;
}

/** Where *before* under our rules costs more than *after* under Convex's. */
export function missesOf(rows: readonly SheetRow[]): Miss[] {
  return groupsOf(rows).flatMap(({ scenario, rows: group }) => {
    const narrow = pick(group, "before", "narrow");
    const convex = pick(group, "after", "convex");
    return CLAIMED.filter((figure) => narrow[figure] > convex[figure]).map((figure) => ({
      state: narrow.state,
      scenario,
      figure,
      narrow: narrow[figure],
      convex: convex[figure],
      reason: excuseFor(scenario, figure)?.reason,
    }));
  });
}

/** For a terminal. */
export function sheetText(rows: readonly SheetRow[]): string {
  const lines = linesOf(rows);
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const aligned = (line: readonly string[]): string =>
    line
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd();
  return [...lines.map(aligned), "", ...remarksOf(rows)].join("\n");
}

/** For docs/sheet.md. */
export function sheetMarkdown(rows: readonly SheetRow[]): string {
  const [head, ...lines] = linesOf(rows).map((line) => `| ${line.join(" | ")} |`);
  const rule = `| --- | --- | ${COMBINATIONS.map(() => "---:").join(" | ")} | ---: |`;
  return [head, rule, ...lines, "", ...remarksOf(rows).map((remark) => `- ${remark}`)].join("\n");
}

function linesOf(rows: readonly SheetRow[]): string[][] {
  const lines: string[][] = [HEAD];
  for (const { scenario, rows: group } of groupsOf(rows)) {
    for (const [index, [figure, name]] of SHOWN.entries()) {
      const cells = COMBINATIONS.map(([form, rules]) => amount(pick(group, form, rules)[figure], figure));
      const ratio = ratioText(pick(group, "before", "narrow")[figure], pick(group, "after", "convex")[figure]);
      lines.push([index === 0 ? scenario : "", name, ...cells, ratio]);
    }
  }
  return lines;
}

/** The seed's own figures, and what does not hold. */
function remarksOf(rows: readonly SheetRow[]): string[] {
  const remarks: string[] = [];
  const tick = groupsOf(rows).find(({ scenario }) => scenario === "tick");
  if (tick !== undefined) remarks.push(tickRemark(tick));
  for (const { scenario, figure, narrow, convex, reason } of missesOf(rows)) {
    const why = reason ?? "NOT EXPLAINED";
    remarks.push(`${scenario}, ${figure}: ${amount(narrow, figure)} > ${amount(convex, figure)}. ${why}`);
  }
  return remarks;
}

function tickRemark({ rows }: Group): string {
  const before = pick(rows, "before", "convex");
  const after = pick(rows, "after", "convex");
  const narrow = pick(rows, "before", "narrow");
  const woken = ({ queries }: SheetRow): string => Object.keys(queries).join(", ") || "none";
  const read = (row: SheetRow): number => row.documents - row.mutations.documents;
  return (
    `One tick without the mutation's own ${before.mutations.documents} document: ` +
    `${read(before)} documents by Convex's rules before (${woken(before)}), ${read(after)} after (${woken(after)}); ` +
    `${read(narrow)} by ours before (${woken(narrow)}).`
  );
}

function groupsOf(rows: readonly SheetRow[]): Group[] {
  return SCENARIOS.map(({ name }) => ({
    scenario: name,
    rows: rows.filter(({ scenario }) => scenario === name),
  })).filter(({ rows: group }) => group.length > 0);
}

function pick(rows: readonly SheetRow[], form: string, rules: string): SheetRow {
  const row = rows.find((each) => each.form === form && each.rules === rules);
  if (row === undefined) throw new Error(`Cannot show the sheet: there is no row ${form}/${rules}`);
  return row;
}

const UNITS = ["B", "kB", "MB", "GB"] as const;

function amount(value: number, figure: Shown): string {
  if (figure !== "bytes" && figure !== "bytesSent") return String(Number(value.toPrecision(value >= 1000 ? 6 : 3)));
  let [scaled, unit] = [value, 0];
  while (scaled >= 1000 && unit < UNITS.length - 1) [scaled, unit] = [scaled / 1000, unit + 1];
  return `${Number(scaled.toPrecision(3))} ${UNITS[unit]}`;
}

function ratioText(narrow: number, convex: number): string {
  if (convex === 0) return narrow === 0 ? "0 : 0" : "more than none";
  return `${Number((narrow / convex).toPrecision(2))}x`;
}
