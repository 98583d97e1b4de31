/**
 * The bytes of log records: what a commit, an index fill and the two drops look like on disk.
 *
 *   commit          1 | ts f64 | writes u32 | write… | note
 *   write           collection | key | flags | [bytes before] | [value] | moves | (index | flags | [remove] | [add])…
 *   fill            2 | collection | index | entries u32 | (index key | key)…
 *   drop index      3 | collection | index
 *   drop collection 4 | collection
 *
 * Integers without a width are varints; keys, values and the note are preceded by their length. A write says whether its row existed before and how
 * long its value was, so that whoever applies records can keep counts without reading.
 *
 * The format is frozen by a test; a new form gets a new kind.
 *
 * @module
 */
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { IndexMove, Key, Ts } from "./types.ts";

const KIND_COMMIT = 1;
const KIND_FILL = 2;
const KIND_DROP_INDEX = 3;
const KIND_DROP_COLLECTION = 4;

const WRITE_HAS_VALUE = 1;
const WRITE_EXISTED = 2;
const MOVE_REMOVES = 1;
const MOVE_ADDS = 2;

const TS_AT = 1;
const COUNT_AT = 9;
const COMMIT_HEADER_BYTES = 13;

/** One row's write as a record carries it. */
export interface StoredWrite {
  readonly collection: number;
  readonly key: Key;
  /** `undefined` deletes. A view into the record. */
  readonly bytes: Uint8Array | undefined;
  /** Encoded bytes of the row's value before; -1 = there was no row. */
  readonly lengthBefore: number;
  readonly moves: readonly IndexMove[];
}

/** An index entry: the key in the index and the row's primary key. */
export interface StoredEntry {
  readonly indexKey: Key;
  readonly key: Key;
}

/** A decoded record. */
export type StoredRecord =
  | { readonly kind: "commit"; readonly ts: Ts; readonly writes: readonly StoredWrite[]; readonly note: string }
  | {
      readonly kind: "fill";
      readonly collection: number;
      readonly index: number;
      readonly entries: readonly StoredEntry[];
    }
  | { readonly kind: "dropIndex"; readonly collection: number; readonly index: number }
  | { readonly kind: "dropCollection"; readonly collection: number };

/** Builds a commit's record write by write, in place, so that a value is encoded once and kept nowhere else. */
export class CommitWriter {
  readonly #writer = new ByteWriter();
  #count = 0;

  constructor() {
    this.#begin();
  }

  /** Number of writes in the record that is being built. */
  get count(): number {
    return this.#count;
  }

  /** Where the next write will begin; for `truncate`. */
  get length(): number {
    return this.#writer.length;
  }

  add(write: StoredWrite): void {
    const writer = this.#writer;
    writer.varint(write.collection);
    writer.key(write.key);
    writer.byte((write.bytes === undefined ? 0 : WRITE_HAS_VALUE) | (write.lengthBefore < 0 ? 0 : WRITE_EXISTED));
    if (write.lengthBefore >= 0) writer.varint(write.lengthBefore);
    if (write.bytes !== undefined) writer.bytes(write.bytes);
    writer.varint(write.moves.length);
    for (const { index, remove, add } of write.moves) {
      writer.varint(index);
      writer.byte((remove === undefined ? 0 : MOVE_REMOVES) | (add === undefined ? 0 : MOVE_ADDS));
      if (remove !== undefined) writer.key(remove);
      if (add !== undefined) writer.key(add);
    }
    this.#count += 1;
  }

  /** Takes the last write back. */
  dropLast(length: number): void {
    this.#writer.truncate(length);
    this.#count -= 1;
  }

  /** The finished record; the next one is begun. */
  seal(ts: Ts, note: string): Buffer {
    this.#writer.patchFloat64(ts, TS_AT);
    this.#writer.patchUint32(this.#count, COUNT_AT);
    this.#writer.bytes(Buffer.from(note, "utf8"));
    const record = this.#writer.take();
    this.#begin();
    return record;
  }

