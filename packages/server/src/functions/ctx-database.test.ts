/**
 * Conformance of `ctx.db`: each case is the body of a handler, run over a memory database with a schema.
 *
 * Expected values and error texts are those of `convex/server` and Convex's backend.
 */
import { beforeAll, expect, test } from "vitest";
import { openTexts } from "../testing/app-harness.ts";
import type { TestApp } from "../testing/app-harness.ts";

/** Before each case: rooms "a" (open, 3 seats), "b" (closed, no seats), "c" (open, 1 seat), and one user. */
const PROLOGUE = `
  const ids = {};
  for (const room of [{ name: "a", open: true, seats: 3 }, { name: "b", open: false }, { name: "c", open: true, seats: 1 }]) {
    ids[room.name] = await ctx.db.insert("rooms", room);
  }
  const user = await ctx.db.insert("users", { email: "u@x", profile: { age: 7n } });
  const names = (rooms) => rooms.map((room) => room.name).join("");
  const rooms = () => ctx.db.query("rooms");
`;

const SCHEMA = `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({
  rooms: defineTable({ name: v.string(), open: v.boolean(), seats: v.optional(v.number()) })
    .index("by_name", ["name"])
    .index("by_open_seats", ["open", "seats"]),
  users: defineTable({ email: v.string(), profile: v.object({ age: v.int64() }) }).index("by_age", ["profile.age"]),
});
`;

