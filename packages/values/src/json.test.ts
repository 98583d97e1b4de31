import { convexToJson, jsonToConvex } from "convex/values";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { valuesEqual } from "./compare.ts";
import { jsonToValue, parseValue, stringifyValue, valueToCleanJson, valueToJson } from "./json.ts";
import { anyValue } from "./arbitraries.testing.ts";
import type { JsonValue, Value } from "./value.ts";

const runs = { numRuns: 1_000 };

/** `convex/values` loses fields called `__proto__`. */
function hasProto(value: Value): boolean {
  if (typeof value !== "object" || value === null || value instanceof ArrayBuffer) return false;
  return Object.hasOwn(value, "__proto__") || Object.values(value).some((item: Value) => hasProto(item));
}

function messageOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return (error as Error).message;
  }
  return "no error";
}

test("parses to what was stringified", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      expect(valuesEqual(parseValue(stringifyValue(value)), value)).toBe(true);
      expect(valuesEqual(jsonToValue(valueToJson(value)), value)).toBe(true);
    }),
    runs,
  );
});

test("gives the text that convex/values gives, and it reads ours", () => {
  const comparable = anyValue.filter((value) => !hasProto(value));
  fc.assert(
    fc.property(comparable, (value) => {
      const text = stringifyValue(value);
      expect(text).toBe(JSON.stringify(convexToJson(value)));
      expect(valuesEqual(jsonToConvex(JSON.parse(text) as JsonValue) as Value, value)).toBe(true);
    }),
    runs,
  );
});

test("equal values have equal texts", () => {
  expect(stringifyValue({ b: [{ d: 1n, c: 2 }], a: 1 })).toBe(stringifyValue({ a: 1, b: [{ c: 2, d: 1n }] }));
  expect(stringifyValue({ b: { "10": 1, "2": 2, a: 3 }, a: 1 })).toBe(
    stringifyValue({ a: 1, b: { a: 3, "2": 2, "10": 1 } }),
  );
});

test.each<{ name: string; value: Value; text: string }>([
  { name: "an int64", value: 1n, text: '{"$integer":"AQAAAAAAAAA="}' },
  { name: "the least int64", value: -(2n ** 63n), text: '{"$integer":"AAAAAAAAAIA="}' },
  { name: "minus zero", value: -0, text: '{"$float":"AAAAAAAAAIA="}' },
  { name: "NaN", value: NaN, text: '{"$float":"AAAAAAAA+H8="}' },
  { name: "infinity", value: Infinity, text: '{"$float":"AAAAAAAA8H8="}' },
  { name: "minus infinity", value: -Infinity, text: '{"$float":"AAAAAAAA8P8="}' },
  { name: "bytes", value: new Uint8Array([1, 2]).buffer, text: '{"$bytes":"AQI="}' },
  { name: "fields out of order", value: { b: 1, a: { d: 1, c: 2 } }, text: '{"a":{"c":2,"d":1},"b":1}' },
])("writes $name", ({ value, text }) => {
  expect(stringifyValue(value)).toBe(text);
  expect(valuesEqual(parseValue(text), value)).toBe(true);
});

test("undefined fields are left out", () => {
  expect(stringifyValue({ a: undefined, b: 1 } as unknown as Value)).toBe('{"b":1}');
});

class Point {
  x = 1;
}

test.each([
  { name: "undefined", value: undefined },
  { name: "undefined in an array", value: { a: [1, undefined] } },
  { name: "a function", value: () => 1 },
  { name: "a symbol", value: { a: Symbol("s") } },
  { name: "a Map", value: { a: new Map([[1, 2]]) } },
  { name: "a Set", value: new Set([1]) },
  { name: "a Date", value: { when: new Date(0) } },
  { name: "a class", value: [new Point()] },
  { name: "a view of bytes", value: { data: new Uint8Array(2) } },
  { name: "a field that starts with $", value: { $a: 1 } },
  { name: "a field beyond ASCII", value: { a: { é: 1 } } },
  { name: "a field with a control character", value: { "a\n": 1 } },
  { name: "a field that is too long", value: { ["x".repeat(1_025)]: 1 } },
  { name: "an int64 that is too large", value: { a: 2n ** 63n } },
])("refuses $name with the text of convex/values", ({ value }) => {
  const expected = messageOf(() => convexToJson(value as Value));
  expect(expected).not.toBe("no error");
  expect(messageOf(() => stringifyValue(value as Value))).toBe(expected);
});

test.each([
  { text: '{"$integer":5}', message: "Malformed $integer field on" },
  { text: '{"$integer":"AAAA"}', message: "Received 3 bytes, expected 8 for $integer" },
  { text: '{"$float":"AAAAAAAA8D8="}', message: "Float 1 should be encoded as a number" },
  { text: '{"$float":"AAA="}', message: "Received 2 bytes, expected 8 for $float" },
  { text: '{"$bytes":"A"}', message: "Invalid string. Length must be a multiple of 4" },
  { text: '{"$bytes":"A*=="}', message: "Invalid base64" },
  { text: '{"$set":[]}', message: "Received a Set which is no longer supported" },
  { text: '{"$map":[]}', message: "Received a Map which is no longer supported" },
  { text: '{"$other":1}', message: "Field name $other starts with a '$', which is reserved." },
  { text: '{"$undefined":null}', message: "Field name $undefined starts with a '$', which is reserved." },
  { text: '{"a":1,"$integer":"AQAAAAAAAAA="}', message: "Field name $integer starts with a '$', which is reserved." },
  { text: '{"\\u0024x":1}', message: "Field name $x starts with a '$', which is reserved." },
  { text: '[{"é":1}]', message: "has invalid character 'é'" },
  { text: "{", message: "JSON" },
])("parseValue refuses $text", ({ text, message }) => {
  expect(() => parseValue(text)).toThrow(message);
});

test("nesting is bounded both ways, and a cycle is an error", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  expect(() => parseValue(deep)).toThrow("too nested (maximum nesting 64)");
  expect(() => stringifyValue(JSON.parse("[".repeat(70) + "]".repeat(70)) as Value)).toThrow("too nested");
  const edge = "[".repeat(64) + "]".repeat(64);
  expect(stringifyValue(parseValue(edge))).toBe(edge);
  expect(() => parseValue(`[${edge}]`)).toThrow("too nested");
  expect(() => parseValue("[".repeat(64) + '{"$integer":"AQAAAAAAAAA="}' + "]".repeat(64))).not.toThrow();
  const cycle: Value[] = [];
  cycle.push(cycle);
  expect(() => stringifyValue(cycle)).toThrow("too nested");
});

test("a field called __proto__ stays a field", () => {
  const value = parseValue('{"__proto__":{"$integer":"AQAAAAAAAAA="},"a":{"__proto__":1}}');
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(stringifyValue(value)).toBe('{"__proto__":{"$integer":"AQAAAAAAAAA="},"a":{"__proto__":1}}');
});

test("the lossy form", () => {
  const value: Value = {
    i: 5n,
    b: new Uint8Array([1]).buffer,
    n: NaN,
    p: Infinity,
    m: -Infinity,
    z: -0,
    a: [1, null, "s"],
  };
  expect(JSON.stringify(valueToCleanJson(value))).toBe(
    '{"a":[1,null,"s"],"b":"AQ==","i":"5","m":"-Infinity","n":"NaN","p":"Infinity","z":0}',
  );
});
