/**
 * Plays one scenario in every form under every set of rules, in turn, and reads the ledger before and after.
 *
 * All combinations are open at the same time and take turns play by play, so that whatever the machine does meanwhile hits all of them alike.
 *
 * @module
 */
import type { SeedState } from "../../apps/orchestrator/convex/model/seedPlan.ts";
import type { LedgerReport } from "../../packages/server/src/meter/report.ts";
import { excuseOfRow } from "./excuses.ts";
import { factsOf } from "./facts.ts";
import type { Form } from "./forms.ts";
import { Player } from "./player.ts";
import type { Scenario, SheetSize } from "./scenarios.ts";
import { World, type Rules } from "./world.ts";

/** What one play cost; of a scenario that is played several times, the mean. */
export interface Figures {
  /** Read by queries and mutations. By Convex's rules each read counts; by ours each visit in the engine. */
  readonly documents: number;
  readonly bytes: number;
  /** Queries that were run again. */
  readonly runs: number;
  /** On the wire to both sockets, answers to mutations included. */
  readonly bytesSent: number;
  /** Function calls: mutations, queries run again and first runs of what was newly subscribed to. */
  readonly calls: number;
}

/** One line of the sheet. */
export interface SheetRow extends Figures {
  readonly system: "orchestrator";
  readonly state: SeedState;
  readonly scenario: string;
  readonly form: Form;
  readonly rules: Rules;
  /** Of {@linkcode Figures.documents} and `bytes`, the mutations' own share. */
  readonly mutations: { readonly calls: number; readonly documents: number; readonly bytes: number };
  /** Of this process, for one play. */
  readonly cpuMs: number;
  /** Opening all subscriptions. */
  readonly warmup: { readonly documents: number; readonly bytes: number; readonly cpuMs: number };
  readonly plays: number;
  /** Queries that were run again, by function: runs and documents for one play. */
  readonly queries: { readonly [path: string]: { readonly runs: number; readonly documents: number } };
  /** Why no engine can help; only where there is such a reason. */
  readonly excused?: string;
}

/** Which combinations are measured. */
export const COMBINATIONS: readonly (readonly [Form, Rules])[] = [
  ["before", "convex"],
  ["after", "convex"],
  ["before", "narrow"],
  ["after", "narrow"],
];

/** First plays whose CPU time is not counted: code is compiled in them. */
const COLD_PLAYS = 1;

/** One scenario on one state of the data, in all combinations or those that are wanted. */
export async function measure(
  state: SeedState,
  scenario: Scenario,
  size: SheetSize,
  combinations = COMBINATIONS,
): Promise<SheetRow[]> {
  const sides: Side[] = [];
  try {
    for (const [form, rules] of combinations) sides.push(await Side.open(state, scenario, form, rules));
    const plays = scenario.plays(size);
    for (let play = 0; play < plays; play++) {
      // Whoever is first pays for others' garbage.
      const shifted = sides.map((_, index) => sides[(index + play) % sides.length]!);
      for (const side of shifted) await side.play(size, play >= COLD_PLAYS || plays === 1);
    }
    return await Promise.all(sides.map((side) => side.row(plays)));
  } finally {
    for (const side of sides) await side.close();
  }
}

/** One combination. */
class Side {
  readonly #state: SeedState;
  readonly #scenario: Scenario;
  readonly #player: Player;
  readonly #warmup: SheetRow["warmup"];
  readonly #opened: LedgerReport;
  readonly #bytesSentBefore: number;
  /** CPU time of each play that is counted, in milliseconds. */
  readonly #cpuMs: number[] = [];

  private constructor(
    state: SeedState,
    scenario: Scenario,
    player: Player,
    warmup: SheetRow["warmup"],
    opened: LedgerReport,
  ) {
    this.#state = state;
    this.#scenario = scenario;
    this.#player = player;
    this.#warmup = warmup;
    this.#opened = opened;
    this.#bytesSentBefore = player.bytesSent;
  }

