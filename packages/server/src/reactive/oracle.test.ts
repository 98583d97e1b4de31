/**
 * Goal: whatever happens in whatever order, a client holds what runs from scratch would give it.
 *
 * Method: `OracleWorld` over the real transactions. Seeds that once failed come first, then a stretch of others. The second half breaks the
 * dependency index on purpose and sees the oracle fail, so a hole in the oracle shows.
 *
 *   SEED=42 npx vitest run packages/server/src/reactive/oracle.test.ts     replay one world
 *   SIMS=5000 npx vitest run packages/server/src/reactive/oracle.test.ts   search longer
 */
import { expect, test } from "vitest";
import { NARROW_RULES } from "../tx/types.ts";
import type { Commit, Concern, DocumentChange, Mechanisms, ReadSetView } from "../tx/types.ts";
import { DependencyIndex } from "./dependency-index.ts";
import { OracleWorld } from "./testing/oracle-world.ts";
import type { WorldOptions } from "./testing/oracle-world.ts";

/** Worlds that found a fault once, or that are worth keeping. */
const SEEDS_KEPT = [1, 2, 3, 1_014, 2_691];
const STEPS = 120;
const SIMS = Number(process.env["SIMS"] ?? 60);
const seeds = process.env["SEED"] === undefined ? seedsOf(SIMS) : [Number(process.env["SEED"])];

function seedsOf(count: number): readonly number[] {
  return [...SEEDS_KEPT, ...Array.from({ length: count }, (_, at) => 2_000 + at)];
}

async function playWorld(seed: number, options?: WorldOptions): Promise<OracleWorld> {
  const world = new OracleWorld(seed, options);
  try {
    await world.play(STEPS);
  } catch (cause) {
    throw new Error(`World ${seed} failed; repeat with SEED=${seed} npx vitest run reactive/oracle.test.ts`, { cause });
  }
  return world;
}

test(`results equal runs from scratch in ${seeds.length} worlds`, { timeout: 600_000 }, async () => {
  for (const seed of seeds) await playWorld(seed);
});

const MIXES: readonly Mechanisms[] = [true, false].flatMap((fields) =>
  [true, false].flatMap((filters) =>
    [true, false].flatMap((nodes) => [true, false].map((lazy) => ({ fields, filters, nodes, lazy }))),
  ),
);

test.each(MIXES)(
  "so they do with mechanisms $fields $filters $nodes $lazy",
  { timeout: 600_000 },
  async (mechanisms) => {
    for (const seed of seeds.slice(0, Math.max(12, seeds.length / 5))) await playWorld(seed, { mechanisms });
  },
);

test("the worlds do what they are for: they share runs, find equal results, and leave runs alone", async () => {
  let [executed, invalidated, unchanged, shared, updates] = [0, 0, 0, 0, 0];
  for (const seed of seedsOf(10)) {
    const { counters } = (await playWorld(seed)).reactor;
    executed += counters.runsExecuted;
    invalidated += counters.runsInvalidated;
    unchanged += counters.resultsUnchanged;
    shared += counters.runsShared;
    updates += counters.updatesSent;
  }
  const all = Object.entries({ executed, invalidated, unchanged, shared, updates });
  expect(all.filter(([, count]) => count < 30)).toEqual([]);
});

test("with all mechanisms the worlds cut off by rows and by fields", async () => {
  let [nodes, fields] = [0, 0];
  for (const seed of seedsOf(10)) {
    const { counters } = (await playWorld(seed, { mechanisms: NARROW_RULES })).reactor;
    nodes += counters.nodeCutoffs;
    fields += counters.fieldCutoffs;
  }
  expect(nodes).toBeGreaterThan(30);
  expect(fields).toBeGreaterThan(10);
});

test("the same seed gives the same world", async () => {
  const [first, second] = [await playWorld(7), await playWorld(7)];
  expect(first.reactor.counters).toEqual(second.reactor.counters);
});

/** An index that is told a false story. */
class BrokenIndex extends DependencyIndex {
  readonly #commitOf: (commit: Commit) => Commit;
  readonly #readSetOf: (readSet: ReadSetView) => ReadSetView;

  constructor(broken: { commit?: (commit: Commit) => Commit; readSet?: (readSet: ReadSetView) => ReadSetView }) {
    super();
    this.#commitOf = broken.commit ?? ((commit) => commit);
    this.#readSetOf = broken.readSet ?? ((readSet) => readSet);
  }

