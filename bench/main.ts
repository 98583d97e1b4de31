/**
 * All benchmarks: `npm run bench [-- name …] [--full] [--peers] [--json] [--save] [--markdown] [--list]`.
 *
 * Every figure is a ratio to a raw limit of this machine measured in the same run. Names choose; without names the whole deployment's
 * benchmarks run, and a smoke run (`BENCH=smoke`) adds the rooms' own.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadText, machineText } from "./machine.ts";
import { installPeers } from "./peers/install.ts";
import { markdownRows, printRows, type Row } from "./rows.ts";
import { scaleOf, type Scale } from "./scale.ts";
import { deploy } from "./scenarios/deploy.ts";
import { disjointCommit } from "./scenarios/disjoint-commit.ts";
import { durableMutations } from "./scenarios/durable-mutations.ts";
import { idle } from "./scenarios/idle.ts";
import { largerThanMemory } from "./scenarios/larger-than-memory.ts";
import { queries } from "./scenarios/queries.ts";
import { ROOM_BENCHES, runRoomBench } from "./scenarios/room-benches.ts";
import { screens } from "./scenarios/screens.ts";
import { startUp } from "./scenarios/start-up.ts";
import { transfers } from "./scenarios/transfers.ts";

const SCENARIOS: ReadonlyMap<string, (scale: Scale) => Promise<Row[]>> = new Map([
  ["mutations", durableMutations],
  ["queries", queries],
  ["screens", screens],
  ["subscriptions", disjointCommit],
  ["transfers", transfers],
  ["start", startUp],
  ["deploy", deploy],
  ["paged", largerThanMemory],
  ["idle", idle],
]);

/** One benchmark's part of the report. */
interface Section {
  readonly name: string;
  readonly seconds: number;
  /** Load averages when it ended. */
  readonly load: string;
  readonly rows: readonly Row[];
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: "boolean", default: false },
    peers: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
  },
});

if (flags.list) {
  process.stdout.write(`${[...SCENARIOS.keys(), ...ROOM_BENCHES.keys()].join("\n")}\n`);
} else await main();

async function main(): Promise<void> {
  const scale = scaleOf(flags.full);
  const isSmoke = scale.name === "smoke";
  const everything = isSmoke ? [...SCENARIOS.keys(), ...ROOM_BENCHES.keys()] : [...SCENARIOS.keys()];
  const names = positionals.length > 0 ? positionals : everything;
  const unknown = names.filter((name) => !SCENARIOS.has(name) && !ROOM_BENCHES.has(name));
  if (unknown.length > 0) throw new Error(`Cannot run "${unknown.join(", ")}": there is no such benchmark; see --list`);
  if (flags.peers) installPeers();
  const say = (text: string): void => void (flags.json ? undefined : process.stdout.write(`${text}\n`));
  say(`${machineText()}; load ${loadText()}; ${scale.name} sizes`);
  const sections: Section[] = [];
  for (const name of names) {
    const startMs = performance.now();
    const scenario = SCENARIOS.get(name);
    say(`\n${name}`);
    if (scenario === undefined) runRoomBench(name, isSmoke);
    else {
      const rows = await scenario(scale);
      const seconds = Math.round((performance.now() - startMs) / 100) / 10;
      sections.push({ name, seconds, load: loadText(), rows });
      // Sizes of a smoke run say nothing: it shows only that everything works.
      say(isSmoke ? `  ${rows.length} figures in ${seconds} s` : printRows(rows));
    }
  }
  report(sections, scale, say);
}

function report(sections: readonly Section[], scale: Scale, say: (text: string) => void): void {
  const date = new Date().toISOString().slice(0, 10);
  const found = { date, machine: machineText(), sizes: scale.name, sections };
  const targets = sections.flatMap(({ rows }) => rows).filter(({ isMet }) => isMet !== undefined);
  if (scale.name !== "smoke" && targets.length > 0) {
    const met = targets.filter(({ isMet }) => isMet === true).length;
    say(`\n${met} of ${targets.length} targets met; load ${loadText()}`);
  }
  if (flags.json) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  if (flags.markdown) say(sections.map(({ name, rows }) => `\n### ${name}\n\n${markdownRows(rows)}`).join("\n"));
  if (!flags.save) return;
  const folder = fileURLToPath(new URL("results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${date}${scale.name === "full" ? "-full" : ""}.json`, `${JSON.stringify(found, null, 2)}\n`);
  say(`saved as bench/results/${date}${scale.name === "full" ? "-full" : ""}.json`);
}
