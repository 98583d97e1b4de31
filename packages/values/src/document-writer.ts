/**
 * Writes documents as bytes. See `document-codec.ts` for the format.
 *
 * Documents are written one after another into chunks of memory: 300 bytes as an array of their own cost 6 times as much as a part
 * of a chunk (2026-11, `codec.bench.ts`). A chunk lives as long as any of its documents, so large ones get memory of their own.
 *
 * @module
 */
import * as format from "./document-format.ts";
import { ShapeWriter } from "./document-shape.ts";
import type { Head } from "./document-shape.ts";
import { textEncoder } from "./text-host.ts";
import { compareUtf8 } from "./utf8.ts";
import type { Doc, ObjectValue, Value } from "./value.ts";

const CHUNK_BYTES = 65_536;
/** Room that a new document finds in a chunk, at least. */
const ROOM_BYTES = 8_192;
/** Documents above this size get memory of their own. */
const SHARED_BYTES_MAX = 8_192;

// oxlint-disable-next-line no-control-regex -- ASCII begins with control characters.
const ASCII = /^[\x00-\x7f]*$/;
const UNPAIRED_SURROGATE = /\p{Surrogate}/u;

/** Writes one document at a time; keeps its working memory. */
export class DocumentWriter {
  readonly #shapes = new ShapeWriter();
  #bytes = new Uint8Array(CHUNK_BYTES);
  #view = new DataView(this.#bytes.buffer);
  /** Where the document under work begins. */
  #start = 0;
  #at = 0;
  #head = this.#shapes.start();
  #ascii = "";
  #wide = "";
  /** Whether every text is looked at for characters beyond ASCII; if not, the whole is checked at the end. */
  #isCareful = false;
  #hasUndefined = false;

  /** The document's bytes, at an offset in shared memory. */
  encode(doc: Doc): Uint8Array {
    const start = this.#shapes.start();
    const guess = this.#isShaped(doc) ? this.#shapes.extend(start, this.#shapes.shapeOf(doc)) : start;
    if (!this.#writeAll(doc, start, guess.hasWideText)) this.#writeAll(doc, start, true);
    guess.hasWideText = this.#wide !== "";
    return this.#take();
  }

  /** Writes one value of a body. Called back by code made for shapes. */
  writeValue(value: Value | undefined): void {
    switch (typeof value) {
      case "string":
        return this.#writeText(value);
      case "number":
        return this.#writeNumber(value);
      case "boolean":
        return this.#writeByte(value ? format.TAG_TRUE : format.TAG_FALSE);
      case "bigint":
        return this.#writeInt64(value);
      case "undefined":
        this.#hasUndefined = true;
        return;
      default:
        if (value === null) this.#writeByte(format.TAG_NULL);
        else if (Array.isArray(value)) this.#writeArray(value);
        else if (value instanceof ArrayBuffer) this.#writeBytes(value);
        else this.#writeObject(value);
    }
  }

  /** Writes the whole document. False when its text was taken for ASCII and is not; with `isCareful` it is looked at first. */
  #writeAll(doc: Doc, head: Head, isCareful: boolean): boolean {
    if (this.#bytes.length - this.#start < ROOM_BYTES) this.#newChunk(CHUNK_BYTES, 0);
    this.#at = this.#start + format.HEADER_BYTES;
    this.#head = head;
    this.#ascii = "";
    this.#wide = "";
    this.#isCareful = isCareful;
    this.#writeObject(doc);
    const bodyBytes = this.#at - this.#start - format.HEADER_BYTES;
    const asciiBytes = this.#writeSection(this.#ascii, 1);
    if (asciiBytes !== this.#ascii.length) return false;
    this.#writeHead();
    if (this.#wide !== "") this.#writeSection(this.#wide, 3);
    this.#writeHeader(bodyBytes, asciiBytes);
    return true;
  }

  #writeHeader(bodyBytes: number, asciiBytes: number): void {
    this.#bytes[this.#start] = format.VERSION;
    this.#view.setInt32(this.#start + 1, this.#head.hash, true);
    this.#view.setUint32(this.#start + 5, bodyBytes, true);
    this.#view.setUint32(this.#start + 9, asciiBytes, true);
    this.#view.setUint32(this.#start + 13, this.#head.bytes.length, true);
  }

  #writeHead(): void {
    const { bytes } = this.#head;
    this.#reserve(bytes.length);
    for (let n = 0; n < bytes.length; n++) this.#bytes[this.#at + n] = bytes[n] as number;
    this.#at += bytes.length;
  }

  /** Appends text as UTF-8 and returns its bytes. `growth` is the most bytes a UTF-16 unit can take. */
  #writeSection(text: string, growth: number): number {
    if (text === "") return 0;
    this.#reserve(text.length * growth);
    const room = this.#bytes.subarray(this.#at, this.#at + text.length * growth);
    const { read, written } = textEncoder.encodeInto(text, room);
    this.#at += written;
    return read === text.length ? written : -1;
  }

