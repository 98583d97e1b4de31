/**
 * Streams that answer from nodes: the same rows, read set and Convex counts as a stream over the engine.
 *
 * Only what is really visited in the engine, or is seen for the first time since a commit changed it, counts as storage read.
 *
 * Nodes know nothing of what the transaction itself wrote. A stream that is still open when its transaction writes into what lies ahead goes on over the
 * engine.
 *
 * @module
 */
import type { Doc } from "@narrowcast/values";
import type { Key, KeyRange } from "../engine/types.ts";
import type { DocumentAccess } from "./document-access.ts";
import type { PageRows } from "./paginate.ts";
import { isUsedUp, passes } from "./plan-stages.ts";
import type { NodeCall, NodeRow, NodeRows, ReadNodes, RowCounts } from "./read-nodes.ts";
import { keyAfter } from "./read-set.ts";
import { copyDocument, RowStream } from "./stream.ts";
import type { StreamSource } from "./stream.ts";
import { WHOLE_ROWS } from "./stretches.ts";
import type { Stretch } from "./stretches.ts";
import type { QueryStream } from "./types.ts";
import type { UsageMeter } from "./usage.ts";
import type { WriteLog } from "./write-log.ts";

/** What a node stream needs; a meter always. */
export interface NodeSource extends StreamSource {
  readonly meter: UsageMeter;
  readonly nodes: ReadNodes;
  /** What the transaction wrote; nothing of it lies in the range when the stream begins. */
  readonly log: WriteLog;
  /** The caller sees dropped rows too, as pages do: then the node keeps all rows and the filters run here. */
  readonly showsDropped: boolean;
}

/** What a stream asks a node for. */
export function nodeCallOf(source: Omit<NodeSource, "nodes" | "log" | "meter">): NodeCall {
  const { collection, index, range, order, stages, showsDropped } = source;
  const { leading, keeps } = filtersHere(source) ? { leading: [], keeps: undefined } : stages;
  return { collection, index, range, order, filters: leading, keeps, isPage: showsDropped };
}

function filtersHere({ showsDropped, stages }: Pick<NodeSource, "showsDropped" | "stages">): boolean {
  return showsDropped && stages.keeps !== undefined;
}

export class NodeStream implements QueryStream, PageRows {
  readonly #source: NodeSource;
  readonly #filtersHere: boolean;
  #rows: NodeRows | undefined;
  #stretch: Stretch | undefined;
  #at = 0;
  #isOver = false;
  #countsAtEnd = false;
  #writesSeen: number;
  /** Takes over when the transaction has written into what this stream has not reached yet. */
  #onEngine: RowStream | undefined;
  rowsRead = 0;
  bytesRead = 0;
  position: Key | undefined;

  constructor(source: NodeSource) {
    this.#source = source;
    this.#filtersHere = filtersHere(source);
    this.#writesSeen = source.log.version;
  }

  next(): Doc | undefined {
    let row = this.pull();
    while (row === null) row = this.pull();
    return row;
  }

  rest(): Doc[] {
    const { stages, documentAccess } = this.#source;
    this.#followWrites();
    if (
      this.#at === 0 &&
      !this.#isOver &&
      stages.rest.length === 0 &&
      !this.#filtersHere &&
      this.#onEngine === undefined
    ) {
      return this.#everything(documentAccess);
    }
    const documents: Doc[] = [];
    for (let document = this.next(); document !== undefined; document = this.next()) documents.push(document);
    return documents;
  }

  close(): void {
    this.#isOver = true;
    this.#rows = undefined;
    this.#onEngine?.close();
  }

  dependOnWholeRows(): void {
    this.#onEngine?.dependOnWholeRows();
    if (this.#stretch !== undefined) this.#stretch.rule = WHOLE_ROWS;
  }

  pull(): Doc | null | undefined {
    const { stages, documentAccess, range, order } = this.#source;
    if (this.#isOver || isUsedUp(stages.rest)) return undefined;
    this.#followWrites();
    if (this.#onEngine !== undefined) return this.#pullOnEngine(this.#onEngine);
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
    return documentAccess === undefined ? copyDocument(document) : documentAccess.give(document);
  }

  #followWrites(): void {
    const { log, collection, index } = this.#source;
    if (log.version === this.#writesSeen || this.#onEngine !== undefined) return;
    this.#writesSeen = log.version;
    const ahead = this.#ahead();
    if (!log.touches(collection, index, ahead)) return;
    this.#onEngine = new RowStream(this.#source, { stretch: this.#stretch, ahead });
  }

  #ahead(): KeyRange {
    const { range, order } = this.#source;
    if (this.position === undefined) return range;
    return order === "asc"
      ? { start: keyAfter(this.position), end: range.end }
      : { start: range.start, end: this.position };
  }

  #pullOnEngine(stream: RowStream): Doc | null | undefined {
    const { rowsRead, bytesRead } = stream;
    const row = stream.pull();
    this.rowsRead += stream.rowsRead - rowsRead;
    this.bytesRead += stream.bytesRead - bytesRead;
    this.position = stream.position ?? this.position;
    if (row === undefined) this.close();
    return row;
  }

  /** Hot: a re-run mostly collects what is in a node; nothing is counted row by row. Guarded by `reactive/tracking.bench.ts`. */
  #everything(documentAccess: DocumentAccess | undefined): Doc[] {
    const rows = this.#rows ?? this.#open();
    this.#countsAtEnd = true;
    const kept = rows.all(this.#visit);
    const { range } = this.#source;
    Object.assign(this.#stretch as Stretch, { start: range.start, end: range.end });
    this.position = kept.at(-1)?.key;
    this.close();
    this.#count(rows.total);
    const documents: Doc[] = [];
    for (let at = 0; at < kept.length; at++) {
      const { document } = kept[at] as NodeRow;
      documents.push(documentAccess === undefined ? copyDocument(document) : documentAccess.give(document));
    }
    return documents;
  }

  #open(): NodeRows {
    const { collection, index, reads, rule, meter, nodes } = this.#source;
    this.#stretch = reads.openStretch(collection, index, rule);
    meter.checkRanges(reads);
    this.#rows = nodes.rows(nodeCallOf(this.#source));
    return this.#rows;
  }

  /** A row was really visited. Rows that are not counted yet, such as those dropped one after the other, may exceed the limits already. */
  readonly #visit = (bytes: number): void => {
    const { meter, collection } = this.#source;
    meter.countStorage(bytes, collection);
    const uncounted = this.#countsAtEnd ? this.#rows?.total : this.#rows?.tail;
    if (uncounted !== undefined && uncounted.rows > 0) meter.checkRead(uncounted.rows, uncounted.bytes);
  };

  #count(dropped: Readonly<RowCounts>): void {
    if (dropped.rows > 0) this.#countRead(dropped.rows, dropped.bytes, dropped.keyBytes);
  }

  #countRead(rows: number, bytes: number, keyBytes: number): void {
    this.rowsRead += rows;
    this.bytesRead += bytes;
    this.#source.meter.countRows(rows, bytes, keyBytes, this.#source.collection);
  }
}