  static async open(state: SeedState, scenario: Scenario, form: Form, rules: Rules): Promise<Side> {
    const facts = await factsOf(state);
    const world = await World.open(state, rules);
    const player = new Player(world, form, facts, scenario.page);
    const before = await ledgerOf(world);
    const startMs = cpuMs();
    await player.subscribe(scenario.runner);
    const warmCpuMs = cpuMs() - startMs;
    const opened = await ledgerOf(world);
    const { documents, bytes } = readsBetween(before, opened, rules);
    return new Side(state, scenario, player, { documents, bytes, cpuMs: rounded(warmCpuMs) }, opened);
  }

  async play(size: SheetSize, isCounted: boolean): Promise<void> {
    const startMs = cpuMs();
    await this.#scenario.play(this.#player, size);
    if (isCounted) this.#cpuMs.push(cpuMs() - startMs);
  }

  async row(plays: number): Promise<SheetRow> {
    const { world, form, bytesSent } = this.#player;
    const { rules } = world;
    const now = await ledgerOf(world);
    const { documents, bytes, calls } = readsBetween(this.#opened, now, rules);
    const byFunction = functionsBetween(this.#opened, now, rules);
    const rerun = byFunction.filter(({ reruns }) => reruns > 0);
    const written = byFunction.filter(({ isMutation }) => isMutation);
    const each = (total: number): number => rounded(total / plays);
    const excused = excuseOfRow(this.#scenario.name, form, rules);
    return {
      system: "orchestrator",
      state: this.#state,
      scenario: this.#scenario.name,
      form,
      rules,
      documents: each(documents),
      bytes: each(bytes),
      runs: each(sumOf(rerun, "reruns")),
      bytesSent: each(bytesSent - this.#bytesSentBefore),
      calls: each(calls),
      mutations: {
        calls: each(sumOf(written, "calls")),
        documents: each(sumOf(written, "documents")),
        bytes: each(sumOf(written, "bytes")),
      },
      cpuMs: rounded(medianOf(this.#cpuMs)),
      warmup: this.#warmup,
      plays,
      queries: Object.fromEntries(
        rerun.map(({ path, reruns, documents: read }) => [path, { runs: each(reruns), documents: each(read) }]),
      ),
      ...(excused === undefined ? {} : { excused }),
    };
  }

  async close(): Promise<void> {
    this.#player.close();
    await this.#player.world.close();
  }
}

async function ledgerOf(world: World): Promise<LedgerReport> {
  const report = await world.deployment.ledger({ recentMax: 0 });
  if (report === null) throw new Error("Cannot read the ledger: metering is off");
  return report;
}

interface Reads {
  readonly documents: number;
  readonly bytes: number;
  readonly calls: number;
}

/** By Convex's rules all that was read and asked; by ours what was visited. */
function readsBetween(before: LedgerReport, after: LedgerReport, rules: Rules): Reads {
  const [from, to] = [before.totals, after.totals];
  if (rules === "narrow") {
    const documents = to.documents - from.documents;
    return { documents, bytes: to.bytes - from.bytes, calls: to.calls - from.calls };
  }
  const documents = to.convexDocuments - from.convexDocuments;
  return { documents, bytes: to.convexBytes - from.convexBytes, calls: to.convexCalls - from.convexCalls };
}

interface FunctionReads extends Reads {
  readonly path: string;
  readonly reruns: number;
  readonly isMutation: boolean;
}

function functionsBetween(before: LedgerReport, after: LedgerReport, rules: Rules): FunctionReads[] {
  const earlier = new Map(before.functions.rows.map(({ name, account }) => [name, account]));
  return after.functions.rows.map(({ name, account }) => {
    const former = earlier.get(name);
    const since = (field: keyof typeof account): number => account[field] - (former?.[field] ?? 0);
    const isConvex = rules === "convex";
    return {
      path: name,
      documents: since(isConvex ? "convexDocuments" : "documents"),
      bytes: since(isConvex ? "convexBytes" : "bytes"),
      calls: since(isConvex ? "convexCalls" : "calls"),
      reruns: since("reruns"),
      isMutation: since("documentsWritten") > 0,
    };
  });
}

function sumOf(rows: readonly FunctionReads[], field: "reruns" | "calls" | "documents" | "bytes"): number {
  return rows.reduce((total, row) => total + row[field], 0);
}

/** User and system time of all threads. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
