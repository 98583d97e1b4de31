import { expect, test } from "vitest";
import { canonicalFunctionPath, isValidFieldName, isValidIndexName, isValidTableName } from "./name.ts";

test.each([
  { path: "messages:list", canonical: "messages:list" },
  { path: "messages.js:list", canonical: "messages:list" },
  { path: "dir/mod:fn", canonical: "dir/mod:fn" },
  { path: "a/b", canonical: "a/b:default" },
  { path: "a/b.js", canonical: "a/b:default" },
  { path: "a/b:default", canonical: "a/b:default" },
  { path: "a/b.js:default", canonical: "a/b:default" },
])("the canonical form of $path is $canonical", ({ path, canonical }) => {
  expect(canonicalFunctionPath(path)).toBe(canonical);
  expect(canonicalFunctionPath(canonical)).toBe(canonical);
});

test.each([
  { name: "messages", table: true, index: true, field: true },
  { name: "A_1", table: true, index: true, field: true },
  { name: "by_id", table: true, index: false, field: true },
  { name: "_storage", table: false, index: false, field: false },
  { name: "", table: false, index: false, field: false },
  { name: "1a", table: false, index: false, field: false },
  { name: "a-b", table: false, index: false, field: false },
  { name: "é", table: false, index: false, field: false },
  { name: "a\n", table: false, index: false, field: false },
  { name: "a".repeat(64), table: true, index: true, field: true },
  { name: "a".repeat(65), table: false, index: false, field: false },
])("$name as a name: table $table, index $index, field $field", ({ name, table, index, field }) => {
  expect([isValidTableName(name), isValidIndexName(name), isValidFieldName(name)]).toEqual([table, index, field]);
});
