import * as fc from "fast-check";
import { expect, test } from "vitest";
import { anyValue, text as anyText } from "./arbitraries.testing.ts";
import { ascendingRun } from "./ascending-run.ts";
import { DeltaError, applyDelta } from "./delta-apply.ts";
import { deltaText } from "./delta.ts";
import { stringifyValue } from "./json.ts";
import type { JsonValue } from "./value.ts";

/** Any value as Convex JSON, and one like it. */
const anyJson = anyValue.map((value) => JSON.parse(stringifyValue(value)) as JsonValue);

interface Row {
  readonly _id: string;
  readonly [field: string]: JsonValue;
}

const anyRow = fc
  .record({
    _id: fc.integer({ min: 0, max: 30 }).map((n) => `id${n}`),
    a: anyJson,
    name: anyText,
    tags: fc.array(anyJson),
  })
  .map((row): Row => row);
/** Lists of rows, now and then with one id twice or something that is no row. */
const anyRows = fc.array(fc.oneof({ weight: 20, arbitrary: anyRow }, { weight: 1, arbitrary: anyJson }), {
  maxLength: 20,
});

/** A list and what a few edits made of it. */
const editedRows = fc
  .tuple(
    anyRows,
    fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom("move", "remove", "insert", "patch"), anyRow), {
      maxLength: 5,
    }),
  )
  .map(([before, edits]) => {
    const after = [...before];
    for (const [from, to, kind, row] of edits) {
      if (kind === "insert") after.splice(to % (after.length + 1), 0, row);
      if (after.length === 0) continue;
      const at = from % after.length;
      const element = after[at] as JsonValue;
      if (kind === "remove") after.splice(at, 1);
      if (kind === "move") after.splice(to % after.length, 0, ...after.splice(at, 1));
      if (kind === "patch" && isObject(element)) after[at] = { ...element, name: row["name"] as JsonValue };
    }
    return [before, copy(after)] as const;
  });

const pairs = fc.oneof(fc.tuple(anyJson, anyJson), fc.tuple(anyRows, anyRows), editedRows);

function isObject(value: JsonValue): value is { [field: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function sent(before: JsonValue, after: JsonValue): JsonValue {
  const text = deltaText(before, after);
  return text === undefined ? copy(after) : applyDelta(before, JSON.parse(text) as JsonValue);
}

test("what is applied gives the value, field order included, and leaves the old one alone", () => {
  fc.assert(
    fc.property(pairs, ([before, after]) => {
      const text = JSON.stringify(before);
      const canonical = [canon(before), canon(after)] as const;
      expect(JSON.stringify(sent(...canonical))).toBe(JSON.stringify(canonical[1]));
      expect(JSON.stringify(before)).toBe(text);
    }),
    { numRuns: 2_000 },
  );
});

/** Fields in the order of Convex JSON. */
function canon(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(canon);
  if (!isObject(value)) return value;
  const sorted = Object.keys(value)
    .sort()
    .map((field) => [field, canon(value[field] as JsonValue)] as const);
  return Object.fromEntries(sorted);
}

test("a delta is shorter than the value", () => {
  fc.assert(
    fc.property(pairs, ([before, after]) => {
      const text = deltaText(before, after);
      if (text !== undefined && text !== "0") expect(text.length).toBeLessThan(JSON.stringify(after).length);
    }),
    { numRuns: 1_000 },
  );
});

test("equal values have no difference, and shared parts are as good as equal ones", () => {
  fc.assert(
    fc.property(pairs, ([before, after]) => {
      expect(deltaText(before, before)).toBe("0");
      expect(deltaText(before, copy(before))).toBe("0");
      if (Array.isArray(before) && isObject(before[0] ?? null)) {
        // A list that shares all but its last row with the other.
        const shared = [...before, after];
        expect(deltaText(before, shared)).toBe(deltaText(before, copy(shared)));
      }
    }),
  );
});

test("rows that did not change keep their identity wherever they went", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anyRow, { selector: (row) => row._id, minLength: 1, maxLength: 20 }),
      fc.nat(),
      (rows, seed) => {
        const filler = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`f${n}`, "filler"]));
        const before: Row[] = rows.map((row) => ({ ...row, ...filler }));
        const after = copy(before).sort((a, b) => hash(a._id, seed) - hash(b._id, seed));
        const place = seed % after.length;
        const plain = after[place] as Row;
        const changed = { ...plain, name: `${JSON.stringify(plain["name"])}!` };
        after[place] = changed;
        const built = sent(before, after) as Row[];
        expect(built).toEqual(after);
        const old = new Map(before.map((row) => [row._id, row]));
        for (const row of built) {
          const former = old.get(row._id) as Row;
          expect(row === former).toBe(row._id !== changed._id);
          expect(row["tags"]).toBe(former["tags"]);
        }
      },
    ),
  );
});

