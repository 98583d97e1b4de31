/**
 * How fast are the codecs on every call's path, held against what JavaScript has built in and what `convex/values` does?
 *
 * Expected before measuring: documents decode no slower than JSON and encode about as fast; own JSON and copies beat
 * `convex/values` by several times; keys cost less than `JSON.stringify` of the same tuple.
 *
 *   npx tsx --conditions=@narrowcast/source packages/values/src/codec.bench.ts [part of a name]
 *
 * Both sides of a line work on the same hundred documents in turn.
 *
 * @module
 */
import { compareValues as convexCompare, convexToJson, getConvexSize, jsonToConvex } from "convex/values";
import { compare, report } from "../../../bench/compare.ts";
import {
  canonicalValue,
  cloneValue,
  compareValues,
  decodeDocument,
  decodeId,
  encodeDocument,
  encodeId,
  encodeKey,
  parseValue,
  setField,
  sizeOfDocument,
  stringifyValue,
  validateValue,
  valuesEqual,
} from "./index.ts";
import type { Doc, JsonValue, ObjectValue, ValidatorJson, Value } from "./index.ts";
import { makeShapeCode } from "./shape-code.ts";
import type { ShapeCode } from "./shape-code.ts";

const COUNT = 100;
const SAMPLE = new Uint8Array(16).fill(5);

/** A chat message: ten fields, 320 bytes of JSON. */
function message(at: number, suffix = ""): Doc {
  const text = `Please look at run ${at}: the importer stopped after the third batch and nobody was told.`;
  return {
    _creationTime: 1_700_000_000_000.25 + at,
    _id: encodeId(10_001, new Uint8Array(16).fill(at)),
    [`author${suffix}`]: encodeId(10_002, new Uint8Array(16).fill(at * 7)),
    [`body${suffix}`]: text,
    [`channel${suffix}`]: encodeId(10_003, new Uint8Array(16).fill(at * 3)),
    [`editedAt${suffix}`]: null,
    [`isPinned${suffix}`]: at % 3 === 0,
    [`likes${suffix}`]: at,
    [`role${suffix}`]: "assistant",
    [`tokens${suffix}`]: at * 1_000,
  };
}

function nested(at: number): Doc {
  const items = Array.from({ length: 20 }, (_, n) => ({
    cost: n * 0.25,
    name: `Step ${n} of run ${at}, which fetches the page and stores what it found there`,
    state: { kind: n % 2 === 0 ? "success" : "failed", tries: n },
    tags: ["import", "nightly", "batch"],
  }));
  return { _creationTime: 1e12 + at, _id: encodeId(10_004, new Uint8Array(16).fill(at)), items };
}

const flat = Array.from({ length: COUNT }, (_, at) => message(at));
const mixed = Array.from({ length: COUNT }, (_, at) => message(at, String(at % 20)));
const deep = Array.from({ length: COUNT }, (_, at) => nested(at));
const wide = Array.from({ length: COUNT }, (_, at) => ({ ...message(at), body: `Größe ändern: ${at} – 日本語のメモ` }));

const bytesOf = (docs: readonly Doc[]): Uint8Array[] => docs.map((doc) => new Uint8Array(encodeDocument(doc)));
const jsonOf = (docs: readonly Doc[]): Buffer[] => docs.map((doc) => Buffer.from(JSON.stringify(doc)));
const textOf = (docs: readonly Doc[]): string[] => docs.map((doc) => JSON.stringify(doc));

/** Runs `body` over all items and returns how many there were: enough to show that both sides did all. */
function each<T>(items: readonly T[], body: (item: T) => unknown): () => number {
  return () => {
    for (let at = 0; at < items.length; at++) kept.last = body(items[at] as T);
    return items.length;
  };
}
/** Keeps results alive, so that no work is optimised away. */
const kept: { last: unknown } = { last: undefined };

const filter = process.argv[2] ?? "";

function measure(name: string, baseline: () => number, candidate: () => number): void {
  if (!name.includes(filter)) return;
  const result = compare(name, { baseline, candidate });
  if (result !== undefined) console.log(report(result));
}

function sameDocuments(name: string, docs: readonly Doc[]): void {
  const bytes = bytesOf(docs);
  const json = jsonOf(docs);
  for (const [at, doc] of docs.entries()) {
    if (!valuesEqual(decodeDocument(bytes[at] as Uint8Array), doc)) throw new Error(`Cannot compare: ${name} differs`);
  }
  const size = (all: readonly Uint8Array[]): number => all.reduce((sum, one) => sum + one.length, 0);
  if (name.includes(filter)) console.log(`${name}: bytes / JSON bytes = ${(size(bytes) / size(json)).toFixed(2)}`);
  measure(
    `decode ${name} / JSON.parse of bytes`,
    each(json, (one) => JSON.parse(one.toString())),
    each(bytes, (one) => decodeDocument(one)),
  );
  measure(
    `encode ${name} / JSON.stringify to bytes`,
    each(docs, (doc) => Buffer.from(JSON.stringify(doc))),
    each(docs, encodeDocument),
  );
}

