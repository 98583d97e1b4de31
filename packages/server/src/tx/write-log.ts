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
import type { Engine, IndexMove, Savepoint } from "../engine/types.ts";
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
    while (this.#entries.length > mark.length) {
      const entry = this.#entries.pop();
      if (entry?.kind === "undo") entry.undo();
      if (entry?.kind === "row") this.#rows -= 1;
    }
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
    return new RowChange({ table: this.#table({ collection }).name, collection, id, before, after, moves });
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