function hash(id: string, seed: number): number {
  return (Number(id.slice(2)) * 7_919 + seed) % 101;
}

const PAD = "x".repeat(60);
const rows = ["a", "b", "c", "d"].map((id): JsonValue => ({ _id: id, n: 1, pad: PAD }));
const [a, b, c, d] = rows as [JsonValue, JsonValue, JsonValue, JsonValue];

// Bytes on the wire. A change here is a new format: a new number and a decision first.
test.each<{ name: string; before: JsonValue; after: JsonValue; text: string | undefined }>([
  { name: "nothing", before: rows, after: copy(rows), text: "0" },
  { name: "another value", before: 1, after: 22, text: undefined },
  { name: "another type", before: rows, after: "x", text: undefined },
  { name: "a field that changed", before: { n: 1, pad: PAD }, after: { n: 2, pad: PAD }, text: '{"f":["n",[2]]}' },
  { name: "a field added", before: { pad: PAD }, after: { n: [], pad: PAD }, text: '{"f":["n",[[]]]}' },
  { name: "a field removed", before: { n: 1, pad: PAD }, after: { pad: PAD }, text: '{"r":["n"]}' },
  {
    name: "fields of all kinds",
    before: { m: 1, n: 1, pad: PAD },
    after: { k: null, m: 2, pad: PAD },
    text: '{"f":["k",[null],"m",[2]],"r":["n"]}',
  },
  {
    name: "a nested field",
    before: { o: { n: 1, pad: PAD } },
    after: { o: { n: 2, pad: PAD } },
    text: '{"f":["o",{"f":["n",[2]]}]}',
  },
  {
    name: "a field of one row",
    before: rows,
    after: [a, b, { _id: "c", n: 2, pad: PAD }, d],
    text: '{"l":[2,{"f":["n",[2]]},1]}',
  },
  { name: "a row inserted", before: [a, b, d], after: rows, text: `{"l":[2,[${JSON.stringify(c)}],1]}` },
  { name: "a row removed", before: rows, after: [a, b, d], text: '{"l":[2,-1,1]}' },
  { name: "a row moved up", before: rows, after: [d, a, b, c], text: '{"l":[{"m":3},3,-1]}' },
  {
    name: "a row moved and changed",
    before: rows,
    after: [{ _id: "d", n: 2, pad: PAD }, a, b, c],
    text: '{"l":[{"m":3,"d":{"f":["n",[2]]}},3,-1]}',
  },
  { name: "a row replaced", before: rows, after: [a, { _id: "e" }, c, d], text: '{"l":[1,-1,[{"_id":"e"}],2]}' },
  { name: "a list emptied", before: { l: rows, pad: PAD }, after: { l: [], pad: PAD }, text: '{"f":["l",[[]]]}' },
  {
    name: "a number in front of a list",
    before: [1, 2, 3, 4, 5, 6, PAD],
    after: [0, 1, 2, 3, 4, 5, 6, PAD],
    text: '{"l":[[0],7]}',
  },
  {
    name: "a number in a list",
    before: [1, 2, 3, 4, 5, 6, 7, 8, 9, PAD],
    after: [1, 2, 3, 4, 0, 6, 7, 8, 9, PAD],
    text: '{"l":[4,-1,[0],5]}',
  },
  { name: "text that grew", before: PAD, after: `${PAD} é"`, text: '{"t":[60,0," é\\""]}' },
  { name: "text that changed inside", before: `${PAD}a${PAD}`, after: `${PAD}b${PAD}`, text: '{"t":[60,60,"b"]}' },
  { name: "half a character", before: `${PAD}\u{1F600}`, after: `${PAD}\u{1F601}`, text: '{"t":[61,0,"\\ude01"]}' },
])("the delta of $name", ({ before, after, text }) => {
  expect(deltaText(before, after)).toBe(text);
  // As text: fields in their order.
  expect(JSON.stringify(sent(before, after))).toBe(JSON.stringify(after));
});