  override set(subscriber: number, readSet: ReadSetView): number {
    return super.set(subscriber, this.#readSetOf(readSet));
  }

  override stab(commit: Commit): Set<number> {
    return super.stab(this.#commitOf(commit));
  }
}

function withMoves(commit: Commit, keep: "remove" | "add"): Commit {
  const changes = commit.changes.map((change) => {
    const moves = change.moves.map((move) => ({ index: move.index, [keep]: move[keep] }));
    return { ...change, moves };
  });
  return { ...commit, changes };
}

function readSetWith(readSet: ReadSetView, other: Partial<ReadSetView>): ReadSetView {
  return {
    points: () => readSet.points(),
    intervals: () => readSet.intervals(),
    names: () => readSet.names(),
    touchedBy: (commit) => readSet.touchedBy(commit),
    concernOf: (commit) => readSet.concernOf(commit),
    isFine: readSet.isFine,
    ...other,
  };
}

test.each<{ fault: string; broken: ConstructorParameters<typeof BrokenIndex>[0] }>([
  { fault: "the keys that rows had before", broken: { commit: (commit) => withMoves(commit, "add") } },
  { fault: "the keys that rows have after", broken: { commit: (commit) => withMoves(commit, "remove") } },
  {
    fault: "the last change of a commit",
    broken: { commit: (commit) => ({ ...commit, changes: commit.changes.slice(0, -1) }) },
  },
  { fault: "changed names", broken: { commit: (commit) => ({ ...commit, names: [] }) } },
  { fault: "documents read by id", broken: { readSet: (set) => readSetWith(set, { points: () => [] }) } },
  {
    fault: "all intervals but the first",
    broken: { readSet: (set) => readSetWith(set, { intervals: () => [...set.intervals()].slice(0, 1) }) },
  },
  {
    fault: "the last key of an interval",
    broken: {
      readSet: (set) =>
        readSetWith(set, {
          intervals: () => [...set.intervals()].map((interval) => ({ ...interval, end: interval.end?.slice(0, -1) })),
        }),
    },
  },
])("the oracle notices an index that forgets $fault", async ({ broken }) => {
  const search = async (): Promise<void> => {
    for (const seed of seedsOf(40)) await playWorld(seed, { dependencies: new BrokenIndex(broken) });
  };
  await expect(search()).rejects.toThrow(/World \d+ failed/);
});

/** A cut-off that is told a false story. */
function concernOf(harmless: (commit: Commit) => boolean, as: Concern): Partial<WorldOptions> {
  return {
    toldReadSet: (readSet) =>
      readSetWith(readSet, { concernOf: (commit) => (harmless(commit) ? as : readSet.concernOf(commit)) }),
  };
}

const isUpdate = ({ before, after }: DocumentChange): boolean => before !== undefined && after !== undefined;
const hasMoved = ({ moves }: DocumentChange): boolean => moves.some(({ remove, add }) => remove !== add);

function withChanges(change: (one: DocumentChange) => DocumentChange | undefined): Partial<WorldOptions> {
  return {
    toldCommit: (commit) => ({
      ...commit,
      changes: commit.changes.map(change).filter((one) => one !== undefined),
    }),
  };
}

test.each<{ fault: string; options: Partial<WorldOptions> }>([
  {
    fault: "takes every update for one of fields that nobody looked at",
    options: concernOf((commit) => commit.changes.every(isUpdate), "field"),
  },
  {
    fault: "takes rows that come or go for dropped ones",
    options: concernOf((commit) => !commit.changes.some(isUpdate), "node"),
  },
  {
    fault: "takes moves for updates in place",
    options: concernOf((commit) => commit.changes.every((one) => isUpdate(one) && hasMoved(one)), "field"),
  },
  { fault: "looks at the first change only", options: concernOf((commit) => commit.changes.length > 1, "node") },
  { fault: "never patches its nodes", options: withChanges(() => undefined) },
  { fault: "patches points only", options: withChanges((one) => ({ ...one, moves: [] })) },
  { fault: "forgets rows that come", options: withChanges((one) => (one.before === undefined ? undefined : one)) },
  { fault: "forgets rows that go", options: withChanges((one) => (one.after === undefined ? undefined : one)) },
  {
    fault: "leaves rows at the place where they were",
    options: withChanges((one) => ({
      ...one,
      moves: one.moves.map((move) => (isUpdate(one) ? { ...move, add: move.remove } : move)),
    })),
  },
])("the oracle notices a deployment that $fault", async ({ options }) => {
  const search = async (): Promise<void> => {
    for (const seed of seedsOf(40)) await playWorld(seed, { mechanisms: NARROW_RULES, ...options });
  };
  await expect(search()).rejects.toThrow(/World \d+ failed/);
});
