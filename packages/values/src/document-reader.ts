/**
 * Reads documents from bytes. See `document-codec.ts` for the format.
 *
 * Every length is checked against the end of the document, so damaged bytes give an error or a wrong document, never a read
 * outside it. (Checksums are the log's and the base's matter.)
 *
 * @module
 */
import * as format from "./document-format.ts";
import { ShapeReader } from "./document-shape.ts";
import type { Shape } from "./document-shape.ts";
import { textDecoder } from "./text-host.ts";
import { setField } from "./value.ts";
import type { Doc, ObjectValue, Value } from "./value.ts";

/** Reads one document at a time; keeps its working memory. */
export class DocumentReader {
  readonly #shapeReader = new ShapeReader();
  readonly #scratch = new Uint8Array(8);
  readonly #scratchView = new DataView(this.#scratch.buffer);
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  #shapes: readonly Shape[] = [];
  #ascii = "";
  #asciiAt = 0;
  #wide = "";
  #wideAt = 0;

  /** @throws {RangeError} If the bytes are not an encoded document. */
  decode(bytes: Uint8Array, start: number, end: number): Doc {
    this.#open(bytes, start, end);
    const doc = this.readValue();
    if (this.#at !== this.#end || this.#asciiAt !== this.#ascii.length || this.#wideAt !== this.#wide.length) {
      throw new RangeError("Cannot decode document: it has bytes that no value uses");
    }
    if (typeof doc !== "object" || doc === null) throw new RangeError("Cannot decode document: it is not an object");
    return doc as Doc;
  }

  /** Reads one value of the body. Called back by code made for shapes. */
  readValue(): Value {
    const tag = this.#readByte();
    if (tag >= format.TAG_SMALL) return tag - format.TAG_SMALL;
    switch (tag) {
      case format.TAG_ASCII:
        return this.#readAscii();
      case format.TAG_FLOAT64:
        return this.#readEight().getFloat64(0, true);
      case format.TAG_NULL:
        return null;
      case format.TAG_FALSE:
        return false;
      case format.TAG_TRUE:
        return true;
      case format.TAG_INT32:
        return this.#readInt32();
      case format.TAG_WIDE:
        return this.#readWide();
      case format.TAG_OBJECT:
        return this.#readObject();
      case format.TAG_ARRAY:
        return this.#readArray();
      default:
        return this.#readRare(tag);
    }
  }

  #open(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < format.HEADER_BYTES || end > bytes.length || bytes[start] !== format.VERSION) {
      throw new RangeError(`Cannot decode document: ${end - start} bytes with version ${bytes[start]}`);
    }
    this.#bytes = bytes;
    this.#at = start + format.HEADER_BYTES;
    this.#end = this.#at + this.#length32(start + 5);
    const asciiEnd = this.#end + this.#length32(start + 9);
    const headEnd = asciiEnd + this.#length32(start + 13);
    if (headEnd > end) throw new RangeError("Cannot decode document: its sections are longer than itself");
    this.#shapes = this.#shapeReader.read(bytes, asciiEnd, headEnd, this.#length32(start + 1) | 0);
    this.#ascii = asciiEnd === this.#end ? "" : textDecoder.decode(bytes.subarray(this.#end, asciiEnd));
    this.#asciiAt = 0;
    this.#wide = headEnd === end ? "" : textDecoder.decode(bytes.subarray(headEnd, end));
    this.#wideAt = 0;
  }

  /** An unsigned 32-bit number of the header. */
  #length32(at: number): number {
    const bytes = this.#bytes;
    return (
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24)) >>>
      0
    );
  }

  #readRare(tag: number): Value {
    switch (tag) {
      case format.TAG_INT64:
        return this.#readEight().getBigInt64(0, true);
      case format.TAG_BYTES:
        return this.#readBytes();
      case format.TAG_UNITS:
        return this.#readUnits();
      case format.TAG_DICTIONARY:
        return this.#readDictionary();
      default:
        throw new RangeError(`Cannot decode document: unknown tag ${tag}`);
    }
  }

  #readByte(): number {
    if (this.#at >= this.#end) throw new RangeError("Cannot decode document: its body ends too early");
    return this.#bytes[this.#at++] as number;
  }

  /** A count or length: LEB128 below 2^32. */
  #readCount(): number {
    const first = this.#readByte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let scale = 0x80; scale < 2 ** 35; scale *= 0x80) {
      const byte = this.#readByte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError("Cannot decode document: a count is too large");
  }

  #readEight(): DataView {
    if (this.#at + 8 > this.#end) throw new RangeError("Cannot decode document: its body ends too early");
    const bytes = this.#bytes;
    const scratch = this.#scratch;
    for (let n = 0; n < 8; n++) scratch[n] = bytes[this.#at + n] as number;
    this.#at += 8;
    return this.#scratchView;
  }

  #readInt32(): number {
    if (this.#at + 4 > this.#end) throw new RangeError("Cannot decode document: its body ends too early");
    const value = this.#length32(this.#at) | 0;
    this.#at += 4;
    return value;
  }

  #readAscii(): string {
    const start = this.#asciiAt;
    this.#asciiAt = start + this.#readCount();
    return this.#ascii.slice(start, this.#asciiAt);
  }

  #readWide(): string {
    const start = this.#wideAt;
    this.#wideAt = start + this.#readCount();
    return this.#wide.slice(start, this.#wideAt);
  }

  #readUnits(): string {
    let text = "";
    for (let rest = this.#readCount(); rest > 0; rest--) {
      const low = this.#readByte();
      text += String.fromCharCode(low | (this.#readByte() << 8));
    }
    return text;
  }

  #readBytes(): ArrayBuffer {
    const length = this.#readCount();
    if (this.#at + length > this.#end) throw new RangeError("Cannot decode document: its body ends too early");
    const copy = new Uint8Array(length);
    copy.set(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    return copy.buffer;
  }

  #readArray(): Value[] {
    const items: Value[] = [];
    for (let rest = this.#readCount(); rest > 0; rest--) items.push(this.readValue());
    return items;
  }

  #readObject(): ObjectValue {
    const shape = this.#shapes[this.#readCount()];
    if (shape === undefined) throw new RangeError("Cannot decode document: it names a shape that its head has not");
    return shape.code.build(this);
  }

  #readDictionary(): ObjectValue {
    const object: ObjectValue = {};
    for (let rest = this.#readCount(); rest > 0; rest--) {
      const name = this.readValue();
      if (typeof name !== "string") throw new RangeError("Cannot decode document: a field name is not text");
      setField(object, name, this.readValue());
    }
    return object;
  }
}
