/**
 * Changes of the catalogue inside a transaction: the rows are written like any others, and the tables in memory are replaced
 * and put back if the transaction is undone.
 *
 * @module
 */
import type { Doc, TableAddress, Value } from "@narrowcast/values";
import { printTable } from "@narrowcast/values";
import type { Engine } from "../engine/types.ts";
import {
  BY_CREATION_TIME,
  DEFINED_INDEXES_FROM,
  INDEXES_TABLE,
  META_TABLE,
  TABLES_TABLE,
  componentField,
  makeIndex,
  makeTable,
  tableFact,
  withIndex,
} from "./catalogue.ts";
import type { Catalogue, Index, IndexState, Table } from "./catalogue.ts";

type Fields = { readonly [field: string]: Value };

/** Where catalogue rows are written. `fields` never contain system fields. */
export interface RowWriter {
  insertRow(table: Table, fields: Fields): Doc;
  replaceRow(table: Table, id: string, fields: Fields): void;
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

  createTable(address: TableAddress, isSystem: boolean): Table {
    const number = this.#catalogue.nextNumber(isSystem);
    const row = this.#rows.insertRow(TABLES_TABLE, tableRow(address, number, DEFINED_INDEXES_FROM));
    const table = makeTable(address, number, DEFINED_INDEXES_FROM, row._id);
    this.#engine.registerIndex(number, BY_CREATION_TIME);
    this.#set(table);
    this.#rows.changeName(tableFact(address));
    return table;
  }

  /** Adds an index definition; its entries for existing rows are the caller's business. */
  addIndex(address: TableAddress, name: string, fields: readonly string[], state: IndexState): Index {
    const table = this.#table(address);
    const number = table.nextIndex;
    const nextIndex = number + 1;
    if (table.rowId === undefined) {
      throw new Error(`Cannot add an index to "${printTable(address)}": it is part of the catalogue`);
    }
    this.#rows.replaceRow(TABLES_TABLE, table.rowId, tableRow(table.address, table.number, nextIndex));
    const row = this.#rows.insertRow(INDEXES_TABLE, indexRow(table.address, name, fields, number, state));
    const index = makeIndex(table.address, name, number, fields, state, row._id);
    this.#engine.registerIndex(table.number, number);
    this.#set(withIndex({ ...table, nextIndex }, index));
    this.#rows.changeName(tableFact(address));
    return index;
  }

  setIndexState(index: Index, state: IndexState): void {
    if (index.rowId === undefined) throw new Error(`Cannot change index "${index.fullName}": every table has it`);
    const fields = index.fields.slice(0, -1);
    const { table, name, number } = index;
    this.#rows.replaceRow(INDEXES_TABLE, index.rowId, indexRow(table, name, fields, number, state));
    this.#set(withIndex(this.#table(table), { ...index, state }));
    this.#rows.changeName(tableFact(table));
  }

  /** Forgets an index whose entries are gone. */
  forgetIndex(index: Index): void {
    if (index.rowId === undefined) throw new Error(`Cannot remove index "${index.fullName}": every table has it`);
    this.#rows.deleteRow(INDEXES_TABLE, index.rowId);
    const table = this.#table(index.table);
    this.#set({ ...table, dropping: table.dropping.filter(({ number }) => number !== index.number) });
  }

  /** Stores a value under a key of `_meta`, which each component has for itself. `rowId` is the row that holds it already, if any. */
  setMeta(rowId: string | undefined, component: string, key: string, value: Value): Doc | undefined {
    const fields = { key, value, ...componentField(component) };
    if (rowId === undefined) return this.#rows.insertRow(META_TABLE, fields);
    this.#rows.replaceRow(META_TABLE, rowId, fields);
    return undefined;
  }

  #table(address: TableAddress): Table {
    const table = this.#catalogue.get(address);
    if (table === undefined) throw new Error(`Cannot change table "${printTable(address)}": it does not exist`);
    return table;
  }

  #set(table: Table): void {
    const { address } = table;
    const before = this.#catalogue.get(address);
    this.#catalogue.set(address, table);
    this.#rows.undoable(() => this.#catalogue.set(address, before));
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
