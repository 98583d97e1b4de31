/**
 * Goal: whatever commits came and whatever was forgotten, reads through the node store give what reads from scratch give: rows, order, counts, read
 * sets; and they visit in storage only what is new.
 *
 * Method: random histories and plans against the engine itself, with budgets from nothing to plenty; then tables of single cases.
 */
import * as fc from "fast-check";
import type { Value } from "@narrowcast/values";
import { expect, test } from "vitest";
import type { Database } from "../tx/database.ts";
import { fields, INDEXES, patch, planOf } from "../tx/testing/arbitraries.ts";
import { collect, commitOf, openTestDatabase, plan, schemaOf, write } from "../tx/testing/database.ts";
import { untracked } from "../tx/tracked-document.ts";
import type { DatabaseTransaction } from "../tx/transaction.ts";
import { CONVEX_RULES, NARROW_RULES, UserError } from "../tx/types.ts";
import type { Mechanisms, TransactionUsage } from "../tx/types.ts";
import type { QueryPlan } from "../tx/query-plan.ts";
import { NodeStore } from "./node-store.ts";

const SIMS = Number(process.env["SIMS"] ?? 250);
const NODES_ONLY: Mechanisms = { ...CONVEX_RULES, nodes: true };

interface Asked {
  readonly plan: QueryPlan;
  /** Rows pulled; many: to the end. */
  readonly pulled: number;
  readonly page: number | null;
  readonly at: number;
}

/** Everything that a caller can see of one read. */
function look(tx: DatabaseTransaction, { plan: wanted, pulled, page, at }: Asked, ids: readonly string[]): unknown {
  const seen: unknown[] = [];
  try {
    if (page === null && pulled > 20)
      seen.push(
        ...tx
          .query(wanted)
          .rest()
          .map((row) => untracked(row)),
        "end",
      );
    else if (page === null) {
      const stream = tx.query(wanted);
      for (let left = pulled; left > 0; left--) seen.push(untracked(stream.next() ?? "end"));
    } else {
      const { page: rows, ...rest } = tx.paginate(wanted, { numItems: page, cursor: null, maximumRowsRead: pulled });
      seen.push(untracked(rows), { ...rest });
    }
    seen.push(untracked(tx.get(ids[at % Math.max(1, ids.length)] ?? "")));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return `error ${error.message}`;
  }
  const { storageDocuments: _, storageBytes: __, ...usage } = tx.usage;
  const { points, intervals } = { points: [...tx.readSet.points()], intervals: [...tx.readSet.intervals()] };
  return { seen, usage, points, intervals };
}

type Fields = { [field: string]: Value | undefined };
type Step = readonly [kind: "insert" | "patch" | "replace" | "delete", at: number, some: Fields, all: Fields];
const step = fc.tuple(
  fc.constantFrom("insert", "patch", "patch", "replace", "delete"),
  fc.nat(),
  patch,
  fields,
) as fc.Arbitrary<Step>;

function writeSteps(tx: DatabaseTransaction, steps: readonly Step[], ids: string[]): void {
  for (const [kind, at, some, all] of steps) {
    const id = ids[at % Math.max(1, ids.length)];
    if (kind === "insert" || id === undefined) ids.push(tx.insert("t", all));
    else if (kind === "patch") tx.patch(id, some);
    else if (kind === "replace") tx.replace(id, all);
    else {
      tx.delete(id);
      ids.splice(ids.indexOf(id), 1);
    }
  }
}

