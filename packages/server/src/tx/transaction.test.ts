import type { Doc, Value } from "@narrowcast/values";
import { expect, test } from "vitest";
import { checkDatabase } from "./check.ts";
import { collect, commitOf, openTestDatabase, plan, pluck, read, schemaOf, write } from "./testing/database.ts";
import type { DatabaseTransaction } from "./transaction.ts";

const ONLY_SYSTEM = "System tables can only be accessed with db.system.";
const NOT_SYSTEM = "User tables cannot be accessed with db.system.";

function open() {
  const opened = openTestDatabase();
  opened.database.defineSystemTable("_scheduled_functions", []);
  opened.database.defineSystemTable("_secret", []);
  const id = write(opened.database, (tx) => tx.insert("t", { a: 1, nested: { list: [1] } }));
  const other = write(opened.database, (tx) => tx.insert("u", { b: 1 }));
  const gone = write(opened.database, (tx) => tx.insert("t", {}));
  const job = write(opened.database, (tx) => tx.system.insert("_scheduled_functions", { name: "a:b" }));
  const secret = write(opened.database, (tx) => tx.system.insert("_secret", { key: "k" }));
  write(opened.database, (tx) => tx.delete(gone));
  return { ...opened, id, other, gone, job, secret };
}

type Opened = ReturnType<typeof open>;
const loose = (value: unknown) => value as { [field: string]: Value };

test.each<[string, string, (tx: DatabaseTransaction, ids: Opened) => unknown]>([
  [
    "get of a text that is no id",
    "Invalid argument `id` for `db.get`: Unable to decode ID: Invalid ID length 3",
    (tx) => tx.get("abc"),
  ],
  [
    "get of a damaged id",
    "Invalid argument `id` for `db.get`: Unable to decode ID: ",
    (tx, { id }) => tx.get(id.slice(0, -1) + (id.endsWith("0") ? "1" : "0")),
  ],
  [
    "patch of a text that is no id",
    "Invalid argument `id` for `db.patch`: Unable to decode ID: ",
    (tx) => tx.patch("abc", {}),
  ],
  ["get of a number", "Invalid argument `id` for `db.get`: ", (tx) => tx.get(7 as unknown as string)],
  [
    "scoped get of another table's id",
    'is from table "u"; should be from table "t"',
    (tx, { other }) => tx.get(other, "t"),
  ],
  [
    "scoped patch of another table's id",
    'is from table "u"; should be from table "t"',
    (tx, { other }) => tx.patch(other, {}, "t"),
  ],
  [
    "scoped replace of another table's id",
    'is from table "u"; should be from table "t"',
    (tx, { other }) => tx.replace(other, {}, "t"),
  ],
  [
    "scoped delete of another table's id",
    'is from table "u"; should be from table "t"',
    (tx, { other }) => tx.delete(other, "t"),
  ],
  ["scoped get from a missing table", 'should be from table "none"', (tx, { id }) => tx.get(id, "none")],
  ["patch of a missing document", "Update on nonexistent document ID ", (tx, { gone }) => tx.patch(gone, {})],
  ["replace of a missing document", "Replace on nonexistent document ID ", (tx, { gone }) => tx.replace(gone, {})],
  ["delete of a missing document", "Delete on nonexistent document ID ", (tx, { gone }) => tx.delete(gone)],
  ["insert with _id", "system field `_id`", (tx, { id }) => tx.insert("t", { _id: id })],
  ["insert with _creationTime", "system field `_creationTime`", (tx) => tx.insert("t", { _creationTime: 1 })],
  ["replace with another _id", "`_id` cannot be changed", (tx, { id, other }) => tx.replace(id, { _id: other })],
  [
    "patch with another _creationTime",
    "`_creationTime` cannot be changed",
    (tx, { id }) => tx.patch(id, { _creationTime: 5 }),
  ],
  [
    "insert of undefined in an array",
    "undefined is not a valid Convex value",
    (tx) => tx.insert("t", loose({ a: [undefined] })),
  ],
  ["insert of a date", "is not a supported Convex type", (tx) => tx.insert("t", loose({ a: new Date(0) }))],
  ["insert of no object", "the value is not an object", (tx) => tx.insert("t", loose("text"))],
  ["insert of a bad field name", "'a-b' is not a valid identifier", (tx) => tx.insert("t", { "a-b": 1 })],
  ["patch with a reserved field name", "starts with an underscore", (tx, { id }) => tx.patch(id, { _x: 1 })],
  ["insert into a badly named table", "is not a valid identifier", (tx) => tx.insert("a-b", {})],
  ["insert into a system table", "System tables (prefixed with `_`) are read-only.", (tx) => tx.insert("_secret", {})],
  ["patch of a system row", "System tables (prefixed with `_`) are read-only.", (tx, { job }) => tx.patch(job, {})],
  ["delete of a system row", "System tables (prefixed with `_`) are read-only.", (tx, { job }) => tx.delete(job)],
  ["get of a system row", ONLY_SYSTEM, (tx, { job }) => tx.get(job)],
  ["get of a system row by its table", ONLY_SYSTEM, (tx, { job }) => tx.get(job, "_scheduled_functions")],
  ["query of a system table", ONLY_SYSTEM, (tx) => tx.query(plan("_scheduled_functions"))],
  ["system get of a user's row", NOT_SYSTEM, (tx, { id }) => tx.get(id, undefined, true)],
  ["system get of a user's row by its table", NOT_SYSTEM, (tx, { id }) => tx.get(id, "t", true)],
  ["system query of a user table", NOT_SYSTEM, (tx) => tx.query(plan("t"), true)],
  ["system query of a hidden table", "is not a public system table", (tx) => tx.query(plan("_secret"), true)],
  [
    "a second pagination",
    "This query or mutation function ran multiple paginated queries. Convex only supports a single paginated query in each function.",
    (tx) => [1, 2].map(() => tx.paginate(plan("t"), { numItems: 1, cursor: null })),
  ],
])("%s is a user error: %s", (_name, message, act) => {
  const opened = open();
  const tx = opened.database.begin({ readOnly: false });
  expect(() => act(tx, opened)).toThrowError(
    expect.objectContaining({ name: "UserError", message: expect.stringContaining(message) as string }),
  );
  tx.abort();
  expect(checkDatabase(opened.database)).toEqual([]);
});

