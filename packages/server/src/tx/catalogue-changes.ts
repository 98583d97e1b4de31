/**
 * Changes of the catalogue inside a transaction: rows, written like any others. The tables in memory follow from them (`database-state.ts`).
 *
 * @module
 */
import type { TableAddress, Value } from "@narrowcast/values";
import { printTable } from "@narrowcast/values";
import {
  DEFINED_INDEXES_FROM,
  INDEXES_TABLE,
  META_TABLE,
  TABLES_TABLE,
  componentField,
  tableFact,
} from "./catalogue.ts";
import type { Catalogue, Index, IndexState, Table } from "./catalogue.ts";

type Fields = { readonly [field: string]: Value };

/** Where catalogue rows are written; what follows from them is in force at once. `fields` never contain system fields. */
export interface RowWriter {
  insertRow(table: Table, fields: Fields): void;
  replaceRow(table: Table, id: string, fields: Fields): void;
  deleteRow(table: Table, id: string): void;
  changeName(name: string): void;
}

export class CatalogueChanges {
  readonly #catalogue: Catalogue;
  readonly #rows: RowWriter;

  constructor(catalogue: Catalogue, rows: RowWriter) {
    this.#catalogue = catalogue;
    this.#rows = rows;
  }

  createTable(address: TableAddress, isSystem: boolean): Table {
    const number = this.#catalogue.nextNumber(isSystem);
    this.#rows.insertRow(TABLES_TABLE, tableRow(address, number, DEFINED_INDEXES_FROM));
    this.#rows.changeName(tableFact(address));
    return this.#table(address);
  }

  /** Adds an index definition; its entries for existing rows are the caller's business. */
  addIndex(address: TableAddress, name: string, fields: readonly string[], state: IndexState): void {
    const table = this.#table(address);
    const number = table.nextIndex;
    const nextIndex = number + 1;
    if (table.rowId === undefined) {
      throw new Error(`Cannot add an index to "${printTable(address)}": it is part of the catalogue`);
    }
    this.#rows.replaceRow(TABLES_TABLE, table.rowId, tableRow(table.address, table.number, nextIndex));
    this.#rows.insertRow(INDEXES_TABLE, indexRow(table.address, name, fields, number, state));
    this.#rows.changeName(tableFact(address));
  }

  setIndexState(index: Index, state: IndexState): void {
    if (index.rowId === undefined) throw new Error(`Cannot change index "${index.fullName}": every table has it`);
    const fields = index.fields.slice(0, -1);
    const { table, name, number } = index;
    this.#rows.replaceRow(INDEXES_TABLE, index.rowId, indexRow(table, name, fields, number, state));
    this.#rows.changeName(tableFact(table));
  }

  /** Forgets an index whose entries are gone. */
  forgetIndex(index: Index): void {
    if (index.rowId === undefined) throw new Error(`Cannot remove index "${index.fullName}": every table has it`);
    this.#rows.deleteRow(INDEXES_TABLE, index.rowId);
  }

  /** Stores a value under a key of `_meta`, which each component has for itself. `rowId` is the row that holds it already, if any. */
  setMeta(rowId: string | undefined, component: string, key: string, value: Value): void {
    const fields = { key, value, ...componentField(component) };
    if (rowId === undefined) this.#rows.insertRow(META_TABLE, fields);
    else this.#rows.replaceRow(META_TABLE, rowId, fields);
  }

  #table(address: TableAddress): Table {
    const table = this.#catalogue.get(address);
    if (table === undefined) throw new Error(`Cannot change table "${printTable(address)}": it does not exist`);
    return table;
  }
}

function tableRow({ component, table }: TableAddress, number: number, nextIndex: number): Fields {
  return { name: table, number, nextIndex, ...componentField(component) };
}

function indexRow(
  { component, table }: TableAddress,
  name: string,
  fields: readonly string[],
  number: number,
  state: IndexState,
): Fields {
  return { table, name, fields: [...fields], number, state, ...componentField(component) };
}
