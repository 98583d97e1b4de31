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
import type { Cursor, IndexMove, Key, KeyRange } from "./types.ts";
import type { RowsView, Undo } from "./rows-view.ts";

/** What one index move changed: the entry that was under `key` before. */
interface EntryUndo<T> {
  readonly tree: OrderedTree<Row<T>>;
  readonly key: Key;
  readonly before: Row<T> | undefined;
}

const NO_ENTRIES: readonly never[] = [];

/** See the module comment. */
export class ResidentCollection<T> implements RowsView<T> {
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

  get(key: Key): T | undefined {
    const row = this.#rows.get(key);
    return row === undefined ? undefined : this.#store.read(row);
  }

  lengthOf(key: Key): number {
    const row = this.#rows.get(key);
    return row === undefined ? -1 : this.#store.lengthOf(row);
  }

  /** Known indexes. */
  get indexes(): IterableIterator<number> {
    return this.#indexes.keys();
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

  apply(key: Key, value: T | undefined, bytes: Uint8Array | undefined, moves: readonly IndexMove[]): Undo {
    const found = this.#rows.get(key);
    const row = found ?? new Row<T>(key);
    const refBefore = row.ref;
    const valueBefore = row.value;
    const isDelete = value === undefined && bytes === undefined;
    if (isDelete) this.#detach(key);
    else {
      this.#store.assign(row, value, bytes);
      if (found === undefined) this.#attach(row);
    }
    const entries = moves.length === 0 ? NO_ENTRIES : this.#move(moves, row);
    return new RowUndo<T>(this, row, found !== undefined, isDelete, refBefore, valueBefore, entries);
  }

  /** Takes a write back. For `RowUndo`. */
  revert(undo: RowUndo<T>): void {
    for (let at = undo.entries.length - 1; at >= 0; at -= 1) {
      const { tree, key, before } = undo.entries[at]!;
      if (before === undefined) tree.delete(key);
      else tree.set(key, before);
    }
    if (undo.isDelete) {
      if (undo.existed) this.#attach(undo.row);
      return;
    }
    this.#store.restore(undo.row, undo.refBefore, undo.valueBefore);
    if (!undo.existed) this.#detach(undo.row.key);
  }

  /** Makes a write final. For `RowUndo`. */
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

  /** Adds a row in a bulk load: no undo, no index entries. */
  load(key: Key, bytes: Uint8Array): void {
    const row = new Row<T>(key);
    this.#store.assign(row, undefined, bytes);
    this.#attach(row);
  }

  /** Takes over a whole index in a bulk load. `indexKeys` ascend; entries of unknown rows are an error. */
  loadIndex(index: number, indexKeys: readonly Key[], keys: readonly Key[]): void {
    const rows = keys.map((key) => {
      const row = this.#rows.get(key);
      if (row === undefined)
        throw new Error(`Cannot load index ${index}: an entry's row is missing; run "narrowcast check"`);
      return row;
    });
    this.#indexes.set(index, OrderedTree.fromSorted(indexKeys, rows));
  }

  /** Sets an index entry, or takes it away when `key` is `undefined`: the last step of a bulk load. */
  loadEntry(index: number, indexKey: Key, key: Key | undefined): void {
    const row = key === undefined ? undefined : this.#rows.get(key);
    if (row === undefined) this.#indexOf(index).delete(indexKey);
    else this.#indexOf(index).set(indexKey, row);
  }

  #attach(row: Row<T>): void {
    this.#rows.set(row.key, row);
    this.#primary?.set(row.key, row);
  }

  #detach(key: Key): void {
    this.#rows.delete(key);
    this.#primary?.delete(key);
  }

  #move(moves: readonly IndexMove[], row: Row<T>): EntryUndo<T>[] {
    const undos: EntryUndo<T>[] = [];
    for (const move of moves) {
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

/** One write of a resident collection: everything that takes it back. */
class RowUndo<T> implements Undo {
  readonly #collection: ResidentCollection<T>;
  /** The row after the write, or the removed row. */
  readonly row: Row<T>;
  readonly existed: boolean;
  readonly isDelete: boolean;
  readonly refBefore: number;
  readonly valueBefore: T | undefined;
  readonly entries: readonly EntryUndo<T>[];

  constructor(
    collection: ResidentCollection<T>,
    row: Row<T>,
    existed: boolean,
    isDelete: boolean,
    refBefore: number,
    valueBefore: T | undefined,
    entries: readonly EntryUndo<T>[],
  ) {
    this.#collection = collection;
    this.row = row;
    this.existed = existed;
    this.isDelete = isDelete;
    this.refBefore = refBefore;
    this.valueBefore = valueBefore;
    this.entries = entries;
  }

  revert(): void {
    this.#collection.revert(this);
  }

  settle(): void {
    this.#collection.settle(this);
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
