/**
 * Random values for properties: every type, with the corners of each.
 *
 * @module
 */
import * as fc from "fast-check";
import { INT64_MAX, INT64_MIN, setField } from "./value.ts";
import type { Doc, ObjectValue, Value } from "./value.ts";

/** Text of any code points, unpaired surrogates and zeros included. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.string({
    unit: fc.constantFrom("a", "b", "\0", "\x01", "\xff", "é", "\ud800", "\udc00", "\uffff", "😀"),
    maxLength: 5,
  }),
);

/** Names that Convex allows for nested fields; some that JavaScript treats in its own way. */
export const fieldName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("a", "b", "aa", "a.b", "0", "1", "10", "2", "__proto__", "constructor", "toString", "_x", "-"),
  fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 5 }).filter((name) => !name.startsWith("$")),
);

export const float: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.integer({ min: -200, max: 200 }),
  fc.constantFrom(
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
    127,
    128,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    2 ** 53,
    Number.MIN_VALUE,
  ),
);

export const int64: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: INT64_MIN, max: INT64_MAX }),
  fc.constantFrom(0n, 1n, -1n, 255n, 256n, INT64_MIN, INT64_MAX),
);

const bytes = fc.uint8Array({ maxLength: 5 }).map((array) => new Uint8Array(array).buffer);

/** An object, also with fields called `__proto__`. */
function objectOf(item: fc.Arbitrary<Value>): fc.Arbitrary<ObjectValue> {
  return fc.array(fc.tuple(fieldName, item), { maxLength: 4 }).map((fields) => {
    const object: ObjectValue = {};
    for (const [name, value] of fields) setField(object, name, value);
    return object;
  });
}

/** Any Convex value. */
export const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(fc.constantFrom(null, true, false), float, int64, text, bytes),
    fc.array(tie("value"), { maxLength: 3 }),
    objectOf(tie("value")),
  ),
})).value;

/** An element of a key: a value or a missing field. */
export const anyElement: fc.Arbitrary<Value | undefined> = fc.oneof(
  { weight: 9, arbitrary: anyValue },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

/** A document. */
export const anyDocument: fc.Arbitrary<Doc> = fc
  .tuple(text, float, objectOf(anyValue))
  .map(([_id, _creationTime, fields]) => ({ ...fields, _id, _creationTime }));
