/**
 * The first sheet: what the orchestrator's unoptimised and optimised forms cost by Convex's rules and by ours.
 *
 *   npm run bench -- sheet [scenario …] [--state typical|worst] [--json] [--markdown]
 *
 * Each state of the data has a table of its own; progress goes to stderr.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { loadText, machineText } from "../machine.ts";
import { measure, type SheetRow } from "./measure.ts";
import { FULL_SIZE, QUICK_SIZE, SCENARIOS } from "./scenarios.ts";
import { sheetMarkdown, sheetText } from "./table.ts";

const STATES = ["typical", "worst"] as const;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    state: { type: "string" },
    json: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
  },
});

await main();

async function main(): Promise<void> {
  const unknown = positionals.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown.length > 0) {
    const names = SCENARIOS.map(({ name }) => `"${name}"`).join(", ");
    throw new Error(`Cannot make the sheet: there is no scenario "${unknown.join('", "')}"; there are ${names}`);
  }
  const states = STATES.filter((state) => flags.state === undefined || flags.state === state);
  if (states.length === 0) throw new Error(`Cannot make the sheet: there is no state "${flags.state}"`);
  const size = process.env["BENCH"] === "smoke" ? QUICK_SIZE : FULL_SIZE;
  const say = (text: string): void => void (flags.json ? undefined : process.stdout.write(`${text}\n`));
  say(`${machineText()}; load ${loadText()}`);
  const all: SheetRow[] = [];
  for (const state of states) {
    const rows: SheetRow[] = [];
    for (const scenario of SCENARIOS) {
      if (positionals.length > 0 && !positionals.includes(scenario.name)) continue;
      process.stderr.write(`${state}: ${scenario.name}\n`);
      rows.push(...(await measure(state, scenario, size)));
    }
    say(`\n${flags.markdown ? "## " : ""}${state}\n`);
    say(flags.markdown ? sheetMarkdown(rows) : sheetText(rows));
    all.push(...rows);
  }
  // Elsewhere the state is a heading; here a scenario's name must tell the rows of both apart.
  const named = all.map((row) => ({ ...row, scenario: `${row.scenario} (${row.state})` }));
  if (flags.json) process.stdout.write(`${JSON.stringify(named, null, 2)}\n`);
}