sameDocuments("flat", flat);
sameDocuments("20 shapes", mixed);
sameDocuments("nested", deep);
sameDocuments("not ASCII", wide);

for (const [name, docs] of [
  ["flat", flat],
  ["nested", deep],
] as const) {
  measure(
    `clone ${name} / structuredClone`,
    each(docs, (doc) => structuredClone(doc)),
    each(docs, (doc) => cloneValue(doc as Value)),
  );
  measure(
    `stringifyValue ${name} / JSON.stringify`,
    each(docs, (doc) => JSON.stringify(doc)),
    each(docs, (doc) => stringifyValue(doc)),
  );
  measure(
    `stringifyValue ${name} / convex/values`,
    each(docs, (doc) => JSON.stringify(convexToJson(doc))),
    each(docs, (doc) => stringifyValue(doc)),
  );
  measure(
    `parseValue ${name} / JSON.parse`,
    each(textOf(docs), (text) => JSON.parse(text)),
    each(textOf(docs), parseValue),
  );
  measure(
    `parseValue ${name} / convex/values`,
    each(textOf(docs), (text) => jsonToConvex(JSON.parse(text) as JsonValue)),
    each(textOf(docs), parseValue),
  );
  measure(
    `canonicalValue ${name} / convex/values both ways`,
    each(docs, (doc) => jsonToConvex(convexToJson(doc))),
    each(docs, canonicalValue),
  );
  measure(`sizeOfDocument ${name} / convex/values`, each(docs, getConvexSize), each(docs, sizeOfDocument));
}

const tuples: Value[][] = flat.map((doc) => [doc["channel"] as Value, doc._creationTime, doc._id]);
measure(
  "encodeKey / JSON.stringify of the tuple",
  each(tuples, (tuple) => JSON.stringify(tuple).length),
  // The last character makes V8 write out the string that concatenation only describes.
  each(tuples, (tuple) => {
    const key = encodeKey(tuple);
    return key.charCodeAt(key.length - 1);
  }),
);
measure(
  "compareValues / convex/values",
  each(flat, (doc) => convexCompare(doc["body"], flat[0]?.["body"])),
  each(flat, (doc) => compareValues(doc["body"], flat[0]?.["body"])),
);

const tables = { tableNameOf: (tableNumber: number) => ["messages", "users", "channels"][tableNumber - 10_001] };
const validator: ValidatorJson = {
  type: "object",
  value: {
    _creationTime: { fieldType: { type: "number" }, optional: false },
    _id: { fieldType: { type: "id", tableName: "messages" }, optional: false },
    author: { fieldType: { type: "id", tableName: "users" }, optional: false },
    body: { fieldType: { type: "string" }, optional: false },
    channel: { fieldType: { type: "id", tableName: "channels" }, optional: false },
    editedAt: { fieldType: { type: "union", value: [{ type: "null" }, { type: "number" }] }, optional: false },
    isPinned: { fieldType: { type: "boolean" }, optional: false },
    likes: { fieldType: { type: "number" }, optional: false },
    role: {
      fieldType: {
        type: "union",
        value: [
          { type: "literal", value: "user" },
          { type: "literal", value: "assistant" },
        ],
      },
      optional: false,
    },
    tokens: { fieldType: { type: "number" }, optional: true },
  },
};
if (validateValue(validator, flat[1] as Value, tables) !== undefined)
  throw new Error("Cannot measure: invalid document");
measure(
  "validateValue flat / JSON.stringify",
  each(flat, (doc) => JSON.stringify(doc)),
  each(flat, (doc) => validateValue(validator, doc as Value, tables)),
);
measure(
  "decodeId / encodeId",
  each(flat, () => encodeId(10_001, SAMPLE)),
  each(flat, (doc) => decodeId(doc._id)),
);

// Two tricks and what they are held against: code made for a shape, and memory shared by documents.
const SHAPES = Array.from({ length: 50 }, (_, at) => Object.keys(message(0, at === 0 ? "" : String(at))).sort());
const frequent = SHAPES.map((names) => makeShapeCode(names));
const source = { readValue: (): Value => 1 };
for (const code of frequent) for (let n = 0; n < 100; n++) code.build(source);

function buildByLoop(names: readonly string[]): ObjectValue {
  const object: ObjectValue = {};
  for (const name of names) setField(object, name, source.readValue());
  return object;
}

for (const shapes of [1, 50]) {
  measure(
    `build ten fields by made code / loop, ${shapes} shapes`,
    each(
      Array.from({ length: COUNT }, (_, at) => SHAPES[at % shapes] as string[]),
      buildByLoop,
    ),
    each(
      Array.from({ length: COUNT }, (_, at) => frequent[at % shapes] as ShapeCode),
      (code) => code.build(source),
    ),
  );
}
const chunk = new Uint8Array(65_536);
measure(
  "300 bytes as part of a chunk / array of their own",
  each(flat, () => new Uint8Array(300)),
  each(flat, () => chunk.subarray(300, 600)),
);
