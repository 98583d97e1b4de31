/**
 * Reads one unchanging state of the base.
 *
 * A reader holds an LMDB read transaction, so it sees the base as it was when the reader was opened, whatever the checkpointer writes meanwhile. Keep
 * readers short or replace them: LMDB cannot use pages again that a reader may still see.
 *
 * @module
 */
import type { Database, Transaction } from "lmdb";
import { CHUNK_BYTES, isLink, linkedSpace, linkKey, SPACE_BYTES, spaceAfter, spaceOf } from "./base-keys.ts";
import { unseal } from "./base-seal.ts";
import type { Key, KeyRange } from "./types.ts";

/** Byte limit of one page, so that a page of large rows does not fill the memory. */
const PAGE_BYTES_MAX = 1024 * 1024;

/** Part of a range, in the order asked for. */
export interface BasePage {
  readonly keys: Key[];
  /** A row's bytes, or the primary key of an index entry's row. Copies. */
  readonly values: Uint8Array[];
  /** False when the range goes on after the last key. */
  isLast: boolean;
}

interface Walk {
  readonly isDescending: boolean;
  readonly rowsMax: number;
  readonly page: BasePage;
  bytes: number;
}

/** See the module comment. */
export class BaseReader {
  readonly #data: Database<Uint8Array, string>;
  readonly #transaction: Transaction;

  constructor(data: Database<Uint8Array, string>) {
    this.#data = data;
    // Within one turn of the event loop the binding would hand out the transaction of an earlier read again.
    data.resetReadTxn();
    this.#transaction = data.useReadTransaction();
  }

  /** The state that it sees, for reads of other trees of the base. */
  get transaction(): Transaction {
    return this.#transaction;
  }

  close(): void {
    this.#transaction.done();
  }

  /**
   * The value under a key. The bytes are valid until the next read of any reader.
   *
   * @throws {BaseDamagedError} If they are not what was written; so do all reads here.
   */
  get(collection: number, index: number, key: Key): Uint8Array | undefined {
    let space = spaceOf(collection, index);
    let rest = key;
    while (rest.length > CHUNK_BYTES) {
      const link = this.stored(linkKey(space, rest));
      if (link === undefined) return undefined;
      space = linkedSpace(link);
      rest = rest.slice(CHUNK_BYTES);
    }
    return this.#fast(space + rest);
  }

  /** The bytes under a stored key; a copy. For `base-batch.ts`. */
  stored(storedKey: string): Uint8Array | undefined {
    const found = this.#fast(storedKey);
    return found === undefined ? undefined : Buffer.from(found);
  }

