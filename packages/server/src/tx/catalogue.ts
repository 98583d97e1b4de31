/**
 * The catalogue: which tables and indexes there are, by address and by number.
 *
 * It is stored as rows of three system tables with fixed numbers and held in memory as immutable `Table` objects; a
 * change replaces the object.
 *
 *   _tables   {name, number, nextIndex}
 *   _indexes  {table, name, fields, number, state}
 *   _meta     {key, value}                 schema, cursor secret
 *
 * A row about a component has its path in the field `component` besides; rows about the app itself do not, as in stores from before there were components.
 *
 * Invariants:
 *   - Tables of two components may have one name. They share nothing: numbers, and so ids and keys, are of one table only.
 *   - Table numbers and, within a table, index numbers are never used twice.
 *   - `table.indexes` lists every index that writes maintain: all states but `dropping`.
 *
 * Not here: the rows' writing (`catalogue-changes.ts`), from rows to tables (`database-state.ts`).
 *
 * @module
 */
import { printTable, rootTable, ROOT_COMPONENT } from "@narrowcast/values";
import type { TableAddress, TableNames, Value } from "@narrowcast/values";
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
  readonly table: TableAddress;
  readonly name: string;
  readonly state: IndexState;
  /** Its row in `_indexes`; undefined for the two that every table has. */
  readonly rowId: string | undefined;
}

export interface Table {
  /** The same object as long as the process lives: whoever tells of the table gives this one. */
  readonly address: TableAddress;
  /** Its name within the component. */
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
  table: TableAddress,
  name: string,
  number: number,
  fields: readonly string[],
  state: IndexState,
  rowId?: string,
): Index {
  return {
    table,
    name,
    fullName: `${printTable(table)}.${name}`,
    number,
    paths: fields.map(parseFieldPath),
    fields: number === PRIMARY ? builtInFields("by_id") : [...fields, ...builtInFields("by_creation_time")],
    state,
    rowId,
  };
}

/** A table with the two indexes that every table has. */
export function makeTable(address: TableAddress, number: number, nextIndex: number, rowId?: string): Table {
  return {
    address,
    name: address.table,
    number,
    isSystem: number < USER_TABLES_FROM,
    nextIndex,
    rowId,
    byId: makeIndex(address, "by_id", PRIMARY, [], "ready"),
    indexes: [makeIndex(address, "by_creation_time", BY_CREATION_TIME, [], "ready")],
    dropping: [],
  };
}

export const TABLES_TABLE = makeTable(rootTable("_tables"), 513, DEFINED_INDEXES_FROM);
export const INDEXES_TABLE = makeTable(rootTable("_indexes"), 514, DEFINED_INDEXES_FROM);
export const META_TABLE = makeTable(rootTable("_meta"), 515, DEFINED_INDEXES_FROM);
export const OTHER_SYSTEM_TABLES_FROM = 516;

/** The tables of one component, as its functions see them: what another component has is not there. */
export class Namespace implements TableNames {
  readonly component: string;
  readonly #tables = new Map<string, Table>();
  readonly #byNumber: ReadonlyMap<number, Table>;

  constructor(component: string, byNumber: ReadonlyMap<number, Table>) {
    this.component = component;
    this.#byNumber = byNumber;
  }

  get(name: string): Table | undefined {
    return this.#tables.get(name);
  }

  /** A table by the number in its ids. */
  byNumber(tableNumber: number): Table | undefined {
    const table = this.#byNumber.get(tableNumber);
    return table?.address.component === this.component ? table : undefined;
  }

  tableNameOf(tableNumber: number): string | undefined {
    return this.byNumber(tableNumber)?.name;
  }

  tables(): Iterable<Table> {
    return this.#tables.values();
  }

  /** Of the catalogue. */
  set(name: string, table: Table | undefined): void {
    if (table === undefined) this.#tables.delete(name);
    else this.#tables.set(name, table);
  }
}

/** The catalogue in memory. */
export class Catalogue {
  readonly #namespaces = new Map<string, Namespace>();
  readonly #byNumber = new Map<number, Table>();
  /** The app's own tables, and for now all system tables. */
  readonly root: Namespace = this.namespace(ROOT_COMPONENT);

  constructor() {
    for (const table of [TABLES_TABLE, INDEXES_TABLE, META_TABLE]) this.set(table.address, table);
  }

  /** The tables of a component; none yet if nobody heard of it. */
  namespace(component: string): Namespace {
    let namespace = this.#namespaces.get(component);
    if (namespace === undefined) {
      namespace = new Namespace(component, this.#byNumber);
      this.#namespaces.set(component, namespace);
    }
    return namespace;
  }

  get({ component, table }: TableAddress): Table | undefined {
    return this.#namespaces.get(component)?.get(table);
  }

  /** Whosever it is. */
  byNumber(number: number): Table | undefined {
    return this.#byNumber.get(number);
  }

  /** Of all components. */
  tables(): Iterable<Table> {
    return this.#byNumber.values();
  }

  /** User tables only. */
  get userTableCount(): number {
    let count = 0;
    for (const table of this.#byNumber.values()) if (!table.isSystem) count += 1;
    return count;
  }

  nextNumber(isSystem: boolean): number {
    let next = isSystem ? OTHER_SYSTEM_TABLES_FROM : USER_TABLES_FROM;
    for (const table of this.#byNumber.values())
      if (table.isSystem === isSystem) next = Math.max(next, table.number + 1);
    return next;
  }

  /** Puts a table in its place, or takes it away. */
  set(address: TableAddress, table: Table | undefined): void {
    const namespace = this.namespace(address.component);
    const old = namespace.get(address.table);
    namespace.set(address.table, table);
    if (table !== undefined) this.#byNumber.set(table.number, table);
    else if (old !== undefined) this.#byNumber.delete(old.number);
  }
}

/** The shape of a row of `_tables`. */
export interface TableRow {
  /** Left out for the app's own. */
  readonly component?: string;
  readonly name: string;
  readonly number: number;
  readonly nextIndex: number;
}

/** The shape of a row of `_meta`. */
export interface MetaRow {
  readonly component?: string;
  readonly key: string;
  readonly value: Value;
}

/** The shape of a row of `_indexes`. */
export interface IndexRow {
  readonly component?: string;
  readonly table: string;
  readonly name: string;
  readonly fields: readonly string[];
  readonly number: number;
  readonly state: IndexState;
}

/** The field that a stored row about `component` has besides: none if it is about the app itself. */
export function componentField(component: string): { readonly component?: string } {
  return component === ROOT_COMPONENT ? {} : { component };
}

/** The name under which a read set, or a commit, speaks of a table's being there and of its indexes. */
export function tableFact(address: TableAddress): string {
  return `table:${printTable(address)}`;
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
