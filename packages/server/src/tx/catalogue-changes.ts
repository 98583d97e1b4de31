/**
 * Changes of the catalogue inside a transaction: rows, written like any others. The tables in memory follow from them (`database-state.ts`).
 *
 * @module
 */
import type { Value } from "@narrowcast/values";
import { DEFINED_INDEXES_FROM, INDEXES_TABLE, META_TABLE, TABLES_TABLE } from "./catalogue.ts";
import type { Catalogue, Index, IndexState, Table } from "./catalogue.ts";

/** Where catalogue rows are written; what follows from them is in force at once. `fields` never contain system fields. */
export interface RowWriter {
  insertRow(table: Table, fields: { readonly [field: string]: Value }): void;
  replaceRow(table: Table, id: string, fields: { readonly [field: string]: Value }): void;
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

  createTable(name: string, isSystem: boolean): Table {
    const number = this.#catalogue.nextNumber(isSystem);
    this.#rows.insertRow(TABLES_TABLE, { name, number, nextIndex: DEFINED_INDEXES_FROM });
    this.#rows.changeName(`table:${name}`);
    return this.#table(name);
  }

  /** Adds an index definition; its entries for existing rows are the caller's business. */
  addIndex(tableName: string, name: string, fields: readonly string[], state: IndexState): void {
    const table = this.#table(tableName);
    const number = table.nextIndex;
    const nextIndex = number + 1;
    if (table.rowId === undefined)
      throw new Error(`Cannot add an index to "${tableName}": it is part of the catalogue`);
    this.#rows.replaceRow(TABLES_TABLE, table.rowId, { name: table.name, number: table.number, nextIndex });
    this.#rows.insertRow(INDEXES_TABLE, { table: tableName, name, fields: [...fields], number, state });
    this.#rows.changeName(`table:${tableName}`);
  }

  setIndexState(tableName: string, index: Index, state: IndexState): void {
    if (index.rowId === undefined) throw new Error(`Cannot change index "${index.fullName}": every table has it`);
    const fields = index.fields.slice(0, -1);
    const { name, number } = index;
    this.#rows.replaceRow(INDEXES_TABLE, index.rowId, { table: tableName, name, fields, number, state });
    this.#rows.changeName(`table:${tableName}`);
  }

  /** Forgets an index whose entries are gone. */
  forgetIndex(index: Index): void {
    if (index.rowId === undefined) throw new Error(`Cannot remove index "${index.fullName}": every table has it`);
    this.#rows.deleteRow(INDEXES_TABLE, index.rowId);
  }

  /** Stores a value under a key of `_meta`. `rowId` is the row that holds it already, if any. */
  setMeta(rowId: string | undefined, key: string, value: Value): void {
    if (rowId === undefined) this.#rows.insertRow(META_TABLE, { key, value });
    else this.#rows.replaceRow(META_TABLE, rowId, { key, value });
  }

  #table(name: string): Table {
    const table = this.#catalogue.get(name);
    if (table === undefined) throw new Error(`Cannot change table "${name}": it does not exist`);
    return table;
  }
}
