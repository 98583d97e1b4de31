/**
 * Changes of the catalogue inside a transaction: the rows are written like any others, and the tables in memory are replaced
 * and put back if the transaction is undone.
 *
 * @module
 */
import type { Doc, Value } from "@narrowcast/values";
import type { Engine } from "../engine/types.ts";
import {
  BY_CREATION_TIME,
  DEFINED_INDEXES_FROM,
  INDEXES_TABLE,
  META_TABLE,
  TABLES_TABLE,
  makeIndex,
  makeTable,
  withIndex,
} from "./catalogue.ts";
import type { Catalogue, Index, IndexState, Table } from "./catalogue.ts";

/** Where catalogue rows are written. `fields` never contain system fields. */
export interface RowWriter {
  insertRow(table: Table, fields: { readonly [field: string]: Value }): Doc;
  replaceRow(table: Table, id: string, fields: { readonly [field: string]: Value }): void;
  deleteRow(table: Table, id: string): void;
  /** Called, latest first, when the writes are undone. */
  undoable(undo: () => void): void;
  changeName(name: string): void;
}

export class CatalogueChanges {
  readonly #catalogue: Catalogue;
  readonly #engine: Engine<Doc>;
  readonly #rows: RowWriter;

  constructor(catalogue: Catalogue, engine: Engine<Doc>, rows: RowWriter) {
    this.#catalogue = catalogue;
    this.#engine = engine;
    this.#rows = rows;
  }

  createTable(name: string, isSystem: boolean): Table {
    const number = this.#catalogue.nextNumber(isSystem);
    const row = this.#rows.insertRow(TABLES_TABLE, { name, number, nextIndex: DEFINED_INDEXES_FROM });
    const table = makeTable(name, number, DEFINED_INDEXES_FROM, row._id);
    this.#engine.registerIndex(number, BY_CREATION_TIME);
    this.#set(table);
    this.#rows.changeName(`table:${name}`);
    return table;
  }

  /** Adds an index definition; its entries for existing rows are the caller's business. */
  addIndex(tableName: string, name: string, fields: readonly string[], state: IndexState): Index {
    const table = this.#table(tableName);
    const number = table.nextIndex;
    const nextIndex = number + 1;
    if (table.rowId === undefined)
      throw new Error(`Cannot add an index to "${tableName}": it is part of the catalogue`);
    this.#rows.replaceRow(TABLES_TABLE, table.rowId, { name: table.name, number: table.number, nextIndex });
    const row = this.#rows.insertRow(INDEXES_TABLE, { table: tableName, name, fields: [...fields], number, state });
    const index = makeIndex(tableName, name, number, fields, state, row._id);
    this.#engine.registerIndex(table.number, number);
    this.#set(withIndex({ ...table, nextIndex }, index));
    this.#rows.changeName(`table:${tableName}`);
    return index;
  }

  setIndexState(tableName: string, index: Index, state: IndexState): void {
    if (index.rowId === undefined) throw new Error(`Cannot change index "${index.fullName}": every table has it`);
    const fields = index.fields.slice(0, -1);
    const { name, number } = index;
    this.#rows.replaceRow(INDEXES_TABLE, index.rowId, { table: tableName, name, fields, number, state });
    this.#set(withIndex(this.#table(tableName), { ...index, state }));
    this.#rows.changeName(`table:${tableName}`);
  }

  /** Forgets an index whose entries are gone. */
  forgetIndex(tableName: string, index: Index): void {
    if (index.rowId === undefined) throw new Error(`Cannot remove index "${index.fullName}": every table has it`);
    this.#rows.deleteRow(INDEXES_TABLE, index.rowId);
    const table = this.#table(tableName);
    this.#set({ ...table, dropping: table.dropping.filter(({ number }) => number !== index.number) });
  }

  /** Stores a value under a key of `_meta`. `rowId` is the row that holds it already, if any. */
  setMeta(rowId: string | undefined, key: string, value: Value): Doc | undefined {
    if (rowId === undefined) return this.#rows.insertRow(META_TABLE, { key, value });
    this.#rows.replaceRow(META_TABLE, rowId, { key, value });
    return undefined;
  }

  #table(name: string): Table {
    const table = this.#catalogue.get(name);
    if (table === undefined) throw new Error(`Cannot change table "${name}": it does not exist`);
    return table;
  }

  #set(table: Table): void {
    const before = this.#catalogue.get(table.name);
    this.#catalogue.set(table.name, table);
    this.#rows.undoable(() => this.#catalogue.set(table.name, before));
  }
}
