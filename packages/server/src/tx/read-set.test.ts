import { expect, test } from "vitest";
import { PRIMARY } from "../engine/types.ts";
import { ReadSet } from "./read-set.ts";
import { collect, commitOf, openTestDatabase, plan, read, schemaOf, write } from "./testing/database.ts";
import type { DatabaseTransaction } from "./transaction.ts";

/** Table `t` with n = 10, 20, 30, 40 in group "g" and one row in another. */
function open() {
  const { database } = openTestDatabase();
  database.setSchema(schemaOf({ t: { indexes: { by_gn: ["g", "n"] } } }));
  const ids = write(database, (tx) => [10, 20, 30, 40].map((n) => tx.insert("t", { g: "g", n, x: 0 })));
  write(database, (tx) => tx.insert("t", { g: "other", n: 5 }));
  return { database, ids };
}

const group = plan("t", { index: "by_gn", range: [{ type: "eq", fieldPath: "g", value: "g" }] });
const take = (count: number) => ({ ...group, operators: [{ limit: count }] });
const isEven = { op: "eq", left: { op: "field", path: ["n"] }, right: { op: "literal", value: 20 } } as const;

const READS: { readonly [name: string]: (tx: DatabaseTransaction) => unknown } = {
  "collect()": (tx) => collect(tx.query(group)),
  "take(2), full": (tx) => collect(tx.query(take(2))),
  "take(9), range shorter": (tx) => collect(tx.query(take(9))),
  "first()": (tx) => collect(tx.query(take(1))),
  "first(), descending": (tx) => collect(tx.query({ ...take(1), order: "desc" })),
  "paginate(2)": (tx) => tx.paginate(group, { numItems: 2, cursor: null }),
  "filter(n = 20).first()": (tx) => collect(tx.query({ ...group, operators: [{ filter: isEven }, { limit: 1 }] })),
  "stream never pulled": (tx) => tx.query(group),
  "take(0)": (tx) => collect(tx.query(take(0))),
};

const insert = (n: number) => (tx: DatabaseTransaction) => void tx.insert("t", { g: "g", n });
const touch = (at: number) => (tx: DatabaseTransaction, ids: readonly string[]) => tx.patch(ids[at] ?? "", { x: 1 });
const WRITES: { readonly [name: string]: (tx: DatabaseTransaction, ids: readonly string[]) => void } = {
  "insert n=5": insert(5),
  "insert n=15": insert(15),
  "insert n=25": insert(25),
  "insert n=50": insert(50),
  "patch first": touch(0),
  "patch third": touch(2),
  "patch last": touch(3),
  "delete second": (tx, ids) => tx.delete(ids[1] ?? ""),
  "move last to front": (tx, ids) => tx.patch(ids[3] ?? "", { n: 1 }),
  "move first out": (tx, ids) => tx.patch(ids[0] ?? "", { g: "other" }),
  "insert into other group": (tx) => void tx.insert("t", { g: "other", n: 15 }),
};

/** Which reads each write touches, from the table of consumed intervals. */
const TOUCHED: { readonly [write: string]: string } = {
  //                          collect take2 take9 first last page filter
  "insert n=5": "             x       x     x     x     .    x    x     . .",
  "insert n=15": "            x       x     x     .     .    x    x     . .",
  "insert n=25": "            x       .     x     .     .    .    .     . .",
  "insert n=50": "            x       .     x     .     x    .    .     . .",
  "patch first": "            x       x     x     x     .    x    x     . .",
  "patch third": "            x       .     x     .     .    .    .     . .",
  "patch last": "             x       .     x     .     x    .    .     . .",
  "delete second": "          x       x     x     .     .    x    x     . .",
  "move last to front": "     x       x     x     x     x    x    x     . .",
  "move first out": "         x       x     x     x     .    x    x     . .",
  "insert into other group": ". . . . . . . . .",
};

test.each(Object.keys(WRITES))("%s touches what consumed its place, and nothing else", (name) => {
  const expected = (TOUCHED[name] ?? "").trim().split(/\s+/);
  const found = Object.values(READS).map((look) => {
    const { database, ids } = open();
    const readSet = read(database, (tx) => {
      look(tx);
      return tx.readSet;
    });
    const commit = commitOf(database, (tx) => WRITES[name]?.(tx, ids));
    return commit !== undefined && readSet.touchedBy(commit) ? "x" : ".";
  });
  expect(found).toEqual(expected);
});

