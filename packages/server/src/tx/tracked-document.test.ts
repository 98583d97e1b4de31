/**
 * Goal: a handler cannot tell a tracked document from a plain copy, and what it looked at is noted.
 *
 * Method: a table of everything that handlers do to documents. Each is done to plain copies and to tracked documents; the results must be equal, and the
 * noted fields must be those of the table.
 */
/* oxlint-disable typescript/no-explicit-any, typescript/no-base-to-string, typescript/restrict-template-expressions -- handlers treat documents loosely */
/* oxlint-disable typescript/no-unnecessary-type-assertion, typescript/require-array-sort-compare -- and so do these tests */
import { inspect } from "node:util";
import * as fc from "fast-check";
import { cloneValue, stringifyValue } from "@narrowcast/values";
import type { Doc, Value } from "@narrowcast/values";
import { expect, test } from "vitest";
import { DocumentAccess } from "./document-access.ts";
import { Observations } from "./observations.ts";
import { isTracked, loadTracked, untracked } from "./tracked-document.ts";

type Loose = { [field: string]: any };

const ROW: Doc = Object.freeze({
  _creationTime: 1_767_225_600_000.5,
  _id: "k1",
  bytes: Uint8Array.of(1, 2, 255).buffer,
  deep: { list: [{ n: 1 }, { n: 2 }], name: "inner" },
  gone: null,
  big: 7n,
  name: "Ann",
  rank: 3,
  tags: ["x", "y"],
}) as unknown as Doc;
const OTHER: Doc = { _creationTime: 2, _id: "k2", name: "Bob", rank: 1, tags: [] };

/** Hands the rows out and tells what was noted. */
function giveAll(rows: readonly Doc[], isLazy = true): { docs: Loose[]; noted: () => unknown[] } {
  const observations = new Observations();
  const documentAccess = new DocumentAccess(observations, { isWhole: false, isCopied: false, isLazy });
  const docs = rows.map((row) => documentAccess.give(row) as Loose);
  return { docs, noted: () => rows.map((row) => observations.fieldsOf(row._id)) };
}

/** As lodash tests it. */
function isPlainObjectLikeLodash(value: unknown): boolean {
  if (Object.prototype.toString.call(value) !== "[object Object]") return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return true;
  const make = Object.hasOwn(prototype, "constructor") && (prototype.constructor as unknown);
  return (
    typeof make === "function" && make instanceof make && Function.prototype.toString.call(make).includes("Object")
  );
}

interface Operation {
  readonly what: string;
  readonly act: (doc: Loose, other: Loose) => unknown;
  /** Fields noted of the first document. */
  readonly notes: readonly string[] | "all";
  readonly notesOther?: readonly string[] | "all";
}

