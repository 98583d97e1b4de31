/**
 * A node: the rows of one read call, shared by all runs that make it, read once and then kept true by commits.
 *
 *   rows that the filters kept, in order      k1 ── k2 ──── k5 │ tail      position: how far the index was consumed
 *   keys of those they dropped                         k3 k4   │           behind it the engine goes on
 *
 * Convex's rules count dropped rows too, so each kept row knows what was dropped between the one before and itself.
 *
 * Invariants, between two commits:
 *   - Up to `position` (everything, when complete) the rows and counts equal those of a scan from scratch.
 *   - A change beyond `position` leaves the node alone; it is met when the engine goes on.
 *
 * A patch costs a binary search and moving what lies behind it.
 *
 * @module
 */
import { sizeOfDocument } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import { keyAfter } from "../tx/read-set.ts";
import type { NodeCall, NodeRow, NodeRows, RowCounts, VisitRow } from "../tx/read-nodes.ts";
import type { Cursor, Engine, Key, KeyRange } from "../tx/types.ts";
import type { Held } from "./node-budget.ts";

/** Memory of a node, of one kept row besides its document, and of one dropped row, in bytes; estimated. */
const NODE_BYTES = 600;
const ROW_BYTES = 120;
const DROPPED_BYTES = 24;
const NONE: Readonly<RowCounts> = { rows: 0, bytes: 0, keyBytes: 0 };

interface Entry extends NodeRow {
  readonly key: Key;
  document: Doc;
  bytes: number;
  dropped: Readonly<RowCounts>;
  /** Changed by a commit and not seen by a run since. */
  isFresh: boolean;
}

/** See the module comment. */
export class RangeNode implements NodeRows, Held {
  readonly call: NodeCall;
  isUsed = true;
  isGone = false;
  bytes = NODE_BYTES;
  tail: Readonly<RowCounts> = NONE;
  /** All rows consumed so far, dropped ones too. */
  readonly total: RowCounts = { rows: 0, bytes: 0, keyBytes: 0 };
  readonly #entries: Entry[] = [];
  /** Of the rows that filters dropped, in the node's order. */
  readonly #droppedKeys: Key[] = [];
  readonly #droppedSizes: number[] = [];
  readonly #engine: Engine<Doc>;
  readonly #grew: (bytes: number) => void;
  #position: Key | undefined = undefined;
  #fresh = 0;
  #isComplete = false;
  #cursor: Cursor<Doc> | undefined = undefined;