test("patch merges top-level fields and removes undefined ones; replace keeps nothing but system fields", () => {
  const { database, id } = open();
  write(database, (tx) => tx.patch(id, { a: undefined, b: 2, nested: { other: true } }, "t"));
  const patched = read(database, (tx) => tx.get(id, "t"));
  expect(patched).toEqual({ _id: id, _creationTime: patched?._creationTime, b: 2, nested: { other: true } });
  expect(Object.keys(patched ?? {})).toEqual(["_creationTime", "_id", "b", "nested"]);
  write(database, (tx) => tx.replace(id, { ...patched, b: undefined, c: 3, nested: undefined }, "t"));
  expect(read(database, (tx) => tx.get(id))).toEqual({ _id: id, _creationTime: patched?._creationTime, c: 3 });
});

test("a patch or replace that changes nothing writes nothing, but has read", () => {
  const { database, id } = open();
  const tx = database.begin({ readOnly: false });
  tx.patch(id, { a: 1, missing: undefined });
  tx.replace(id, { nested: { list: [1] }, a: 1 });
  expect(tx.usage).toMatchObject({ documentsRead: 2, documentsWritten: 0 });
  expect(tx.commit("test:noop")).toBe(undefined);
  expect(tx.readSet.touchedBy(commitOf(database, (other) => other.patch(id, { a: 2 }))!)).toBe(true);
});

test("-0 and 0, 1 and 1n are different values to write", () => {
  const { database, id } = open();
  write(database, (tx) => tx.patch(id, { a: 0 }));
  expect(commitOf(database, (tx) => tx.patch(id, { a: -0 }))?.changes.length).toBe(1);
  expect(commitOf(database, (tx) => tx.patch(id, { a: NaN }))?.changes.length).toBe(1);
  expect(commitOf(database, (tx) => tx.patch(id, { a: NaN }))).toBe(undefined);
});

