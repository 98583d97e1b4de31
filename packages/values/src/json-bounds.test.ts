import * as fc from "fast-check";
import { expect, test } from "vitest";
import { excessOf } from "./json-bounds.ts";
import { CONVEX_LIMITS } from "./limits.ts";

const NONE = { jsonNestingMax: 1_000, jsonElementsMax: 100_000, jsonNamesMax: 100_000 };

/** What the bounds speak of, counted on the parsed value. */
function counted(value: unknown, names = new Set<string>()): { depth: number; elements: number; names: number } {
  if (typeof value !== "object" || value === null) return { depth: 0, elements: 0, names: names.size };
  const parts = Object.values(value).map((part) => counted(part, names));
  if (!Array.isArray(value)) for (const name of Object.keys(value)) names.add(name);
  return {
    depth: 1 + Math.max(0, ...parts.map(({ depth }) => depth)),
    elements: 1 + Math.max(0, parts.length - 1) + parts.reduce((sum, { elements }) => sum + elements, 0),
    names: names.size,
  };
}

test("depth and elements are those of the value, whatever its texts hold", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const { depth, elements } = counted(JSON.parse(text));
      expect(excessOf(text, { ...NONE, jsonNestingMax: depth, jsonElementsMax: elements })).toBeUndefined();
      if (depth > 0) expect(excessOf(text, { ...NONE, jsonNestingMax: depth - 1 })).toMatch(/nested more than/);
      if (elements > 0) expect(excessOf(text, { ...NONE, jsonElementsMax: elements - 1 })).toMatch(/elements/);
    }),
  );
});

test("names are counted once each", () => {
  const rows = JSON.stringify(Array.from({ length: 500 }, (_, at) => ({ a: at, b: "x:,{", 'c\\"': [] })));
  expect(excessOf(rows, { ...NONE, jsonNamesMax: 3 })).toBeUndefined();
  expect(excessOf(rows, { ...NONE, jsonNamesMax: 2 })).toBe("it has more than 2 different names of fields");
});

test.each([
  { name: "levels", make: (n: number) => "[".repeat(n) + "]".repeat(n), max: CONVEX_LIMITS.jsonNestingMax },
  { name: "elements", make: (n: number) => `[${"0,".repeat(n - 1)}0]`, max: CONVEX_LIMITS.jsonElementsMax },
  {
    name: "names",
    make: (n: number) => JSON.stringify(Object.fromEntries(Array.from({ length: n }, (_, at) => [`n${at}`, 0]))),
    max: CONVEX_LIMITS.jsonNamesMax,
  },
])("the limit of $name is exact", ({ make, max }) => {
  expect(excessOf(make(max), CONVEX_LIMITS)).toBeUndefined();
  expect(excessOf(make(max + 1), CONVEX_LIMITS)).toContain(String(max));
});

test("what is no JSON ends, and passes", () => {
  for (const text of ['"', '"\\', "]]]", '{"a":"\\"', ":::"]) expect(excessOf(text, NONE)).toBeUndefined();
});
