/**
 * The sheet: what each system's first form and its optimised forms cost by Convex's rules and by ours.
 *
 *   npm run bench -- sheet [scenario …] [--system name] [--state name] [--json] [--markdown] [--save | --redraw]
 *
 * Each state of a system's data has a table of its own; progress goes to stderr. `--save` writes the whole sheet into `bench/results` and `docs/sheet`,
 * `--redraw` writes the pages and the picture again from the rows that were saved.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { loadText, machineText } from "../machine.ts";
import { measure, type SheetRow } from "./measure.ts";
import { FULL_SIZE, QUICK_SIZE, type SheetSize } from "./size.ts";
import type { AnySystem } from "./system.ts";
import { redrawSheet, saveSheet } from "./save.ts";
import { SYSTEMS } from "./systems.ts";
import { sheetMarkdown, sheetText } from "./table.ts";
import { forgetSeeded } from "./world.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    system: { type: "string" },
    state: { type: "string" },
    json: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    redraw: { type: "boolean", default: false },
  },
});

await main();

async function main(): Promise<void> {
  if (flags.redraw) {
    for (const file of await redrawSheet(SYSTEMS)) say(`wrote ${file}`);
    return;
  }
  const systems = SYSTEMS.filter(({ name }) => flags.system === undefined || flags.system === name);
  checkNames(systems);
  const size = process.env["BENCH"] === "smoke" ? QUICK_SIZE : FULL_SIZE;
  say(`${machineText()}; load ${loadText()}`);
  const all: SheetRow[] = [];
  for (const system of systems) all.push(...(await measureSystem(system, size)));
  if (flags.save) {
    if (isPart()) throw new Error("Cannot save the sheet: only a part of it was asked for");
    const circumstances = { machine: machineText(), load: loadText(), date: new Date().toISOString().slice(0, 10) };
    for (const file of await saveSheet(systems, all, circumstances)) say(`wrote ${file}`);
  }
  // Elsewhere the state is a heading; here a scenario's name must tell the rows of both apart.
  const named = all.map((row) => ({ ...row, scenario: `${row.scenario} (${row.state})` }));
  if (flags.json) process.stdout.write(`${JSON.stringify(named, null, 2)}\n`);
}

function isPart(): boolean {
  return flags.system !== undefined || flags.state !== undefined || positionals.length > 0;
}

async function measureSystem(system: AnySystem, size: SheetSize): Promise<SheetRow[]> {
  const all: SheetRow[] = [];
  for (const state of system.states) {
    if (flags.state !== undefined && flags.state !== state) continue;
    const rows: SheetRow[] = [];
    for (const scenario of system.scenarios) {
      if (positionals.length > 0 && !positionals.includes(scenario.name)) continue;
      process.stderr.write(`${system.name}, ${state}: ${scenario.name}\n`);
      rows.push(...(await measure(system, state, scenario, size)));
    }
    if (rows.length === 0) continue;
    say(`\n${flags.markdown ? "## " : ""}${system.name}, ${state}\n`);
    say(flags.markdown ? sheetMarkdown(system, rows) : sheetText(system, rows));
    all.push(...rows);
  }
  forgetSeeded(system);
  return all;
}

/** @throws {Error} When something is asked for that there is not. */
function checkNames(systems: readonly AnySystem[]): void {
  const list = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");
  if (systems.length === 0) {
    throw new Error(
      `Cannot make the sheet: there is no system "${flags.system}"; there are ${list(SYSTEMS.map(({ name }) => name))}`,
    );
  }
  const scenarios = systems.flatMap((system) => system.scenarios.map(({ name }) => name));
  const unknown = positionals.filter((name) => !scenarios.includes(name));
  if (unknown.length > 0) {
    throw new Error(`Cannot make the sheet: there is no scenario ${list(unknown)}; there are ${list(scenarios)}`);
  }
  const states = systems.flatMap((system) => system.states);
  if (flags.state !== undefined && !states.includes(flags.state)) {
    throw new Error(`Cannot make the sheet: there is no state "${flags.state}"; there are ${list(states)}`);
  }
}

function say(text: string): void {
  if (!flags.json) process.stdout.write(`${text}\n`);
}
