import { compareValues as convexCompare } from "convex/values";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compareValues, valuesEqual } from "./compare.ts";
import { anyElement, anyValue, text } from "./arbitraries.testing.ts";
import { compareUtf8 } from "./utf8.ts";
import type { Value } from "./value.ts";

const bytes = (...list: number[]): ArrayBuffer => new Uint8Array(list).buffer;

/** Every type with its corners, in Convex's order. */
const ASCENDING: readonly (Value | undefined)[] = [
  undefined,
  null,
  -(2n ** 63n),
  -1n,
  0n,
  1n,
  2n ** 63n - 1n,
  -Infinity,
  -1e300,
  -1,
  -Number.MIN_VALUE,
  -0,
  0,
  Number.MIN_VALUE,
  1,
  Infinity,
  NaN,
  false,
  true,
  "",
  "\0",
  "a",
  "a\0",
  "aa",
  "b",
  "é",
  "\uffff",
  "😀",
  bytes(),
  bytes(0),
  bytes(0, 1),
  bytes(1),
  bytes(255),
  [],
  [null],
  [null, null],
  [1n],
  [1],
  ["a"],
  [[]],
  [{}],
  {},
  { a: null },
  { a: null, b: 1 },
  { a: 1 },
  { b: null },
];

test("orders every pair of the table", () => {
  for (const [i, a] of ASCENDING.entries()) {
    for (const [j, b] of ASCENDING.entries()) {
      expect(Math.sign(compareValues(a, b)), `${i} against ${j}`).toBe(Math.sign(i - j));
    }
  }
});

test("agrees with convex/values", () => {
  // Its own order of objects leaves out nothing but sorts field names by UTF-16; names are ASCII.
  fc.assert(
    fc.property(anyElement, anyElement, (a, b) => {
      expect(Math.sign(compareValues(a, b))).toBe(Math.sign(convexCompare(a, b)));
    }),
    { numRuns: 1_000 },
  );
});

test("strings compare by their UTF-8 bytes", () => {
  const wellFormed = text.filter((value) => !/\p{Surrogate}/u.test(value));
  fc.assert(
    fc.property(wellFormed, wellFormed, (a, b) => {
      expect(compareUtf8(a, b)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    { numRuns: 1_000 },
  );
});

test("valuesEqual means compareValues is zero", () => {
  fc.assert(
    fc.property(anyValue, anyValue, (a, b) => {
      expect(valuesEqual(a, b)).toBe(compareValues(a, b) === 0);
      expect(valuesEqual(a, structuredClone(a))).toBe(true);
    }),
  );
});

const EQUALITY: readonly { name: string; a: Value; b: Value; equal: boolean }[] = [
  { name: "zeros of different sign", a: 0, b: -0, equal: false },
  { name: "NaNs", a: NaN, b: NaN, equal: true },
  { name: "an int64 and a float", a: 1n, b: 1, equal: false },
  { name: "fields in another order", a: { a: 1, b: 2 }, b: { b: 2, a: 1 }, equal: true },
  { name: "a field and an inherited name", a: { toString: 1 }, b: { other: 1 }, equal: false },
  { name: "an array and bytes", a: [], b: bytes(), equal: false },
  { name: "an array and an object", a: [1], b: { 0: 1 }, equal: false },
  { name: "bytes", a: bytes(1, 2), b: bytes(1, 2), equal: true },
  { name: "null and an object", a: null, b: {}, equal: false },
];

test.each(EQUALITY)("valuesEqual of $name is $equal", ({ a, b, equal }) => {
  expect(valuesEqual(a, b)).toBe(equal);
  expect(valuesEqual(b, a)).toBe(equal);
});
