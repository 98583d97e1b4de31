/**
 * Goal: a core that sees nothing but the log's records has the state, and gives the answers, of the core that wrote them.
 *
 * Method: random histories of writes, pushes, changes of schema and variables, scheduled functions, crons, files, time and crashes; after each step
 * both cores are compared. Then each part of the fold and each observer is left out, and the comparison must notice, and notice it where it should show.
 *
 * `SEED=n npx vitest run packages/server/src/core/follower.test.ts` repeats one history.
 */
import { beforeAll, expect, test } from "vitest";
import { bundleTexts } from "../kit/text-app.ts";
import type { CodePackage } from "../app/types.ts";
import { FOLLOWER_APPS } from "../testing/follower-app.ts";
import { FollowerDifference, FollowerWorld, STEP_NAMES, type HistoryCounts } from "../testing/follower-world.ts";
import type { CoreObservers } from "./core-observers.ts";
import type { Core } from "./core.ts";
import { FOLDED_TABLES } from "./deployment-state.ts";

const HISTORIES = 200;
const STEPS = 6;
/** So many of them are played to notice a part that is missing. */
const TRIES = 60;

let versions: readonly CodePackage[];
beforeAll(async () => {
  versions = await Promise.all(FOLLOWER_APPS.map((files) => bundleTexts(files)));
});

const only = process.env["SEED"];
const seeds = only === undefined ? Array.from({ length: HISTORIES }, (_, at) => at + 1) : [Number(only)];

test(`${HISTORIES} histories: the follower equals the writer after every step`, { timeout: 300_000 }, async () => {
  const counts: HistoryCounts = { steps: new Map(), good: 0, updates: 0 };
  for (const seed of seeds) {
    await new FollowerWorld(seed, versions).play(STEPS, counts).catch((error: unknown) => {
      throw new Error(`SEED=${seed}`, { cause: error });
    });
  }
  if (only !== undefined) return;
  // Histories in which nothing happens would prove nothing.
  for (const name of STEP_NAMES) expect([name, (counts.steps.get(name) ?? 0) >= 20]).toEqual([name, true]);
  expect(counts.good).toBeGreaterThan(HISTORIES * STEPS * 4);
  expect(counts.updates).toBeGreaterThan(HISTORIES * STEPS * 2);
});

/** Leaves out what the commits say of a table. */
function withoutTable({ state }: Core, table: string): void {
  const apply = state.apply.bind(state);
  state.apply = ({ changes }) => apply({ changes: changes.filter((change) => change.table.table !== table) });
}

function without(name: keyof CoreObservers) {
  return ({ observers }: Core): void => {
    const observer = observers[name];
    if (observer === undefined) throw new Error(`Cannot leave out "${name}": a follower has no such observer`);
    observer.committed = () => undefined;
  };
}

/** What is left out, how, and one of the differences by which it is noticed. */
type Part = readonly [part: string, leaveOut: (core: Core) => void, difference: string];

const FOLDS = {
  _environment: "variables",
  _modules: "code",
  _secrets: "secret",
  // A follower has no bytes to remove; that it knows what is to be removed is its state all the same.
  _storage: "changes of the state",
  _scheduled_functions: "due job",
  _cron_jobs: "due cron",
  _sessions: "due session",
} as const;

/**
 * Without `tracking`: what it forgets with a push decides what a run costs, never what it answers (`../kit/tracking.test.ts`). Without `past`: a core keeps
 * replaced documents for those who asked it for a timestamp, and nobody asks another core (`past.test.ts`).
 */
const OBSERVERS = {
  nodes: "answer notes:texts",
  reactor: "live notes:texts",
  meter: "metered key bytes",
  trace: "traced commits",
  quarantine: "answer notes:slow",
  main: "active",
} as const;

const PARTS: readonly Part[] = [
  ...Object.entries(FOLDS).map(([table, difference]): Part => [
    `the fold of ${table}`,
    (core) => withoutTable(core, table),
    difference,
  ]),
  ...Object.entries(OBSERVERS).map(([name, difference]): Part => [
    `the observer ${name}`,
    without(name as keyof typeof OBSERVERS),
    difference,
  ]),
  ["what a commit touches", ({ reactor }) => (reactor.applyCommit = () => 0), "live notes:texts"],
  ["code that a variable changes", ({ reactor }) => (reactor.invalidateAll = () => 0), "live notes:version"],
  ["who asks again after a quarantine", ({ reactor }) => (reactor.invalidateNames = () => 0), "live notes:slow"],
  ["code for a commit", ({ loader }) => (loader.prepareStored = async () => undefined), "failure"],
  ["what a follower took in before", ({ state }) => (state.restore = () => state.apply({ changes: [] })), "variables"],
];

test.each(PARTS)("%s is missed when it is left out", { timeout: 120_000 }, async (_part, leaveOut, difference) => {
  const noticed = new Set<string>();
  for (let seed = 1; seed <= TRIES && !noticed.has(difference); seed += 1) {
    await new FollowerWorld(seed, versions, leaveOut).play(STEPS).catch((error: unknown) => {
      if (!(error instanceof FollowerDifference)) throw error;
      for (const name of error.names) noticed.add(name);
    });
  }
  expect(noticed).toContain(difference);
});

test("no part of the fold and no observer is forgotten here", () => {
  const { core } = new FollowerWorld(1, versions);
  const there = Object.entries(core.observers).filter(([, observer]) => observer !== undefined);
  expect(there.map(([name]) => name).toSorted()).toEqual([...Object.keys(OBSERVERS), "past", "tracking"].toSorted());
  expect([...FOLDED_TABLES].toSorted()).toEqual(Object.keys(FOLDS).toSorted());
});
