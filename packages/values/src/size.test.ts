import { getConvexSize } from "convex/values";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sizeOfDocument, sizeOfValue } from "./size.ts";
import { anyDocument, anyValue } from "./arbitraries.testing.ts";
import type { Value } from "./value.ts";

test.each<{ name: string; value: Value; size: number }>([
  { name: "null", value: null, size: 1 },
  { name: "true", value: true, size: 1 },
  { name: "an int64", value: 1n, size: 9 },
  { name: "a float", value: 1, size: 9 },
  { name: "empty text", value: "", size: 2 },
  { name: "text", value: "abc", size: 5 },
  { name: "text of two-byte characters", value: "éé", size: 6 },
  { name: "text of three-byte characters", value: "日本", size: 8 },
  { name: "text of four-byte characters", value: "😀", size: 6 },
  { name: "bytes", value: new ArrayBuffer(10), size: 12 },
  { name: "an empty array", value: [], size: 2 },
  { name: "an array", value: [null, 1, "a"], size: 2 + 1 + 9 + 3 },
  { name: "an empty object", value: {}, size: 2 },
  { name: "an object", value: { ab: 1, c: null }, size: 2 + (2 + 1 + 9) + (1 + 1 + 1) },
])("the size of $name is $size", ({ value, size }) => {
  expect(sizeOfValue(value)).toBe(size);
});

test("a document counts its id (38 bytes) and creation time (23 bytes)", () => {
  const _id = "j570e1r70w3ge1r70w3ge1r70w3gekrr";
  expect(sizeOfDocument({ _id, _creationTime: 1 })).toBe(2 + 38 + 23);
});

test("undefined fields do not count", () => {
  expect(sizeOfValue({ a: undefined } as unknown as Value)).toBe(2);
});

test("agrees with convex/values", () => {
  // It takes any high surrogate for the start of a pair; unpaired ones cannot be stored by Convex.
  const isStorable = (value: Value): boolean =>
    !/\\ud[89a-f]/.test(JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? "" : item)));
  fc.assert(
    fc.property(anyValue.filter(isStorable), anyDocument.filter(isStorable), (value, doc) => {
      expect(sizeOfValue(value)).toBe(getConvexSize(value));
      expect(sizeOfDocument(doc)).toBe(getConvexSize(doc));
    }),
  );
});
