import { sizeOfDocument, tableNumberOfId } from "@narrowcast/values";
import type { Limits } from "@narrowcast/values";
import { expect, test } from "vitest";
import { collect, openTestDatabase, plan, read, write } from "./testing/database.ts";
import type { DatabaseTransaction } from "./transaction.ts";

const READ_LESS =
  "Consider using smaller limits in your queries, paginating your queries, or using indexed queries with a selective index range expressions.";

/** Ten rows of equal size, under limits that only later transactions feel. */
function open(limits: Partial<Limits>) {
  const first = openTestDatabase();
  const ids = write(first.database, (tx) => Array.from({ length: 10 }, () => tx.insert("t", { text: "x" })));
  const { database } = openTestDatabase({ engine: first.engine, limits, seed: 99 });
  return { database, ids };
}

const ROW_BYTES = sizeOfDocument({ _id: "x".repeat(32), _creationTime: 1, text: "x" });
const READ_ALL = (tx: DatabaseTransaction) => collect(tx.query(plan("t"))).length;
const GET_ALL = (tx: DatabaseTransaction, ids: readonly string[]) => ids.forEach((id) => tx.get(id));
const INSERT_TEN = (tx: DatabaseTransaction) => {
  for (let n = 0; n < 10; n += 1) tx.insert("t", { text: "x" });
};

test.each<
  [string, Partial<Limits>, Partial<Limits>, string, (tx: DatabaseTransaction, ids: readonly string[]) => unknown]
>([
  [
    "documents read by a scan",
    { documentsReadMax: 10 },
    { documentsReadMax: 9 },
    `Too many documents read in a single function execution (limit: 9). ${READ_LESS}`,
    READ_ALL,
  ],
  [
    "documents read by id",
    { documentsReadMax: 10 },
    { documentsReadMax: 9 },
    `Too many documents read in a single function execution (limit: 9). ${READ_LESS}`,
    GET_ALL,
  ],
  [
    "bytes read",
    { bytesReadMax: 10 * ROW_BYTES },
    { bytesReadMax: 10 * ROW_BYTES - 1 },
    `Too many bytes read in a single function execution (limit: ${10 * ROW_BYTES - 1}). ${READ_LESS}`,
    READ_ALL,
  ],
  [
    "ranges read",
    { rangesReadMax: 10 },
    { rangesReadMax: 9 },
    `Too many reads in a single function execution (limit: 9). ${READ_LESS}`,
    GET_ALL,
  ],
  [
    "documents written",
    { documentsWrittenMax: 10 },
    { documentsWrittenMax: 9 },
    "Too many writes in a single function execution (limit: 9).",
    INSERT_TEN,
  ],
  [
    "documents deleted",
    { documentsWrittenMax: 10 },
    { documentsWrittenMax: 9 },
    "Too many writes in a single function execution (limit: 9).",
    (tx, ids) => ids.forEach((id) => tx.delete(id)),
  ],
  [
    "bytes written",
    { bytesWrittenMax: 10 * ROW_BYTES },
    { bytesWrittenMax: 10 * ROW_BYTES - 1 },
    `Too many bytes written in a single function execution (limit: ${10 * ROW_BYTES - 1}).`,
    INSERT_TEN,
  ],
  [
    "functions scheduled",
    { functionsScheduledMax: 10 },
    { functionsScheduledMax: 9 },
    "Too many functions scheduled by this mutation (limit: 9)",
    (tx) => Array.from({ length: 10 }, () => tx.countScheduled(1)),
  ],
  [
    "arguments scheduled",
    { scheduledArgsBytesMax: 100 },
    { scheduledArgsBytesMax: 99 },
    "Too large total size of the arguments of functions scheduled by this mutation (limit: 99 bytes)",
    (tx) => Array.from({ length: 10 }, () => tx.countScheduled(10)),
  ],
  [
    "arguments of one scheduled function",
    { scheduledOneArgsBytesMax: 10 },
    { scheduledOneArgsBytesMax: 9 },
    "Arguments for a scheduled function are too large (actual: 10, limit: 9).",
    (tx) => tx.countScheduled(10),
  ],
  [
    "page size",
    { pageItemsMax: 10 },
    { pageItemsMax: 9 },
    "Page size 10 is too large (maximum page size: 9)",
    (tx) => tx.paginate(plan("t"), { numItems: 10, cursor: null }),
  ],
  [
    "query operators",
    { queryOperatorsMax: 10 },
    { queryOperatorsMax: 9 },
    "Query has too many operators: 10 (maximum: 9)",
    (tx) => tx.query(plan("t", { operators: Array.from({ length: 10 }, () => ({ limit: 1 })) })),
  ],
  [
    "tables",
    { tablesMax: 2 },
    { tablesMax: 1 },
    "Too many tables, the maximum number is 1",
    (tx) => tx.insert("second", {}),
  ],
])("limit of %s holds one over and not at it", (_name, atLimit, oneOver, message, act) => {
  const good = open(atLimit);
  act(good.database.begin({ readOnly: false }), good.ids);
  const bad = open(oneOver);
  expect(() => act(bad.database.begin({ readOnly: false }), bad.ids)).toThrowError(
    expect.objectContaining({ name: "UserError", message }),
  );
});

test("a document of one mebibyte may be written, one byte more not", () => {
  const { database } = openTestDatabase();
  const overhead = ROW_BYTES - 1;
  const size = 1_048_576 - overhead;
  const tx = database.begin({ readOnly: false });
  tx.insert("t", { text: "x".repeat(size) });
  expect(() => tx.insert("t", { text: "x".repeat(size + 1) })).toThrowError(/too large/);
});

