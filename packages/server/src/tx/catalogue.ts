/**
 * The catalogue: which tables and indexes there are, by name and by number.
 *
 * It is stored as rows of three system tables with fixed numbers and held in memory as immutable `Table` objects; a
 * change replaces the object.
 *
 *   _tables   {name, number, nextIndex}
 *   _indexes  {table, name, fields, number, state}
 *   _meta     {key, value}                 schema, cursor secret
 *
 * Invariants:
 *   - Table numbers and, within a table, index numbers are never used twice.
 *   - `table.indexes` lists every index that writes maintain: all states but `dropping`.
 *
 * Not here: the rows' writing (`catalogue-changes.ts`), from rows to tables (`database-state.ts`).
 *
 * @module
 */
import type { TableNames } from "@narrowcast/values";
import { PRIMARY } from "../engine/types.ts";
import { parseFieldPath } from "./field-path.ts";
import type { IndexShape } from "./index-keys.ts";
import type { RangeIndex } from "./range.ts";

export const USER_TABLES_FROM = 10_001;
export const BY_CREATION_TIME = 1;
/** First index number of defined indexes: 0 is `by_id`, 1 `by_creation_time`. */
export const DEFINED_INDEXES_FROM = 2;

/**
 * `backfilling`: maintained by writes, old rows still missing. `ready`: queryable. `staged`: complete, kept out of queries
 * by the schema. `dropping`: gone for everybody, its entries are being removed.
 */
export type IndexState = "backfilling" | "ready" | "staged" | "dropping";

export interface Index extends IndexShape, RangeIndex {
  readonly name: string;
  readonly state: IndexState;
  /** Its row in `_indexes`; undefined for the two that every table has. */
  readonly rowId: string | undefined;
}

export interface Table {
  readonly name: string;
  readonly number: number;
  readonly isSystem: boolean;
  readonly nextIndex: number;
  /** Its row in `_tables`; undefined for the tables of the catalogue itself. */
  readonly rowId: string | undefined;
  readonly byId: Index;
  /** Indexes with a tree that writes maintain. */
  readonly indexes: readonly Index[];
  /** Indexes whose entries still have to be removed. */
  readonly dropping: readonly Index[];
}

/** Fields of the two indexes that every table has. */
export function builtInFields(index: string): readonly string[] {
  return index === "by_id" ? ["_id"] : ["_creationTime"];
}

/** Builds an index that every table or a row of `_indexes` describes. */
export function makeIndex(
  table: string,
  name: string,
  number: number,
  fields: readonly string[],
  state: IndexState,
  rowId?: string,
): Index {
  return {
    name,
    fullName: `${table}.${name}`,
    number,
    paths: fields.map(parseFieldPath),
    fields: number === PRIMARY ? builtInFields("by_id") : [...fields, ...builtInFields("by_creation_time")],
    state,
    rowId,
  };
}

/** A table with the two indexes that every table has. */
export function makeTable(name: string, number: number, nextIndex: number, rowId?: string): Table {
  return {
    name,
    number,
    isSystem: number < USER_TABLES_FROM,
    nextIndex,
    rowId,
    byId: makeIndex(name, "by_id", PRIMARY, [], "ready"),
    indexes: [makeIndex(name, "by_creation_time", BY_CREATION_TIME, [], "ready")],
    dropping: [],
  };
}

export const TABLES_TABLE = makeTable("_tables", 513, DEFINED_INDEXES_FROM);
export const INDEXES_TABLE = makeTable("_indexes", 514, DEFINED_INDEXES_FROM);
export const META_TABLE = makeTable("_meta", 515, DEFINED_INDEXES_FROM);
const OTHER_SYSTEM_TABLES_FROM = 516;

/** The catalogue in memory. */
export class Catalogue implements TableNames {
  readonly #byName = new Map<string, Table>();
  readonly #byNumber = new Map<number, Table>();

  constructor() {
    for (const table of [TABLES_TABLE, INDEXES_TABLE, META_TABLE]) this.set(table.name, table);
  }

  get(name: string): Table | undefined {
    return this.#byName.get(name);
  }

  byNumber(number: number): Table | undefined {
    return this.#byNumber.get(number);
  }

  tableNameOf(tableNumber: number): string | undefined {
    return this.#byNumber.get(tableNumber)?.name;
  }

  tables(): Iterable<Table> {
    return this.#byName.values();
  }

  /** User tables only. */
  get userTableCount(): number {
    let count = 0;
    for (const table of this.#byName.values()) if (!table.isSystem) count += 1;
    return count;
  }

  nextNumber(isSystem: boolean): number {
    let next = isSystem ? OTHER_SYSTEM_TABLES_FROM : USER_TABLES_FROM;
    for (const table of this.#byName.values()) if (table.isSystem === isSystem) next = Math.max(next, table.number + 1);
    return next;
  }

  /** Puts a table in its place, or takes it away. */
  set(name: string, table: Table | undefined): void {
    const old = this.#byName.get(name);
    if (old !== undefined) this.#byNumber.delete(old.number);
    if (table === undefined) {
      this.#byName.delete(name);
    } else {
      this.#byName.set(name, table);
      this.#byNumber.set(table.number, table);
    }
  }
}

/** The shape of a row of `_tables`. */
export interface TableRow {
  readonly name: string;
  readonly number: number;
  readonly nextIndex: number;
}

/** The shape of a row of `_indexes`. */
export interface IndexRow {
  readonly table: string;
  readonly name: string;
  readonly fields: readonly string[];
  readonly number: number;
  readonly state: IndexState;
}

/** `table` with `index` added, or put in the place of the one with its number. */
export function withIndex(table: Table, index: Index): Table {
  const isDropping = index.state === "dropping";
  return {
    ...table,
    indexes: isDropping ? without(table.indexes, index.number) : placed(table.indexes, index),
    dropping: isDropping ? placed(table.dropping, index) : without(table.dropping, index.number),
  };
}

/** `table` without the index of this number. */
export function withoutIndex(table: Table, number: number): Table {
  return { ...table, indexes: without(table.indexes, number), dropping: without(table.dropping, number) };
}

function without(indexes: readonly Index[], number: number): readonly Index[] {
  return indexes.filter((index) => index.number !== number);
}

/** In order of their numbers, so that the order follows from what there is and not from how it came about. */
function placed(indexes: readonly Index[], index: Index): readonly Index[] {
  return [...without(indexes, index.number), index].toSorted((one, other) => one.number - other.number);
}
