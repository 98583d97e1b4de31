/**
 * Rows whose values lie encoded in a slab, with the decoded ones in a bounded cache.
 *
 * @module
 */
import { NO_REF } from "./row.ts";
import type { Row, RowStore } from "./row.ts";
import type { RowCache } from "./row-cache.ts";
import { Slab } from "./slab.ts";
import type { Codec, EngineCounters } from "./types.ts";

/** What all collections of an engine share to turn bytes into values. */
export interface Decoding<T> {
  readonly codec: Codec<T>;
  readonly cache: RowCache<T>;
  readonly counters: EngineCounters;
}

/** One collection's rows; see the module comment. */
export class SlabRowStore<T> implements RowStore<T> {
  readonly #slab = new Slab();
  readonly #decoding: Decoding<T>;

  constructor(decoding: Decoding<T>) {
    this.#decoding = decoding;
  }

  /** Bytes outside the heap, used or not. */
  get bytes(): number {
    return this.#slab.bytes;
  }

  assign(row: Row<T>, value: T | undefined, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) throw new TypeError("Cannot keep row: its value is not encoded; encode it first");
    row.ref = this.#slab.add(bytes);
    row.value = value;
    // What was just written is what is read next.
    if (value !== undefined) this.#decoding.cache.admit(row, bytes.length);
  }

  restore(row: Row<T>, ref: number, value: T | undefined): void {
    if (row.ref !== NO_REF) this.#slab.free(row.ref);
    row.ref = ref;
    // A row that the cache no longer counts must not hold a value.
    row.value = row.cost > 0 ? value : undefined;
  }

  /** Hot: every read of a resident row; guarded by `engine.bench.ts`. */
  read(row: Row<T>): T {
    if (row.value !== undefined) {
      row.isHot = true;
      return row.value;
    }
    const { codec, cache, counters } = this.#decoding;
    const start = this.#slab.startOf(row.ref);
    const length = this.#slab.lengthOf(row.ref);
    const value = codec.decode(this.#slab.bufferOf(row.ref), start, start + length);
    counters.rowsDecoded += 1;
    row.value = value;
    cache.admit(row, length);
    return value;
  }

  lengthOf(row: Row<T>): number {
    return row.ref === NO_REF ? 0 : this.#slab.lengthOf(row.ref);
  }

  /** The encoded value; a view that is valid until the row is written. */
  bytesOf(row: Row<T>): Uint8Array {
    const start = this.#slab.startOf(row.ref);
    return this.#slab.bufferOf(row.ref).subarray(start, start + this.#slab.lengthOf(row.ref));
  }

  release(ref: number): void {
    this.#slab.free(ref);
  }
}
