import { expect, test } from "vitest";
import { collect, openTestDatabase, plan, pluck, read, schemaOf, write } from "./testing/database.ts";
import type { RangeBound } from "./query-plan.ts";

function open() {
  const { database } = openTestDatabase();
  database.setSchema(schemaOf({ t: { indexes: { by_ab: ["a", "b"] } } }));
  return database;
}

function bound(type: RangeBound["type"], fieldPath: string, value: RangeBound["value"] = 1): RangeBound {
  return { type, fieldPath, value };
}

test.each<[string, string, RangeBound[], string]>([
  [
    "two equalities",
    "AlreadyDefinedBound",
    [bound("eq", "a"), bound("eq", "a")],
    'Already defined equality bound in index range of t.by_ab. Can\'t add .eq("a", …).',
  ],
  [
    "two lower bounds",
    "AlreadyDefinedBound",
    [bound("gt", "a"), bound("gte", "a")],
    'Already defined lower bound in index range of t.by_ab. Can\'t add .gte("a", …).',
  ],
  [
    "two upper bounds",
    "AlreadyDefinedBound",
    [bound("lt", "a"), bound("lte", "a")],
    'Already defined upper bound in index range of t.by_ab. Can\'t add .lte("a", …).',
  ],
  [
    "equality and bound on one field",
    "AlreadyDefinedBound",
    [bound("eq", "a"), bound("gt", "a")],
    'Already defined equality bound in index range of t.by_ab. Can\'t add .gt("a", …).',
  ],
  [
    "bounds on two fields",
    "BoundsOnMultipleFields",
    [bound("gt", "a"), bound("lt", "b")],
    'Upper and lower bounds in `range` can only be applied to a single index field. This query against index t.by_ab attempted to set a range bound on both "a" and "b". Consider using `filter` instead. For more information see https://docs.convex.dev/using/indexes.',
  ],
  [
    "a foreign field",
    "FieldNotInIndex",
    [bound("eq", "c")],
    'The index range included a comparison with "c", but t.by_ab with fields ["a","b","_creationTime"] doesn\'t index this field. For more information see https://docs.convex.dev/using/indexes.',
  ],
  [
    "a skipped field",
    "InvalidIndexRange",
    [bound("eq", "b")],
    'Tried to query index t.by_ab but the query didn\'t use the index fields in order.\nIndex fields: ["a","b","_creationTime"]\nQuery fields: ["b"]\nFirst incorrect field: "b"\nFor more information see https://docs.convex.dev/using/indexes.',
  ],
  [
    "a bound after a gap",
    "InvalidIndexRange",
    [bound("eq", "a"), bound("gt", "_creationTime")],
    'Tried to query index t.by_ab but the query didn\'t use the index fields in order.\nIndex fields: ["a","b","_creationTime"]\nQuery fields: ["a","_creationTime"]\nFirst incorrect field: "_creationTime"\nFor more information see https://docs.convex.dev/using/indexes.',
  ],
  [
    "a bound on the id before the creation time",
    "InvalidIndexRange",
    [bound("eq", "a"), bound("eq", "b"), bound("gt", "_id", "x")],
    'Tried to query index t.by_ab but the query didn\'t use the index fields in order.\nIndex fields: ["a","b","_creationTime"]\nQuery fields: ["a","b","_id"]\nFirst incorrect field: "_id"\nFor more information see https://docs.convex.dev/using/indexes.',
  ],
])("range with %s is refused: %s", (_name, code, range, message) => {
  const database = open();
  const run = () => read(database, (tx) => tx.query(plan("t", { index: "by_ab", range })));
  expect(run).toThrowError(expect.objectContaining({ code, message }));
});

test.each([
  ["t", "by_x", "Index t.by_x not found."],
  ["missing", "by_x", "Index missing.by_x not found."],
])("query of unknown index %s.%s is refused", (table, index, message) => {
  const database = open();
  const run = () => read(database, (tx) => tx.query(plan(table, { index })));
  expect(run).toThrowError(expect.objectContaining({ code: "IndexNotFound", message }));
});

test('eq("a") leaves out "a\\0", whose key goes on where that of "a" ends', () => {
  const database = open();
  write(database, (tx) => ["a", "a\0", "a\0b", "b", ""].map((a) => tx.insert("t", { a, b: 0 })));
  const found = (range: RangeBound[]) =>
    read(database, (tx) => pluck(collect(tx.query(plan("t", { index: "by_ab", range }))), "a"));
  expect(found([bound("eq", "a", "a")])).toEqual(["a"]);
  expect(found([bound("lte", "a", "a")])).toEqual(["", "a"]);
  expect(found([bound("gt", "a", "a")])).toEqual(["a\0", "a\0b", "b"]);
  expect(found([bound("eq", "a", "a"), bound("gte", "b", 0)])).toEqual(["a"]);
});

test.each(["by_ab", "by_creation_time"])("%s goes on in _creationTime, then _id", (index) => {
  const database = open();
  write(database, (tx) => [1, 1, 2].map((a) => tx.insert("t", { a, b: 0 })));
  const rows = read(database, (tx) => collect(tx.query(plan("t", { index }))));
  for (const [at, { a, b, _creationTime, _id }] of rows.entries()) {
    const fixed = index === "by_ab" ? [bound("eq", "a", a), bound("eq", "b", b)] : [];
    const found = (...range: RangeBound[]) =>
      read(database, (tx) => collect(tx.query(plan("t", { index, range: [...fixed, ...range] })))).map((row) =>
        rows.findIndex((one) => one._id === row._id),
      );
    const time = bound("eq", "_creationTime", _creationTime);
    expect(found(time)).toEqual([at]);
    expect(found(time, bound("eq", "_id", _id))).toEqual([at]);
    expect(found(time, bound("gte", "_id", _id), bound("lte", "_id", _id))).toEqual([at]);
    expect(found(time, bound("gt", "_id", _id))).toEqual([]);
    expect(found(time, bound("lt", "_id", _id))).toEqual([]);
    expect(found(bound("gte", "_creationTime", _creationTime))).toContain(at);
    expect(found(bound("gt", "_creationTime", _creationTime))).not.toContain(at);
  }
});

test("bounds may come in any order", () => {
  const database = open();
  write(database, (tx) => [1, 2, 3].map((b) => tx.insert("t", { a: 1, b })));
  const range = [bound("lt", "b", 3), bound("eq", "a", 1), bound("gt", "b", 1)];
  expect(read(database, (tx) => pluck(collect(tx.query(plan("t", { index: "by_ab", range }))), "b"))).toEqual([2]);
});

test('lt("b", 5) includes rows without the field: undefined sorts first', () => {
  const database = open();
  write(database, (tx) =>
    [{ a: 1 }, { a: 1, b: null }, { a: 1, b: 4 }, { a: 1, b: 6 }].map((doc) => tx.insert("t", doc)),
  );
  const range = [bound("eq", "a", 1), bound("lt", "b", 5)];
  expect(read(database, (tx) => collect(tx.query(plan("t", { index: "by_ab", range }))).length)).toBe(3);
});
