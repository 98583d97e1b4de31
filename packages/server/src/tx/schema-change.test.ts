import { rootTable } from "@narrowcast/values";
import { expect, test } from "vitest";
import { checkDatabase } from "./check.ts";
import type { SchemaChange } from "./schema-change.ts";
import { collect, openTestDatabase, plan, pluck, read, schemaOf, write } from "./testing/database.ts";
import type { TestDatabase } from "./testing/database.ts";

const NUMBER = { type: "object", value: { n: { fieldType: { type: "number" }, optional: false } } };
const BY_N = schemaOf({ t: { indexes: { by_n: ["n"] } } });

function open(rows: number): TestDatabase {
  const opened = openTestDatabase();
  write(opened.database, (tx) => Array.from({ length: rows }, (_, at) => tx.insert("t", { n: (at * 7) % rows })));
  return opened;
}

function finish({ database }: TestDatabase, change: SchemaChange): void {
  while (change.step(3) === "more");
  write(database, (tx) => change.apply(tx));
  database.dropRemovedIndexes();
}

function byN({ database }: TestDatabase): unknown[] {
  return read(database, (tx) => pluck(collect(tx.query(plan("t", { index: "by_n" }))), "n"));
}

test("an index is filled in slices while writes go on, and seen only when it is complete", () => {
  const opened = open(20);
  const { database } = opened;
  const change = database.planSchema(BY_N);
  expect(change.indexesAdded).toEqual(["t.by_n"]);
  for (let n = 100; change.step(3) === "more"; n += 1) {
    expect(() => byN(opened)).toThrowError("Index t.by_n is currently backfilling and not available to query yet.");
    const rows = read(database, (tx) => collect(tx.query(plan("t"))));
    write(database, (tx) => {
      tx.insert("t", { n });
      tx.delete(rows[0]?._id ?? "");
      tx.patch(rows.at(-1)?._id ?? "", { n: -n });
    });
  }
  expect(() => byN(opened)).toThrowError(/backfilling/);
  write(database, (tx) => change.apply(tx));
  const all = read(database, (tx) => pluck(collect(tx.query(plan("t"))), "n")) as number[];
  expect(byN(opened)).toEqual(all.toSorted((a, b) => a - b));
  expect(checkDatabase(database)).toEqual([]);
});

test("a restart in the middle of filling leaves the old schema; the next plan completes the index", () => {
  const before = open(20);
  before.database.planSchema(BY_N).step(3);
  const opened = before.reopen();
  expect(opened.database.schema).toBe(null);
  expect(() => byN(opened)).toThrowError(/backfilling/);
  write(opened.database, (tx) => tx.insert("t", { n: 500 }));
  const change = opened.database.planSchema(BY_N);
  expect(change.indexesAdded).toEqual([]);
  finish(opened, change);
  expect(byN(opened).length).toBe(21);
  expect(checkDatabase(opened.database)).toEqual([]);
  const again = opened.reopen();
  expect(again.database.schema).toEqual(BY_N);
  expect(byN(again)).toEqual(byN(opened));
});

test("a removed index is gone for queries with the commit, and its entries after it", () => {
  const opened = open(5);
  const { database } = opened;
  database.setSchema(BY_N);
  const change = database.planSchema(schemaOf({ t: {} }));
  expect(change.indexesRemoved).toEqual(["t.by_n"]);
  expect(byN(opened).length).toBe(5);
  while (change.step() === "more");
  write(database, (tx) => change.apply(tx));
  expect(() => byN(opened)).toThrowError("Index t.by_n not found.");
  const reopened = opened.reopen();
  expect(reopened.database.catalogue.get(rootTable("t"))?.dropping).toEqual([]);
  reopened.database.setSchema(BY_N);
  expect(byN(reopened).length).toBe(5);
  expect(checkDatabase(reopened.database)).toEqual([]);
});

test("an index with new fields takes the place of the old one in one step", () => {
  const opened = open(5);
  const { database } = opened;
  database.setSchema(BY_N);
  write(database, (tx) => tx.insert("t", { n: 1, m: -1 }));
  const change = database.planSchema(schemaOf({ t: { indexes: { by_n: ["m"] } } }));
  while (change.step() === "more");
  expect(byN(opened)).toEqual([0, 1, 1, 2, 3, 4]);
  write(database, (tx) => change.apply(tx));
  database.dropRemovedIndexes();
  expect(byN(opened)).toEqual([0, 2, 4, 1, 3, 1]);
  expect(checkDatabase(database)).toEqual([]);
});

test("a staged index is built but refused, and is promoted without filling it again", () => {
  const opened = open(10);
  const { database, engine } = opened;
  database.setSchema(schemaOf({ t: { indexes: { "staged:by_n": ["n"] } } }));
  expect(() => byN(opened)).toThrowError(/Index t.by_n is currently staged/);
  const filled: number[] = [];
  const fillIndex = engine.fillIndex.bind(engine);
  engine.fillIndex = (collection, index, entries) => {
    filled.push(entries.length);
    fillIndex(collection, index, entries);
  };
  write(database, (tx) => tx.insert("t", { n: 99 }));
  database.setSchema(BY_N);
  expect(filled).toEqual([]);
  expect(byN(opened).length).toBe(11);
});