const WORKS: readonly { readonly name: string; readonly body: string; readonly gives: unknown }[] = [
  { name: "get by id", body: `return (await ctx.db.get(ids.a)).name`, gives: "a" },
  { name: "get with the table first", body: `return (await ctx.db.get("rooms", ids.b)).name`, gives: "b" },
  {
    name: "get of a deleted document",
    body: `await ctx.db.delete(ids.a); return await ctx.db.get(ids.a)`,
    gives: null,
  },
  { name: "table().get", body: `return (await ctx.db.table("rooms").get(ids.c)).name`, gives: "c" },
  { name: "table().query", body: `return names(await ctx.db.table("rooms").query().collect())`, gives: "abc" },
  { name: "methods taken off db", body: `const { get } = ctx.db; return (await get(ids.a)).name`, gives: "a" },
  { name: "collect", body: `return names(await rooms().collect())`, gives: "abc" },
  { name: "fullTableScan", body: `return names(await rooms().fullTableScan().collect())`, gives: "abc" },
  { name: "order", body: `return names(await rooms().order("desc").collect())`, gives: "cba" },
  { name: "take", body: `return names(await rooms().take(2))`, gives: "ab" },
  { name: "take(0)", body: `return names(await rooms().take(0))`, gives: "" },
  { name: "limit", body: `return names(await rooms().limit(2).collect())`, gives: "ab" },
  { name: "first", body: `return (await rooms().first()).name`, gives: "a" },
  {
    name: "first of nothing",
    body: `return await ctx.db.query("users").filter((q) => q.eq(1, 2)).first()`,
    gives: null,
  },
  {
    name: "unique",
    body: `return (await rooms().withIndex("by_name", (q) => q.eq("name", "b")).unique()).name`,
    gives: "b",
  },
  {
    name: "unique of nothing",
    body: `return await rooms().filter((q) => q.eq(q.field("name"), "z")).unique()`,
    gives: null,
  },
  { name: "count", body: `return await rooms().count()`, gives: 3 },
  {
    name: "async iteration stops early",
    body: `const seen = []; for await (const room of rooms()) { seen.push(room.name); if (seen.length === 2) break; } return seen`,
    gives: ["a", "b"],
  },
  {
    name: "next() without a loop",
    body: `const q = rooms().order("desc"); const one = await q.next(); return [one.done, one.value.name]`,
    gives: [false, "c"],
  },
  {
    name: "index without a range",
    body: `return names(await rooms().withIndex("by_name").order("desc").collect())`,
    gives: "cba",
  },
  {
    name: "index with bounds",
    body: `return names(await rooms().withIndex("by_open_seats", (q) => q.eq("open", true).gt("seats", 1)).collect())`,
    gives: "a",
  },
  {
    name: "index finds a missing field as undefined",
    body: `return names(await rooms().withIndex("by_open_seats", (q) => q.eq("open", false).eq("seats", undefined)).collect())`,
    gives: "b",
  },
  {
    name: "index over a nested field",
    body: `return (await ctx.db.query("users").withIndex("by_age", (q) => q.gte("profile.age", 7n).lt("profile.age", 8n)).first()).email`,
    gives: "u@x",
  },
  {
    name: "by_creation_time",
    body: `return names(await rooms().withIndex("by_creation_time", (q) => q.gt("_creationTime", 0)).take(1))`,
    gives: "a",
  },
  {
    name: "an index goes on in _creationTime, then _id",
    body: `const { seats, _creationTime: time, _id } = await ctx.db.get(ids.c); return names(await rooms().withIndex("by_open_seats", (q) => q.eq("open", true).eq("seats", seats).eq("_creationTime", time).gte("_id", _id)).collect())`,
    gives: "c",
  },
  {
    name: "by_creation_time goes on in _id",
    body: `const { _creationTime: time, _id } = await ctx.db.get(ids.b); return names(await rooms().withIndex("by_creation_time", (q) => q.eq("_creationTime", time).eq("_id", _id)).collect())`,
    gives: "b",
  },
  {
    name: "the first page, after a cursor was refused",
    body: `try { await rooms().paginate({ numItems: 2, cursor: "stale" }) } catch (error) { return [error.message.includes("InvalidCursor"), names((await rooms().paginate({ numItems: 2, cursor: null })).page)] }`,
    gives: [true, "ab"],
  },
  {
    name: "filter with logic",
    body: `return names(await rooms().filter((q) => q.and(q.eq(q.field("open"), true), q.not(q.lt(q.field("seats"), 2)))).collect())`,
    gives: "a",
  },
  {
    name: "filter with arithmetic",
    body: `return names(await rooms().withIndex("by_name", (q) => q.gt("name", "")).filter((q) => q.neq(q.field("name"), "b")).filter((q) => q.eq(q.mod(q.add(q.mul(q.field("seats"), 2), q.neg(1)), 4), 1)).collect())`,
    gives: "ac",
  },
  {
    name: "filter with or and a missing field",
    body: `return names(await rooms().filter((q) => q.or(q.eq(q.field("seats"), undefined), q.gte(q.field("seats"), 3))).collect())`,
    gives: "ab",
  },
  {
    name: "filters and limits in the order written",
    body: `return names(await rooms().limit(2).filter((q) => q.eq(q.field("open"), false)).collect())`,
    gives: "b",
  },
  {
    name: "paginate",
    body: `const one = await rooms().paginate({ numItems: 2, cursor: null }); return [names(one.page), one.isDone]`,
    gives: ["ab", false],
  },
  {
    name: "patch merges, undefined removes",
    body: `await ctx.db.patch(ids.a, { seats: undefined, open: false }); const { name, open, seats } = await ctx.db.get(ids.a); return { name, open, seats }`,
    gives: { name: "a", open: false },
  },
  {
    name: "patch with the table first",
    body: `await ctx.db.patch("rooms", ids.a, { name: "z" }); return (await ctx.db.get(ids.a)).name`,
    gives: "z",
  },
  {
    name: "replace",
    body: `await ctx.db.replace(ids.a, { name: "z", open: false }); return (await ctx.db.get(ids.a)).seats ?? "gone"`,
    gives: "gone",
  },
  {
    name: "delete with the table first",
    body: `await ctx.db.delete("rooms", ids.b); return names(await rooms().collect())`,
    gives: "ac",
  },
  {
    name: "table() writes",
    body: `const t = ctx.db.table("rooms"); const id = await t.insert({ name: "d", open: true }); await t.patch(id, { name: "e" }); await t.delete(ids.a); return names(await t.query().collect())`,
    gives: "bce",
  },
  {
    name: "writes that nobody awaits take part",
    body: `ctx.db.patch(ids.a, { name: "q" }); return (await ctx.db.get(ids.a)).name`,
    gives: "q",
  },
  {
    name: "documents are private copies",
    body: `const one = await ctx.db.get(ids.a); one.name = "changed"; return (await ctx.db.get(ids.a)).name`,
    gives: "a",
  },
  {
    name: "what was inserted is not the caller's object",
    body: `const value = { email: "v", profile: { age: 1n } }; const id = await ctx.db.insert("users", value); value.profile.age = 2n; return Number((await ctx.db.get(id)).profile.age)`,
    gives: 1,
  },
  {
    name: "normalizeId",
    body: `return [ctx.db.normalizeId("rooms", ids.a) === ids.a, ctx.db.normalizeId("users", ids.a), ctx.db.normalizeId("rooms", "nonsense")]`,
    gives: [true, null, null],
  },
  { name: "system tables", body: `return await ctx.db.system.query("_scheduled_functions").collect()`, gives: [] },
  { name: "a bigint and bytes come back", body: `return (await ctx.db.get(user)).profile.age`, gives: 7n },
];

