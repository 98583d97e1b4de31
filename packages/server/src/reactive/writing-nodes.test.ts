/**
 * Goal: a mutation that reads through the node store sees what it sees without one, its own writes and rollbacks included, and the store learns nothing of
 * what was not committed.
 *
 * Method: the same random transactions on two databases that draw the same ids, one with a store and one without; then tables of single cases.
 */
import * as fc from "fast-check";
import type { Value } from "@narrowcast/values";
import { expect, test } from "vitest";
import { fields, INDEXES, patch, planOf } from "../tx/testing/arbitraries.ts";
import { collect, openTestDatabase, plan, schemaOf, write } from "../tx/testing/database.ts";
import type { TestDatabase } from "../tx/testing/database.ts";
import type { DatabaseTransaction } from "../tx/transaction.ts";
import { UserError } from "../tx/types.ts";
import type { Commit, QueryStream } from "../tx/types.ts";
import type { QueryPlan } from "../tx/query-plan.ts";
import { NodeStore } from "./node-store.ts";

const SIMS = Number(process.env["SIMS"] ?? 250);
const SLOW_MS = 30_000 + SIMS * 20;

type Fields = { readonly [field: string]: Value | undefined };
type Act =
  | { readonly kind: "collect" | "open"; readonly at: number }
  | { readonly kind: "page"; readonly at: number; readonly numItems: number }
  | { readonly kind: "pull"; readonly at: number; readonly rows: number }
  | { readonly kind: "rest" | "get" | "delete"; readonly at: number }
  | { readonly kind: "insert" | "replace" | "patch"; readonly at: number; readonly value: Fields }
  | { readonly kind: "save" }
  | { readonly kind: "rollback" };

const act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("collect", "open", "rest", "get"), at: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("page"), at: fc.nat(), numItems: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("pull"), at: fc.nat(), rows: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("insert", "replace"), at: fc.nat(), value: fields }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("patch"), at: fc.nat(), value: patch }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete"), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("save", "rollback") }) },
) as fc.Arbitrary<Act>;

/** One database and what a function would see of it. */
class Side {
  readonly nodes: NodeStore | undefined;
  readonly #test: TestDatabase;
  #tx: DatabaseTransaction | undefined;
  #streams: QueryStream[] = [];
  #saves: number[] = [];

  constructor(bytesMax: number | undefined) {
    this.#test = openTestDatabase();
    this.#test.database.setSchema(schemaOf({ t: { indexes: INDEXES } }));
    if (bytesMax !== undefined) this.nodes = new NodeStore(this.#test.engine, bytesMax);
  }

  get database(): TestDatabase["database"] {
    return this.#test.database;
  }

  /** @param makesNodes Of those that have a store: whether it learns. */
  begin(makesNodes = true): void {
    this.#tx = this.database.begin({ readOnly: false, nodes: this.nodes, makesNodes });
    this.#streams = [];
    this.#saves = [];
  }

  /** @returns What it sees; failures of the caller too. */
  act(one: Act, plans: readonly QueryPlan[], ids: readonly string[]): unknown {
    try {
      return this.#act(one, plans, ids);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return `error ${error.message}`;
    }
  }

  end(commits: boolean): unknown {
    const tx = this.#tx!;
    const { storageDocuments: _, storageBytes: __, ...usage } = tx.usage;
    const commit: Commit | undefined = commits ? tx.commit("test") : undefined;
    tx.abort();
    if (commit !== undefined) this.nodes?.apply(commit);
    return { usage, changes: commit?.changes.map(({ id, after }) => [id, after]) };
  }

  #act(one: Act, plans: readonly QueryPlan[], ids: readonly string[]): unknown {
    const tx = this.#tx!;
    if (one.kind === "save") return void this.#saves.push(tx.savepoint());
    if (one.kind === "rollback") {
      const savepoint = this.#saves.pop();
      return savepoint === undefined ? undefined : tx.rollbackTo(savepoint);
    }
    const wanted = plans[one.at % plans.length]!;
    const id = ids[one.at % Math.max(1, ids.length)] ?? "";
    switch (one.kind) {
      case "collect":
        return tx.query(wanted).rest();
      case "open":
        return void this.#streams.push(tx.query(wanted));
      case "pull": {
        const stream = this.#streams[one.at % Math.max(1, this.#streams.length)];
        return Array.from({ length: one.rows }, () => stream?.next() ?? null);
      }
      case "rest":
        return this.#streams[one.at % Math.max(1, this.#streams.length)]?.rest() ?? null;
      case "page": {
        const leave = tx.enterFunction();
        try {
          const { page, isDone } = tx.paginate(wanted, { numItems: one.numItems, cursor: null });
          return { page, isDone };
        } finally {
          leave();
        }
      }
      case "get":
        return tx.get(id);
      case "insert":
        return tx.insert("t", one.value);
      case "delete":
        return tx.delete(id);
      default:
        return tx[one.kind](id, one.value);
    }
  }
}

