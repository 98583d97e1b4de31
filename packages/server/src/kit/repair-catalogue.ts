/**
 * The catalogue of a damaged store: its rows as far as they are sound, and rows for tables whose own is lost.
 *
 * A table without a row would take its documents with it. System tables get their number in the order in which a new store defines them, so theirs can be
 * told where the others agree; a user's table gets the one name that is left over, or one made of its number.
 *
 * @module
 */
import { decodeDocument, encodeId, rootTable, type Doc } from "@narrowcast/values";
import { SystemRandom } from "../core/core-home.ts";
import type { StoreSalvage } from "../engine/salvage.ts";
import { SYSTEM_TABLES, textOf } from "../functions/system-rows.ts";
import {
  componentField,
  DEFINED_INDEXES_FROM,
  INDEXES_TABLE,
  META_TABLE,
  OTHER_SYSTEM_TABLES_FROM,
  TABLES_TABLE,
  USER_TABLES_FROM,
  type Table,
} from "../tx/catalogue.ts";
import { SCHEMA } from "../tx/database-state.ts";

const CATALOGUE = [TABLES_TABLE, INDEXES_TABLE, META_TABLE];
const INTERNAL_ID_BYTES = 16;

/** A row of the catalogue, and the table that it is to be written into. */
export interface CatalogueRow {
  readonly table: Table;
  readonly row: Doc;
}

/** True for the collections that hold the catalogue. */
export function isCatalogue(collection: number): boolean {
  return CATALOGUE.some(({ number }) => number === collection);
}

/** The rows of the new store's catalogue. @param lose Is told what is lost of it. */
export function catalogueOf(salvage: StoreSalvage, lose: (text: string) => void): readonly CatalogueRow[] {
  const found = new Map<string, CatalogueRow>();
  const collections = new Set<number>();
  for (const { collection, key, bytes, isDoubtful } of salvage.rows()) {
    if (!isCatalogue(collection)) {
      collections.add(collection);
      continue;
    }
    if (isDoubtful && found.has(key)) continue;
    const table = CATALOGUE.find(({ number }) => number === collection)!;
    const row = rowOf(table, key, bytes);
    if (row === undefined) lose(`Row "${key}" of table "${table.name}" is not one of the catalogue`);
    else found.set(key, { table, row });
  }
  const rows = [...found.values()];
  const tables = rows.filter(({ table }) => table === TABLES_TABLE).map(({ row }) => row);
  const known = new Set(tables.map((row) => row["number"]));
  const unnamed = [...collections].filter((number) => !known.has(number)).toSorted((one, other) => one - other);
  for (const number of unnamed) {
    const name = nameOf(number, unnamed, rows);
    if (name === undefined) continue;
    lose(`The name of table ${number} is lost: its documents are in table "${name}"`);
    const nextIndex = DEFINED_INDEXES_FROM;
    rows.push({ table: TABLES_TABLE, row: newRow({ name, number, nextIndex, ...componentField("") }) });
  }
  return rows.map((entry) =>
    entry.table === TABLES_TABLE ? { ...entry, row: withNextIndex(entry.row, rows) } : entry,
  );
}

function rowOf(table: Table, key: string, bytes: Uint8Array): Doc | undefined {
  let row: Doc;
  try {
    row = decodeDocument(bytes);
  } catch {
    return undefined;
  }
  if (row._id !== key || typeof row._creationTime !== "number") return undefined;
  const { name, number, nextIndex, fields, table: of, state, key: metaKey } = row;
  const isSound =
    table === TABLES_TABLE
      ? typeof name === "string" && typeof number === "number" && typeof nextIndex === "number"
      : table === INDEXES_TABLE
        ? typeof of === "string" && typeof number === "number" && Array.isArray(fields) && typeof state === "string"
        : typeof metaKey === "string";
  return isSound ? row : undefined;
}

/** What a table without a row was called, or is to be called; undefined where that cannot be told. */
function nameOf(number: number, unnamed: readonly number[], rows: readonly CatalogueRow[]): string | undefined {
  const ofTables = rows.filter(({ table }) => table === TABLES_TABLE).map(({ row }) => row);
  const names = new Set(ofTables.map((row) => textOf(row, "name")));
  if (number < USER_TABLES_FROM) {
    const isUsual = ofTables
      .filter((row) => Number(row["number"]) < USER_TABLES_FROM)
      .every((row) => SYSTEM_TABLES[Number(row["number"]) - OTHER_SYSTEM_TABLES_FROM]?.name === row["name"]);
    const name = SYSTEM_TABLES[number - OTHER_SYSTEM_TABLES_FROM]?.name;
    return isUsual && name !== undefined && !names.has(name) ? name : undefined;
  }
  const left = [...namesOf(rows)].filter((name) => !names.has(name));
  const isOnly = left.length === 1 && unnamed.filter((other) => other >= USER_TABLES_FROM).length === 1;
  return isOnly ? left[0] : `recovered_${number}`;
}

/** Names of the app's own tables that indexes or the schema speak of. */
function namesOf(rows: readonly CatalogueRow[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { table, row } of rows) {
    if (row["component"] !== undefined) continue;
    const value = row["value"];
    if (table === INDEXES_TABLE && !textOf(row, "table").startsWith("_")) names.add(textOf(row, "table"));
    if (table !== META_TABLE || row["key"] !== SCHEMA || typeof value !== "string") continue;
    const { tables } = JSON.parse(value) as { readonly tables: readonly { readonly tableName: string }[] };
    for (const { tableName } of tables) names.add(rootTable(tableName).table);
  }
  return names;
}

/** A table's row may be older than its indexes: their numbers are not given out again. */
function withNextIndex(row: Doc, rows: readonly CatalogueRow[]): Doc {
  const numbers = rows
    .filter(({ table, row: of }) => table === INDEXES_TABLE && of["table"] === row["name"])
    .filter(({ row: of }) => of["component"] === row["component"])
    .map(({ row: of }) => Number(of["number"]) + 1);
  return { ...row, nextIndex: Math.max(Number(row["nextIndex"]), ...numbers) };
}

function newRow(fields: { readonly name: string; readonly number: number; readonly nextIndex: number }): Doc {
  const _id = encodeId(TABLES_TABLE.number, new SystemRandom().bytes(INTERNAL_ID_BYTES));
  return { _id, _creationTime: Date.now(), ...fields };
}