  /** The stored keys of one space, without following links. For `base-batch.ts`. */
  *storedKeys(space: string): IterableIterator<string> {
    const options = { start: space, end: spaceAfter(space), transaction: this.#transaction };
    for (const key of this.#data.getKeys(options)) yield key;
  }

  /** Up to `rowsMax` entries of a range, in the order asked for. */
  page(collection: number, index: number, range: KeyRange, order: "asc" | "desc", rowsMax: number): BasePage {
    const page: BasePage = { keys: [], values: [], isLast: true };
    const walk: Walk = { isDescending: order === "desc", rowsMax, page, bytes: 0 };
    const space = spaceOf(collection, index);
    page.isLast = !(walk.isDescending
      ? this.#down(space, range.start, range.end, "", walk)
      : this.#up(space, range.start, range.end, "", walk));
    return page;
  }

  #fast(storedKey: string): Uint8Array | undefined {
    // LMDB's binding takes a read transaction here, which its types leave out.
    const read = this.#data.getBinaryFast.bind(this.#data) as (
      key: string,
      options: { transaction: Transaction },
    ) => Uint8Array | undefined;
    const found = read(storedKey, { transaction: this.#transaction });
    return found === undefined ? undefined : unseal(storedKey, found, found.length);
  }

  /** Adds entries upwards; true when the page is full before the range ends. */
  #up(space: string, start: Key, end: Key | undefined, path: Key, walk: Walk): boolean {
    const first = start.slice(0, CHUNK_BYTES);
    const stop =
      end === undefined ? spaceAfter(space) : end.length > CHUNK_BYTES ? `${linkKey(space, end)}\0` : space + end;
    const options = { start: space + first, end: stop, transaction: this.#transaction };
    for (const { key, value: sealed } of this.#data.getRange(options)) {
      const stored = key.slice(SPACE_BYTES);
      const value = unseal(key, sealed, sealed.length);
      if (!isLink(stored)) {
        if (stored < start || (end !== undefined && stored >= end)) continue;
        if (add(walk, path + stored, value)) return true;
      } else if (this.#followUp(stored.slice(0, CHUNK_BYTES), value, start, end, path, walk)) return true;
    }
    return false;
  }

  #followUp(chunk: Key, link: Uint8Array, start: Key, end: Key | undefined, path: Key, walk: Walk): boolean {
    if (isBelow(chunk, start) || isAtOrAbove(chunk, end)) return false;
    return this.#up(linkedSpace(link), restOf(chunk, start) ?? "", restOf(chunk, end), path + chunk, walk);
  }

  /** Adds entries downwards; true when the page is full before the range ends. */
  #down(space: string, start: Key, end: Key | undefined, path: Key, walk: Walk): boolean {
    // LMDB's downward ranges include the upper bound and exclude the lower: aim one key wide on both sides and filter.
    const from = end === undefined ? spaceAfter(space) : end.length > CHUNK_BYTES ? linkKey(space, end) : space + end;
    const stop = (space + start.slice(0, CHUNK_BYTES)).slice(0, -1);
    const options = { start: from, end: stop, reverse: true, transaction: this.#transaction };
    for (const { key, value: sealed } of this.#data.getRange(options)) {
      if (!key.startsWith(space)) {
        if (key < space) break;
        continue;
      }
      const stored = key.slice(SPACE_BYTES);
      const value = unseal(key, sealed, sealed.length);
      if (!isLink(stored)) {
        if (stored < start) break;
        if (end !== undefined && stored >= end) continue;
        if (add(walk, path + stored, value)) return true;
      } else if (this.#followDown(stored.slice(0, CHUNK_BYTES), value, start, end, path, walk)) return true;
    }
    return false;
  }

  #followDown(chunk: Key, link: Uint8Array, start: Key, end: Key | undefined, path: Key, walk: Walk): boolean {
    if (isBelow(chunk, start) || isAtOrAbove(chunk, end)) return false;
    return this.#down(linkedSpace(link), restOf(chunk, start) ?? "", restOf(chunk, end), path + chunk, walk);
  }
}

/** Every key that begins with `chunk` (and is longer) lies below `start`. */
function isBelow(chunk: Key, start: Key): boolean {
  return chunk < start.slice(0, CHUNK_BYTES);
}

/** Every key that begins with `chunk` (and is longer) lies at or above `end`. */
function isAtOrAbove(chunk: Key, end: Key | undefined): boolean {
  if (end === undefined) return false;
  return end.length > CHUNK_BYTES ? chunk > end.slice(0, CHUNK_BYTES) : chunk >= end;
}

/** What of a bound still restricts the keys under `chunk`; `undefined` when it does not. */
function restOf(chunk: Key, bound: Key | undefined): Key | undefined {
  if (bound === undefined || bound.length <= CHUNK_BYTES || bound.slice(0, CHUNK_BYTES) !== chunk) return undefined;
  return bound.slice(CHUNK_BYTES);
}

function add(walk: Walk, key: Key, value: Uint8Array): boolean {
  walk.page.keys.push(key);
  walk.page.values.push(value);
  walk.bytes += value.length + key.length;
  return walk.page.keys.length >= walk.rowsMax || walk.bytes >= PAGE_BYTES_MAX;
}
