import { v } from "convex/values";
import type { GenericValidator } from "convex/values";
import { expect, test } from "vitest";
import { encodeId } from "./id.ts";
import { parseValue, stringifyValue } from "./json.ts";
import { matchesValidator, validateValue } from "./validate.ts";
import { parseValidator, printValidator } from "./validator-json.ts";
import type { Value } from "./value.ts";

const names: { readonly [tableNumber: number]: string } = { 10_001: "users", 10_002: "messages" };
const tables = { tableNameOf: (tableNumber: number) => names[tableNumber] };
const user = encodeId(10_001, new Uint8Array(16).fill(1));
const messageId = encodeId(10_002, new Uint8Array(16).fill(2));
const stranger = encodeId(10_099, new Uint8Array(16).fill(3));
const bytes = new ArrayBuffer(1);

/** The validator's JSON as an app exports it. `json` is what `convex/server` puts into a push; it is not in the public types. */
function jsonOf(validator: GenericValidator): unknown {
  return JSON.parse(JSON.stringify((validator as unknown as { json: unknown }).json));
}

function check(validator: GenericValidator, value: Value): string | undefined {
  return validateValue(parseValidator(jsonOf(validator)), value, tables)?.message;
}

test.each<{ name: string; validator: GenericValidator; good: Value[]; bad: Value[] }>([
  { name: "null", validator: v.null(), good: [null], bad: [0, "", false, {}] },
  { name: "float64", validator: v.number(), good: [0, -0, NaN, 1.5], bad: [1n, "1", null] },
  { name: "int64", validator: v.int64(), good: [0n], bad: [0, "0"] },
  { name: "boolean", validator: v.boolean(), good: [true, false], bad: [0, null] },
  { name: "string", validator: v.string(), good: ["", user], bad: [1, null, []] },
  { name: "bytes", validator: v.bytes(), good: [bytes], bad: ["AA==", [], {}] },
  { name: "any", validator: v.any(), good: [null, 1, {}, [1n], bytes], bad: [] },
  { name: "id", validator: v.id("users"), good: [user], bad: [messageId, stranger, "users", 1] },
  { name: "array", validator: v.array(v.number()), good: [[], [1, 2]], bad: [[1, "2"], {}, bytes, null] },
  { name: "literal text", validator: v.literal("a"), good: ["a"], bad: ["b", 1] },
  { name: "literal number", validator: v.literal(1), good: [1], bad: [1n, "1"] },
  { name: "literal int64", validator: v.literal(1n), good: [1n], bad: [1, 2n] },
  {
    name: "union",
    validator: v.union(v.string(), v.null()),
    good: ["", null],
    bad: [1, undefined as unknown as Value],
  },
  { name: "empty union", validator: v.union(), good: [], bad: [null, 1] },
  {
    name: "record",
    validator: v.record(v.string(), v.number()),
    good: [{}, { a: 1 }],
    bad: [{ a: "1" }, [], null, bytes],
  },
  {
    name: "record by id",
    validator: v.record(v.id("users"), v.any()),
    good: [{ [user]: 1 }],
    bad: [{ a: 1 }, { [messageId]: 1 }],
  },
  {
    name: "object",
    validator: v.object({ a: v.number(), b: v.optional(v.string()) }),
    good: [{ a: 1 }, { a: 1, b: "x" }, { a: 1, b: undefined } as unknown as Value],
    bad: [{}, { a: "1" }, { a: 1, b: 2 }, { a: 1, c: 1 }, [], null, { a: 1, b: null }],
  },
  {
    name: "object with inherited names",
    validator: v.object({}),
    good: [{}],
    bad: [{ toString: 1 }, { constructor: 1 }],
  },
  { name: "required inherited name", validator: v.object({ toString: v.any() }), good: [{ toString: 1 }], bad: [{}] },
])("$name accepts what it should", ({ validator, good, bad }) => {
  for (const value of good) expect(check(validator, value)).toBeUndefined();
  for (const value of bad) expect(check(validator, value)).toEqual(expect.any(String));
});

const optional = v.object({ a: v.optional(v.number()) });
test.each<{ name: string; validator: GenericValidator; value: unknown; matches: boolean }>([
  { name: "an optional field that is undefined", validator: optional, value: { a: undefined }, matches: true },
  { name: "an unknown field that is undefined", validator: optional, value: { b: undefined }, matches: true },
  {
    name: "a required field that is undefined",
    validator: v.object({ a: v.any() }),
    value: { a: undefined },
    matches: false,
  },
  {
    name: "a field of a union's member",
    validator: v.union(v.null(), optional),
    value: { a: undefined },
    matches: true,
  },
  { name: "a record's field", validator: v.record(v.string(), v.any()), value: { a: undefined }, matches: true },
  { name: "below an array", validator: v.array(optional), value: [{ a: 1, b: undefined }, { a: "1" }], matches: false },
])("undefined is absence as in the value's text: $name", ({ validator, value, matches }) => {
  const json = parseValidator(jsonOf(validator));
  const text = stringifyValue(value as Value);
  expect(matchesValidator(json, value as Value, tables)).toBe(matches);
  expect(validateValue(json, parseValue(text), tables) === undefined).toBe(matches);
});

