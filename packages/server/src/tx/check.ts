/**
 * Proves that a database is sound: every document decodes and has its id, its place in every index and no place
 * elsewhere; counts agree; documents match the schema; the catalogue agrees with itself.
 *
 * Reads only. Used by `narrowcast check` and as the oracle of tests.
 *
 * Not here: the store's files (`engine/`).
 *
 * @module
 */
import { tableNumberOfId, tryDecodeId } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import type { ExpectedEntries } from "../engine/check.ts";
import { PRIMARY } from "../engine/types.ts";
import type { Engine, Key } from "../engine/types.ts";
import type { Index, Table } from "./catalogue.ts";
import { DatabaseState } from "./database-state.ts";
import type { Database } from "./database.ts";
import { indexKey, keySuffix } from "./index-keys.ts";
import { ActiveSchema } from "./schema.ts";

/** Problems listed before the check of one table gives up. */
const PROBLEMS_A_TABLE = 100;

/**
 * Gives, for the engine's own check, the index entries that a row must have; `undefined` for a collection that is no table.
 * Indexes that are still being filled are left out: their entries may be missing.
 */
export function entryExpectations(engine: Engine<Doc>): ExpectedEntries<Doc> {
  const { catalogue } = DatabaseState.load(engine);
  return (collection, value) => {
    const table = catalogue.byNumber(collection);
    if (table === undefined) return undefined;
    const suffix = keySuffix(value);
    return table.indexes
      .filter(({ state }) => state !== "backfilling")
      .map((index) => ({ index: index.number, indexKey: indexKey(index, value, suffix) }));
  };
}

/** Checks every table. Gives a line of text for each problem; none means sound. */
export function checkDatabase(database: Database): readonly string[] {
  const schema = database.schema === null ? undefined : new ActiveSchema(database.schema);
  const problems: string[] = [];
  for (const table of database.catalogue.tables()) {
    const found = [...checkTable(database, table, schema)];
    problems.push(...found.slice(0, PROBLEMS_A_TABLE));
    if (found.length > PROBLEMS_A_TABLE) {
      problems.push(`Table "${table.name}": ${found.length - PROBLEMS_A_TABLE} more problems`);
    }
  }
  return problems;
}

function* checkTable(database: Database, table: Table, schema: ActiveSchema | undefined): Iterable<string> {
  const { engine } = database;
  let rows = 0;
  const cursor = engine.scan(table.number, PRIMARY, { start: "", end: undefined }, "asc");
  while (cursor.next()) {
    rows += 1;
    yield* checkRow(table, cursor.key, () => cursor.value(), schema, database);
  }
  const count = engine.count(table.number);
  if (count !== rows) yield `Table "${table.name}" counts ${count} documents; should be ${rows}`;
  for (const index of table.indexes) yield* checkIndex(engine, table, index, rows);
}

function* checkRow(
  table: Table,
  key: Key,
  value: () => Doc,
  schema: ActiveSchema | undefined,
  database: Database,
): Iterable<string> {
  const place = `Document "${key}" of table "${table.name}"`;
  let row: Doc;
  try {
    row = value();
  } catch (error) {
    yield `${place} cannot be decoded: ${error instanceof Error ? error.message : String(error)}`;
    return;
  }
  if (row._id !== key) yield `${place} has the \`_id\` "${row._id}"`;
  if (tryDecodeId(key) === undefined) yield `${place} is stored under a key that is not an id`;
  else if (tableNumberOfId(key) !== table.number) yield `${place} has an id of another table`;
  if (typeof row._creationTime !== "number") yield `${place} has no creation time`;
  const failure = schema?.failure(table.name, row, database.tableNames);
  if (failure !== undefined) yield `${place} does not match the schema: ${failure.split("\n").join(" ")}`;
}

/** Each entry belongs to its row, and complete indexes have as many entries as there are rows: so each row has its entry. */
function* checkIndex(engine: Engine<Doc>, table: Table, index: Index, rows: number): Iterable<string> {
  let entries = 0;
  const cursor = engine.scan(table.number, index.number, { start: "", end: undefined }, "asc");
  while (cursor.next()) {
    entries += 1;
    const row = tryGet(engine, table.number, cursor.key);
    if (row === "broken") continue;
    if (row === undefined) {
      yield `Index ${index.fullName} has an entry for "${cursor.key}", which does not exist`;
    } else if (indexKey(index, row, keySuffix(row)) !== cursor.indexKey) {
      yield `Index ${index.fullName} has an entry for "${cursor.key}" at a place that is not its own`;
    }
  }
  if (index.state !== "backfilling" && entries !== rows) {
    yield `Index ${index.fullName} has ${entries} entries; should be ${rows}`;
  }
}

/** Rows that do not decode were reported with their table. */
function tryGet(engine: Engine<Doc>, collection: number, key: Key): Doc | undefined | "broken" {
  try {
    return engine.get(collection, key);
  } catch {
    return "broken";
  }
}
