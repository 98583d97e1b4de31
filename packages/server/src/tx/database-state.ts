/**
 * What a database keeps in memory of itself: tables, indexes, the schema, the secret of its cursors.
 *
 *   row written (writer) ─┐
 *   row stored (opening) ─┼─▶ fold ──▶ catalogue, schema, cursors
 *   commit (follower)  ───┘
 *
 * Invariants:
 *   - All of it follows from rows of the catalogue's three tables, by `fold` alone.
 *   - Folding a change and then its reverse changes nothing: that is how a writer's undo works.
 *
 * @module
 */
import { ROOT_COMPONENT } from "@narrowcast/values";
import type { Doc, SchemaJson, TableAddress } from "@narrowcast/values";
import { PRIMARY } from "../engine/types.ts";
import type { Engine } from "../engine/types.ts";
import {
  BY_CREATION_TIME,
  Catalogue,
  INDEXES_TABLE,
  META_TABLE,
  TABLES_TABLE,
  makeIndex,
  makeTable,
  withIndex,
  withoutIndex,
} from "./catalogue.ts";
import type { IndexRow, MetaRow, TableRow } from "./catalogue.ts";
import { CursorCodec } from "./page-cursor.ts";
import { ActiveSchema } from "./schema.ts";

export const CURSOR_SECRET = "cursorSecret";
export const SCHEMA = "schema";

/** See the module comment. */
export class DatabaseState {
  readonly catalogue = new Catalogue();
  readonly #engine: Engine<Doc>;
  /** Ids of the rows of `_meta`, by component and key. */
  readonly #metaRows = new Map<string, Map<string, string>>();
  /** By component. */
  readonly #schemas = new Map<string, ActiveSchema>();
  #cursors: CursorCodec | undefined;

  private constructor(engine: Engine<Doc>) {
    this.#engine = engine;
    for (const table of [TABLES_TABLE, INDEXES_TABLE, META_TABLE]) {
      engine.registerIndex(table.number, BY_CREATION_TIME);
    }
  }

  /** The state of a store, from its rows. */
  static load(engine: Engine<Doc>): DatabaseState {
    const state = new DatabaseState(engine);
    for (const { number } of [TABLES_TABLE, INDEXES_TABLE, META_TABLE]) {
      const cursor = engine.scan(number, PRIMARY, { start: "", end: undefined }, "asc");
      while (cursor.next()) state.fold(number, undefined, cursor.value());
    }
    return state;
  }

  /** The schema of a component that is in force. */
  schemaOf(component: string): ActiveSchema | undefined {
    return this.#schemas.get(component);
  }

  /** @throws {Error} In a store that has none yet. */
  get cursors(): CursorCodec {
    if (this.#cursors === undefined) throw new Error("Cannot read database: it has no cursor secret; open it first");
    return this.#cursors;
  }

  get hasSecret(): boolean {
    return this.#cursors !== undefined;
  }

  /** The row of `_meta` that a component has under `key`. */
  metaRowOf(component: string, key: string): string | undefined {
    return this.#metaRows.get(component)?.get(key);
  }

  /** Takes over what became of one row; rows of other tables say nothing about the state. */
  fold(collection: number, before: Doc | undefined, after: Doc | undefined): void {
    if (collection === TABLES_TABLE.number) this.#foldTable(rowOf<TableRow>(before), rowOf<TableRow>(after));
    else if (collection === INDEXES_TABLE.number) this.#foldIndex(rowOf<IndexRow>(before), rowOf<IndexRow>(after));
    else if (collection === META_TABLE.number) this.#foldMeta(rowOf<MetaRow>(before), rowOf<MetaRow>(after));
  }

  #foldTable(before: Stored<TableRow> | undefined, after: Stored<TableRow> | undefined): void {
    if (after === undefined) {
      if (before !== undefined) this.catalogue.set(tableOfRow(before), undefined);
      return;
    }
    const { number, nextIndex, _id } = after;
    const table = this.catalogue.get(tableOfRow(after));
    if (table === undefined) this.#engine.registerIndex(number, BY_CREATION_TIME);
    const { address, ...rest } = table ?? makeTable(tableOfRow(after), number, nextIndex, _id);
    this.catalogue.set(address, { ...rest, address, nextIndex });
  }

  #foldIndex(before: Stored<IndexRow> | undefined, after: Stored<IndexRow> | undefined): void {
    const row = after ?? before;
    const table = row === undefined ? undefined : this.catalogue.get(tableOfIndexRow(row));
    // An index whose table is gone is nobody's.
    if (row === undefined || table === undefined) return;
    const { address } = table;
    if (after === undefined) {
      this.catalogue.set(address, withoutIndex(table, row.number));
      return;
    }
    const { name, number, fields, state, _id } = after;
    this.#engine.registerIndex(table.number, number);
    this.catalogue.set(address, withIndex(table, makeIndex(address, name, number, fields, state, _id)));
  }

  #foldMeta(before: Stored<MetaRow> | undefined, after: Stored<MetaRow> | undefined): void {
    const row = after ?? before;
    if (row === undefined) return;
    const { component = ROOT_COMPONENT } = row;
    const rows = this.#metaRows.get(component) ?? new Map<string, string>();
    this.#metaRows.set(component, rows);
    if (after === undefined) rows.delete(row.key);
    else rows.set(row.key, row._id);
    const value = after?.value;
    if (row.key === SCHEMA) {
      if (typeof value === "string") this.#schemas.set(component, new ActiveSchema(JSON.parse(value) as SchemaJson));
      else this.#schemas.delete(component);
    } else if (row.key === CURSOR_SECRET) {
      if (value !== undefined && !(value instanceof ArrayBuffer)) {
        throw new Error("Cannot open database: its cursor secret is not bytes");
      }
      this.#cursors = value === undefined ? undefined : new CursorCodec(new Uint8Array(value));
    }
  }
}

function tableOfRow({ component = ROOT_COMPONENT, name }: TableRow): TableAddress {
  return { component, table: name };
}

function tableOfIndexRow({ component = ROOT_COMPONENT, table }: IndexRow): TableAddress {
  return { component, table };
}

type Stored<T> = T & { readonly _id: string };

function rowOf<T>(row: Doc | undefined): Stored<T> | undefined {
  return row as unknown as Stored<T> | undefined;
}
