/**
 * Filling a new index with the rows that were there before it, in slices between transactions.
 *
 * Writes maintain the index from its definition on, so only rows ahead of the walk are missing; a row that is met twice is
 * left alone by the engine. Progress is not stored: after a crash the walk begins again, which costs time and nothing else.
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import { PRIMARY } from "../engine/types.ts";
import type { Engine, Key } from "../engine/types.ts";
import type { Index, Table } from "./catalogue.ts";
import { indexKey, keySuffix } from "./index-keys.ts";
import { keyAfter } from "./read-set.ts";

export class IndexFill {
  readonly #engine: Engine<Doc>;
  readonly #table: Table;
  readonly #index: Index;
  #from: Key = "";

  constructor(engine: Engine<Doc>, table: Table, index: Index) {
    this.#engine = engine;
    this.#table = table;
    this.#index = index;
  }

  /** Adds entries for the next `rowsMax` rows. Not to be called while a transaction has written. */
  step(rowsMax: number): "more" | "done" {
    const { number } = this.#table;
    const cursor = this.#engine.scan(number, PRIMARY, { start: this.#from, end: undefined }, "asc");
    const entries: { readonly indexKey: Key; readonly key: Key }[] = [];
    let isDone = true;
    while (cursor.next()) {
      const row = cursor.value();
      entries.push({ indexKey: indexKey(this.#index, row, keySuffix(row)), key: cursor.key });
      this.#from = keyAfter(cursor.key);
      if (entries.length < rowsMax) continue;
      isDone = false;
      break;
    }
    if (entries.length > 0) this.#engine.fillIndex(number, this.#index.number, entries);
    return isDone ? "done" : "more";
  }
}
