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
import type { Doc, SchemaJson, Value } from "@narrowcast/values";
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
import type { IndexRow, TableRow } from "./catalogue.ts";
import { CursorCodec } from "./page-cursor.ts";
import { ActiveSchema } from "./schema.ts";

export const CURSOR_SECRET = "cursorSecret";
export const SCHEMA = "schema";

interface MetaRow {
  readonly key: string;
  readonly value: Value;
}

/** See the module comment. */
export class DatabaseState {
  readonly catalogue = new Catalogue();
  readonly #engine: Engine<Doc>;
  /** Ids of the rows of `_meta` by key. */
  readonly #metaRows = new Map<string, string>();
  #schema: ActiveSchema | undefined;
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

  /** The schema in force. */
  get schema(): ActiveSchema | undefined {
    return this.#schema;
  }

  /** @throws {Error} In a store that has none yet. */
  get cursors(): CursorCodec {
    if (this.#cursors === undefined) throw new Error("Cannot read database: it has no cursor secret; open it first");
    return this.#cursors;
  }

  get hasSecret(): boolean {
    return this.#cursors !== undefined;
  }

  /** The row of `_meta` under `key`. */
  metaRowOf(key: string): string | undefined {
    return this.#metaRows.get(key);
  }

  /** Takes over what became of one row; rows of other tables say nothing about the state. */
  fold(collection: number, before: Doc | undefined, after: Doc | undefined): void {
    if (collection === TABLES_TABLE.number) this.#foldTable(rowOf<TableRow>(before), rowOf<TableRow>(after));
    else if (collection === INDEXES_TABLE.number) this.#foldIndex(rowOf<IndexRow>(before), rowOf<IndexRow>(after));
    else if (collection === META_TABLE.number) this.#foldMeta(rowOf<MetaRow>(before), rowOf<MetaRow>(after));
  }

  #foldTable(before: Stored<TableRow> | undefined, after: Stored<TableRow> | undefined): void {
    if (after === undefined) {
      if (before !== undefined) this.catalogue.set(before.name, undefined);
      return;
    }
    const { name, number, nextIndex, _id } = after;
    const table = this.catalogue.get(name);
    if (table === undefined) this.#engine.registerIndex(number, BY_CREATION_TIME);
    this.catalogue.set(name, { ...(table ?? makeTable(name, number, nextIndex, _id)), nextIndex });
  }

  #foldIndex(before: Stored<IndexRow> | undefined, after: Stored<IndexRow> | undefined): void {
    const row = after ?? before;
    const table = row === undefined ? undefined : this.catalogue.get(row.table);
    // An index whose table is gone is nobody's.
    if (row === undefined || table === undefined) return;
    if (after === undefined) {
      this.catalogue.set(row.table, withoutIndex(table, row.number));
      return;
    }
    const { name, number, fields, state, _id } = after;
    this.#engine.registerIndex(table.number, number);
    this.catalogue.set(row.table, withIndex(table, makeIndex(row.table, name, number, fields, state, _id)));
  }

  #foldMeta(before: Stored<MetaRow> | undefined, after: Stored<MetaRow> | undefined): void {
    const row = after ?? before;
    if (row === undefined) return;
    if (after === undefined) this.#metaRows.delete(row.key);
    else this.#metaRows.set(row.key, row._id);
    const value = after?.value;
    if (row.key === SCHEMA) {
      this.#schema = typeof value === "string" ? new ActiveSchema(JSON.parse(value) as SchemaJson) : undefined;
    } else if (row.key === CURSOR_SECRET) {
      if (value !== undefined && !(value instanceof ArrayBuffer)) {
        throw new Error("Cannot open database: its cursor secret is not bytes");
      }
      this.#cursors = value === undefined ? undefined : new CursorCodec(new Uint8Array(value));
    }
  }
}

type Stored<T> = T & { readonly _id: string };

function rowOf<T>(row: Doc | undefined): Stored<T> | undefined {
  return row as unknown as Stored<T> | undefined;
}