test(
  "a mutation sees the same with a store as without, whatever it writes, takes back and reads between",
  () => {
    let [found, visitedLess] = [0, 0];
    fc.assert(
      fc.property(
        fc.array(fields, { maxLength: 14 }),
        fc.array(fc.tuple(fc.array(act, { minLength: 1, maxLength: 14 }), fc.boolean(), fc.boolean()), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.constantFrom(0, 3_000, 1e9),
        fc.gen(),
        (rows, history, bytesMax, gen) => {
          const [plain, withNodes] = [new Side(undefined), new Side(bytesMax)];
          const [ids] = [plain, withNodes].map(({ database }) =>
            write(database, (tx) => rows.map((row) => tx.insert("t", row))),
          );
          const plans = gen(() => fc.array(planOf(ids!, []), { minLength: 1, maxLength: 4 }));
          for (const [acts, commits, makesNodes] of history) {
            for (const side of [plain, withNodes]) side.begin(makesNodes);
            for (const one of acts) {
              const seen = plain.act(one, plans, ids!);
              expect(withNodes.act(one, plans, ids!), one.kind).toEqual(seen);
              if (one.kind === "insert" && typeof seen === "string" && !seen.startsWith("error")) ids!.push(seen);
            }
            expect(withNodes.end(commits)).toEqual(plain.end(commits));
            // What was not committed has left no trace.
            for (const wanted of plans) {
              const scratch = outcome(() => collect(plain.database.begin({ readOnly: true }).query(wanted)));
              withNodes.begin();
              expect(withNodes.act({ kind: "collect", at: plans.indexOf(wanted) }, plans, ids!)).toEqual(scratch);
              withNodes.end(false);
            }
          }
          const counters = withNodes.nodes!.counters;
          found += counters.found;
          visitedLess += counters.found > counters.made ? 1 : 0;
        },
      ),
      { numRuns: SIMS, endOnFailure: true },
    );
    // Both happen often, or the property above proves nothing.
    expect(found).toBeGreaterThan(SIMS);
    expect(visitedLess).toBeGreaterThan(SIMS / 10);
  },
  SLOW_MS,
);

function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return `error ${error.message}`;
  }
}

/** Ten rows, of which a mutation with a store has read all once. */
function ten() {
  const { database, engine } = openTestDatabase();
  const nodes = new NodeStore(engine);
  const ids = write(database, (tx) => Array.from({ length: 10 }, (_, n) => tx.insert("t", { n })));
  const mutate = <T>(
    work: (tx: DatabaseTransaction) => T,
    makesNodes = true,
  ): { readonly result: T; readonly visited: number } => {
    const tx = database.begin({ readOnly: false, nodes, makesNodes });
    const result = work(tx);
    const visited = tx.usage.storageDocuments;
    const commit = tx.commit("test");
    if (commit !== undefined) nodes.apply(commit);
    return { result, visited };
  };
  mutate((tx) => collect(tx.query(plan("t"))));
  return { ids, mutate };
}

const all = (tx: DatabaseTransaction): number[] =>
  tx
    .query(plan("t"))
    .rest()
    .map(({ n }) => n as number);

test("a scan that is made again visits what changed; Convex's count stays whole", () => {
  const { ids, mutate } = ten();
  expect(mutate(all).visited).toBe(0);
  mutate((tx) => tx.patch(ids[3]!, { n: 33 }));
  const again = mutate((tx) => [all(tx), tx.usage.documentsRead] as const);
  expect(again).toEqual({ result: [[0, 1, 2, 33, 4, 5, 6, 7, 8, 9], 10], visited: 1 });
});

test("what a mutation wrote it reads from the store's rows no more, but others' rows it does", () => {
  const { ids, mutate } = ten();
  const after = mutate((tx) => {
    tx.patch(ids[0]!, { n: -1 });
    const mine = tx.usage.storageDocuments;
    return [all(tx), tx.get(ids[0]!)?.["n"], tx.usage.storageDocuments - mine] as const;
  });
  expect(after.result).toEqual([[-1, 1, 2, 3, 4, 5, 6, 7, 8, 9], -1, 11]);
  const elsewhere = mutate((tx) => {
    tx.insert("other", { n: 1 });
    return all(tx);
  });
  expect(elsewhere).toEqual({ result: [-1, 1, 2, 3, 4, 5, 6, 7, 8, 9], visited: 1 });
});

test("a mutation that makes nothing new answers from what is there", () => {
  const { ids, mutate } = ten();
  const look = (tx: DatabaseTransaction) => [all(tx), tx.get(ids[3]!)?.["n"]] as const;
  const expected = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3];
  expect(mutate(look, false)).toEqual({ result: expected, visited: 1 });
  const descending = (tx: DatabaseTransaction) => tx.query(plan("t", { order: "desc" })).rest().length;
  for (const _ of [1, 2]) expect(mutate(descending, false)).toEqual({ result: 10, visited: 10 });
});

test("what was taken back is forgotten: the next read is from memory again", () => {
  const { ids, mutate } = ten();
  const { result, visited } = mutate((tx) => {
    const savepoint = tx.savepoint();
    tx.patch(ids[0]!, { n: -1 });
    tx.rollbackTo(savepoint);
    return all(tx);
  });
  // The patch itself visited its row.
  expect({ result, visited }).toEqual({ result: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], visited: 1 });
});

test("a stream that is open when its mutation writes ahead of it sees the write", () => {
  const { ids, mutate } = ten();
  const { result } = mutate((tx) => {
    const stream = tx.query(plan("t"));
    const seen = [stream.next()?.["n"]];
    tx.patch(ids[1]!, { n: 11 });
    tx.insert("t", { n: 10 });
    for (let row = stream.next(); row !== undefined; row = stream.next()) seen.push(row["n"]);
    return seen;
  });
  expect(result).toEqual([0, 11, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});