const FAILS: readonly { readonly name: string; readonly body: string; readonly says: string }[] = [
  { name: "get without id", body: `await ctx.db.get()`, says: "Must provide arg 1 `id` to `get`" },
  {
    name: "get of a number",
    body: `await ctx.db.get(5)`,
    says: "Invalid argument `id` for `db.get`, expected string but got 'number': 5",
  },
  { name: "get of nonsense", body: `await ctx.db.get("nonsense")`, says: "Unable to decode ID" },
  {
    name: "unique of several",
    body: `await rooms().unique()`,
    says: "unique() query returned more than one result from table rooms:\n [",
  },
  {
    name: "unknown index",
    body: `await rooms().withIndex("by_color").collect()`,
    says: "Index rooms.by_color not found.",
  },
  {
    name: "withIndex without a name",
    body: `rooms().withIndex()`,
    says: "Must provide arg 1 `indexName` to `withIndex`",
  },
  {
    name: "take of a fraction",
    body: `await rooms().take(1.5)`,
    says: "Arg 1 `n` to `take` must be a non-negative integer",
  },
  { name: "take without a number", body: `await rooms().take()`, says: "Must provide arg 1 `n` to `take`" },
  {
    name: "two orders",
    body: `rooms().order("asc").order("desc")`,
    says: "Queries may only specify order at most once",
  },
  {
    name: "a query chained twice",
    body: `const q = rooms().order("asc"); q.limit(1); q.limit(2)`,
    says: "A query can only be chained once and can't be chained after iteration begins.",
  },
  {
    name: "a chained query consumed",
    body: `const q = rooms().order("asc"); q.limit(1); await q.collect()`,
    says: "This query has been chained with another operator and can't be reused.",
  },
  {
    name: "a consumed query consumed again",
    body: `const q = rooms().order("asc"); await q.collect(); await q.collect()`,
    says: "This query is closed and can't emit any more values.",
  },
  {
    name: "two iterations of a query at once",
    body: `const q = rooms().order("asc"); await q.next(); await q.collect()`,
    says: "Iteration can only begin on a query once.",
  },
  {
    name: "a range builder used twice",
    body: `await rooms().withIndex("by_open_seats", (q) => { q.eq("open", true); return q.eq("open", false); }).collect()`,
    says: "IndexRangeBuilder has already been used!",
  },
  {
    name: "too many operators",
    body: `let q = rooms().limit(10); for (let n = 0; n < 300; n++) q = q.limit(10);`,
    says: "Can't construct query with more than 256 operators",
  },
  {
    name: "negative page",
    body: `await rooms().paginate({ numItems: -1, cursor: null })`,
    says: "`options.numItems` must be a positive number. Received `-1`.",
  },
  {
    name: "paginate without options",
    body: `await rooms().paginate()`,
    says: "Must provide arg 1 `options` to `paginate`",
  },
  { name: "a bad cursor", body: `await rooms().paginate({ numItems: 1, cursor: "zzz" })`, says: "InvalidCursor" },
  {
    name: "insert without a value",
    body: `await ctx.db.insert("rooms")`,
    says: "Must provide arg 2 `value` to `insert`",
  },
  {
    name: "insert into a system table",
    body: `await ctx.db.insert("_x", {})`,
    says: "System tables (prefixed with `_`) are read-only.",
  },
  {
    name: "insert against the schema",
    body: `await ctx.db.insert("rooms", { name: "d" })`,
    says: 'Failed to insert or update a document in table "rooms" because it does not match the schema: Object is missing the required field `open`.',
  },
  {
    name: "insert of a date",
    body: `await ctx.db.insert("rooms", { name: new Date(), open: true })`,
    says: "is not a supported Convex type",
  },
  { name: "patch without an id", body: `await ctx.db.patch()`, says: "Must provide arg 1 `id` to `patch`" },
  {
    name: "patch of a missing document",
    body: `await ctx.db.delete(ids.a); await ctx.db.patch(ids.a, {})`,
    says: "Update on nonexistent document ID",
  },
  {
    name: "replace of a missing document",
    body: `await ctx.db.delete(ids.a); await ctx.db.replace(ids.a, { name: "", open: true })`,
    says: "Replace on nonexistent document ID",
  },
  {
    name: "delete of a missing document",
    body: `await ctx.db.delete(ids.a); await ctx.db.delete(ids.a)`,
    says: "Delete on nonexistent document ID",
  },
  {
    name: "user table through db.system",
    body: `ctx.db.system.query("rooms")`,
    says: "User tables can only be accessed from db.query().",
  },
  {
    name: "system table through db",
    body: `ctx.db.query("_storage")`,
    says: "System tables can only be accessed from db.system.query().",
  },
  {
    name: "normalizeId of a system table",
    body: `ctx.db.normalizeId("_storage", "x")`,
    says: "System tables can only be accessed from db.system.normalizeId().",
  },
  {
    name: "text search",
    body: `rooms().withSearchIndex("search", (q) => q.search("name", "x"))`,
    says: 'Text search (index "rooms.search") is not available',
  },
  {
    name: "a file's id that is none",
    body: `await ctx.storage.getUrl("x")`,
    says: 'Invalid argument `storageId` for `storage.getUrl`: Invalid storage ID "x": Unable to decode ID: Invalid ID length 1',
  },
  {
    name: "a file's id of another table",
    body: `await ctx.storage.getUrl(await ctx.db.insert("rooms", { name: "x", open: true }))`,
    says: 'is from table "rooms"; should be from table "_storage"',
  },
  {
    name: "a query as the result",
    body: `return rooms()`,
    says: "Return value is a Query. Results must be retrieved with",
  },
];

