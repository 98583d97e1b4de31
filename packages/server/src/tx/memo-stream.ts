/**
 * Streams that answer from the read memo: the same rows, read set and Convex counts as a stream over the engine.
 *
 * Only what is really visited in the engine, or is seen for the first time since a commit changed it, counts as storage read.
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import type { Key } from "../engine/types.ts";
import type { PageRows } from "./paginate.ts";
import { isUsedUp, passes } from "./plan-stages.ts";
import type { MemoRows, ReadMemo, RowCounts } from "./read-memo.ts";
import { keyAfter } from "./read-set.ts";
import { copyDocument } from "./stream.ts";
import type { StreamSource } from "./stream.ts";
import { WHOLE_ROWS } from "./stretches.ts";
import type { Stretch } from "./stretches.ts";
import type { QueryStream } from "./types.ts";
import type { UsageMeter } from "./usage.ts";

/** What a memo stream needs; a meter always. */
export interface MemoSource extends StreamSource {
  readonly meter: UsageMeter;
  readonly memo: ReadMemo;
  /** The caller sees dropped rows too, as pages do: then the memo keeps all rows and the filters run here. */
  readonly showsDropped: boolean;
}

export class MemoStream implements QueryStream, PageRows {
  readonly #source: MemoSource;
  readonly #filtersHere: boolean;
  #rows: MemoRows | undefined;
  #stretch: Stretch | undefined;
  #at = 0;
  #isOver = false;
  rowsRead = 0;
  bytesRead = 0;
  position: Key | undefined;

  constructor(source: MemoSource) {
    this.#source = source;
    this.#filtersHere = source.showsDropped && source.stages.keeps !== undefined;
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
    this.#rows = undefined;
  }

  dependOnWholeRows(): void {
    if (this.#stretch !== undefined) this.#stretch.rule = WHOLE_ROWS;
  }

  pull(): Doc | null | undefined {
    const { stages, handOut, range, order } = this.#source;
    if (this.#isOver || isUsedUp(stages.rest)) return undefined;
    const rows = this.#rows ?? this.#open();
    const stretch = this.#stretch as Stretch;
    const row = rows.row(this.#at, this.#visit);
    if (row === undefined) {
      stretch.start = range.start;
      stretch.end = range.end;
      this.close();
      this.#count(rows.tail);
      return undefined;
    }
    this.#at += 1;
    const { key, document } = row;
    this.position = key;
    if (order === "asc") {
      stretch.start = range.start;
      stretch.end = keyAfter(key);
    } else {
      stretch.start = key;
      stretch.end = range.end;
    }
    this.#count(row.dropped);
    this.#countRead(1, row.bytes, key.length);
    if (this.#filtersHere && stages.keeps?.(document) === false) return null;
    if (stages.rest.length > 0 && !passes(stages.rest, document)) return null;
    return handOut === undefined ? copyDocument(document) : handOut.give(document);
  }

  #open(): MemoRows {
    const { collection, index, range, order, stages, reads, rule, meter, memo } = this.#source;
    this.#stretch = reads.openStretch(collection, index, rule);
    meter.checkRanges(reads);
    const { leading, keeps } = this.#filtersHere ? { leading: [], keeps: undefined } : stages;
    this.#rows = memo.rows({ collection, index, range, order, filters: leading, keeps });
    return this.#rows;
  }

  /** A row was really visited. Rows that are dropped one after the other may exceed the limits before one is kept. */
  readonly #visit = (bytes: number): void => {
    const { meter, collection } = this.#source;
    meter.countStorage(bytes, collection);
    const dropped = this.#rows?.tail.rows ?? 0;
    if (dropped > 0) meter.checkRead(dropped, this.#rows?.tail.bytes ?? 0);
  };

  #count(dropped: Readonly<RowCounts>): void {
    if (dropped.rows > 0) this.#countRead(dropped.rows, dropped.bytes, dropped.keyBytes);
  }

  #countRead(rows: number, bytes: number, keyBytes: number): void {
    this.rowsRead += rows;
    this.bytesRead += bytes;
    this.#source.meter.countRemembered(rows, bytes, keyBytes, this.#source.collection);
  }
}
