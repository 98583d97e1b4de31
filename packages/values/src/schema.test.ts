import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { expect, test } from "vitest";
import { CONVEX_LIMITS } from "./limits.ts";
import { checkSchema, parseSchema } from "./schema.ts";
import type { DbIndexJson, SchemaJson, SearchIndexJson, TableSchemaJson, VectorIndexJson } from "./schema.ts";

function exported(schema: unknown): SchemaJson {
  return parseSchema(JSON.parse((schema as { export(): string }).export()));
}

test("parses what defineSchema exports", () => {
  const schema = exported(
    defineSchema({
      messages: defineTable({ author: v.id("users"), body: v.string(), vector: v.array(v.number()) })
        .index("by_author", ["author", "body"])
        .index("staged", { fields: ["body"], staged: true })
        .searchIndex("search_body", { searchField: "body", filterFields: ["author"] })
        .vectorIndex("by_vector", { vectorField: "vector", dimensions: 16 }),
      users: defineTable(v.union(v.object({ a: v.number() }), v.object({ b: v.number() }))),
    }),
  );
  expect(schema.schemaValidation).toBe(true);
  expect(schema.tables.map((table) => table.tableName)).toEqual(["messages", "users"]);
  expect(schema.tables[0]).toMatchObject({
    indexes: [{ indexDescriptor: "by_author", fields: ["author", "body"] }],
    stagedDbIndexes: [{ indexDescriptor: "staged", fields: ["body"] }],
    searchIndexes: [{ indexDescriptor: "search_body", searchField: "body", filterFields: ["author"] }],
    vectorIndexes: [{ indexDescriptor: "by_vector", vectorField: "vector", dimensions: 16, filterFields: [] }],
  });
  expect(checkSchema(schema, CONVEX_LIMITS)).toBeUndefined();
});

test("schemaValidation can be off, and a table can take anything", () => {
  const schema = exported(defineSchema({ t: defineTable(v.any()) }, { schemaValidation: false }));
  expect(schema).toMatchObject({ schemaValidation: false, tables: [{ documentType: { type: "any" } }] });
});

test.each([
  { name: "no object", json: [], message: "Cannot parse schema: should be an object" },
  { name: "no tables", json: {}, message: "Cannot parse schema.tables: should be an array" },
  {
    name: "a nameless table",
    json: { tables: [{}] },
    message: "Cannot parse schema.tables[0].tableName: should be a string",
  },
  {
    name: "fields that are no texts",
    json: { tables: [{ tableName: "t", indexes: [{ indexDescriptor: "i", fields: [1] }] }] },
    message: "Cannot parse schema.tables[0].indexes[0].fields[0]: should be a string",
  },
  {
    name: "documents that are texts",
    json: { tables: [{ tableName: "t", indexes: [], documentType: { type: "string" } }] },
    message: "Cannot parse schema.tables[0].documentType: should be v.any(), v.object(…) or a v.union(…) of these",
  },
  {
    name: "a vector without dimensions",
    json: { tables: [{ tableName: "t", indexes: [], vectorIndexes: [{ indexDescriptor: "i", vectorField: "f" }] }] },
    message: "dimensions: should be an integer from 2 to 4096",
  },
])("parseSchema refuses $name", ({ json, message }) => {
  expect(() => parseSchema(json)).toThrow(message);
});

const db = (indexDescriptor: string, ...fields: string[]): DbIndexJson => ({ indexDescriptor, fields });
const search = (indexDescriptor: string, searchField: string, filterFields: string[] = []): SearchIndexJson => ({
  indexDescriptor,
  searchField,
  filterFields,
});
const vector = (indexDescriptor: string, vectorField: string): VectorIndexJson => ({
  indexDescriptor,
  vectorField,
  dimensions: 4,
  filterFields: [],
});
const many = (count: number): string[] => Array.from({ length: count }, (_, n) => `f${n}`);

function check(part: Partial<TableSchemaJson>): string | undefined {
  const table: TableSchemaJson = {
    tableName: "t",
    indexes: [],
    stagedDbIndexes: [],
    searchIndexes: [],
    stagedSearchIndexes: [],
    vectorIndexes: [],
    stagedVectorIndexes: [],
    documentType: null,
    ...part,
  };
  return checkSchema({ tables: [table], schemaValidation: true }, CONVEX_LIMITS);
}

