/**
 * The write side of one transaction: every write goes into the engine at once and into this log, from which it is undone
 * or, at the end, told to others as one change per document.
 *
 * Invariants:
 *   - The engine, the catalogue and this log agree after every call, also after a rollback.
 *   - A document that ends as it began is no change, however often it was written.
 *
 * @module
 */
import { valuesEqual } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import { PRIMARY } from "../engine/types.ts";
import type { Engine, IndexMove, Key, KeyRange, Savepoint } from "../engine/types.ts";
import type { Catalogue, Table } from "./catalogue.ts";
import { indexMoves, treeMoves } from "./index-keys.ts";
import { RowChange } from "./change.ts";
import type { DocumentChange } from "./types.ts";

type Entry =
  | {
      readonly kind: "row";
      readonly collection: number;
      readonly id: string;
      readonly before: Doc | undefined;
      readonly after: Doc | undefined;
      readonly moves: readonly IndexMove[];
    }
  | { readonly kind: "undo"; readonly undo: () => void }
  | { readonly kind: "name"; readonly name: string };

type RowEntry = Extract<Entry, { kind: "row" }>;

/** Rows of one table that were written, for whoever asks what a read must see. */
interface Written {
  readonly entries: RowEntry[];
  /** How often each row was written. */
  readonly times: Map<string, number>;
}

/** With more rows written to a table than this, every read of it is taken to meet one of them. */
const LOOKED_AT_MAX = 64;

/** A place in the log to which it can be taken back. */
export interface LogMark {
  readonly engine: Savepoint;
  readonly length: number;
}

export class WriteLog {
  readonly #engine: Engine<Doc>;
  readonly #catalogue: Catalogue;
  readonly #entries: Entry[] = [];
  #rows = 0;
  /** What {@linkcode touches} looks into, made when it is asked: most transactions read first. */
  readonly #written = new Map<number, Written>();
  #noted = 0;
  /** Grows with every write and every rollback. */
  version = 0;

  constructor(engine: Engine<Doc>, catalogue: Catalogue) {
    this.#engine = engine;
    this.#catalogue = catalogue;
  }

  /** Whether any row was written (and not undone). */
  get hasRows(): boolean {
    return this.#rows > 0;
  }

  /** Writes one row of `table`; `before` must be what is stored now. */
  write(table: Table, id: string, before: Doc | undefined, after: Doc | undefined): void {
    const moves = indexMoves(table.indexes, before, after);
    this.#engine.put({ collection: table.number, key: id, value: after, moves: treeMoves(moves) });
    this.#entries.push({ kind: "row", collection: table.number, id, before, after, moves });
    this.#rows += 1;
    this.version += 1;
  }

  /** Whether this transaction wrote the row. */
  hasWritten(collection: number, id: string): boolean {
    return this.#rows > 0 && (this.#writtenTo(collection)?.times.has(id) ?? false);
  }

  /** Whether a row that this transaction wrote lies in a part of an index, or lay there. In doubt it does. */
  touches(collection: number, index: number, { start, end }: KeyRange): boolean {
    if (this.#rows === 0) return false;
    const entries = this.#writtenTo(collection)?.entries ?? [];
    if (entries.length > LOOKED_AT_MAX) return true;
    const isIn = (key: Key | undefined): boolean =>
      key !== undefined && key >= start && (end === undefined || key < end);
    return entries.some(({ id, moves }) =>
      index === PRIMARY
        ? isIn(id)
        : moves.some((move) => move.index === index && (isIn(move.remove) || isIn(move.add))),
    );
  }

  #writtenTo(collection: number): Written | undefined {
    for (; this.#noted < this.#entries.length; this.#noted++) {
      const entry = this.#entries[this.#noted];
      if (entry?.kind !== "row") continue;
      let written = this.#written.get(entry.collection);
      if (written === undefined) {
        written = { entries: [], times: new Map() };
        this.#written.set(entry.collection, written);
      }
      written.entries.push(entry);
      written.times.set(entry.id, (written.times.get(entry.id) ?? 0) + 1);
    }
    return this.#written.get(collection);
  }

  /** Takes back the newest entry, which has left the list. */
  #forget({ collection, id }: RowEntry): void {
    if (this.#noted <= this.#entries.length) return;
    const written = this.#written.get(collection);
    if (written === undefined) return;
    written.entries.pop();
    const times = (written.times.get(id) ?? 1) - 1;
    if (times === 0) written.times.delete(id);
    else written.times.set(id, times);
  }

  /** Registers how to undo a change that lies in memory only. */
  undoable(undo: () => void): void {
    this.#entries.push({ kind: "undo", undo });
  }

  addName(name: string): void {
    this.#entries.push({ kind: "name", name });
  }

  mark(): LogMark {
    return { engine: this.#engine.savepoint(), length: this.#entries.length };
  }

  rollback(mark: LogMark): void {
    // A mark of a transaction that wrote nothing since may be older than what others wrote.
    if (this.#entries.length === mark.length) return;
    this.#engine.rollback(mark.engine);
    this.version += 1;
    while (this.#entries.length > mark.length) {
      const entry = this.#entries.pop();
      if (entry?.kind === "undo") entry.undo();
      if (entry?.kind !== "row") continue;
      this.#rows -= 1;
      this.#forget(entry);
    }
    this.#noted = Math.min(this.#noted, this.#entries.length);
  }

  names(): readonly string[] {
    const names = new Set<string>();
    for (const entry of this.#entries) if (entry.kind === "name") names.add(entry.name);
    return [...names];
  }

  /** One change per document that differs from what it was, in the order of first writes. */
  changes(): readonly DocumentChange[] {
    const rows = this.#entries.filter((entry): entry is RowEntry => entry.kind === "row");
    if (rows.length === 1) return rows.map((row) => this.#change(row));
    const merged = new Map<string, RowEntry>();
    for (const row of rows) {
      const first = merged.get(row.id);
      merged.set(row.id, first === undefined ? row : this.#merge(first, row));
    }
    return [...merged.values()].filter(isChange).map((row) => this.#change(row));
  }

  #merge(first: RowEntry, last: RowEntry): RowEntry {
    const indexes = this.#table(first).indexes;
    return { ...last, before: first.before, moves: indexMoves(indexes, first.before, last.after) };
  }

  #change({ collection, id, before, after, moves }: RowEntry): DocumentChange {
    return new RowChange({ table: this.#table({ collection }).address, collection, id, before, after, moves });
  }

  #table({ collection }: { readonly collection: number }): Table {
    const table = this.#catalogue.byNumber(collection);
    if (table === undefined) throw new Error(`Cannot describe a commit: table number ${collection} is not known`);
    return table;
  }
}

function isChange({ before, after }: RowEntry): boolean {
  if (before === undefined || after === undefined) return before !== after;
  return !valuesEqual(before, after);
}
