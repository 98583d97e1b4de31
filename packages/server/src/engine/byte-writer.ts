/**
 * A growing buffer for records: numbers, binary strings and bytes, little-endian.
 *
 * @module
 */
import type { Key } from "./types.ts";

const BYTES_MIN = 4096;
/** A writer that once held a huge record does not keep its buffer for ever. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;

/** See the module comment. Used again from record to record, so that sealing a commit allocates one buffer. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafeSlow(BYTES_MIN);
  #length = 0;

  /** Bytes written; setting it to less takes the rest back. */
  get length(): number {
    return this.#length;
  }

  truncate(length: number): void {
    if (length > this.#length)
      throw new RangeError(`Cannot truncate record to ${length}: it has ${this.#length} bytes`);
    this.#length = length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32LE(value, this.#length);
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  /** A non-negative integer below 2^32 in 1 to 5 bytes, seven bits a byte, lowest first. */
  varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#length] = (rest & 0x7f) | 0x80;
      this.#length += 1;
      rest >>>= 7;
    }
    this.#buffer[this.#length] = rest;
    this.#length += 1;
  }

  key(key: Key): void {
    this.varint(key.length);
    this.#reserve(key.length);
    this.#length += this.#buffer.write(key, this.#length, "latin1");
  }

  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Overwrites four bytes that were written before. */
  patchUint32(value: number, at: number): void {
    this.#buffer.writeUInt32LE(value, at);
  }

  /** Overwrites eight bytes that were written before. */
  patchFloat64(value: number, at: number): void {
    this.#buffer.writeDoubleLE(value, at);
  }

  /** A copy of everything written; the writer is empty afterwards. */
  take(): Buffer {
    const taken = Buffer.allocUnsafe(this.#length);
    this.#buffer.copy(taken, 0, 0, this.#length);
    this.#length = 0;
    if (this.#buffer.length > KEPT_BYTES_MAX) this.#buffer = Buffer.allocUnsafeSlow(BYTES_MIN);
    return taken;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
