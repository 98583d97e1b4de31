import { convexToJson, jsonToConvex } from "convex/values";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalValue, checkDocument, checkValue } from "./check-value.ts";
import { valuesEqual } from "./compare.ts";
import { stringifyValue } from "./json.ts";
import { CONVEX_LIMITS as limits } from "./limits.ts";
import { sizeOfDocument } from "./size.ts";
import { anyValue } from "./arbitraries.testing.ts";
import type { Doc, Value } from "./value.ts";

const doc = (fields: { [field: string]: Value }): Doc => ({ _id: "i".repeat(32), _creationTime: 1, ...fields });

/** Arrays inside one another: `levels` of them. */
function nested(levels: number): Value {
  let value: Value = 1;
  for (let n = 0; n < levels; n++) value = [value];
  return value;
}

function wideObject(fields: number): { [field: string]: Value } {
  return Object.fromEntries(Array.from({ length: fields }, (_, n) => [`f${n}`, null]));
}

test.each<{ name: string; good: Value; bad: Value; error: string }>([
  {
    name: "nesting",
    good: nested(16),
    bad: nested(17),
    error: "Document is too nested (nested 17 levels deep > maximum nesting 16)",
  },
  {
    name: "array items",
    good: Array<Value>(8_192).fill(null),
    bad: Array<Value>(8_193).fill(null),
    error: "Array length is too long (8193 > maximum length 8192)",
  },
  {
    name: "object fields",
    good: wideObject(1_024),
    bad: wideObject(1_025),
    error: "Object has too many fields (1025 > maximum number 1024)",
  },
  {
    name: "length of a nested name",
    good: { ["x".repeat(1_024)]: 1 },
    bad: { ["x".repeat(1_025)]: 1 },
    error: `Field name ${"x".repeat(1_025)} exceeds maximum field name length 1024.`,
  },
  {
    name: "half of a surrogate pair",
    good: ["\ud83d\ude00"],
    bad: ["\ude00"],
    error: "String is not valid Unicode: it has half of a surrogate pair",
  },
  { name: "empty nested name", good: { a: 1 }, bad: [{ "": 1 }], error: "Field name cannot be empty." },
  {
    name: "size",
    good: "x".repeat(1_048_574),
    bad: "x".repeat(1_248_574),
    error: "Value is too large (1.19 MiB > maximum size 1 MiB)",
  },
])("$name: fits at the limit and not beyond", ({ good, bad, error }) => {
  expect(checkValue(good, limits)).toBeUndefined();
  expect(checkValue(bad, limits)).toBe(error);
});

test("a document fits at one MiB and not one byte beyond", () => {
  const empty = sizeOfDocument(doc({ text: "" }));
  expect(checkDocument(doc({ text: "x".repeat(1_048_576 - empty) }), limits)).toBeUndefined();
  expect(checkDocument(doc({ text: "x".repeat(1_048_577 - empty) }), limits)).toMatch(/^Value is too large \(1 MiB > /);
});

test("the document itself is a level of nesting", () => {
  expect(checkDocument(doc({ a: nested(15) }), limits)).toBeUndefined();
  expect(checkDocument(doc({ a: nested(16) }), limits)).toContain("nested 17 levels deep");
});

test.each([
  { name: "a", error: undefined },
  { name: "camelCase_9", error: undefined },
  { name: "x".repeat(64), error: undefined },
  { name: "x".repeat(65), error: `Field name ${"x".repeat(65)} is too long (65 > maximum 64).` },
  {
    name: "_hidden",
    error: "Field '_hidden' starts with an underscore, which is only allowed for system fields like '_id'.",
  },
  { name: "9lives", error: "Field name '9lives' is not a valid identifier" },
  { name: "two words", error: "Field name 'two words' is not a valid identifier" },
  { name: "a.b", error: "Field name 'a.b' is not a valid identifier" },
  { name: "", error: "Field name cannot be empty." },
])("a document's field may be called $name: $error", ({ name, error }) => {
  const result = checkDocument(doc({ [name]: 1 }), limits);
  if (error === undefined) expect(result).toBeUndefined();
  else expect(result).toContain(error);
});

test("a nested field may have any printable name", () => {
  expect(checkDocument(doc({ a: { "two words": 1, _x: 2, "9": 3 } }), limits)).toBeUndefined();
});

test("canonicalValue gives an equal private copy with sorted fields", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const copy = canonicalValue(value);
      expect(valuesEqual(copy, value)).toBe(true);
      if (typeof value === "object" && value !== null) expect(copy).not.toBe(value);
    }),
  );
});

test("canonicalValue does what a round trip through convex/values does", () => {
  const input = { b: 1, a: [{ d: undefined, c: 1n }], u: undefined, n: -0 };
  const expected = jsonToConvex(convexToJson(input));
  expect(canonicalValue(input)).toEqual(expected);
  expect(JSON.stringify(Object.keys(canonicalValue(input) as object))).toBe('["a","b","n"]');
});

test.each([
  { name: "undefined", value: undefined },
  { name: "a Date", value: { when: new Date(0) } },
  { name: "a $ field", value: { a: { $b: 1 } } },
  { name: "a large int64", value: 2n ** 63n },
])("canonicalValue refuses $name with the text of convex/values", ({ value }) => {
  let expected = "";
  try {
    convexToJson(value as Value);
  } catch (error) {
    expected = (error as Error).message;
  }
  expect(expected).not.toBe("");
  expect(() => canonicalValue(value)).toThrow(expected);
});

test("a hole in an array is null", () => {
  const holey: Value[] = [1];
  holey[2] = 2;
  expect(canonicalValue(holey)).toEqual([1, null, 2]);
  expect(stringifyValue(holey)).toBe("[1,null,2]");
});

test("canonicalValue refuses a cycle", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  expect(() => canonicalValue(cycle)).toThrow("too nested");
});