test("documents handed out and in are private copies", () => {
  const { database, id } = open();
  const given = { list: [1] };
  const made = write(database, (tx) => tx.insert("t", { given }));
  given.list.push(2);
  read(database, (tx) => {
    const copies = [
      tx.get(id),
      collect(tx.query(plan("t")))[0],
      tx.paginate(plan("t"), { numItems: 1, cursor: null }).page[0],
    ];
    for (const copy of copies) ((copy as Doc)["nested"] as { list: number[] }).list.push(9);
    expect(tx.get(id)?.["nested"]).toEqual({ list: [1] });
    expect(tx.get(made)?.["given"]).toEqual({ list: [1] });
  });
});

test("a nested run that fails takes back only its own writes, also the tables it made", () => {
  const { database, id } = open();
  const tx = database.begin({ readOnly: false });
  tx.patch(id, { a: 2 });
  const outer = tx.savepoint();
  tx.insert("made", { n: 1 });
  const inner = tx.savepoint();
  tx.patch(id, { a: 3 });
  tx.delete(id);
  tx.rollbackTo(inner);
  expect(tx.get(id)?.["a"]).toBe(2);
  expect(tx.count("made")).toBe(1);
  tx.rollbackTo(outer);
  expect(tx.query(plan("made")).next()).toBe(undefined);
  const commit = tx.commit("test:nested");
  expect(commit?.names).toEqual([]);
  expect(commit?.changes.map(({ table, after }) => [table, after?.["a"]])).toEqual([["t", 2]]);
  expect(database.catalogue.get("made")).toBe(undefined);
  expect(checkDatabase(database)).toEqual([]);
});

test("an aborted transaction leaves nothing, and its end frees the way for the next", () => {
  const { database, id } = open();
  const tx = database.begin({ readOnly: false });
  tx.patch(id, { a: 2 });
  expect(() => database.begin({ readOnly: true })).toThrowError(/a writing one is open/);
  tx.abort();
  expect(() => tx.get(id)).toThrowError(/it has ended/);
  expect(read(database, (next) => next.get(id)?.["a"])).toBe(1);
});

test("a read-only transaction that ends late undoes nothing of others", () => {
  const { database, id } = open();
  const reader = database.begin({ readOnly: true });
  const writer = database.begin({ readOnly: false });
  writer.patch(id, { a: 5 });
  reader.abort();
  writer.commit("test:late");
  expect(read(database, (tx) => tx.get(id)?.["a"])).toBe(5);
  expect(() => database.begin({ readOnly: true }).insert("t", {})).toThrowError(/read-only/);
});

test("a commit tells each document once, from what it was to what it is", () => {
  const { database, id, clock } = open();
  database.setSchema(schemaOf({ t: { indexes: { by_a: ["a"] } } }));
  clock.now += 1000;
  const tx = database.begin({ readOnly: false });
  tx.patch(id, { a: 7 });
  tx.patch(id, { a: 8, b: 1 });
  const shortLived = tx.insert("t", { a: 1 });
  tx.delete(shortLived);
  const commit = tx.commit("jobs:update");
  expect(commit).toMatchObject({ source: "jobs:update", ts: clock.now * 1000, names: [] });
  expect(commit?.changes.length).toBe(1);
  const [change] = commit?.changes ?? [];
  expect([change?.table, change?.id, change?.before?.["a"], change?.after?.["a"]]).toEqual(["t", id, 1, 8]);
  const [creation, byA] = change?.moves ?? [];
  expect(creation?.remove).toBe(creation?.add);
  expect(byA?.remove !== undefined && byA.add !== undefined && byA.remove < byA.add).toBe(true);
  expect(database.head).toBe(clock.now * 1000);
});

test("writes that cancel out commit nothing", () => {
  const { database, id } = open();
  const head = database.head;
  const commit = commitOf(database, (tx) => {
    tx.patch(id, { a: 2 });
    tx.patch(id, { a: 1 });
    tx.delete(tx.insert("t", {}));
  });
  expect([commit, database.head]).toEqual([undefined, head]);
  expect(checkDatabase(database)).toEqual([]);
});

