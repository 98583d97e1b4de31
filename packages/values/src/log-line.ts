/**
 * Lines that functions write to their console, as they cross threads and as clients get them.
 *
 * @module
 */

/** One line. */
export interface LogLine {
  readonly level: "LOG" | "DEBUG" | "INFO" | "WARN" | "ERROR";
  readonly text: string;
  readonly timestampMs: number;
  readonly isTruncated: boolean;
}

const NO_LINES: readonly string[] = [];

/** Log lines as clients get them. */
export function clientLines(lines: readonly LogLine[]): readonly string[] {
  return lines.length === 0 ? NO_LINES : lines.map(({ level, text }) => `[${level}] ${text}`);
}
