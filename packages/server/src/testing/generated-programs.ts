/**
 * Random schemas, programs and writes for `generated-app.ts`.
 *
 * Values come from small sets, so that documents meet in ranges and filters; fields are often absent.
 *
 * @module
 */
import type { Random } from "../reactive/testing/random.ts";

const FIELDS = ["a", "b", "c", "d"] as const;
const INDEXED = ["a", "b", "c", "n.x"] as const;
const VALUES_MAX = 4;
/** What a program does with a document. */
const USES =
  "whole spread rest field field two two nested has has has own own keys json clone text guarded written deleted pushed logged nothing nothing".split(
    " ",
  );

interface TableShape {
  readonly name: string;
  readonly indexes: readonly { readonly name: string; readonly fields: readonly string[] }[];
}

export type SchemaShape = readonly TableShape[];

/** Two or three tables with compound indexes. */
export function randomSchema(random: Random): SchemaShape {
  return Array.from({ length: 2 + random.int(2) }, (_, at) => {
    // Two indexes of a table may not have the same fields.
    const keys = new Map<string, readonly string[]>();
    for (let left = 1 + random.int(3); left > 0; left -= 1) {
      const fields = shuffled(random, INDEXED).slice(0, 1 + random.int(3));
      keys.set(fields.join(), fields);
    }
    return { name: `t${at}`, indexes: [...keys.values()].map((fields, n) => ({ name: `i${n}`, fields })) };
  });
}

/** As `parseSchema` takes it. */
export function schemaJsonOf(schema: SchemaShape): unknown {
  const none = {
    stagedDbIndexes: [],
    searchIndexes: [],
    stagedSearchIndexes: [],
    vectorIndexes: [],
    stagedVectorIndexes: [],
  };
  const tables = schema.map(({ name, indexes }) => ({
    tableName: name,
    indexes: indexes.map((index) => ({ indexDescriptor: index.name, fields: index.fields })),
    ...none,
    documentType: null,
  }));
  return { schemaValidation: false, tables };
}

/** One or two ops, of which one may paginate. */
export function randomProgram(random: Random, schema: SchemaShape, ids: readonly string[]): readonly object[] {
  const first = randomOp(random, schema, ids);
  return random.once(2) ? [first] : [first, randomPlainOp(random, schema, ids)];
}

function randomOp(random: Random, schema: SchemaShape, ids: readonly string[]): object {
  if (random.once(6)) {
    return { op: "page", rows: randomRows(random, schema), count: 1 + random.int(3), use: randomUse(random) };
  }
  if (!random.once(10)) return randomPlainOp(random, schema, ids);
  const branches = { high: randomPlainOp(random, schema, ids), low: randomPlainOp(random, schema, ids) };
  return { op: "if", id: random.pick(ids), field: random.pick(FIELDS), ...branches };
}

function randomPlainOp(random: Random, schema: SchemaShape, ids: readonly string[]): object {
  const rows = randomRows(random, schema);
  const use = randomUse(random);
  const count = 1 + random.int(4);
  const field = random.pick(FIELDS);
  const value = random.int(VALUES_MAX);
  const op = random.pick("get get all all all take take first first length until sorted where join lookUp".split(" "));
  if (op === "get") return { op, id: random.pick(ids), use };
  if (op === "lookUp") return { op, rows, count, inner: randomRows(random, schema), use };
  return { op, rows, use, count, field, value };
}

function randomUse(random: Random): readonly [string, string] {
  return [random.pick(USES), random.pick(FIELDS)];
}

function randomRows(random: Random, schema: SchemaShape): object {
  const table = random.pick(schema);
  const index = random.once(4) ? null : random.pick(table.indexes);
  const filters = random.once(3)
    ? [randomFilter(random)]
    : random.once(8)
      ? [randomFilter(random), randomFilter(random)]
      : [];
  return {
    table: table.name,
    index: index?.name ?? null,
    range: index === null ? [] : randomRange(random, index.fields),
    order: random.pick([null, "asc", "desc"]),
    filters,
  };
}

/** Some fields by equality, then perhaps bounds of the next one. */
function randomRange(random: Random, fields: readonly string[]): readonly (readonly [string, string, number])[] {
  const equal = random.int(fields.length + 1);
  const range: [string, string, number][] = fields
    .slice(0, equal)
    .map((field) => ["eq", field, random.int(VALUES_MAX)]);
  const next = fields[equal];
  if (next === undefined || random.once(2)) return range;
  if (!random.once(3)) range.push([random.pick(["gt", "gte"]), next, random.int(VALUES_MAX)]);
  if (random.once(2)) range.push([random.pick(["lt", "lte"]), next, random.int(VALUES_MAX)]);
  return range;
}

function randomFilter(random: Random, depth = 0): readonly unknown[] {
  if (depth < 2 && random.once(4)) {
    return [random.pick(["and", "or"]), randomFilter(random, depth + 1), randomFilter(random, depth + 1)];
  }
  if (depth < 2 && random.once(8)) return ["not", randomFilter(random, depth + 1)];
  const comparison = random.pick(["eq", "neq", "lt", "lte", "gt", "gte"]);
  return [comparison, random.pick([...FIELDS, "n.x"]), random.int(VALUES_MAX)];
}

/** One step of a mutation. @param live Ids of documents that are there; a deleted one is taken out. */
export function randomStep(random: Random, schema: SchemaShape, live: string[]): object {
  const step = { table: random.pick(schema).name, fields: {}, without: [] };
  const choice = random.int(12);
  if (choice < 3 || live.length < 4) return { ...step, op: "insert", fields: randomFields(random, live) };
  const id = random.pick(live);
  if (choice < 9) return { ...step, op: "patch", id, ...randomPatch(random, live) };
  if (choice < 10 || live.length < 6) return { ...step, op: "replace", id, fields: randomFields(random, live) };
  live.splice(live.indexOf(id), 1);
  return { ...step, op: "delete", id };
}

/** Mostly one field changes, comes or goes. */
function randomPatch(random: Random, live: readonly string[]): object {
  const field = random.pick([...FIELDS, ...FIELDS, "n", "l", "ref"]);
  if (random.once(4)) return { fields: {}, without: [field] };
  return { fields: { [field]: valueOf(random, field, live) }, without: [] };
}

function randomFields(random: Random, live: readonly string[]): object {
  const names = [...FIELDS, "n", "l", "ref"].filter(() => !random.once(3));
  return Object.fromEntries(names.map((name) => [name, valueOf(random, name, live)]));
}

function valueOf(random: Random, field: string, live: readonly string[]): unknown {
  if (field === "n") return { x: random.int(VALUES_MAX), y: random.int(2) };
  if (field === "l") return [random.int(VALUES_MAX)];
  if (field === "ref") return live.length === 0 ? null : random.pick(live);
  return random.int(VALUES_MAX);
}

function shuffled<T>(random: Random, items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, at: random.int(1_000_000) }))
    .sort((x, y) => x.at - y.at)
    .map(({ item }) => item);
}
