/**
 * Row streams: the rows of one query, pulled one at a time.
 *
 * Each row pulled counts as read and widens the read set up to it, also when a filter drops it; the whole range is
 * recorded once its end was seen. A `limit` that is used up ends the stream before a further row is fetched. Writes made
 * while a stream is open are seen when they lie ahead of it.
 *
 * Not here: streams that answer from nodes (`node-stream.ts`).
 *
 * @module
 */
import { cloneValue } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import type { Cursor, Engine, Key, KeyRange } from "../engine/types.ts";
import type { DocumentAccess } from "./document-access.ts";
import type { PageRows } from "./paginate.ts";
import { isUsedUp, passes } from "./plan-stages.ts";
import type { PlanStages } from "./plan-stages.ts";
import { keyAfter } from "./read-set.ts";
import type { ReadSet } from "./read-set.ts";
import { WHOLE_ROWS } from "./stretches.ts";
import type { Stretch, StretchRule } from "./stretches.ts";
import type { QueryStream } from "./types.ts";
import type { UsageMeter } from "./usage.ts";

/** Where a stream reads from and to whom it reports. No meter: nothing is counted or limited. */
export interface StreamSource {
  readonly engine: Engine<Doc>;
  readonly collection: number;
  readonly index: number;
  readonly range: KeyRange;
  readonly order: "asc" | "desc";
  readonly stages: PlanStages;
  readonly reads: ReadSet;
  /** What the run takes from the rows. */
  readonly rule: StretchRule;
  /** How the function is given rows; as private copies if left out. */
  readonly documentAccess: DocumentAccess | undefined;
  readonly meter: UsageMeter | undefined;
}

/** A private copy of a stored document. */
export function copyDocument(document: Doc): Doc {
  return cloneValue(document);
}

/** What another stream over the same source has consumed, for one that continues after it. */
export interface Begun {
  readonly stretch: Stretch | undefined;
  /** The part of the range that is left. */
  readonly ahead: KeyRange;
}

export class RowStream implements QueryStream, PageRows {
  readonly #source: StreamSource;
  readonly #begun: Begun | undefined;
  #cursor: Cursor<Doc> | undefined;
  #stretch: Stretch | undefined;
  #isOver = false;
  /** Rows pulled so far, dropped ones too. */
  rowsRead = 0;
  /** Bytes of those rows; stays 0 without a meter. */
  bytesRead = 0;
  /** Index key of the row pulled last. */
  position: Key | undefined;

  constructor(source: StreamSource, begun?: Begun) {
    this.#source = source;
    this.#begun = begun;
  }

  next(): Doc | undefined {
    let row = this.pull();
    while (row === null) row = this.pull();
    return row;
  }

  rest(): Doc[] {
    const documents: Doc[] = [];
    for (let document = this.next(); document !== undefined; document = this.next()) documents.push(document);
    return documents;
  }

  close(): void {
    this.#isOver = true;
    this.#cursor = undefined;
  }

  dependOnWholeRows(): void {
    if (this.#stretch !== undefined) this.#stretch.rule = WHOLE_ROWS;
  }

  /** Reads one row: a document for the caller, `null` when a filter dropped it, `undefined` at the end. */
  pull(): Doc | null | undefined {
    const { stages, documentAccess } = this.#source;
    if (this.#isOver || isUsedUp(stages.rest)) return undefined;
    const row = this.#fetch();
    if (row === undefined) {
      this.close();
      return undefined;
    }
    if (stages.keeps !== undefined && !stages.keeps(row)) return null;
    if (!passes(stages.rest, row)) return null;
    return documentAccess === undefined ? copyDocument(row) : documentAccess.give(row);
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
    const { engine, collection, index, range, order, reads, rule, meter } = this.#source;
    this.#stretch = this.#begun?.stretch ?? reads.openStretch(collection, index, rule);
    meter?.checkRanges(reads);
    this.#cursor = engine.scan(collection, index, this.#begun?.ahead ?? range, order);
    return this.#cursor;
  }
}

/** The stream of a table that does not exist. */
export const EMPTY_STREAM: QueryStream & PageRows = {
  next: () => undefined,
  rest: () => [],
  pull: () => undefined,
  close: () => undefined,
  dependOnWholeRows: () => undefined,
  rowsRead: 0,
  bytesRead: 0,
  position: undefined,
};
