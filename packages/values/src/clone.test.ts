import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cloneValue } from "./clone.ts";
import { valuesEqual } from "./compare.ts";
import { anyValue } from "./arbitraries.testing.ts";
import type { Value } from "./value.ts";

/** Every array, object and buffer inside a value. */
function parts(value: Value): object[] {
  if (typeof value !== "object" || value === null) return [];
  if (value instanceof ArrayBuffer) return [value];
  return [value, ...Object.values(value).flatMap(parts)];
}

test("a clone is equal and shares no part", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const copy = cloneValue(value);
      expect(valuesEqual(copy, value)).toBe(true);
      const originals = new Set(parts(value));
      for (const part of parts(copy)) expect(originals.has(part)).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

test("the clone of a frozen document may be written to", () => {
  const frozen = Object.freeze({ a: Object.freeze({ b: 1 }), c: Object.freeze([1]) }) as unknown as {
    a: { b: number };
    c: number[];
  };
  const copy = cloneValue(frozen);
  copy.a.b = 2;
  copy.c.push(2);
  expect(copy).toEqual({ a: { b: 2 }, c: [1, 2] });
});
