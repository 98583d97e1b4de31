/**
 * Tables of several components in one store: what one has is not there for another, even if names are equal.
 */
import { describe, expect, test } from "vitest";
import { checkDatabase } from "./check.ts";
import type { Database } from "./database.ts";
import { beginNarrow, collect, commitOf, openTestDatabase, plan, schemaOf } from "./testing/database.ts";
import type { DatabaseTransaction } from "./transaction.ts";
import type { Commit } from "./types.ts";

const TEXT = { type: "object", value: { text: { fieldType: { type: "string" }, optional: false } } };
const COUNT = { type: "object", value: { count: { fieldType: { type: "number" }, optional: false } } };
const APP = "";
const POOL = "mail/pool";

/** The app and a component, each with a table `jobs` of its own shape and its own index `by_key`. */
function open() {
  const opened = openTestDatabase();
  opened.database.setSchema(schemaOf({ jobs: { indexes: { by_key: ["text"] }, documentType: TEXT } }));
  opened.database.setSchema(schemaOf({ jobs: { indexes: { by_key: ["count"] }, documentType: COUNT } }), POOL);
  return opened;
}

function insert(database: Database, component: string, fields: { readonly [field: string]: string | number }): string {
  const tx = database.begin({ readOnly: false, component });
  try {
    const id = tx.insert("jobs", fields);
    tx.commit("test");
    return id;
  } finally {
    tx.abort();
  }
}

function readIn<T>(database: Database, component: string, read: (tx: DatabaseTransaction) => T): T {
  const tx = database.begin({ readOnly: true, component });
  try {
    return read(tx);
  } finally {
    tx.abort();
  }
}

const jobs = (database: Database, component: string) =>
  readIn(database, component, (tx) => collect(tx.query(plan("jobs"))).map((row) => row["text"] ?? row["count"]));

test("each has the rows, the schema and the index of its own table", () => {
  const { database } = open();
  insert(database, APP, { text: "b" });
  insert(database, POOL, { count: 7 });
  insert(database, APP, { text: "a" });
  expect([jobs(database, APP), jobs(database, POOL)]).toEqual([["b", "a"], [7]]);
  expect(() => insert(database, APP, { count: 1 })).toThrowError(/does not match the schema/);
  expect(() => insert(database, POOL, { text: "c" })).toThrowError(/does not match the schema/);
  const byKey = plan("jobs", { index: "by_key" });
  expect(readIn(database, APP, (tx) => collect(tx.query(byKey)).map(({ text }) => text))).toEqual(["a", "b"]);
  const sevenAnd = plan("jobs", { index: "by_key", range: [{ type: "eq", fieldPath: "count", value: 7 }] });
  expect(readIn(database, POOL, (tx) => collect(tx.query(sevenAnd)).length)).toBe(1);
  expect(() => readIn(database, APP, (tx) => tx.query(sevenAnd))).toThrowError(/count/);
  expect(readIn(database, APP, (tx) => tx.count("jobs"))).toBe(2);
  expect(checkDatabase(database)).toEqual([]);
});

describe("ids of one are refused by the other", () => {
  test.each([
    [APP, POOL],
    [POOL, APP],
  ])('of "%s" by "%s"', (owner, other) => {
    const { database } = open();
    const fieldsOf = (component: string) => (component === APP ? { text: "a" } : { count: 1 });
    const id = insert(database, owner, fieldsOf(owner));
    expect(readIn(database, owner, (tx) => [tx.get(id)?._id, tx.normalizeId("jobs", id)])).toEqual([id, id]);
    expect(readIn(database, other, (tx) => [tx.get(id), tx.normalizeId("jobs", id)])).toEqual([null, null]);
    expect(readIn(database, other, (tx) => tx.get(id))).toBe(null);
    expect(() => readIn(database, other, (tx) => tx.get(id, "jobs"))).toThrowError(
      /is from table number \d+; should be/,
    );
    // Also through remembered reads.
    const tx = beginNarrow(database, { component: other });
    expect(tx.get(id)).toBe(null);
    tx.abort();
    const writing = database.begin({ readOnly: false, component: other });
    expect(() => writing.patch(id, { text: "x" })).toThrowError(`Update on nonexistent document ID ${id}`);
    expect(() => writing.replace(id, fieldsOf(other))).toThrowError(`Replace on nonexistent document ID ${id}`);
    expect(() => writing.delete(id)).toThrowError(`Delete on nonexistent document ID ${id}`);
    expect(writing.commit("test")).toBe(undefined);
  });

  test("as a value of a field whose validator names the table", () => {
    const { database } = open();
    const link = {
      type: "object",
      value: { job: { fieldType: { type: "id", tableName: "jobs" }, optional: false } },
    };
    database.setSchema(schemaOf({ links: { documentType: link } }), "other");
    const id = insert(database, APP, { text: "a" });
    const tx = database.begin({ readOnly: false, component: "other" });
    expect(() => tx.insert("links", { job: id })).toThrowError(/does not match the schema/);
    tx.abort();
    database.setSchema(
      schemaOf({ jobs: { indexes: { by_key: ["text"] }, documentType: TEXT }, links: { documentType: link } }),
    );
    expect(
      commitOf(database, (own) => {
        own.insert("links", { job: id });
      })?.changes.length,
    ).toBe(1);
  });

  test("and so are those of system tables, which are the app's", () => {
    const { database } = open();
    database.defineSystemTable("_storage", []);
    let id = "";
    commitOf(database, (tx) => void (id = tx.within(POOL).system.insert("_storage", { size: 1 })));
    expect(readIn(database, APP, (tx) => tx.get(id, undefined, true)?.["size"])).toBe(1);
    expect(readIn(database, POOL, (tx) => tx.get(id, undefined, true))).toBe(null);
    expect(readIn(database, POOL, (tx) => collect(tx.query(plan("_storage"), true)))).toEqual([]);
  });
});