test.each<{ delta: JsonValue; before: JsonValue; problem: string }>([
  { delta: null, before: 1, problem: "it is null" },
  { delta: [], before: 1, problem: "a new value is a list of 0; should be of 1" },
  { delta: { l: [1] }, before: {}, problem: "a list's delta is for a value of type object" },
  { delta: { l: [3] }, before: [1, 2], problem: "it takes 3 elements of 2" },
  { delta: { l: [1] }, before: [1, 2], problem: "it takes 1 elements of 2" },
  { delta: { l: [{ m: 2 }, 2] }, before: [1, 2], problem: "it takes element 2 of 2" },
  { delta: { l: 1 }, before: [1, 2], problem: "a value of type number stands where a list should be" },
  { delta: { f: ["a", [1]] }, before: [1], problem: "an object's delta is for a list" },
  { delta: { f: ["a", { t: [0, 0, ""] }] }, before: {}, problem: 'it changes field "a", which is not there' },
  { delta: { f: [1, [1]] }, before: {}, problem: "a field's name is 1" },
  { delta: { r: ["toString"] }, before: {}, problem: 'it removes field "toString", which is not there' },
  { delta: { t: [0, 0, "x"] }, before: null, problem: "a text's delta is for null" },
  { delta: { t: [2, 2, "x"] }, before: "abc", problem: "it keeps 2 + 2 units; the text has 3" },
  { delta: { t: [0, "x"] }, before: "abc", problem: "a text's delta should be two numbers and a text" },
])("a delta that does not fit: $problem", ({ delta, before, problem }) => {
  expect(() => applyDelta(before, delta)).toThrow(new DeltaError(problem));
});

test("one field of 640 rows is told in under 200 bytes", () => {
  const list = Array.from({ length: 640 }, (_, n) => ({ _id: `id${n}`, note: "n".repeat(250), status: "ready" }));
  const next = copy(list);
  (next[320] as { status: string }).status = "running";
  expect(JSON.stringify(list).length).toBeGreaterThan(180_000);
  expect(deltaText(list, next)).toBe('{"l":[320,{"f":["status",["running"]]},319]}');
});

test("ascendingRun() finds a longest one", () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 50 }), { maxLength: 9 });
  fc.assert(
    fc.property(numbers, (list) => {
      const run = [...ascendingRun(list)].sort((x, y) => x - y).map((at) => list[at] as number);
      expect(run).toEqual([...run].sort((x, y) => x - y));
      let longest = 0;
      for (let mask = 0; mask < 1 << list.length; mask++) {
        const chosen = list.filter((_, at) => ((mask >> at) & 1) === 1);
        if (chosen.every((n, at) => at === 0 || (chosen[at - 1] as number) < n))
          longest = Math.max(longest, chosen.length);
      }
      expect(run.length).toBe(longest);
    }),
    { numRuns: 200 },
  );
});