let app: TestApp;
beforeAll(async () => {
  const cases = [...WORKS, ...FAILS].map(
    ({ body }, index) => `export const case${index} = mutation(async (ctx) => {${PROLOGUE}${body}\n});`,
  );
  app = await openTexts({
    "schema.ts": SCHEMA,
    "cases.js": `import { mutationGeneric as mutation } from "convex/server";\n${cases.join("\n")}`,
    "reads.js": `import { queryGeneric as query } from "convex/server";
      export const write = query(async (ctx) => ctx.db.insert("rooms", { name: "x", open: true }));
      export const has = query(async (ctx) => Object.keys(ctx).sort().concat(Object.keys(ctx.db).sort()));`,
  });
});

/** Runs a case and undoes it. */
async function run(index: number) {
  const result = await app.mutation(`cases:case${index}`);
  const tx = app.database.begin({ readOnly: false });
  for (const table of ["rooms", "users"]) {
    const stream = tx.query({ table, index: "by_creation_time", range: [], order: "asc", operators: [] });
    for (let doc = stream.next(); doc !== undefined; doc = stream.next()) tx.delete(doc._id);
  }
  tx.commit("clean up");
  return result;
}

test.each(WORKS.map((entry, index) => ({ ...entry, index })))("$name", async ({ index, gives }) => {
  const result = await run(index);
  expect(result.error).toBeUndefined();
  expect(result.value).toEqual(gives);
});

test.each(FAILS.map((entry, index) => ({ ...entry, index: WORKS.length + index })))(
  "$name fails",
  async ({ index, says }) => {
    const result = await run(index);
    expect(result.error).toContain(says);
    expect(result.error).toMatch(/^\[Request ID: 0123456789abcdef\] Server Error\nUncaught (Type)?Error: /);
    if (!says.startsWith("Return value"))
      expect(result.error).toMatch(/\n {4}at (async )?<anonymous> \(\.\.\/convex\/cases\.js:\d+:\d+\)\n/);
  },
);

test("queries have no writing methods", async () => {
  expect((await app.query("reads:write")).error).toContain("Uncaught TypeError: ctx.db.insert is not a function");
  expect((await app.query("reads:has")).value).toEqual(
    ["auth", "db", "meta", "runQuery", "storage"].concat("get", "normalizeId", "query", "system", "table"),
  );
});