test.each<{ name: string; part: Partial<TableSchemaJson>; error: string }>([
  {
    name: "an index without fields",
    part: { indexes: [db("i")] },
    error: 'In index "t.i": index must have at least one field.',
  },
  {
    name: "a field twice",
    part: { indexes: [db("i", "a", "a")] },
    error: 'In index "t.i": field "a" appears more than once.',
  },
  { name: "the same fields twice", part: { indexes: [db("i", "a"), db("j", "a")] }, error: "have the same fields" },
  {
    name: "the same fields in a staged index",
    part: { indexes: [db("i", "a")], stagedDbIndexes: [db("j", "a")] },
    error: "have the same fields",
  },
  { name: "_id as a field", part: { indexes: [db("i", "_id")] }, error: '"_id" cannot be used as an index field' },
  {
    name: "_creationTime as a field",
    part: { indexes: [db("i", "a", "_creationTime")] },
    error: "is automatically added to the end of each index",
  },
  { name: "a hidden field", part: { indexes: [db("i", "a._x")] }, error: '"a._x" is not a valid index field' },
  { name: "an empty path part", part: { indexes: [db("i", "a..b")] }, error: '"a..b" is not a valid index field' },
  { name: "by_id", part: { indexes: [db("by_id", "a")] }, error: '"by_id" is a reserved index name' },
  {
    name: "by_creation_time",
    part: { searchIndexes: [search("by_creation_time", "a")] },
    error: "reserved index name",
  },
  { name: "a leading underscore", part: { indexes: [db("_i", "a")] }, error: "starts with an underscore" },
  {
    name: "a name twice",
    part: { indexes: [db("i", "a")], searchIndexes: [search("i", "b")] },
    error: 'two or more definitions of index "i"',
  },
  {
    name: "17 fields",
    part: { indexes: [db("i", ...many(17))] },
    error: "index has 17 fields, but the maximum number of fields per index is 16",
  },
  {
    name: "17 filter fields",
    part: { searchIndexes: [search("i", "a", many(17))] },
    error: "index has 17 filter fields, but the maximum is 16",
  },
  {
    name: "a filter field twice",
    part: { searchIndexes: [search("i", "a", ["b", "b"])] },
    error: 'field "b" appears more than once',
  },
  {
    name: "65 indexes",
    part: { indexes: many(65).map((field) => db(field, field)) },
    error: "has 65 indexes, but the maximum number of indexes per table is 64",
  },
  {
    name: "a search field twice",
    part: { searchIndexes: [search("i", "a"), search("j", "a")] },
    error: 'have the same search field "a"',
  },
  {
    name: "a vector field twice",
    part: { vectorIndexes: [vector("i", "a")], stagedVectorIndexes: [vector("j", "a")] },
    error: 'have the same vector field "a"',
  },
  {
    name: "a bad table name",
    part: { tableName: "my-table" },
    error: "Table name 'my-table' is not a valid identifier",
  },
  {
    name: "a hidden table",
    part: { tableName: "_t" },
    error: "starts with an underscore, which is reserved for system names",
  },
  { name: "a long table name", part: { tableName: "t".repeat(65) }, error: "is too long (65 > maximum 64)" },
])("checkSchema refuses $name", ({ part, error }) => {
  expect(check(part)).toContain(error);
});

test("checkSchema accepts what is just allowed", () => {
  expect(check({ tableName: "t".repeat(64) })).toBeUndefined();
  expect(check({ indexes: [db("i", ...many(16)), db("j", "a.b.c", "a")] })).toBeUndefined();
  expect(check({ indexes: many(64).map((field) => db(field, field)) })).toBeUndefined();
  expect(
    check({ indexes: [db("i", "a", "b"), db("j", "b", "a")], searchIndexes: [search("k", "a", many(16))] }),
  ).toBeUndefined();
});

test("checkSchema refuses a table defined twice and too many tables", () => {
  const [table] = exported(defineSchema({ t: defineTable({}) })).tables as [TableSchemaJson];
  expect(checkSchema({ tables: [table, table], schemaValidation: true }, CONVEX_LIMITS)).toContain("more than once");
  const limits = { ...CONVEX_LIMITS, tablesMax: 1 };
  const other = { ...table, tableName: "u" };
  expect(checkSchema({ tables: [table, other], schemaValidation: true }, limits)).toContain(
    "The maximum number of tables is 1",
  );
});
