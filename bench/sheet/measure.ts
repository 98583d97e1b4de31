/**
 * Plays one scenario in every form under every set of rules, in turn, and reads the ledger before and after.
 *
 * All combinations are open at the same time and take turns play by play, so that whatever the machine does meanwhile hits all of them alike.
 *
 * @module
 */
import type { LedgerReport } from "@narrowcast/server";
import { excuseOfRow } from "./excuses.ts";
import { Stage } from "./stage.ts";
import type { Form, SheetSize } from "./size.ts";
import type { AnySystem, Play, Scenario } from "./system.ts";
import { World, type Rules } from "./world.ts";

/** What one play cost; of a scenario that is played several times, the mean. */
export interface Figures {
  /** Read by queries and mutations. By Convex's rules each read counts; by ours each visit in the engine. */
  readonly documents: number;
  readonly bytes: number;
  /** Queries that were run again. */
  readonly runs: number;
  /** On the wire to all clients, answers included. */
  readonly bytesSent: number;
  /** Function calls: mutations, queries run again and first runs of what was newly subscribed to. */
  readonly calls: number;
}

/** One line of the sheet. */
export interface SheetRow extends Figures {
  readonly system: string;
  readonly state: string;
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
  /** What the form was told when it could not go on; its figures are those up to there. */
  readonly failed?: string;
}

/** A form under a set of rules. */
export type Combination = readonly [Form, Rules];

/** First plays whose CPU time is not counted: code is compiled in them. */
const COLD_PLAYS = 1;

/** All combinations of a scenario, first those that the claim is about. */
export function combinationsOf(system: AnySystem, scenario: Scenario<unknown>): Combination[] {
  const forms = scenario.forms ?? system.forms;
  return (["convex", "narrow"] as const).flatMap((rules) => forms.map((form): Combination => [form, rules]));
}

/** One scenario on one state of the data, in all combinations or those that are wanted. */
export async function measure(
  system: AnySystem,
  state: string,
  scenario: Scenario<unknown>,
  size: SheetSize,
  combinations: readonly Combination[] = combinationsOf(system, scenario),
): Promise<SheetRow[]> {
  const facts = await factsOf(system, state, size);
  const sides: Side[] = [];
  try {
    for (const [form, rules] of combinations) {
      const world = await World.open(system, state, size, rules);
      sides.push(await Side.open({ system, state, scenario }, new Stage(world, form, facts, size)));
    }
    const plays = scenario.plays(size);
    for (let play = 0; play < plays; play++) {
      // Whoever is first pays for others' garbage.
      const shifted = sides.map((_, index) => sides[(index + play) % sides.length]!);
      for (const side of shifted) await side.play(play >= COLD_PLAYS || plays === 1);
    }
    return await Promise.all(sides.map((side) => side.row()));
  } finally {
    for (const side of sides) await side.close();
  }
}

const found = new Map<string, Promise<unknown>>();

/** Facts of a state, looked up once. */
export async function factsOf(system: AnySystem, state: string, size: SheetSize): Promise<unknown> {
  const key = JSON.stringify([system.name, state, size.isQuick]);
  let facts = found.get(key);
  if (facts === undefined) {
    facts = look(system, state, size);
    found.set(key, facts);
  }
  return await facts;
}

async function look(system: AnySystem, state: string, size: SheetSize): Promise<unknown> {
  const world = await World.open(system, state, size, "convex");
  try {
    return await system.facts(world, state);
  } finally {
    await world.close();
  }
}

interface Subject {
  readonly system: AnySystem;
  readonly state: string;
  readonly scenario: Scenario<unknown>;
}

/** One combination. */
class Side {
  readonly #subject: Subject;
  readonly #stage: Stage<unknown>;
  #play: Play | undefined;
  #warmup: SheetRow["warmup"] = { documents: 0, bytes: 0, cpuMs: 0 };
  #opened: LedgerReport;
  #bytesSentBefore = 0;
  #plays = 0;
  #failure: string | undefined;
  /** CPU time of each play that is counted, in milliseconds. */
  readonly #cpuMs: number[] = [];

  private constructor(subject: Subject, stage: Stage<unknown>, opened: LedgerReport) {
    this.#subject = subject;
    this.#stage = stage;
    this.#opened = opened;
  }

  static async open(subject: Subject, stage: Stage<unknown>): Promise<Side> {
    const before = await ledgerOf(stage.world);
    const side = new Side(subject, stage, before);
    const startMs = cpuMs();
    await side.#attempt(async () => {
      side.#play = await subject.scenario.open(stage);
      await stage.settle();
    });
    const warmCpuMs = cpuMs() - startMs;
    side.#opened = await ledgerOf(stage.world);
    const { documents, bytes } = readsBetween(before, side.#opened, stage.world.rules);
    side.#warmup = { documents, bytes, cpuMs: rounded(warmCpuMs) };
    side.#bytesSentBefore = stage.bytesSent;
    return side;
  }

  async play(isCounted: boolean): Promise<void> {
    const play = this.#play;
    if (play === undefined || this.#failure !== undefined) return;
    const startMs = cpuMs();
    this.#plays += 1;
    await this.#attempt(async () => {
      await play();
      await this.#stage.settle();
    });
    if (isCounted) this.#cpuMs.push(cpuMs() - startMs);
  }

  /** A form may meet one of Convex's limits, and that is a result; everything else is a mistake of the sheet. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Error) || !IS_LIMIT.test(error.message)) throw error;
      this.#failure = IS_LIMIT.exec(error.message)![0];
    }
  }

  async row(): Promise<SheetRow> {
    const { system, state, scenario } = this.#subject;
    const { world, form, bytesSent } = this.#stage;
    const { rules } = world;
    const now = await ledgerOf(world);
    const { documents, bytes, calls } = readsBetween(this.#opened, now, rules);
    const byFunction = functionsBetween(this.#opened, now, rules);
    const rerun = byFunction.filter(({ reruns }) => reruns > 0);
    const written = byFunction.filter(({ isMutation }) => isMutation);
    const each = (total: number): number => rounded(total / Math.max(1, this.#plays));
    const excused = excuseOfRow(system, scenario.name, form, rules);
    return {
      system: system.name,
      state,
      scenario: scenario.name,
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
      plays: this.#plays,
      queries: Object.fromEntries(
        rerun.map(({ path, reruns, documents: read }) => [path, { runs: each(reruns), documents: each(read) }]),
      ),
      ...(excused === undefined ? {} : { excused }),
      ...(this.#failure === undefined ? {} : { failed: this.#failure }),
    };
  }

  async close(): Promise<void> {
    this.#stage.close();
    await this.#stage.world.close();
  }
}

/** How the texts of Convex's limits for one transaction begin. */
const IS_LIMIT = /(?:Too many|Function execution timed out|Cannot use more)[^.\n]*/u;

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