test("existing documents are checked, and a failure names one", () => {
  const opened = open(5);
  const id = write(opened.database, (tx) => tx.insert("t", { n: "text" }));
  const change = opened.database.planSchema(schemaOf({ t: { documentType: NUMBER } }));
  const stepAll = () => {
    while (change.step(2) === "more");
  };
  expect(stepAll).toThrowError(
    `Schema validation failed.\nDocument with ID "${id}" in table "t" does not match the schema: Value does not match validator.\nPath: .n\nValue: "text"\nValidator: v.float64()`,
  );
  expect(() => write(opened.database, (tx) => change.apply(tx))).toThrowError(/Schema validation failed/);
  expect(opened.database.schema).toBe(null);
});

test("a document written while the change is under way is checked, too", () => {
  const opened = open(5);
  const change = opened.database.planSchema(schemaOf({ t: { documentType: NUMBER } }));
  while (change.step(2) === "more");
  write(opened.database, (tx) => tx.insert("t", { n: null }));
  const tx = opened.database.begin({ readOnly: false });
  expect(() => change.apply(tx)).toThrowError(/Schema validation failed/);
});

test("a commit cannot put a schema in force together with a document that does not fit", () => {
  const opened = open(5);
  const change = opened.database.planSchema(schemaOf({ t: { documentType: NUMBER } }));
  while (change.step() === "more");
  const tx = opened.database.begin({ readOnly: false });
  tx.insert("t", { n: null });
  change.apply(tx);
  expect(() => tx.commit("test:push")).toThrowError(/Schema validation failed/);
  tx.abort();
  expect([opened.database.schema, checkDatabase(opened.database)]).toEqual([null, []]);
});

test("an aborted apply leaves the old schema, and can be repeated", () => {
  const opened = open(3);
  const change = opened.database.planSchema(schemaOf({ t: { indexes: { by_n: ["n"] }, documentType: NUMBER } }));
  while (change.step() === "more");
  const tx = opened.database.begin({ readOnly: false });
  change.apply(tx);
  tx.abort();
  expect(opened.database.schema).toBe(null);
  expect(() => byN(opened)).toThrowError(/backfilling/);
  write(opened.database, (next) => change.apply(next));
  expect(byN(opened)).toEqual([0, 1, 2]);
});

test("apply is refused before the steps are done", () => {
  const opened = open(5);
  const change = opened.database.planSchema(BY_N);
  expect(() => write(opened.database, (tx) => change.apply(tx))).toThrowError(/steps are left/);
});

test("writes are checked against the schema, with Convex's message; without validation they are not", () => {
  const { database } = openTestDatabase();
  database.setSchema(schemaOf({ t: { documentType: NUMBER } }));
  const message =
    'Failed to insert or update a document in table "t" because it does not match the schema: Object is missing the required field `n`. Consider wrapping the field validator in `v.optional(...)` if this is expected.';
  expect(() => database.begin({ readOnly: false }).insert("t", {})).toThrowError(message);
  const { database: loose } = openTestDatabase();
  loose.setSchema(schemaOf({ t: { documentType: NUMBER } }, false));
  write(loose, (tx) => {
    tx.patch(tx.insert("t", { n: 1 }), { n: "x" });
    tx.insert("another", {});
  });
  expect(checkDatabase(loose)).toEqual([]);
});

test.each([
  ["patch", (id: string) => ({ n: `of ${id.length}` })],
  ["replace", () => ({ m: 1, n: 1 })],
] as const)("%s is checked against the schema", (act, value) => {
  const { database } = openTestDatabase();
  database.setSchema(schemaOf({ t: { documentType: NUMBER } }));
  const id = write(database, (tx) => tx.insert("t", { n: 1 }));
  expect(() => database.begin({ readOnly: false })[act](id, value(id))).toThrowError(/does not match the schema/);
});

test("a schema that is not legal by itself is refused and changes nothing", () => {
  const { database, ownCommits } = openTestDatabase();
  const commits = ownCommits.length;
  expect(() => database.planSchema(schemaOf({ t: { indexes: { by_id: ["a"] } } }))).toThrowError(/reserved index name/);
  expect(ownCommits.length).toBe(commits);
});

test("a system table gets new indexes and loses old ones when it is defined anew", () => {
  const opened = openTestDatabase();
  opened.database.defineSystemTable("_jobs", [{ name: "by_due", fields: ["due"] }]);
  write(opened.database, (tx) => [3, 1, 2].map((due) => tx.system.insert("_jobs", { due, late: -due })));
  const { database } = opened.reopen();
  const jobs = (index: string) =>
    read(database, (tx) => pluck(collect(tx.system.query(plan("_jobs", { index }))), "due"));
  expect(jobs("by_due")).toEqual([1, 2, 3]);
  database.defineSystemTable("_jobs", [{ name: "by_late", fields: ["late"] }]);
  expect(jobs("by_late")).toEqual([3, 2, 1]);
  expect(() => jobs("by_due")).toThrowError("Index _jobs.by_due not found.");
  expect(checkDatabase(database)).toEqual([]);
});

test("table numbers and index numbers are not used twice", () => {
  const { database } = openTestDatabase();
  database.setSchema(schemaOf({ a: { indexes: { by_x: ["x"] } }, b: {} }));
  expect([database.catalogue.get(rootTable("a"))?.number, database.catalogue.get(rootTable("b"))?.number]).toEqual([
    10_001, 10_002,
  ]);
  const number = () => database.catalogue.get(rootTable("a"))?.indexes.find(({ name }) => name === "by_x")?.number;
  const first = number();
  database.setSchema(null);
  database.setSchema(schemaOf({ a: { indexes: { by_x: ["x"] } } }));
  expect(number()).not.toBe(first);
});
