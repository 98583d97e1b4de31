/**
 * Row streams: the rows of one query, pulled one at a time.
 *
 * Each row pulled counts as read and widens the read set up to it, also when a filter drops it; the whole range is
 * recorded once its end was seen. A `limit` that is used up ends the stream before a further row is fetched. Writes made
 * while a stream is open are seen when they lie ahead of it.
 *
 * @module
 */
import { cloneValue } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import type { Cursor, Engine, Key, KeyRange } from "../engine/types.ts";
import { compileFilter } from "./filter.ts";
import type { PageRows } from "./paginate.ts";
import { keyAfter } from "./read-set.ts";
import type { ReadSet, Stretch } from "./read-set.ts";
import type { QueryOperator, QueryStream } from "./types.ts";
import type { UsageMeter } from "./usage.ts";

type Stage = { readonly keeps: (document: Doc) => boolean } | { remaining: number };

/** Where a stream reads from and to whom it reports. No meter: nothing is counted or limited. */
export interface StreamSource {
  readonly engine: Engine<Doc>;
  readonly collection: number;
  readonly index: number;
  readonly range: KeyRange;
  readonly order: "asc" | "desc";
  readonly reads: ReadSet;
  readonly meter: UsageMeter | undefined;
}

/** A private copy of a stored document. */
export function copyDocument(document: Doc): Doc {
  return cloneValue(document);
}

export class RowStream implements QueryStream, PageRows {
  readonly #source: StreamSource;
  readonly #stages: readonly Stage[];
  #cursor: Cursor<Doc> | undefined;
  #stretch: Stretch | undefined;
  #isOver = false;
  /** Rows pulled so far, dropped ones too. */
  rowsRead = 0;
  /** Bytes of those rows; stays 0 without a meter. */
  bytesRead = 0;
  /** Index key of the row pulled last. */
  position: Key | undefined;

  constructor(source: StreamSource, operators: readonly QueryOperator[]) {
    this.#source = source;
    this.#stages = operators.map((operator) =>
      "filter" in operator ? { keeps: compileFilter(operator.filter) } : { remaining: operator.limit },
    );
  }

  next(): Doc | undefined {
    let row = this.pull();
    while (row === null) row = this.pull();
    return row;
  }

  close(): void {
    this.#isOver = true;
    this.#cursor = undefined;
  }

  /** Reads one row: a private copy, `null` when a filter dropped it, `undefined` at the end. */
  pull(): Doc | null | undefined {
    if (this.#isOver || this.#stages.some((stage) => "remaining" in stage && stage.remaining <= 0)) return undefined;
    const row = this.#fetch();
    if (row === undefined) {
      this.close();
      return undefined;
    }
    for (const stage of this.#stages) {
      if ("remaining" in stage) stage.remaining -= 1;
      else if (!stage.keeps(row)) return null;
    }
    return copyDocument(row);
  }

  #fetch(): Doc | undefined {
    const cursor = this.#cursor ?? this.#open();
    const stretch = this.#stretch;
    if (stretch === undefined) return undefined;
    const { range, order, meter } = this.#source;
    if (!cursor.next()) {
      stretch.start = range.start;
      stretch.end = range.end;
      return undefined;
    }
    const row = cursor.value();
    const position = cursor.indexKey;
    this.position = position;
    stretch.start = order === "asc" ? range.start : position;
    stretch.end = order === "asc" ? keyAfter(position) : range.end;
    this.rowsRead += 1;
    if (meter !== undefined) this.bytesRead += meter.countRead(row, this.#source.collection, position.length);
    return row;
  }

  #open(): Cursor<Doc> {
    const { engine, collection, index, range, order, reads, meter } = this.#source;
    this.#stretch = reads.openStretch(collection, index);
    meter?.checkRanges(reads);
    this.#cursor = engine.scan(collection, index, range, order);
    return this.#cursor;
  }
}

/** The stream of a table that does not exist. */
export const EMPTY_STREAM: QueryStream & PageRows = {
  next: () => undefined,
  pull: () => undefined,
  close: () => undefined,
  rowsRead: 0,
  bytesRead: 0,
  position: undefined,
};
