/**
 * A collection wholly in memory: a map of rows by primary key and ordered trees that point at the same rows.
 *
 *   rows   key → Row          index 7   indexKey → Row       primary tree   key → Row, built at the first scan
 *
 * Invariants:
 *   - Every index entry points at the row object that `rows` holds under the same primary key.
 *   - `apply` tells everything that `revert` needs; reverting in reverse order restores the collection exactly.
 *
 * Not here: where values lie (`row.ts`, `slab-rows.ts`), transactions (the engines).
 *
 * @module
 */
import { OrderedTree } from "./ordered-tree.ts";
import type { TreeCursor } from "./ordered-tree.ts";
import { NO_REF, Row } from "./row.ts";
import type { RowStore } from "./row.ts";
import { PRIMARY } from "./types.ts";
import type { Cursor, Key, KeyRange, RowWrite } from "./types.ts";

/** What one index move changed: the entry that was under `key` before. */
interface EntryUndo<T> {
  readonly tree: OrderedTree<Row<T>>;
  readonly key: Key;
  readonly before: Row<T> | undefined;
}

/** Everything needed to take one write back, or to make it final. */
export interface RowUndo<T> {
  /** The row after the write, or the removed row. */
  readonly row: Row<T>;
  readonly existed: boolean;
  readonly isDelete: boolean;
  readonly refBefore: number;
  readonly valueBefore: T | undefined;
  readonly entries: readonly EntryUndo<T>[];
}

const NO_ENTRIES: readonly never[] = [];

/** See the module comment. */
export class ResidentCollection<T> {
  readonly #store: RowStore<T>;
  #rows = new Map<Key, Row<T>>();
  #primary: OrderedTree<Row<T>> | undefined;
  readonly #indexes = new Map<number, OrderedTree<Row<T>>>();

  constructor(store: RowStore<T>) {
    this.#store = store;
  }

  /** Number of rows. */
  get count(): number {
    return this.#rows.size;
  }

  /** The row under `key`, for callers that keep rows rather than values. */
  rowOf(key: Key): Row<T> | undefined {
    return this.#rows.get(key);
  }

  get(key: Key): T | undefined {
    const row = this.#rows.get(key);
    return row === undefined ? undefined : this.#store.read(row);
  }

  hasIndex(index: number): boolean {
    return index === PRIMARY || this.#indexes.has(index);
  }

  registerIndex(index: number): void {
    this.#indexOf(index);
  }

  dropIndex(index: number): void {
    this.#indexes.delete(index);
  }

  scan(index: number, range: KeyRange, order: "asc" | "desc"): Cursor<T> {
    const tree = index === PRIMARY ? this.#primaryTree() : this.#indexes.get(index);
    if (tree === undefined) throw new RangeError(`Cannot scan index ${index}: it is unknown; register it first`);
    return new RowCursor<T>(tree.cursor(range.start, range.end, order), this.#store);
  }

  /** Makes one write and tells how to take it back. */
  apply(write: RowWrite<T>): RowUndo<T> {
    const found = this.#rows.get(write.key);
    const row = found ?? new Row<T>(write.key);
    const refBefore = row.ref;
    const valueBefore = row.value;
    if (write.value === undefined) this.#detach(write.key);
    else {
      this.#store.assign(row, write.value);
      if (found === undefined) this.#attach(row);
    }
    const entries = write.moves.length === 0 ? NO_ENTRIES : this.#move(write, row);
    const isDelete = write.value === undefined;
    return { row, existed: found !== undefined, isDelete, refBefore, valueBefore, entries };
  }

  /** Takes a write back; the latest first. */
  revert(undo: RowUndo<T>): void {
    for (let at = undo.entries.length - 1; at >= 0; at -= 1) {
      const { tree, key, before } = undo.entries[at]!;
      if (before === undefined) tree.delete(key);
      else tree.set(key, before);
    }
    const { row } = undo;
    if (undo.isDelete) {
      if (undo.existed) this.#attach(row);
      return;
    }
    this.#store.release(row.ref);
    row.ref = undo.refBefore;
    row.value = undo.valueBefore;
    if (!undo.existed) this.#detach(row.key);
  }

  /** Makes a write final: what was there before is freed. */
  settle(undo: RowUndo<T>): void {
    if (!undo.existed) return;
    if (undo.refBefore !== NO_REF) this.#store.release(undo.refBefore);
    if (undo.isDelete) {
      undo.row.value = undefined;
      undo.row.ref = NO_REF;
    }
  }

  /** Adds an index entry for a row that exists; false when there is nothing to add. */
  fill(index: number, indexKey: Key, key: Key): boolean {
    const row = this.#rows.get(key);
    const tree = this.#indexOf(index);
    if (row === undefined || tree.get(indexKey) !== undefined) return false;
    tree.set(indexKey, row);
    return true;
  }

  /** Adds a row that came from elsewhere (a bulk load), with no undo. */
  adopt(row: Row<T>): void {
    this.#attach(row);
  }

  /** Takes over a whole index from keys that already ascend. */
  adoptIndex(index: number, keys: readonly Key[], rows: readonly Row<T>[]): void {
    this.#indexes.set(index, OrderedTree.fromSorted(keys, rows));
  }

  #attach(row: Row<T>): void {
    this.#rows.set(row.key, row);
    this.#primary?.set(row.key, row);
  }

  #detach(key: Key): void {
    this.#rows.delete(key);
    this.#primary?.delete(key);
  }

  #move(write: RowWrite<T>, row: Row<T>): EntryUndo<T>[] {
    const undos: EntryUndo<T>[] = [];
    for (const move of write.moves) {
      const tree = this.#indexOf(move.index);
      if (move.remove !== undefined) {
        const before = tree.delete(move.remove);
        if (before !== undefined) undos.push({ tree, key: move.remove, before });
      }
      if (move.add !== undefined) undos.push({ tree, key: move.add, before: tree.set(move.add, row) });
    }
    return undos;
  }

  #indexOf(index: number): OrderedTree<Row<T>> {
    let tree = this.#indexes.get(index);
    if (tree === undefined) {
      tree = new OrderedTree<Row<T>>();
      this.#indexes.set(index, tree);
    }
    return tree;
  }

  #primaryTree(): OrderedTree<Row<T>> {
    if (this.#primary === undefined) {
      // The default order of strings is by code unit, which is byte order for binary strings.
      const keys = [...this.#rows.keys()].sort();
      this.#primary = OrderedTree.fromSorted(
        keys,
        keys.map((key) => this.#rows.get(key)!),
      );
    }
    return this.#primary;
  }
}

/** A tree cursor that reads rows. Hot: one call a row in every scan; guarded by `engine.bench.ts`. */
class RowCursor<T> implements Cursor<T> {
  readonly #cursor: TreeCursor<Row<T>>;
  readonly #store: RowStore<T>;

  constructor(cursor: TreeCursor<Row<T>>, store: RowStore<T>) {
    this.#cursor = cursor;
    this.#store = store;
  }

  next(): boolean {
    return this.#cursor.next();
  }

  get indexKey(): Key {
    return this.#cursor.key;
  }

  get key(): Key {
    return this.#cursor.entry.key;
  }

  value(): T {
    return this.#store.read(this.#cursor.entry);
  }
}