const OPERATIONS: readonly Operation[] = [
  { what: "nothing", act: () => 1, notes: [] },
  { what: "one field", act: (doc) => doc["name"], notes: ["name"] },
  { what: "a null field", act: (doc) => doc["gone"], notes: ["gone"] },
  { what: "a bigint", act: (doc) => doc["big"] + 1n, notes: ["big"] },
  { what: "a missing field", act: (doc) => doc["missing"] ?? "default", notes: ["missing"] },
  { what: "optional chaining", act: (doc) => doc["deep"]?.name?.length, notes: ["deep"] },
  { what: "optional chaining of what is missing", act: (doc) => doc["nope"]?.name, notes: ["nope"] },
  { what: "a template string of a field", act: (doc) => `${doc["rank"]}!`, notes: ["rank"] },
  { what: "a template string of the document", act: (doc) => `${doc}`, notes: ["toString"] },
  { what: "arithmetic on the document", act: (doc) => Number(doc), notes: ["valueOf", "toString"] },
  {
    what: "destructuring",
    act: (doc) => {
      const { name, rank, missing = "none" } = doc;
      return [name, rank, missing];
    },
    notes: ["name", "rank", "missing"],
  },
  {
    what: "rest",
    act: (doc) => {
      const { name, ...rest } = doc;
      return [name, rest];
    },
    notes: "all",
  },
  { what: "spread", act: (doc) => ({ ...doc, extra: 1 }), notes: "all" },
  {
    what: "in",
    act: (doc) => ["name" in doc, "missing" in doc, "toString" in doc],
    notes: ["name", "missing", "toString"],
  },
  { what: "Object.keys", act: (doc) => Object.keys(doc), notes: "all" },
  { what: "Object.values", act: (doc) => Object.values(doc), notes: "all" },
  { what: "Object.entries", act: (doc) => Object.entries(doc), notes: "all" },
  { what: "Object.assign from", act: (doc) => Object.assign({}, doc, { name: "x" }), notes: "all" },
  { what: "Object.assign onto", act: (doc) => Object.assign(doc, { name: "x", more: 2 }), notes: ["name", "more"] },
  { what: "Object.fromEntries", act: (doc) => Object.fromEntries(Object.entries(doc).slice(0, 2)), notes: "all" },
  {
    what: "Object.hasOwn",
    act: (doc) => [Object.hasOwn(doc, "name"), Object.hasOwn(doc, "no")],
    notes: ["name", "no"],
  },
  { what: "hasOwnProperty", act: (doc) => doc["hasOwnProperty"]("name"), notes: ["hasOwnProperty", "name"] },
  {
    what: "propertyIsEnumerable",
    act: (doc) => Object.prototype.propertyIsEnumerable.call(doc, "name"),
    notes: ["name"],
  },
  { what: "a descriptor", act: (doc) => Object.getOwnPropertyDescriptor(doc, "tags"), notes: ["tags"] },
  { what: "all descriptors", act: (doc) => Object.getOwnPropertyDescriptors(doc), notes: "all" },
  { what: "Reflect.ownKeys", act: (doc) => Reflect.ownKeys(doc), notes: "all" },
  {
    what: "for-in",
    act: (doc) => {
      const keys: string[] = [];
      for (const key in doc) keys.push(key);
      return keys;
    },
    notes: "all",
  },
  { what: "JSON.stringify", act: (doc) => JSON.stringify({ ...doc, big: 0 }), notes: "all" },
  { what: "JSON.stringify of a part", act: (doc) => JSON.stringify(doc["deep"]), notes: ["deep"] },
  { what: "Convex JSON", act: (doc) => stringifyValue(doc as Value), notes: "all" },
  { what: "structuredClone (as user code sees it)", act: (doc) => structuredClone(untracked([doc])), notes: "all" },
  { what: "equality by id", act: (doc, other) => doc["_id"] === other["_id"], notes: ["_id"], notesOther: ["_id"] },
  { what: "identity", act: (doc, other) => [doc === doc, doc === other, Object.is(doc, doc)], notes: [] },
  { what: "setting a field", act: (doc) => ((doc["name"] = "new"), doc["name"]), notes: ["name"] },
  { what: "adding a field", act: (doc) => ((doc["added"] = [1]), Object.keys(doc)), notes: "all" },
  { what: "deleting a field", act: (doc) => (delete doc["name"], Object.keys(doc)), notes: "all" },
  { what: "deleting what is not there", act: (doc) => delete doc["nothing"], notes: [] },
  {
    what: "a deleted field is gone",
    act: (doc) => (delete doc["name"], [doc["name"], "name" in doc]),
    notes: ["name"],
  },
  { what: "a nested push", act: (doc) => (doc["tags"].push("z"), doc["tags"]), notes: ["tags"] },
  { what: "a nested push, then the whole", act: (doc) => (doc["tags"].push("z"), { ...doc }), notes: "all" },
  { what: "a nested change deep down", act: (doc) => ((doc["deep"].list[1].n = 9), doc["deep"]), notes: ["deep"] },
  { what: "a nested value is one object", act: (doc) => doc["deep"] === doc["deep"], notes: ["deep"] },
  {
    what: "a nested value stays when loaded",
    act: (doc) => [doc["deep"], (doc["x"] = 1)][0] === doc["deep"],
    notes: ["deep", "x"],
  },
  {
    what: "one document in the other",
    act: (doc, other) => ((doc["friend"] = other), doc["friend"]["name"]),
    notes: ["friend"],
    notesOther: ["name"],
  },
  { what: "bytes", act: (doc) => [...new Uint8Array(doc["bytes"])], notes: ["bytes"] },
  { what: "Array.isArray", act: (doc) => [Array.isArray(doc), Array.isArray(doc["tags"])], notes: ["tags"] },
  { what: "instanceof", act: (doc) => [doc instanceof Object, doc instanceof Map], notes: [] },
  { what: "typeof", act: (doc) => typeof doc, notes: [] },
  {
    what: "the prototype",
    act: (doc) => [Object.getPrototypeOf(doc) === Object.prototype, doc["__proto__"] === Object.prototype],
    notes: ["__proto__"],
  },
  { what: "the constructor", act: (doc) => doc["constructor"] === Object, notes: ["constructor"] },
  { what: "isPlainObject", act: (doc) => isPlainObjectLikeLodash(doc), notes: [] },
  { what: "a symbol", act: (doc) => [(doc as any)[Symbol.iterator], Symbol.toStringTag in doc], notes: [] },
  {
    what: "a symbol of the handler's",
    act: (doc) => (((doc as any)[Symbol.for("mine")] = 1), (doc as any)[Symbol.for("mine")]),
    notes: [],
  },
  {
    what: "map keys and set members",
    act: (doc, other) => [
      new Map([
        [doc, 1],
        [other, 2],
      ]).get(other),
      new Set([doc, doc]).size,
      new WeakMap([[doc, 3]]).get(doc),
    ],
    notes: [],
  },
  {
    what: "sorting rows",
    act: (doc, other) => [doc, other].sort((a, b) => a["rank"] - b["rank"]).map((one) => one["name"]),
    notes: ["rank", "name"],
    notesOther: ["rank", "name"],
  },
  {
    what: "filtering rows",
    act: (doc, other) => [doc, other].filter((one) => one["rank"] > 2).length,
    notes: ["rank"],
    notesOther: ["rank"],
  },
  {
    what: "finding a row",
    act: (doc, other) => [doc, other].find((one) => one["name"] === "Ann")?.["rank"],
    notes: ["name", "rank"],
    notesOther: [],
  },
  {
    what: "grouping rows",
    act: (doc, other) => {
      const groups: { [name: string]: Loose[] } = {};
      for (const one of [doc, other]) (groups[one["name"]] ??= []).push(one);
      return Object.entries(groups).map(([name, rows]) => [name, rows.length]);
    },
    notes: ["name"],
    notesOther: ["name"],
  },
  {
    what: "freezing",
    act: (doc) => [Object.isFrozen(Object.freeze(doc)), Object.keys(doc), doc["name"]],
    notes: "all",
  },
  { what: "sealing", act: (doc) => [Object.isSealed(Object.seal(doc)), doc["rank"]], notes: "all" },
  {
    what: "preventing extensions",
    act: (doc) => (Object.preventExtensions(doc), Reflect.set(doc, "q", 1)),
    notes: ["q"],
  },
  {
    what: "defining a getter",
    act: (doc) => (
      Object.defineProperty(doc, "twice", { get: () => 2, enumerable: true, configurable: true }),
      doc["twice"]
    ),
    notes: ["twice"],
  },
  {
    what: "an object that inherits from it",
    act: (doc) => {
      const child = Object.create(doc) as Loose;
      child["name"] = "child";
      return [child["name"], child["rank"], doc["name"]];
    },
    notes: ["rank", "name"],
  },
  {
    what: "changing the prototype",
    act: (doc) => {
      Object.setPrototypeOf(doc, { hello: 1 });
      return [doc["hello"], doc["name"]];
    },
    notes: ["hello", "name"],
  },
  {
    what: "reading through an alias",
    act: (doc) =>
      [doc]
        .flat()
        .concat([])
        .map((one) => one["rank"]),
    notes: ["rank"],
  },
  { what: "a deep copy by hand", act: (doc) => deepCopy(doc), notes: "all" },
];

function deepCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(deepCopy);
  if (typeof value !== "object" || value === null || value instanceof ArrayBuffer) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, deepCopy(item)]));
}

/** Results are compared as they are once no tracked document is in them. */
function plainly(result: unknown): unknown {
  return untracked(result);
}

test.each(OPERATIONS)("$what: as with a plain object", ({ act, notes, notesOther = [] }) => {
  const before = cloneValue({ ROW, OTHER });
  const expected = act(cloneValue(ROW) as Loose, cloneValue(OTHER) as Loose);
  for (const isLazy of [true, false]) {
    const { docs, noted } = giveAll([ROW, OTHER], isLazy);
    const result = act(docs[0] ?? {}, docs[1] ?? {});
    const seen = noted();
    expect(sorted(seen[0])).toEqual(sorted(notes));
    expect(sorted(seen[1])).toEqual(sorted(notesOther));
    expect(plainly(result)).toEqual(expected);
  }
  expect({ ROW, OTHER }).toEqual(before);
});

function sorted(fields: unknown): unknown {
  return Array.isArray(fields) ? fields.toSorted() : fields;
}

test("after each operation the rest of the document is as in a plain copy", () => {
  for (const { act, what } of OPERATIONS) {
    const plain = [cloneValue(ROW) as Loose, cloneValue(OTHER) as Loose] as const;
    const { docs } = giveAll([ROW, OTHER]);
    act(plain[0], plain[1]);
    act(docs[0] ?? {}, docs[1] ?? {});
    expect(plainly(docs[0]), what).toEqual(plain[0]);
    expect(Object.keys(docs[0] ?? {}), what).toEqual(Object.keys(plain[0]));
    expect(stringifyOrError(plainly(docs[0])), what).toEqual(stringifyOrError(plain[0]));
  }
});