  #begin(): void {
    this.#count = 0;
    this.#writer.byte(KIND_COMMIT);
    this.#writer.float64(0);
    this.#writer.uint32(0);
    if (this.#writer.length !== COMMIT_HEADER_BYTES) throw new Error("Cannot begin record: the writer is not empty");
  }
}

/** The record of an index fill. */
export function encodeFill(collection: number, index: number, entries: readonly StoredEntry[]): Buffer {
  const writer = new ByteWriter();
  writer.byte(KIND_FILL);
  writer.varint(collection);
  writer.varint(index);
  writer.uint32(entries.length);
  for (const { indexKey, key } of entries) {
    writer.key(indexKey);
    writer.key(key);
  }
  return writer.take();
}

/** The record of a dropped index. */
export function encodeDropIndex(collection: number, index: number): Buffer {
  const writer = new ByteWriter();
  writer.byte(KIND_DROP_INDEX);
  writer.varint(collection);
  writer.varint(index);
  return writer.take();
}

/** The record of a dropped collection. */
export function encodeDropCollection(collection: number): Buffer {
  const writer = new ByteWriter();
  writer.byte(KIND_DROP_COLLECTION);
  writer.varint(collection);
  return writer.take();
}

/**
 * Reads a record. Values are views into `payload`.
 *
 * @throws {RangeError} If the bytes are no record; a checksum guards them, so this is a newer format or a bug.
 */
export function decodeRecord(payload: Uint8Array): StoredRecord {
  const reader = new ByteReader(payload);
  const kind = reader.byte();
  const record = decodeKind(kind, reader);
  if (reader.rest !== 0)
    throw new RangeError(`Cannot read record: ${reader.rest} bytes are left over; is it of a newer version?`);
  return record;
}

function decodeKind(kind: number, reader: ByteReader): StoredRecord {
  switch (kind) {
    case KIND_COMMIT:
      return decodeCommit(reader);
    case KIND_FILL:
      return decodeFill(reader);
    case KIND_DROP_INDEX:
      return { kind: "dropIndex", collection: reader.varint(), index: reader.varint() };
    case KIND_DROP_COLLECTION:
      return { kind: "dropCollection", collection: reader.varint() };
    default:
      throw new RangeError(`Cannot read record: its kind is ${kind}; is it of a newer version?`);
  }
}

function decodeCommit(reader: ByteReader): StoredRecord {
  const ts = reader.float64();
  const count = reader.uint32();
  const writes: StoredWrite[] = [];
  for (let at = 0; at < count; at += 1) writes.push(decodeWrite(reader));
  const note = Buffer.from(reader.bytes()).toString("utf8");
  return { kind: "commit", ts, writes, note };
}

function decodeWrite(reader: ByteReader): StoredWrite {
  const collection = reader.varint();
  const key = reader.key();
  const flags = reader.byte();
  const lengthBefore = (flags & WRITE_EXISTED) === 0 ? -1 : reader.varint();
  const bytes = (flags & WRITE_HAS_VALUE) === 0 ? undefined : reader.bytes();
  const moves: IndexMove[] = [];
  for (let rest = reader.varint(); rest > 0; rest -= 1) {
    const index = reader.varint();
    const moveFlags = reader.byte();
    const remove = (moveFlags & MOVE_REMOVES) === 0 ? undefined : reader.key();
    const add = (moveFlags & MOVE_ADDS) === 0 ? undefined : reader.key();
    moves.push({ index, remove, add });
  }
  return { collection, key, bytes, lengthBefore, moves };
}

function decodeFill(reader: ByteReader): StoredRecord {
  const collection = reader.varint();
  const index = reader.varint();
  const count = reader.uint32();
  const entries: StoredEntry[] = [];
  for (let at = 0; at < count; at += 1) entries.push({ indexKey: reader.key(), key: reader.key() });
  return { kind: "fill", collection, index, entries };
}