test("db.system reads scheduled functions, and storage as an empty table", () => {
  const { database, job, secret } = open();
  read(database, (tx) => {
    expect(pluck(collect(tx.query(plan("_scheduled_functions"), true)), "name")).toEqual(["a:b"]);
    expect(tx.get(job, undefined, true)?.["name"]).toBe("a:b");
    expect(tx.get(secret, undefined, true)).toBeNull();
    expect(collect(tx.query(plan("_storage"), true))).toEqual([]);
    expect(tx.normalizeId("_scheduled_functions", job, true)).toBe(job);
  });
});

test.each<[string, (ids: Opened) => [string, string], boolean]>([
  ["an id of the table", ({ id }) => ["t", id], true],
  ["an id of another table", ({ other }) => ["t", other], false],
  ["an id of a deleted document", ({ gone }) => ["t", gone], true],
  ["a text that is no id", () => ["t", "hello"], false],
  ["a missing table", ({ id }) => ["none", id], false],
])("normalizeId of %s", (_name, args, isFound) => {
  const opened = open();
  const [table, id] = args(opened);
  expect(read(opened.database, (tx) => tx.normalizeId(table, id))).toBe(isFound ? id : null);
});

test("each nested function may paginate once", () => {
  const { database } = open();
  const tx = database.begin({ readOnly: true });
  const paginate = () => tx.paginate(plan("t"), { numItems: 1, cursor: null });
  paginate();
  const leave = tx.enterFunction();
  paginate();
  expect(paginate).toThrowError(/multiple paginated/);
  leave();
  expect(paginate).toThrowError(/multiple paginated/);
});

test("several streams are open at once and see writes ahead of them", () => {
  const { database } = openTestDatabase();
  const tx = database.begin({ readOnly: false });
  for (const n of [1, 2, 3]) tx.insert("t", { n });
  const up = tx.query(plan("t"));
  const down = tx.query(plan("t", { order: "desc" }));
  expect([up.next()?.["n"], down.next()?.["n"]]).toEqual([1, 3]);
  tx.insert("t", { n: 4 });
  tx.delete(collect(tx.query(plan("t")))[1]?._id ?? "");
  expect(pluck(collect(up), "n")).toEqual([3, 4]);
  expect(pluck(collect(down), "n")).toEqual([1]);
});

test("limits and filters work in the order of their calls", () => {
  const { database } = openTestDatabase();
  write(database, (tx) => [1, 2, 3, 4, 5, 6].map((n) => tx.insert("t", { n })));
  const large = {
    filter: { op: "gt", left: { op: "field", path: ["n"] }, right: { op: "literal", value: 2 } },
  } as const;
  const find = (...operators: ({ readonly limit: number } | typeof large)[]) =>
    read(database, (tx) => [pluck(collect(tx.query(plan("t", { operators }))), "n"), tx.usage.documentsRead]);
  expect(find({ limit: 3 }, large)).toEqual([[3], 3]);
  expect(find(large, { limit: 3 })).toEqual([[3, 4, 5], 5]);
  expect(find({ limit: 5 }, large, { limit: 1 })).toEqual([[3], 3]);
});

test.each([
  [
    "add of a string",
    { op: "add", left: { op: "literal", value: "a" }, right: { op: "literal", value: 1 } },
    "got string and float64",
  ],
  [
    "add of 1 and 1n",
    { op: "add", left: { op: "literal", value: 1 }, right: { op: "literal", value: 1n } },
    "got float64 and int64",
  ],
  [
    "mul of a missing field",
    { op: "mul", left: { op: "field", path: ["x"] }, right: { op: "literal", value: 1 } },
    "got undefined and float64",
  ],
  [
    "division by 0n",
    { op: "div", left: { op: "literal", value: 1n }, right: { op: "literal", value: 0n } },
    "divisor is 0n",
  ],
  ["int64 overflow", { op: "neg", operand: { op: "literal", value: -(2n ** 63n) } }, "does not fit into 64 bits"],
  ["a number as condition", { op: "literal", value: 1 }, "float64 is not a boolean"],
] as const)("filter with %s is a user error", (_name, filter, message) => {
  const { database } = open();
  expect(() => read(database, (tx) => collect(tx.query(plan("t", { operators: [{ filter }] }))))).toThrowError(
    expect.objectContaining({ name: "UserError", message: expect.stringContaining(message) as string }),
  );
});
