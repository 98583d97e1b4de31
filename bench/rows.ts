/**
 * What a benchmark reports: a figure, the raw limit of this machine that it is held against, and the target.
 *
 * @module
 */

/** One line of the report. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the figure is held against, measured in the same run. */
  readonly limit?: { readonly name: string; readonly value: number; readonly unit?: string };
  /** `value` over the limit, or the other way round for times; the median of the rounds where there are rounds. */
  readonly ratio?: number;
  /** As in docs/benchmarks.md. */
  readonly target?: string;
  /** Whether the target is met; left out when there is none or the run was not of its size. */
  readonly isMet?: boolean;
  readonly note?: string;
}

/** A row whose target is that a figure is at most, or at least, something. */
export function checked(
  row: Omit<Row, "target" | "isMet">,
  what: "value" | "ratio",
  relation: "<=" | ">=",
  bound: number,
): Row {
  const figure = what === "value" ? row.value : (row.ratio ?? Number.NaN);
  const unit = what === "value" ? ` ${row.unit}` : "x";
  const isMet = relation === "<=" ? figure <= bound : figure >= bound;
  return { ...row, target: `${relation} ${formatNumber(bound)}${unit}`, isMet };
}

/** Three significant digits, thousands apart. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** Rows as lines for a terminal. */
export function printRows(rows: readonly Row[]): string {
  return rows
    .map((row) => {
      const { limit } = row;
      const held = limit === undefined ? "" : ` | ${limit.name} ${formatNumber(limit.value)} ${limit.unit ?? row.unit}`;
      const ratio = row.ratio === undefined ? "" : ` | ${formatNumber(row.ratio)}x`;
      const verdict = row.isMet === undefined ? "" : row.isMet ? " met" : " MISSED";
      const target = row.target === undefined ? "" : ` | target ${row.target}${verdict}`;
      const note = row.note === undefined ? "" : `\n      ${row.note}`;
      return `  ${row.name}: ${formatNumber(row.value)} ${row.unit}${held}${ratio}${target}${note}`;
    })
    .join("\n");
}

/** Rows as a table for docs/benchmarks.md. */
export function markdownRows(rows: readonly Row[]): string {
  const head = "| what | measured | held against | ratio | target | |\n| --- | --- | --- | --- | --- | --- |\n";
  return (
    head +
    rows
      .map((row) => {
        const { limit } = row;
        const held = limit === undefined ? "" : `${limit.name}: ${formatNumber(limit.value)} ${limit.unit ?? row.unit}`;
        const ratio = row.ratio === undefined ? "" : `${formatNumber(row.ratio)}x`;
        const verdict = row.isMet === undefined ? "" : row.isMet ? "met" : "**missed**";
        const cells = [row.name, `${formatNumber(row.value)} ${row.unit}`, held, ratio, row.target ?? "", verdict];
        return `| ${cells.join(" | ")} |`;
      })
      .join("\n")
  );
}