function stringifyOrError(value: unknown): string {
  try {
    return stringifyValue(value as Value);
  } catch (error) {
    return String(error);
  }
}

test("inspection sees documents as they are, wherever they hang, once they are loaded", () => {
  class Box {
    readonly content: unknown;
    constructor(content: unknown) {
      this.content = content;
    }
  }
  const holdersOf = (doc: Loose) => [
    doc,
    [doc],
    { a: { b: doc } },
    new Map<unknown, unknown>([[doc, [doc]]]),
    new Set([doc]),
    new Box(doc),
    new Error("failed", { cause: doc }).cause,
  ];
  const plain = holdersOf(cloneValue(ROW) as Loose);
  for (const [at, expected] of plain.entries()) {
    const { docs, noted } = giveAll([ROW]);
    const held = holdersOf(docs[0] ?? {})[at];
    loadTracked(held);
    expect(inspect(held, { depth: 6 })).toBe(inspect(expected, { depth: 6 }));
    expect(noted()[0]).toBe("all");
  }
});

test("untracked() gives what has no tracked document in it as it is", () => {
  const held = { a: [1, { b: new Map([["c", 1]]) }] };
  expect(untracked(held)).toBe(held);
  expect(untracked(held.a)).toBe(held.a);
  expect(isTracked(held)).toBe(false);
});

test("untracked() copies what holds a tracked document, and leaves the holder alone", () => {
  const { docs } = giveAll([ROW]);
  const held = Object.freeze({ list: Object.freeze([docs[0], 1]), same: Object.freeze({ x: 1 }) });
  const plain = untracked(held) as typeof held;
  expect(isTracked(plain.list[0])).toBe(false);
  expect(plain).toEqual({ list: [ROW, 1], same: { x: 1 } });
  expect(plain.same).toBe(held.same);
  expect(isTracked(held.list[0])).toBe(true);
});

test("untracked() of a cycle ends", () => {
  const cycle: Loose = {};
  cycle["self"] = cycle;
  expect(untracked(cycle)).toBe(cycle);
});

test("random handlers: equal results, and every field that the result depends on is noted", () => {
  const steps = fc.array(
    fc.record({
      kind: fc.constantFrom("get", "has", "own", "set", "delete", "keys", "push", "spread", "freezeNested"),
      field: fc.constantFrom("name", "rank", "tags", "deep", "missing", "_id", "toString"),
    }),
    { maxLength: 12 },
  );
  const play = (doc: Loose, list: readonly { kind: string; field: string }[]): unknown[] =>
    list.map(({ kind, field }) => {
      if (kind === "get") return typeof doc[field] === "function" ? "function" : structuredClone(untracked(doc[field]));
      if (kind === "has") return field in doc;
      if (kind === "own") return Object.hasOwn(doc, field);
      if (kind === "set") return (doc[field] = field.length);
      if (kind === "delete") return delete doc[field];
      if (kind === "keys") return Object.keys(doc);
      if (kind === "push") return Array.isArray(doc["tags"]) ? doc["tags"].push(field) : 0;
      return kind === "spread" ? Object.keys({ ...doc }) : Object.isFrozen(Object.freeze(doc["deep"]));
    });
  fc.assert(
    fc.property(steps, fc.constantFrom("name", "rank", "tags", "deep"), (list, changed) => {
      const expected = play(cloneValue(ROW) as Loose, list);
      const { docs, noted } = giveAll([ROW]);
      expect(play(docs[0] ?? {}, list)).toEqual(expected);
      const { [changed]: _, ...others } = cloneValue(ROW) as Loose;
      const isNoted = noted()[0] === "all" || (noted()[0] as string[]).includes(changed);
      if (!isNoted) expect(play(others, list)).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});