  /** @param grew Told by how many bytes the node grows. */
  constructor(call: NodeCall, engine: Engine<Doc>, grew: (bytes: number) => void) {
    this.call = call;
    this.#engine = engine;
    this.#grew = grew;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  row(at: number, visit: VisitRow): NodeRow | undefined {
    while (at >= this.#entries.length) {
      if (this.#isComplete) return undefined;
      this.#extend(visit);
    }
    const entry = this.#entries[at] as Entry;
    this.#see(entry, visit);
    return entry;
  }

  all(visit: VisitRow): readonly NodeRow[] {
    while (!this.#isComplete) this.#extend(visit);
    if (this.#fresh > 0) for (const entry of this.#entries) this.#see(entry, visit);
    return this.#entries;
  }

  /**
   * A node for the first part of this one's range, made of what is known here. Rows that no run has seen since they changed are new to that node too.
   *
   * @returns `undefined` if that is not enough: the part was not consumed to its end, or this node's filter dropped rows.
   */
  narrowed(call: NodeCall): RangeNode | undefined {
    if (!this.#covers(call) || this.#droppedKeys.length > 0) return undefined;
    const node = new RangeNode(call, this.#engine, this.#grew);
    const { start, end } = call.range;
    for (const { key, document, bytes, isFresh } of this.#entries) {
      if (key < start || (end !== undefined && key >= end)) break;
      node.#entries.push({ key, document, bytes, dropped: NONE, isFresh });
      node.#fresh += isFresh ? 1 : 0;
      node.bytes += ROW_BYTES + key.length + bytes;
      addTo(node.total, 1, bytes, key.length);
    }
    node.#isComplete = true;
    return node;
  }

  /** Forgets the open scan: the engine is about to change. */
  pause(): void {
    this.#cursor = undefined;
  }

  /**
   * Takes in one document's change, by its keys in the node's index.
   *
   * @returns False when the node cannot be kept: its filter fails on the document.
   */
  patch(remove: Key | undefined, add: Key | undefined, after: Doc | undefined, bytes: number): boolean {
    const wasIn = remove !== undefined && this.#hasConsumed(remove);
    const isIn = add !== undefined && after !== undefined && this.#hasConsumed(add);
    if (!wasIn && !isIn) return true;
    const isKept = isIn ? this.#keeps(after) : false;
    if (isKept === undefined) return false;
    if (wasIn && isIn && remove === add && isKept) {
      const entry = this.#entryAt(this.#placeOf(remove), remove);
      if (entry !== undefined) {
        this.#replace(entry, after, bytes);
        return true;
      }
    }
    if (wasIn && !this.#take(remove)) return false;
    if (isIn && isKept) this.#insertRow(add, after, bytes);
    else if (isIn) this.#insertDropped(add, bytes);
    return true;
  }

  #see(entry: Entry, visit: VisitRow): void {
    if (!entry.isFresh) return;
    entry.isFresh = false;
    this.#fresh -= 1;
    visit(entry.bytes);
  }

  #extend(visit: VisitRow): void {
    const cursor = (this.#cursor ??= this.#open());
    if (!cursor.next()) {
      this.#isComplete = true;
      this.#cursor = undefined;
      return;
    }
    const document = cursor.value();
    const key = cursor.indexKey;
    const bytes = sizeOfDocument(document);
    let isKept = true;
    try {
      isKept = this.call.keeps === undefined || this.call.keeps(document);
    } catch (error) {
      // Not consumed: the next stream meets the same row.
      this.#cursor = undefined;
      visit(bytes);
      throw error;
    }
    this.#position = key;
    addTo(this.total, 1, bytes, key.length);
    if (isKept) {
      this.#entries.push({ key, document, bytes, dropped: this.tail, isFresh: false });
      this.tail = NONE;
      this.#grow(ROW_BYTES + key.length + bytes);
    } else {
      this.#droppedKeys.push(key);
      this.#droppedSizes.push(bytes);
      this.tail = plus(this.tail, 1, bytes, key.length);
      this.#grow(DROPPED_BYTES + key.length);
    }
    visit(bytes);
  }

  #open(): Cursor<Doc> {
    const { collection, index, order } = this.call;
    return this.#engine.scan(collection, index, this.#ahead(), order);
  }

  #ahead(): KeyRange {
    const { range, order } = this.call;
    if (this.#position === undefined) return range;
    return order === "asc"
      ? { start: keyAfter(this.#position), end: range.end }
      : { start: range.start, end: this.#position };
  }

  /** Whether `call` begins where this one does, and all that it asks for was consumed here. */
  #covers({ collection, index, order, filters, range: { start, end } }: NodeCall): boolean {
    const { call } = this;
    if (call.collection !== collection || call.index !== index || call.order !== order) return false;
    if (filters.length > 0 || call.filters.length > 0) return false;
    const { range } = call;
    if (order === "asc") {
      if (start !== range.start || end === undefined || (range.end !== undefined && end > range.end)) return false;
      return this.#isComplete || (this.#position !== undefined && end <= keyAfter(this.#position));
    }
    if (end !== range.end || start < range.start) return false;
    return this.#isComplete || (this.#position !== undefined && start >= this.#position);
  }

  #hasConsumed(key: Key): boolean {
    const { start, end } = this.call.range;
    if (key < start || (end !== undefined && key >= end)) return false;
    if (this.#isComplete) return true;
    if (this.#position === undefined) return false;
    return this.call.order === "asc" ? key <= this.#position : key >= this.#position;
  }

  #keeps(document: Doc): boolean | undefined {
    try {
      return this.call.keeps === undefined || this.call.keeps(document);
    } catch {
      return undefined;
    }
  }

  #replace(entry: Entry, document: Doc, bytes: number): void {
    addTo(this.total, 0, bytes - entry.bytes, 0);
    this.#grow(bytes - entry.bytes);
    entry.document = document;
    entry.bytes = bytes;
    if (!entry.isFresh) this.#fresh += 1;
    entry.isFresh = true;
  }

  /** Takes out the row with this key, kept or dropped. False when it is not there. */
  #take(key: Key): boolean {
    const at = this.#placeOf(key);
    const entry = this.#entryAt(at, key);
    if (entry === undefined) return this.#takeDropped(key, at);
    this.#entries.splice(at, 1);
    if (entry.isFresh) this.#fresh -= 1;
    this.#addGap(at, entry.dropped.rows, entry.dropped.bytes, entry.dropped.keyBytes);
    addTo(this.total, -1, -entry.bytes, -key.length);
    this.#grow(-(ROW_BYTES + key.length + entry.bytes));
    return true;
  }

  #takeDropped(key: Key, at: number): boolean {
    const place = this.#droppedPlaceOf(key);
    if (this.#droppedKeys[place] !== key) return false;
    const bytes = this.#droppedSizes[place] ?? 0;
    this.#droppedKeys.splice(place, 1);
    this.#droppedSizes.splice(place, 1);
    this.#addGap(at, -1, -bytes, -key.length);
    addTo(this.total, -1, -bytes, -key.length);
    this.#grow(-(DROPPED_BYTES + key.length));
    return true;
  }

  #insertRow(key: Key, document: Doc, bytes: number): void {
    const at = this.#placeOf(key);
    const dropped = this.#droppedBefore(at, key);
    this.#addGap(at, -dropped.rows, -dropped.bytes, -dropped.keyBytes);
    this.#entries.splice(at, 0, { key, document, bytes, dropped, isFresh: true });
    this.#fresh += 1;
    addTo(this.total, 1, bytes, key.length);
    this.#grow(ROW_BYTES + key.length + bytes);
  }

  #insertDropped(key: Key, bytes: number): void {
    const place = this.#droppedPlaceOf(key);
    this.#droppedKeys.splice(place, 0, key);
    this.#droppedSizes.splice(place, 0, bytes);
    this.#addGap(this.#placeOf(key), 1, bytes, key.length);
    addTo(this.total, 1, bytes, key.length);
    this.#grow(DROPPED_BYTES + key.length);
  }

  /** What was dropped between the kept row before place `at` and `key`. */
  #droppedBefore(at: number, key: Key): Readonly<RowCounts> {
    const gap = this.#entries[at]?.dropped ?? this.tail;
    if (gap.rows === 0) return NONE;
    const previous = this.#entries[at - 1]?.key;
    const from = previous === undefined ? 0 : this.#droppedPlaceOf(previous);
    const to = this.#droppedPlaceOf(key);
    const counts = { rows: to - from, bytes: 0, keyBytes: 0 };
    for (let place = from; place < to; place++) {
      counts.bytes += this.#droppedSizes[place] ?? 0;
      counts.keyBytes += this.#droppedKeys[place]?.length ?? 0;
    }
    return counts;
  }

  /** Changes what was dropped before the kept row at `at`, or behind the last. */
  #addGap(at: number, rows: number, bytes: number, keyBytes: number): void {
    if (rows === 0) return;
    const entry = this.#entries[at];
    if (entry === undefined) this.tail = plus(this.tail, rows, bytes, keyBytes);
    else entry.dropped = plus(entry.dropped, rows, bytes, keyBytes);
  }

  #entryAt(at: number, key: Key): Entry | undefined {
    const entry = this.#entries[at];
    return entry?.key === key ? entry : undefined;
  }

  /** The first place whose kept row does not come before `key`. */
  #placeOf(key: Key): number {
    const isAscending = this.call.order === "asc";
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = (this.#entries[middle] as Entry).key;
      if (isAscending ? other < key : other > key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #droppedPlaceOf(key: Key): number {
    const isAscending = this.call.order === "asc";
    let low = 0;
    let high = this.#droppedKeys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#droppedKeys[middle] as Key;
      if (isAscending ? other < key : other > key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(bytes: number): void {
    this.bytes += bytes;
    if (!this.isGone) this.#grew(bytes);
  }
}

function addTo(counts: RowCounts, rows: number, bytes: number, keyBytes: number): void {
  counts.rows += rows;
  counts.bytes += bytes;
  counts.keyBytes += keyBytes;
}

function plus(counts: Readonly<RowCounts>, rows: number, bytes: number, keyBytes: number): Readonly<RowCounts> {
  if (counts.rows + rows === 0) return NONE;
  return { rows: counts.rows + rows, bytes: counts.bytes + bytes, keyBytes: counts.keyBytes + keyBytes };
}