test("get of a row, there or not, is touched by that row only", () => {
  const { database, ids } = open();
  const gone = write(database, (tx) => tx.insert("t", {}));
  write(database, (tx) => tx.delete(gone));
  const readSet = read(database, (tx) => {
    tx.get(ids[0] ?? "");
    expect(tx.get(gone)).toBe(null);
    return tx.readSet;
  });
  expect([...readSet.points()].map(({ key }) => key)).toEqual([ids[0], gone]);
  expect(readSet.touchedBy(commitOf(database, (tx) => tx.patch(ids[0] ?? "", { x: 9 }))!)).toBe(true);
  expect(readSet.touchedBy(commitOf(database, (tx) => tx.patch(ids[1] ?? "", { x: 9 }))!)).toBe(false);
});

test("a missing table is empty and touched by its creation", () => {
  const { database } = openTestDatabase();
  const readSet = read(database, (tx) => {
    expect(collect(tx.query(plan("later")))).toEqual([]);
    expect(tx.paginate(plan("later"), { numItems: 3, cursor: null })).toMatchObject({ page: [], isDone: true });
    expect(tx.count("later")).toBe(0);
    return tx.readSet;
  });
  expect([...readSet.names()]).toEqual(["table:later"]);
  expect(readSet.touchedBy(commitOf(database, (tx) => void tx.insert("other", {}))!)).toBe(false);
  expect(readSet.touchedBy(commitOf(database, (tx) => void tx.insert("later", {}))!)).toBe(true);
});

test("count depends on the whole table and reads no document", () => {
  const { database } = open();
  const { readSet, usage } = read(database, (tx) => {
    expect(tx.count("t")).toBe(5);
    return tx;
  });
  expect([...readSet.intervals()].map(({ index, start, end }) => [index, start, end])).toEqual([
    [PRIMARY, "", undefined],
  ]);
  expect(usage.documentsRead).toBe(0);
  expect(readSet.touchedBy(commitOf(database, insert(77))!)).toBe(true);
});

test("intervals of one index are merged when they overlap or meet, and empty ones are left out", () => {
  const reads = new ReadSet();
  const add = (index: number, start: string, end: string | undefined) =>
    Object.assign(reads.openStretch(1, index), { start, end });
  add(2, "m", "p");
  add(2, "a", "c");
  add(2, "b", "d");
  add(2, "d", "e");
  add(3, "a", "b");
  add(2, "x", undefined);
  add(2, "y", "z");
  add(2, "h", "h");
  expect([...reads.intervals()]).toEqual([
    { collection: 1, index: 2, start: "a", end: "e" },
    { collection: 1, index: 2, start: "m", end: "p" },
    { collection: 1, index: 2, start: "x", end: undefined },
    { collection: 1, index: 3, start: "a", end: "b" },
  ]);
  expect(reads.rangesExactly).toBe(4);
  expect(reads.rangesAtMost).toBe(8);
});

test("reads of a rolled-back part stay", () => {
  const { database, ids } = open();
  const tx = database.begin({ readOnly: false });
  const savepoint = tx.savepoint();
  tx.get(ids[0] ?? "");
  tx.rollbackTo(savepoint);
  tx.abort();
  expect(tx.readSet.touchedBy(commitOf(database, (other) => other.patch(ids[0] ?? "", { x: 3 }))!)).toBe(true);
});

test("names are touched by commits that change them, and a new schema touches everything", () => {
  const { database } = open();
  const tx = database.begin({ readOnly: true });
  tx.readName("env:KEY");
  const commit = commitOf(database, (writer) => {
    writer.insert("t", {});
    writer.changeName("env:KEY");
  })!;
  expect(tx.readSet.touchedBy(commit)).toBe(true);
  expect(tx.readSet.touchedBy({ ...commit, names: ["env:OTHER"] })).toBe(false);
  expect(tx.readSet.touchedBy({ ...commit, names: ["schema"] })).toBe(true);
});
