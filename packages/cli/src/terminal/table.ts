/**
 * Plain text tables: columns as wide as their widest cell, numbers to the right.
 *
 * @module
 */

/**
 * @param head Column names.
 * @param rows Cells as text; a row may be shorter than the head.
 * @param widthMax Longest cell in characters; longer ones are cut with an ellipsis.
 * @returns Lines joined by newlines, without a last one.
 */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[], widthMax = 60): string {
  const cells = [head, ...rows].map((row) => head.map((_, column) => cut(row[column] ?? "", widthMax)));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const isNumber = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^-?[\d.,]*$/.test(row[column] ?? "")),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          isNumber[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function cut(text: string, widthMax: number): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length <= widthMax ? line : `${line.slice(0, widthMax - 1)}…`;
}
