/**
 * The sheet as text: all combinations side by side, what the claim makes of them, and why where it does not hold.
 *
 * @module
 */
import { amount, ratioText, type ShownFigure } from "./amounts.ts";
import { excuseFor } from "./excuses.ts";
import type { SheetRow } from "./measure.ts";
import type { Form } from "./size.ts";
import { CLAIMED, type AnySystem, type ClaimedFigure } from "./system.ts";
import type { Rules } from "./world.ts";

/** Figures in the order of the table, with their names for people. */
const SHOWN: readonly (readonly [figure: ShownFigure, name: string])[] = [
  ["documents", "documents read"],
  ["bytes", "bytes read"],
  ["runs", "queries run again"],
  ["calls", "function calls"],
  ["bytesSent", "bytes sent"],
  ["cpuMs", "CPU ms"],
];
const RULES: readonly Rules[] = ["convex", "narrow"];

/** All rows of one scenario on one state. */
export interface Group {
  readonly scenario: string;
  readonly state: string;
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

/** Where *before* under our rules costs more than *after* under Convex's. A form that could not go on costs nothing that could be compared. */
export function missesOf(system: AnySystem, rows: readonly SheetRow[]): Miss[] {
  return groupsOf(rows).flatMap(({ scenario, state, rows: group }) => {
    const narrow = find(group, "before", "narrow");
    const convex = find(group, "after", "convex");
    if (narrow === undefined || convex === undefined || narrow.failed !== undefined) return [];
    return CLAIMED.filter((figure) => narrow[figure] > convex[figure]).map((figure) => ({
      state,
      scenario,
      figure,
      narrow: narrow[figure],
      convex: convex[figure],
      reason: excuseFor(system, scenario, figure)?.reason,
    }));
  });
}

/** For a terminal. */
export function sheetText(system: AnySystem, rows: readonly SheetRow[]): string {
  const lines = linesOf(system, rows);
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const aligned = (line: readonly string[]): string =>
    line
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd();
  return [...lines.map(aligned), "", ...remarksOf(system, rows)].join("\n");
}

/** For documents. */
export function sheetMarkdown(system: AnySystem, rows: readonly SheetRow[]): string {
  const [head, ...lines] = linesOf(system, rows);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = line(head!.map((_, column) => (column < 2 ? "---" : "---:")));
  const remarks = remarksOf(system, rows).map((remark) => `- ${remark}`);
  return [line(head!), rule, ...lines.map(line), "", ...remarks].join("\n");
}

/** Rows by scenario and state, in the order in which they were measured. */
export function groupsOf(rows: readonly SheetRow[]): Group[] {
  const groups = new Map<string, SheetRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.state, row.scenario]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()].map((group) => ({ scenario: group[0]!.scenario, state: group[0]!.state, rows: group }));
}

/** The row of a combination, if it was measured. */
export function find(rows: readonly SheetRow[], form: Form, rules: Rules): SheetRow | undefined {
  return rows.find((each) => each.form === form && each.rules === rules);
}

function linesOf(system: AnySystem, rows: readonly SheetRow[]): string[][] {
  const columns = RULES.flatMap((rules) => system.forms.map((form) => [form, rules] as const));
  const lines = [
    ["scenario", "for one play", ...columns.map(([form, rules]) => `${form}/${rules}`), "before/narrow : after/convex"],
  ];
  for (const { scenario, rows: group } of groupsOf(rows)) {
    for (const [index, [figure, name]] of SHOWN.entries()) {
      const cells = columns.map(([form, rules]) => cell(find(group, form, rules), figure));
      const [narrow, convex] = [find(group, "before", "narrow"), find(group, "after", "convex")];
      const isFair = narrow !== undefined && convex !== undefined && narrow.failed === undefined;
      lines.push([
        index === 0 ? scenario : "",
        name,
        ...cells,
        isFair ? ratioText(narrow[figure], convex[figure]) : "",
      ]);
    }
  }
  return lines;
}

function cell(row: SheetRow | undefined, figure: ShownFigure): string {
  if (row === undefined) return "–";
  return row.failed === undefined ? amount(row[figure], figure) : "fails";
}

/** The original app's own words, what failed, and what does not hold. */
function remarksOf(system: AnySystem, rows: readonly SheetRow[]): string[] {
  const remarks: string[] = [];
  for (const { scenario, rows: group } of groupsOf(rows)) {
    const { about, original } = system.scenarios.find(({ name }) => name === scenario)!;
    remarks.push(`${scenario}: ${about}.${original === undefined ? "" : ` ${original}`}`);
    for (const { form, rules, failed } of group) {
      if (failed !== undefined) remarks.push(`${scenario}, ${form}/${rules} fails: ${failed}.`);
    }
  }
  for (const { scenario, figure, narrow, convex, reason } of missesOf(system, rows)) {
    const why = reason ?? "NOT EXPLAINED";
    remarks.push(`${scenario}, ${figure}: ${amount(narrow, figure)} > ${amount(convex, figure)}. ${why}`);
  }
  return remarks;
}