  #take(): Uint8Array {
    const bytes = this.#bytes.subarray(this.#start, this.#at);
    if (bytes.length > SHARED_BYTES_MAX) return bytes.slice();
    this.#start = this.#at;
    return bytes;
  }

  /** Makes room for `bytes` more, moving the document under work to a new chunk when this one is full. */
  #reserve(bytes: number): void {
    if (this.#at + bytes > this.#bytes.length)
      this.#newChunk(CHUNK_BYTES + 2 * (this.#at - this.#start + bytes), this.#at);
  }

  #newChunk(size: number, end: number): void {
    const old = this.#bytes;
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
    if (end > this.#start) this.#bytes.set(old.subarray(this.#start, end));
    this.#at = Math.max(0, end - this.#start);
    this.#start = 0;
  }

  #writeByte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = byte;
  }

  /** A tag and a count as LEB128. */
  #writeCount(tag: number, count: number): void {
    this.#reserve(6);
    this.#bytes[this.#at++] = tag;
    let rest = count;
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  #writeText(text: string): void {
    if (!this.#isCareful || ASCII.test(text)) {
      this.#ascii += text;
      this.#writeCount(format.TAG_ASCII, text.length);
    } else if (!UNPAIRED_SURROGATE.test(text)) {
      this.#wide += text;
      this.#writeCount(format.TAG_WIDE, text.length);
    } else {
      this.#writeCount(format.TAG_UNITS, text.length);
      this.#reserve(text.length * 2);
      for (let n = 0; n < text.length; n++, this.#at += 2) this.#view.setUint16(this.#at, text.charCodeAt(n), true);
    }
  }

  #writeNumber(value: number): void {
    this.#reserve(9);
    const integer = value | 0;
    if (integer !== value || (value === 0 && 1 / value < 0)) {
      this.#bytes[this.#at] = format.TAG_FLOAT64;
      // One NaN: its sign and payload depend on where it came from.
      this.#view.setFloat64(this.#at + 1, value === value ? value : NaN, true);
      this.#at += 9;
    } else if (integer >= 0 && integer < 0x80) {
      this.#bytes[this.#at++] = format.TAG_SMALL | integer;
    } else {
      this.#bytes[this.#at] = format.TAG_INT32;
      this.#view.setInt32(this.#at + 1, integer, true);
      this.#at += 5;
    }
  }

  #writeInt64(value: bigint): void {
    this.#reserve(9);
    this.#bytes[this.#at] = format.TAG_INT64;
    this.#view.setBigInt64(this.#at + 1, value, true);
    this.#at += 9;
  }

  #writeBytes(value: ArrayBuffer): void {
    this.#writeCount(format.TAG_BYTES, value.byteLength);
    this.#reserve(value.byteLength);
    this.#bytes.set(new Uint8Array(value), this.#at);
    this.#at += value.byteLength;
  }

  #writeArray(value: readonly Value[]): void {
    this.#writeCount(format.TAG_ARRAY, value.length);
    for (let n = 0; n < value.length; n++) {
      const item = value[n];
      if (item === undefined) throw new TypeError("Cannot encode document: an array's item is undefined");
      this.writeValue(item);
    }
  }

  /** Objects with missing fields are written from a copy without them: rare, and a shape must have every field. */
  #writeObject(object: ObjectValue): void {
    const rewindAt = this.#at - this.#start;
    const { length: asciiLength } = this.#ascii;
    const { length: wideLength } = this.#wide;
    const head = this.#head;
    const outer = this.#hasUndefined;
    this.#hasUndefined = false;
    if (this.#isShaped(object)) this.#writeShaped(object);
    else this.#writeDictionary(object);
    if (this.#hasUndefined) {
      this.#at = this.#start + rewindAt;
      this.#ascii = this.#ascii.slice(0, asciiLength);
      this.#wide = this.#wide.slice(0, wideLength);
      this.#head = head;
      this.#writeObject(withoutUndefined(object));
    }
    this.#hasUndefined = outer;
  }

  #writeShaped(object: ObjectValue): void {
    const shape = this.#shapes.shapeOf(object);
    let number = this.#head.shapes.indexOf(shape);
    if (number < 0) {
      this.#head = this.#shapes.extend(this.#head, shape);
      number = this.#head.shapes.length - 1;
    }
    this.#writeCount(format.TAG_OBJECT, number);
    shape.code.takeApart(object, this);
  }

  #writeDictionary(object: ObjectValue): void {
    const names = Object.keys(object).sort(compareUtf8);
    this.#writeCount(format.TAG_DICTIONARY, names.length);
    for (const name of names) {
      this.#writeText(name);
      this.writeValue(object[name]);
    }
  }

  #isShaped(object: object): boolean {
    let count = 0;
    for (const _ in object) if (++count > format.SHAPE_FIELDS_MAX) return false;
    return true;
  }
}

function withoutUndefined(object: ObjectValue): ObjectValue {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