test("read sets are touched by writes to the component's own table only", () => {
  const { database } = open();
  const reads = [APP, POOL].map((component) => {
    const tx = database.begin({ readOnly: true, component });
    collect(tx.query(plan("jobs")));
    tx.abort();
    return tx.readSet;
  });
  const touched = (commit: Commit | undefined) => reads.map((set) => commit !== undefined && set.touchedBy(commit));
  expect(
    touched(
      commitOf(database, (tx) => {
        tx.insert("jobs", { text: "a" });
      }),
    ),
  ).toEqual([true, false]);
  const inPool = commitOf(database, (tx) => {
    tx.within(POOL).insert("jobs", { count: 1 });
  });
  expect(touched(inPool)).toEqual([false, true]);
  expect(inPool?.changes[0]?.table).toEqual({ component: POOL, table: "jobs" });
});

test("a table that is made is news for those only who missed it in that component", () => {
  const { database } = openTestDatabase();
  const missing = [APP, POOL].map((component) => {
    const tx = database.begin({ readOnly: true, component });
    collect(tx.query(plan("later")));
    tx.abort();
    return tx.readSet;
  });
  const commit = commitOf(database, (tx) => {
    tx.within(POOL).insert("later", { n: 1 });
  });
  expect(commit?.names).toEqual(["table:mail/pool::later"]);
  expect(missing.map((set) => set.touchedBy(commit as Commit))).toEqual([false, true]);
});

test("one transaction works for several components, and ends for all of them", () => {
  const { database } = open();
  const tx = database.begin({ readOnly: false });
  const pool = tx.within(POOL);
  expect(pool.within(APP).component).toBe(APP);
  tx.insert("jobs", { text: "a" });
  const savepoint = tx.savepoint();
  pool.insert("jobs", { count: 1 });
  pool.rollbackTo(savepoint);
  pool.insert("jobs", { count: 2 });
  expect(tx.usage.documentsWritten).toBe(2);
  expect(tx.commit("test")?.changes.map(({ table }) => table.component)).toEqual([APP, POOL]);
  expect(() => pool.insert("jobs", { count: 3 })).toThrowError("Cannot use transaction: it has ended");
  const other = database.begin({ readOnly: false });
  other.within(POOL).insert("jobs", { count: 4 });
  other.within(POOL).abort();
  expect(() => other.insert("jobs", { text: "b" })).toThrowError("Cannot use transaction: it has ended");
  expect([jobs(database, APP), jobs(database, POOL)]).toEqual([["a"], [2]]);
});

test("tables, indexes and schemas of components are there when the store is opened again", () => {
  const opened = open();
  insert(opened.database, POOL, { count: 7 });
  insert(opened.database, APP, { text: "a" });
  const { database } = opened.reopen();
  expect([jobs(database, APP), jobs(database, POOL)]).toEqual([["a"], [7]]);
  expect([database.schemaOf(APP), database.schemaOf(POOL)]).toEqual([
    opened.database.schemaOf(APP),
    opened.database.schemaOf(POOL),
  ]);
  expect(() => insert(database, POOL, { text: "c" })).toThrowError(/does not match the schema/);
  const byKey = plan("jobs", { index: "by_key", range: [{ type: "gt", fieldPath: "count", value: 1 }] });
  expect(readIn(database, POOL, (tx) => collect(tx.query(byKey)).length)).toBe(1);
});

test("a change of one schema leaves the tables and indexes of the others", () => {
  const { database } = open();
  insert(database, POOL, { count: 7 });
  const change = database.planSchema(schemaOf({ jobs: { documentType: TEXT } }));
  expect([change.indexesAdded, change.indexesRemoved]).toEqual([[], ["jobs.by_key"]]);
  change.cancel();
  database.setSchema(null);
  expect(database.schemaOf(POOL)?.tables.length).toBe(1);
  expect(readIn(database, POOL, (tx) => collect(tx.query(plan("jobs", { index: "by_key" }))).length)).toBe(1);
  const next = database.planSchema(schemaOf({ jobs: { indexes: { by_n: ["count"] }, documentType: COUNT } }), POOL);
  expect([next.indexesAdded, next.indexesRemoved]).toEqual([["mail/pool::jobs.by_n"], ["mail/pool::jobs.by_key"]]);
  next.cancel();
});
