/**
 * What does tracking cost a handler, and what does a re-run cost after one of many documents changed?
 *
 * Expected before measuring: a tracked document is an object with traps, so looking at a few fields costs about what the plain copy cost that is not made;
 * taking documents whole costs more the first time (each field passes a trap) and nothing once the function is known for it. At most 2x
 * a plain query. A re-run after one of 1,000 changed reads one row: at most 1/20 of reading them.
 *
 *   node --import tsx --conditions=@narrowcast/source packages/server/src/reactive/tracking.bench.ts
 *
 * @module
 */
import { CONVEX_LIMITS, parseSchema, stringifyAround, stringifyValue } from "@narrowcast/values";
import type { Doc, Value } from "@narrowcast/values";
import { compare, report } from "../../../../bench/compare.ts";
import { MemoryEngine } from "../engine/memory-engine.ts";
import { Database } from "../tx/database.ts";
import { ReadHabits } from "../tx/document-access.ts";
import { untracked } from "../tx/tracked-document.ts";
import type { DatabaseTransaction } from "../tx/transaction.ts";
import { NARROW_RULES } from "../tx/types.ts";
import type { Mechanisms } from "../tx/types.ts";
import type { QueryPlan } from "../tx/query-plan.ts";
import { NodeStore } from "./node-store.ts";

const isSmoke = process.env["BENCH"] === "smoke";

const engine = new MemoryEngine<Doc>();
let state = 1;
const database = Database.open({
  engine,
  clock: { nowMs: () => 1_767_225_600_000 },
  random: {
    bytes: (count) =>
      Uint8Array.from({ length: count }, () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state >>> 24;
      }),
  },
  limits: CONVEX_LIMITS,
});
const noIndexes = { stagedDbIndexes: [], searchIndexes: [], vectorIndexes: [], documentType: null };
database.setSchema(
  parseSchema({
    schemaValidation: false,
    tables: [{ tableName: "jobs", indexes: [{ indexDescriptor: "by_group", fields: ["group"] }], ...noIndexes }],
  }),
);

/** Rows like the orchestrator's jobs: ten fields, three of them nested. */
function seed(group: string, count: number): readonly string[] {
  const tx = database.begin({ readOnly: false });
  const ids = Array.from({ length: count }, (_, n) =>
    tx.insert("jobs", {
      group,
      name: `job ${n}`,
      state: n % 4 === 0 ? "ready" : "running",
      rank: n,
      owner: "someone",
      prompt: "a sentence or two of what is to be done ".repeat(3),
      metrics: { ticks: n, cost: 0.5, tokens: { input: 100, output: 20 } },
      tags: ["one", "two"],
    }),
  );
  tx.commit("seed");
  return ids;
}

function rowsOf(tx: DatabaseTransaction, group: string): Doc[] {
  const plan: QueryPlan = {
    table: "jobs",
    index: "by_group",
    range: [{ type: "eq", fieldPath: "group", value: group }],
    order: "asc",
    operators: [],
  };
  return tx.query(plan).rest();
}

type Handler = (rows: Doc[]) => unknown;

/** One query as the runtime makes it, up to the text of its result. */
function run(
  group: string,
  handler: Handler,
  options: { mechanisms?: Mechanisms; nodes?: NodeStore; habits?: ReadHabits },
) {
  const tx = database.begin({ readOnly: true, ...options });
  const result = handler(rowsOf(tx, group));
  const text = render(tx, result);
  tx.abort();
  // A text put together from others is copied into one when it is used.
  return text.charCodeAt(text.length - 1);
}

function render(tx: DatabaseTransaction, result: unknown): string {
  const known = tx.resultTexts();
  const plain = (tx.hasTracked ? untracked(result, known) : result) as Value;
  return known === undefined ? stringifyValue(plain) : stringifyAround(plain, known).text;
}

const NO_NODES: Mechanisms = { ...NARROW_RULES, nodes: false };

function against(name: string, group: string, handler: Handler, mechanisms: Mechanisms): void {
  const habits = new ReadHabits();
  const nodes = mechanisms.nodes ? { nodes: new NodeStore(engine) } : {};
  const result = compare(`${name}: by fields / plain`, {
    baseline: () => run(group, handler, {}),
    candidate: () => run(group, handler, { mechanisms, habits, ...nodes }),
  });
  if (result !== undefined) console.log(report(result));
}

/** A re-run after one row changed, against the same from scratch; the commit itself is in neither. */
function rerun(name: string, ids: readonly string[], handler: Handler): void {
  const nodes = new NodeStore(engine);
  const habits = new ReadHabits();
  const options = { mechanisms: NARROW_RULES, habits, nodes };
  run("large", handler, options);
  let ticks = 0;
  const tick = (): void => {
    const tx = database.begin({ readOnly: false });
    tx.patch(ids[ticks++ % ids.length] ?? "", { rank: ticks });
    const commit = tx.commit("tick");
    if (commit !== undefined) nodes.apply(commit);
  };
  const visits = (): number => {
    tick();
    const tx = database.begin({ readOnly: true, ...options });
    handler(rowsOf(tx, "large"));
    return tx.usage.storageDocuments;
  };
  console.log(`${name}: a re-run after one of ${ids.length} visits ${visits()} row(s)`);
  const result = compare(`${name}: re-run after one of ${ids.length} / from scratch`, {
    baseline: () => run("large", handler, {}),
    candidate: () => run("large", handler, options),
  });
  if (result !== undefined) console.log(report(result));
  const startMs = performance.now();
  const rounds = isSmoke ? 1 : 2_000;
  for (let round = 0; round < rounds; round++) tick();
  console.log(
    `  a commit of one row with its patch: ${(((performance.now() - startMs) * 1000) / rounds).toFixed(1)} us`,
  );
}

seed("small", 100);
const ids = seed("large", isSmoke ? 50 : 1_000);
const map10: Handler = (rows) => rows.slice(0, 10).map(({ _id, name, state: phase }) => ({ _id, name, phase }));
const whole10: Handler = (rows) => rows.slice(0, 10);
const spread10: Handler = (rows) => rows.slice(0, 10).map((row) => ({ ...row, mine: true }));
const spread100: Handler = (rows) => rows.map((row) => ({ ...row, mine: true }));
const filter100: Handler = (rows) => rows.filter((row) => row["state"] === "ready").map((row) => row["name"] as Value);
for (const [name, handler] of Object.entries({ map10, whole10, spread10, spread100, filter100 })) {
  against(name, "small", handler, NO_NODES);
  against(`${name}, from nodes`, "small", handler, NARROW_RULES);
}
rerun("length", ids, (rows) => rows.length);
rerun("sum of one field", ids, (rows) => rows.reduce((sum, row) => sum + Number(row["rank"]), 0));
rerun("whole documents", ids, (rows) => rows);
rerun("whole documents, grouped", ids, (rows) => ({
  total: rows.length,
  phases: ["ready", "running"].map((phase) => ({ phase, jobs: rows.filter((row) => row["state"] === phase) })),
}));
rerun("spread documents", ids, (rows) => rows.map((row) => ({ ...row, mine: true })));
