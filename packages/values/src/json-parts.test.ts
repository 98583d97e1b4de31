import * as fc from "fast-check";
import { expect, test } from "vitest";
import { anyValue, fieldName } from "./arbitraries.testing.ts";
import { heightOf, stringifyAround } from "./json-parts.ts";
import type { PartText, PartTexts } from "./json-parts.ts";
import { stringifyValue } from "./json.ts";
import { setField } from "./value.ts";
import type { Value } from "./value.ts";

/** Things that are no Convex values, and such as are none in some places. */
const strange = fc.constantFrom<unknown>(
  undefined,
  () => 1,
  new Date(0),
  new Map(),
  new Set([1]),
  Symbol("s"),
  2n ** 64n,
);

/** Values with parts of `parts` in them, mostly sound ones. */
function around(parts: readonly Value[]): fc.Arbitrary<unknown> {
  return fc.letrec<{ e: unknown }>((tie) => ({
    e: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 6, arbitrary: fc.constantFrom<unknown>(...parts) },
      { weight: 3, arbitrary: anyValue },
      {
        weight: 1,
        arbitrary: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: strange }),
      },
      { weight: 6, arbitrary: fc.array(tie("e"), { maxLength: 4 }) },
      { weight: 1, arbitrary: fc.sparseArray(tie("e"), { maxLength: 4 }) },
      { weight: 6, arbitrary: fc.array(fc.tuple(fieldName, tie("e")), { maxLength: 4 }).map(objectOf) },
    ),
  })).e;
}

function objectOf(fields: readonly (readonly [string, unknown])[]): { [field: string]: unknown } {
  const object = {};
  for (const [field, value] of fields) setField<unknown>(object, field, value);
  return object;
}

/** Knows these parts, and counts how often it could say so. */
class Known implements PartTexts {
  readonly #parts = new Map<object, PartText>();
  answers = 0;

  constructor(parts: readonly Value[]) {
    for (const part of parts) {
      if (typeof part !== "object" || part === null || part instanceof ArrayBuffer) continue;
      this.#parts.set(part, { text: stringifyValue(part), height: heightOf(part) });
    }
  }

  part(part: object): PartText | undefined {
    const known = this.#parts.get(part);
    if (known !== undefined) this.answers += 1;
    return known;
  }

  longText(text: string): string {
    this.answers += 1;
    return JSON.stringify(text);
  }
}

function textOrError(body: () => string): string {
  try {
    return body();
  } catch (error) {
    return `error ${(error as Error).message}`;
  }
}

test("the text, or the error, is that of rendering everything", () => {
  let [answers, errors] = [0, 0];
  fc.assert(
    fc.property(
      fc
        .array(fc.oneof(anyValue, fc.constant({ long: "x\n".repeat(600) })), { minLength: 1, maxLength: 4 })
        .chain((parts) => fc.tuple(fc.constant(parts), around(parts))),
      ([parts, value]) => {
        const known = new Known(parts);
        const expected = textOrError(() => stringifyValue(value as Value));
        expect(textOrError(() => stringifyAround(value as Value, known).text)).toBe(expected);
        answers += known.answers > 0 ? 1 : 0;
        errors += expected.startsWith("error") ? 1 : 0;
      },
    ),
    { numRuns: 2_000 },
  );
  // Both happen, or the property above proves nothing.
  expect([answers > 500, errors > 5]).toEqual([true, true]);
});

test("a known part is not looked into, and a long string is asked for once", () => {
  const part = { _id: "1", text: "a" };
  let isAsked = 0;
  const known: PartTexts = {
    part: (one) => (one === part ? { text: '{"it":"is known"}', height: 1 } : undefined),
    longText: () => `"long ${(isAsked += 1)}"`,
  };
  const value = { z: "y".repeat(2_000), list: [1, part, { b: undefined as unknown as Value, a: part }], é: 1 } as Value;
  expect(() => stringifyAround(value, known)).toThrow("é");
  delete (value as { é?: unknown })["é"];
  isAsked = 0;
  expect(stringifyAround(value, known).text).toBe(
    '{"list":[1,{"it":"is known"},{"a":{"it":"is known"}}],"z":"long 1"}',
  );
});

test("a known part counts with its height where values are refused as too nested", () => {
  const part = { a: { b: [1] } };
  expect(heightOf(part)).toBe(3);
  const nested = (arrays: number): Value => {
    let value: Value = part;
    for (let n = 0; n < arrays; n++) value = [value];
    return value;
  };
  for (const arrays of [60, 61, 62, 63]) {
    const known = new Known([part]);
    const expected = textOrError(() => stringifyValue(nested(arrays)));
    expect(textOrError(() => stringifyAround(nested(arrays), known).text)).toBe(expected);
    expect(expected.startsWith("error")).toBe(arrays > 61);
  }
});

test.each<[what: string, value: (part: object) => Value, expected: boolean]>([
  ["nothing but known parts", (part) => [part as Value], false],
  ["other strings", (part) => ["\u{1F600}", part as Value], false],
  ["half a pair before a known part", (part) => ["\ud83d", part as Value], true],
  ["half a pair after one, deep inside", (part) => [part as Value, { a: ["\ude00"] }], true],
  ["half a pair in a long string", (part) => [part as Value, `${"y".repeat(2_000)}\ud83d`], true],
  ["half a pair without known parts", () => ["\ud83d"], true],
])("whether there can be half of a surrogate pair outside of known parts: %s", (_what, value, expected) => {
  const part = { a: 1 };
  expect(stringifyAround(value(part), new Known([part])).hasSurrogates).toBe(expected);
});