test("a limit that was passed stays passed when the error is caught", () => {
  const { database, ids } = open({ documentsReadMax: 1 });
  const tx = database.begin({ readOnly: true });
  tx.get(ids[0] ?? "");
  expect(() => tx.get(ids[1] ?? "")).toThrowError(/Too many documents/);
  expect(() => tx.get(ids[0] ?? "")).toThrowError(/Too many documents/);
});

test("usage is told apart by table, with index keys and writes that changed nothing", () => {
  const { database } = openTestDatabase();
  const { id, number } = write(database, (tx) => {
    const id = tx.insert("t", { n: 1 });
    tx.insert("other", { n: 1 });
    return { id, number: Number(tableNumberOfId(id)) };
  });
  const tx = database.begin({ readOnly: false });
  tx.get(id);
  expect(tx.usage.keyBytesRead).toBe(0);
  tx.query(plan("t")).next();
  expect(tx.usage.keyBytesRead).toBeGreaterThan(8);
  tx.patch(id, { n: 1 });
  tx.query(plan("other")).next();
  expect(tx.tableUsage.map(({ documentsRead }) => documentsRead)).toEqual([3, 1]);
  expect(tx.tableUsage[0]).toMatchObject({ collection: number, storageDocuments: 3 });
  expect(tx.usage).toMatchObject({ documentsRead: 4, storageDocuments: 4, documentsWritten: 0, unchangedWrites: 1 });
  expect(tx.tableUsage.reduce((sum, { bytesRead }) => sum + bytesRead, 0)).toBe(tx.usage.bytesRead);
  tx.abort();
});

test("writes of a table that are rolled back are not counted, also of a table first written after the savepoint", () => {
  const { database } = openTestDatabase();
  write(database, (tx) => [tx.insert("t", { n: 1 }), tx.insert("other", { n: 1 })]);
  const tx = database.begin({ readOnly: false });
  tx.insert("t", { n: 2 });
  const { bytesWritten } = tx.usage;
  const savepoint = tx.savepoint();
  tx.insert("t", { n: 3 });
  tx.insert("other", { n: 3 });
  tx.rollbackTo(savepoint);
  expect(tx.tableUsage.map((table) => [table.documentsWritten, table.bytesWritten])).toEqual([
    [1, bytesWritten],
    [0, 0],
  ]);
  tx.abort();
});

test("usage counts each read again, rows that a filter drops, and the read of a patch", () => {
  const { database, ids } = open({});
  const tx = database.begin({ readOnly: false });
  tx.get(ids[0] ?? "");
  tx.get(ids[0] ?? "");
  expect(tx.usage).toMatchObject({ documentsRead: 2, bytesRead: 2 * ROW_BYTES, rangesRead: 1 });
  collect(tx.query(plan("t", { operators: [{ filter: { op: "literal", value: false } }] })));
  expect(tx.usage).toMatchObject({ documentsRead: 12, rangesRead: 2 });
  tx.patch(ids[0] ?? "", { text: "y" });
  expect(tx.usage).toMatchObject({ documentsRead: 13, documentsWritten: 1, bytesWritten: ROW_BYTES });
  tx.delete(ids[0] ?? "");
  expect(tx.usage).toMatchObject({ documentsRead: 14, documentsWritten: 2, bytesWritten: ROW_BYTES });
});

test("overlapping ranges count once against the limit", () => {
  const { database } = open({ rangesReadMax: 2 });
  read(database, (tx) => {
    for (let n = 0; n < 20; n += 1) READ_ALL(tx);
    expect(tx.usage.rangesRead).toBeLessThanOrEqual(2);
  });
});

test("a rolled-back part gives its writes back to the limits, not its reads", () => {
  const { database, ids } = open({});
  const tx = database.begin({ readOnly: false });
  const savepoint = tx.savepoint();
  INSERT_TEN(tx);
  tx.get(ids[0] ?? "");
  tx.countScheduled(5);
  tx.rollbackTo(savepoint);
  expect(tx.usage).toMatchObject({ documentsWritten: 0, bytesWritten: 0, functionsScheduled: 0, documentsRead: 1 });
});

test("system rows count nothing", () => {
  const { database } = openTestDatabase();
  database.defineSystemTable("_jobs", []);
  const tx = database.begin({ readOnly: false });
  const id = tx.system.insert("_jobs", { a: 1 });
  tx.system.patch(id, { a: 2 });
  collect(tx.system.query(plan("_jobs")));
  expect(tx.usage).toMatchObject({ documentsWritten: 0, documentsRead: 0, rangesRead: 0 });
});

test("limits of a part hold for the part, count from its begin, and are never more than those around", () => {
  const { database } = open({ functionsScheduledMax: 3, scheduledArgsBytesMax: 100 });
  const tx = database.begin({ readOnly: false });
  tx.countScheduled(10);
  const release = tx.limitTo({ functionsScheduledMax: 1, scheduledArgsBytesMax: 1_000 });
  expect([tx.limits.functionsScheduledMax, tx.limits.scheduledArgsBytesMax]).toEqual([2, 100]);
  tx.countScheduled(10);
  expect(() => tx.countScheduled(10)).toThrowError("Too many functions scheduled by this mutation (limit: 1)");
  release();
  expect(() => tx.countScheduled(10)).toThrowError("Too many functions scheduled by this mutation (limit: 3)");
  tx.abort();
});
