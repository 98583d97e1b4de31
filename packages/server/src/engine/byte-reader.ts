/**
 * Reads what `byte-writer.ts` wrote.
 *
 * @module
 */
import type { Key } from "./types.ts";

/** Walks one record. Reading over its end throws a `RangeError`. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(payload: Uint8Array) {
    this.#buffer = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  }

  /** Bytes that are not read yet. */
  get rest(): number {
    return this.#buffer.length - this.#at;
  }

  byte(): number {
    const value = this.#buffer.readUInt8(this.#at);
    this.#at += 1;
    return value;
  }

  uint32(): number {
    const value = this.#buffer.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  float64(): number {
    const value = this.#buffer.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new RangeError(`Cannot read record: the integer before byte ${this.#at} is too long`);
  }

  key(): Key {
    const end = this.#end();
    const key = this.#buffer.toString("latin1", this.#at, end);
    this.#at = end;
    return key;
  }

  /** A view into the record, not a copy. */
  bytes(): Uint8Array {
    const end = this.#end();
    const bytes = this.#buffer.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  #end(): number {
    const length = this.varint();
    const end = this.#at + length;
    if (end > this.#buffer.length)
      throw new RangeError(`Cannot read record: it ends at ${this.#buffer.length}, not at ${end}`);
    return end;
  }
}
