/**
 * Writes the sheet down, formatted as everything here is: rows as JSON into `bench/results`, tables and the picture into `docs/sheet`.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dayMarkdown } from "./day.ts";
import type { SheetRow } from "./measure.ts";
import { plot } from "./plot.ts";
import type { AnySystem } from "./system.ts";
import { sheetMarkdown } from "./table.ts";

const ROOT = join(import.meta.dirname, "../..");
const RESULTS = "bench/results/sheet.json";

/** Where and when it was measured. */
export interface Circumstances {
  readonly machine: string;
  readonly load: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
}

/** See the module comment. Paths of what was written come back. */
export async function saveSheet(
  systems: readonly AnySystem[],
  rows: readonly SheetRow[],
  circumstances: Circumstances,
): Promise<string[]> {
  const written: string[] = [];
  const write = (file: string, text: string): void => {
    const path = join(ROOT, file);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
    written.push(file);
  };
  write(RESULTS, `${JSON.stringify({ ...circumstances, rows }, null, 1)}\n`);
  write("docs/sheet/day.md", page("A day of each system", circumstances, dayMarkdown(systems, rows)));
  for (const system of systems) {
    const tables = system.states.map((state) => {
      const own = rows.filter((row) => row.system === system.name && row.state === state);
      return `## ${state}\n\n${sheetMarkdown(system, own)}`;
    });
    write(`docs/sheet/${system.name}.md`, page(titleOf(system), circumstances, tables.join("\n\n")));
  }
  execFileSync(join(ROOT, "node_modules/.bin/oxfmt"), written, { cwd: ROOT, stdio: "ignore" });
  write("docs/sheet/plot.svg", `${await plot(systems, rows)}\n`);
  return written;
}

/** Writes everything again from the rows that were saved. */
export async function redrawSheet(systems: readonly AnySystem[]): Promise<string[]> {
  const saved = JSON.parse(readFileSync(join(ROOT, RESULTS), "utf8")) as Circumstances & {
    readonly rows: readonly SheetRow[];
  };
  const { rows, ...circumstances } = saved;
  return await saveSheet(systems, rows, circumstances);
}

function titleOf({ name }: AnySystem): string {
  return `The sheet: ${name}`;
}

function page(title: string, { machine, load, date }: Circumstances, text: string): string {
  return `# ${title}

Made by \`npm run bench -- sheet --save\` on ${date}: ${machine}; load ${load}. What is compared: [the sheet](../sheet.md).

${text}
`;
}
