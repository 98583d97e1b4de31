/**
 * Output of the command line: tables, key-value lists, relative times; colour only where the caller allows it.
 */
import { createColors } from "picocolors";

/** Colours of statuses; identity functions when colours are off. */
export type Colors = ReturnType<typeof createColors>;

/** A table cell by column; the first line of a text is shown. */
export type Row = Readonly<Record<string, string | number | undefined>>;

/** Longest cell. */
const CELL_MAX = 60;

/** Rows as aligned columns with a heading, or a sentence when there are none. */
export function table(rows: readonly Row[], columns: readonly string[], colors: Colors, nothing: string): string {
  if (rows.length === 0) return colors.dim(nothing);
  const cells = rows.map((row) => columns.map((column) => cell(row[column])));
  const widths = columns.map((column, c) => Math.max(column.length, ...cells.map((line) => line[c]!.length)));
  const heading = columns.map((column, c) => column.toUpperCase().padEnd(widths[c]!)).join("  ");
  const lines = cells.map((line) =>
    line
      .map((text, c) => colorStatus(text, text.padEnd(widths[c]!), colors))
      .join("  ")
      .trimEnd(),
  );
  return [colors.bold(heading.trimEnd()), ...lines].join("\n");
}

/** Fields under each other; long texts follow on lines of their own. */
export function fields(entries: readonly (readonly [string, string | number | undefined])[], colors: Colors): string {
  const given = entries.filter(([, value]) => value !== undefined && value !== "");
  const width = Math.max(...given.map(([name]) => name.length));
  return given
    .map(([name, value]) => {
      const text = String(value);
      const label = colors.bold(name.padEnd(width));
      return text.includes("\n")
        ? `${label}\n${text.replaceAll(/^/gmu, "  ")}`
        : `${label}  ${colorStatus(text, text, colors)}`;
    })
    .join("\n");
}

/** "3 min ago". */
export function ago(time: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - time) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

function cell(value: string | number | undefined): string {
  const line = String(value ?? "").split("\n", 1)[0]!;
  return line.length > CELL_MAX ? `${line.slice(0, CELL_MAX - 1)}…` : line;
}

function colorStatus(word: string, text: string, colors: Colors): string {
  switch (word) {
    case "complete":
    case "aligned":
      return colors.green(text);
    case "active":
    case "running":
      return colors.cyan(text);
    case "blocked":
    case "uncertain":
      return colors.yellow(text);
    case "failed":
    case "misaligned":
      return colors.red(text);
    default:
      return text;
  }
}