test("reads through the store equal reads from scratch, in every way that shows", () => {
  let [found, patched, forgotten] = [0, 0, 0];
  fc.assert(
    fc.property(
      fc.array(fields, { maxLength: 14 }),
      fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
      fc.constantFrom(0, 3_000, 20_000, 1e9),
      fc.constantFrom(NODES_ONLY, NARROW_RULES),
      fc.gen(),
      (rows, history, bytesMax, mechanisms, gen) => {
        const { database, engine } = openTestDatabase();
        database.setSchema(schemaOf({ t: { indexes: INDEXES } }));
        const ids = write(database, (tx) => rows.map((row) => tx.insert("t", row)));
        const nodes = new NodeStore(engine, bytesMax);
        const asked = gen(() =>
          fc.array(
            fc.record({
              plan: planOf(ids, []),
              pulled: fc.constantFrom(1, 2, 4, 40),
              page: fc.constantFrom(null, null, 1, 3),
              at: fc.nat(),
            }),
            { minLength: 1, maxLength: 5 },
          ),
        );
        for (const steps of history) {
          for (const one of asked) {
            const scratch = look(database.begin({ readOnly: true }), one, ids);
            const stored = look(database.begin({ readOnly: true, mechanisms, nodes }), one, ids);
            if (typeof scratch === "string") expect(stored).toBe(scratch);
            else expect(stored).toEqual(scratch);
          }
          const commit = commitOf(database, (tx) => writeSteps(tx, steps, ids));
          if (commit !== undefined) nodes.apply(commit);
        }
        const counters = nodes.counters;
        found += counters.found;
        patched += counters.patched;
        forgotten += counters.forgotten;
        expect(nodes.size.bytes).toBeGreaterThanOrEqual(0);
        nodes.clear();
        expect(nodes.size).toEqual({ nodes: 0, bytes: 0 });
      },
    ),
    { numRuns: SIMS, endOnFailure: true },
  );
  // All happen often, or the property above proves nothing.
  expect(Math.min(found, patched, forgotten)).toBeGreaterThan(SIMS);
});

const group = (g: string): QueryPlan => plan("t", { index: "by_g", range: [{ type: "eq", fieldPath: "g", value: g }] });

/** A thousand rows, every fourth marked. */
function open(): { database: Database; ids: readonly string[]; nodes: NodeStore; visit: Visit } {
  const { database, engine } = openTestDatabase();
  database.setSchema(schemaOf({ t: { indexes: { by_g: ["g", "n"] } } }));
  const ids = write(database, (tx) =>
    Array.from({ length: 1_000 }, (_, n) => tx.insert("t", { g: "g", n, mark: n % 4 === 0, x: 0 })),
  );
  const nodes = new NodeStore(engine);
  const visit: Visit = (read) => {
    const tx = database.begin({ readOnly: true, mechanisms: NARROW_RULES, nodes });
    read(tx);
    tx.abort();
    return tx.usage;
  };
  return { database, ids, nodes, visit };
}

type Visit = (read: (tx: DatabaseTransaction) => unknown) => TransactionUsage;

test("a second run visits nothing in storage and counts the same by Convex's rules", () => {
  const { visit } = open();
  const first = visit((tx) => collect(tx.query(group("g"))));
  const second = visit((tx) => collect(tx.query(group("g"))));
  expect(first).toMatchObject({ documentsRead: 1_000, storageDocuments: 1_000 });
  expect(second).toMatchObject({
    documentsRead: 1_000,
    bytesRead: first.bytesRead,
    storageDocuments: 0,
    storageBytes: 0,
  });
});

test.each<{
  change: string;
  write: (tx: DatabaseTransaction, ids: readonly string[]) => void;
  visits: number;
  rows: number;
}>([
  { change: "one of 1,000 rows", write: (tx, ids) => tx.patch(ids[500] ?? "", { x: 1 }), visits: 1, rows: 1_000 },
  { change: "its place", write: (tx, ids) => tx.patch(ids[500] ?? "", { n: 3.5 }), visits: 1, rows: 1_000 },
  { change: "a row less", write: (tx, ids) => tx.delete(ids[500] ?? ""), visits: 0, rows: 999 },
  { change: "a row more", write: (tx) => void tx.insert("t", { g: "g", n: 7.5, x: 0 }), visits: 1, rows: 1_001 },
  { change: "a row of another group", write: (tx) => void tx.insert("t", { g: "h", n: 7.5 }), visits: 0, rows: 1_000 },
])("after a commit that changes $change, $visits rows are visited", ({ write: change, visits, rows }) => {
  const { database, ids, nodes, visit } = open();
  visit((tx) => collect(tx.query(group("g"))));
  const commit = commitOf(database, (tx) => change(tx, ids));
  if (commit !== undefined) nodes.apply(commit);
  const usage = visit((tx) => collect(tx.query(group("g"))));
  expect(usage).toMatchObject({ documentsRead: rows, storageDocuments: visits });
  expect(visit((tx) => collect(tx.query(group("g")))).storageDocuments).toBe(0);
});

