import type { JsonValue } from "@narrowcast/values";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readResult, rereadResult, type ResultTree } from "./result-tree.ts";

const text = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom('"', "\\", '\\"', "[{,}]", "\n", "\u{1F600}", "\ud800"),
);
const leaf = fc.oneof(
  text,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(null, true, false),
);
/** Long enough for parts of their own, now and then. */
const padding = fc.constantFrom("", "p".repeat(400), "q".repeat(1_500), "r".repeat(9_000));
const anyRow = fc.record({
  _id: fc.integer({ min: 0, max: 9 }).map(String),
  n: leaf,
  pad: padding,
  tags: fc.array(leaf, { maxLength: 3 }),
});
const anyList = fc.array(fc.oneof(anyRow, anyRow, leaf), { maxLength: 8 });
const anyResult = fc.oneof(
  leaf,
  anyList,
  fc.record({ page: anyList, isDone: fc.boolean(), continueCursor: text, ['od"d']: padding }),
  fc.dictionary(text, fc.oneof(leaf, anyList), { maxKeys: 4 }),
);

function textOf(value: unknown): string {
  return JSON.stringify(value);
}

/** Every part's length is that of its text, all the way down. */
function expectSound(tree: ResultTree): void {
  expect(tree.chars).toBe(textOf(tree.value).length);
  for (const item of tree.items ?? []) expectSound(item);
}

test("a tree has the value of the text, whatever was read before", () => {
  fc.assert(
    fc.property(fc.array(anyResult, { minLength: 1, maxLength: 5 }), (results) => {
      let former: { tree: ResultTree; text: string } | undefined;
      for (const result of results) {
        const next = textOf(result);
        const tree = former === undefined ? readResult(next) : rereadResult(next, former.tree, former.text);
        expect(textOf(tree.value)).toBe(next);
        expectSound(tree);
        former = { tree, text: next };
      }
    }),
    { numRuns: 1_000 },
  );
});

const row = (id: number, n = 0): { [field: string]: JsonValue } => ({ _id: `id${id}`, n, pad: "p".repeat(300) });

function reread(before: JsonValue, after: JsonValue): { readonly before: JsonValue; readonly after: JsonValue } {
  const former = readResult(textOf(before));
  return { before: former.value, after: rereadResult(textOf(after), former, textOf(before)).value };
}

test.each([
  { name: "one row changed", after: [row(0), row(1, 7), row(2), row(3)], parsed: ["id1"] },
  { name: "rows far apart changed", after: [row(0, 7), row(1), row(2), row(3, 7)], parsed: ["id0", "id3"] },
  { name: "a row inserted", after: [row(9), row(0), row(1), row(2), row(3)], parsed: ["id9"] },
  // The row that comes instead has to be read to know which it is.
  { name: "a row removed", after: [row(0), row(2), row(3)], parsed: ["id2"] },
  { name: "a row moved to the front", after: [row(3), row(0), row(1), row(2)], parsed: ["id3"] },
  { name: "nothing", after: [row(0), row(1), row(2), row(3)], parsed: [] },
])("parses again only what changed: $name", ({ after, parsed }) => {
  const rows = [0, 1, 2, 3].map((id) => row(id));
  for (const wrap of [(list: JsonValue) => list, (page: JsonValue) => ({ isDone: false, page })]) {
    const read = reread(wrap(rows), wrap(after));
    const listOf = (value: JsonValue): JsonValue[] =>
      Array.isArray(value) ? value : (value as { page: JsonValue[] }).page;
    const old = new Set(listOf(read.before));
    const anew = listOf(read.after).filter((item) => !old.has(item));
    expect(anew.map((item) => (item as { _id: string })._id)).toEqual(parsed);
  }
});

test("a number that grew is not the number before", () => {
  const pad = "p".repeat(1_100);
  expect(reread([12, pad], [123, pad]).after).toEqual([123, pad]);
  expect(reread({ a: 1, pad }, { a: 1.5, pad }).after).toEqual({ a: 1.5, pad });
});

test.each(['["', "[1,{}", '{"a":[', '"x'])("text that ends too early throws: %s", (cut) => {
  expect(() => readResult(cut)).toThrow(SyntaxError);
});