test.each<{ name: string; validator: GenericValidator; value: Value; lines: string[] }>([
  {
    name: "a wrong type at the top",
    validator: v.string(),
    value: 1,
    lines: ["Value does not match validator.", "Value: 1.0", "Validator: v.string()"],
  },
  {
    name: "a wrong type below",
    validator: v.object({ a: v.object({ b: v.array(v.boolean()) }) }),
    value: { a: { b: [true, 2n] } },
    lines: ["Value does not match validator.", "Path: .a.b[1]", "Value: 2n", "Validator: v.boolean()"],
  },
  {
    name: "a missing field",
    validator: v.object({ name: v.string(), age: v.optional(v.number()) }),
    value: { age: 3 },
    lines: [
      "Object is missing the required field `name`. Consider wrapping the field validator in `v.optional(...)` if this is expected.",
      "",
      "Object: {age: 3.0}",
      "Validator: v.object({age: v.optional(v.float64()), name: v.string()})",
    ],
  },
  {
    name: "an extra field below",
    validator: v.object({ a: v.object({}) }),
    value: { a: { x: "é", "odd key": null } },
    lines: [
      "Object contains extra field `x` that is not in the validator.",
      "Path: .a",
      "",
      'Object: {"odd key": null, x: "é"}',
      "Validator: v.object({})",
    ],
  },
  {
    name: "an id of another table",
    validator: v.object({ author: v.id("users") }),
    value: { author: messageId },
    lines: [
      `Found ID "${messageId}" from table \`messages\`, which does not match the table name in validator \`v.id("users")\`.`,
      "Path: .author",
      `Value: "${messageId}"`,
      'Validator: v.id("users")',
    ],
  },
  {
    name: "text that is no id",
    validator: v.id("users"),
    value: "nobody",
    lines: ["Value does not match validator.", 'Value: "nobody"', 'Validator: v.id("users")'],
  },
  {
    name: "another literal",
    validator: v.literal("open"),
    value: "closed",
    lines: [
      '`"closed"` does not match literal validator `v.literal("open")`.',
      'Value: "closed"',
      'Validator: v.literal("open")',
    ],
  },
  {
    name: "no member of a union",
    validator: v.object({
      kind: v.union(v.literal("a"), v.literal(2n), v.array(v.id("users")), v.record(v.string(), v.any())),
    }),
    value: { kind: true },
    lines: [
      "Value does not match validator.",
      "Path: .kind",
      "Value: true",
      'Validator: v.union(v.literal("a"), v.literal(2n), v.array(v.id("users")), v.record(v.string(), v.any()))',
    ],
  },
])("says what is wrong with $name", ({ validator, value, lines }) => {
  expect(check(validator, value)).toBe(lines.join("\n"));
});

test("prints every validator as its source", () => {
  const validator = v.object({
    all: v.union(v.null(), v.float64(), v.int64(), v.boolean(), v.string(), v.bytes(), v.any(), v.literal(true)),
    opt: v.optional(v.id("users")),
  });
  expect(printValidator(parseValidator(jsonOf(validator)))).toBe(
    'v.object({all: v.union(v.null(), v.float64(), v.int64(), v.boolean(), v.string(), v.bytes(), v.any(), v.literal(true)), opt: v.optional(v.id("users"))})',
  );
});

test("a parsed validator is what was exported", () => {
  const json = jsonOf(
    v.object({ a: v.array(v.literal(5n)), b: v.optional(v.record(v.id("t"), v.union(v.null(), v.bytes()))) }),
  );
  expect(parseValidator(json)).toEqual(json);
});

test.each<{ name: string; json: unknown; message: string }>([
  { name: "nothing", json: undefined, message: "Cannot parse validator: should be an object" },
  { name: "an unknown type", json: { type: "set" }, message: 'Cannot parse validator: unknown type "set"' },
  {
    name: "an array without items",
    json: { type: "array" },
    message: "Cannot parse validator.value: should be an object",
  },
  {
    name: "a union without members",
    json: { type: "union" },
    message: "Cannot parse validator.value: should be an array",
  },
  {
    name: "an id without a table",
    json: { type: "id" },
    message: "Cannot parse validator.tableName: should be a string",
  },
  { name: "a literal object", json: { type: "literal", value: { a: 1 } }, message: "a literal should be a string" },
  {
    name: "a field without a type",
    json: { type: "object", value: { a: { optional: true } } },
    message: "Cannot parse validator.value.a.fieldType: should be an object",
  },
  {
    name: "record keys that are literals",
    json: {
      type: "record",
      keys: { type: "literal", value: "a" },
      values: { fieldType: { type: "any" }, optional: false },
    },
    message: "Cannot parse validator.keys: should be strings, ids or a union of them",
  },
  {
    name: "optional record values",
    json: { type: "record", keys: { type: "string" }, values: { fieldType: { type: "any" }, optional: true } },
    message: "record values cannot be optional",
  },
])("parseValidator refuses $name", ({ json, message }) => {
  expect(() => parseValidator(json)).toThrow(message);
});

test("parseValidator refuses endless nesting", () => {
  let json: unknown = { type: "any" };
  for (let n = 0; n < 100; n++) json = { type: "array", value: json };
  expect(() => parseValidator(json)).toThrow("nested more than 64 deep");
});

test("a long value is cut", () => {
  const message = check(v.null(), "x".repeat(20_000)) as string;
  expect(message.length).toBeLessThan(17_000);
  expect(message).toContain("[...truncated]");
});

test("v.function() takes the handles of functions, whatever they take and give", () => {
  // As `convex` 1.49 exports it; the type of the function is for the type checker.
  const json = { type: "function", fnType: "mutation", args: { type: "any" }, returns: { type: "null" } };
  const validator = parseValidator(json);
  expect(validator).toEqual({ type: "function" });
  expect(matchesValidator(validator, "function://;notes:add", tables)).toBe(true);
  expect(validateValue(validator, "notes:add", tables)?.message).toBe(
    'Value does not match validator.\nValue: "notes:add"\nValidator: v.function()',
  );
  expect(matchesValidator(validator, 1, tables)).toBe(false);
});