test("a filtered scan is read once; a dropped row that changes is not visited", () => {
  const { database, ids, nodes, visit } = open();
  const marked = { op: "eq", left: { op: "field", path: ["mark"] }, right: { op: "literal", value: true } } as const;
  const scan = { ...group("g"), operators: [{ filter: marked }] };
  expect(visit((tx) => collect(tx.query(scan)))).toMatchObject({ documentsRead: 1_000, storageDocuments: 1_000 });
  const commit = commitOf(database, (tx) => tx.patch(ids[1] ?? "", { x: 1 }));
  if (commit !== undefined) nodes.apply(commit);
  expect(visit((tx) => collect(tx.query(scan)))).toMatchObject({ documentsRead: 1_000, storageDocuments: 0 });
});

test("a read that ended early goes on where it ended", () => {
  const { visit } = open();
  visit((tx) => collect(tx.query({ ...group("g"), operators: [{ limit: 10 }] })));
  const usage = visit((tx) => collect(tx.query({ ...group("g"), operators: [{ limit: 15 }] })));
  expect(usage).toMatchObject({ documentsRead: 15, storageDocuments: 5 });
});

test("a row read by id is visited once, and once again when it changed; an absent one never", () => {
  const { database, ids, nodes, visit } = open();
  const id = ids[3] ?? "";
  const counts = () => visit((tx) => tx.get(id)).storageDocuments;
  expect([counts(), counts()]).toEqual([1, 0]);
  const patched = commitOf(database, (tx) => tx.patch(id, { x: 1 }));
  if (patched !== undefined) nodes.apply(patched);
  expect([counts(), counts()]).toEqual([1, 0]);
  const deleted = commitOf(database, (tx) => tx.delete(id));
  if (deleted !== undefined) nodes.apply(deleted);
  expect([counts(), counts()]).toEqual([0, 0]);
});

test("the limits hold while everything is read, and when it comes from nodes", () => {
  const { database, engine } = openTestDatabase({ limits: { documentsReadMax: 10 } });
  const nodes = new NodeStore(engine);
  const reads = () => {
    const tx = database.begin({ readOnly: true, mechanisms: NARROW_RULES, nodes });
    expect(() => tx.query(plan("t")).rest()).toThrow("Too many documents read");
    return tx.usage.storageDocuments;
  };
  write(database, (tx) => Array.from({ length: 100 }, (_, n) => tx.insert("t", { n })));
  expect(reads()).toBe(11);
  expect(reads()).toBeLessThanOrEqual(1);
});

test("the limits hold for rows that a filter drops one after the other", () => {
  const { database, engine } = openTestDatabase({ limits: { documentsReadMax: 10 } });
  write(database, (tx) => Array.from({ length: 100 }, (_, n) => tx.insert("t", { n })));
  const nodes = new NodeStore(engine);
  const none = { op: "literal", value: false } as const;
  const tx = database.begin({ readOnly: true, mechanisms: NARROW_RULES, nodes });
  expect(() => collect(tx.query(plan("t", { operators: [{ filter: none }] })))).toThrow("Too many documents read");
  expect(tx.usage.storageDocuments).toBe(11);
});

test("nodes keep to their budget; what is used again goes last", () => {
  const { database, engine } = openTestDatabase();
  database.setSchema(schemaOf({ t: { indexes: { by_g: ["g"] } } }));
  write(database, (tx) => {
    for (let n = 0; n < 100; n++) tx.insert("t", { g: `g${n}`, text: "x".repeat(1_000) });
  });
  const nodes = new NodeStore(engine, 20_000);
  const visits = (g: string) => {
    const tx = database.begin({ readOnly: true, mechanisms: NARROW_RULES, nodes });
    collect(tx.query(group(g)));
    return tx.usage.storageDocuments;
  };
  visits("g0");
  for (let n = 1; n < 100; n++) {
    visits(`g${n}`);
    if (n % 3 === 0) visits("g0");
    expect(nodes.size.bytes).toBeLessThan(25_000);
  }
  expect(visits("g0")).toBe(0);
  expect(visits("g1")).toBe(1);
  expect(nodes.counters.forgotten).toBeGreaterThan(50);
});

test("a change of the schema empties the store", () => {
  const { nodes, visit, database } = open();
  visit((tx) => collect(tx.query(group("g"))));
  const commit = database.setSchema(schemaOf({ t: { indexes: { by_n: ["n"] } } }));
  if (commit !== undefined) nodes.apply(commit);
  expect(nodes.size.nodes).toBe(0);
});
