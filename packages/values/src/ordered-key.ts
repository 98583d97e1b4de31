/**
 * Ordered keys: tuples of values as binary strings that sort like the tuples.
 *
 * A binary string is a JS string whose char codes are bytes, so `<` is byte order and V8 keeps one byte a char. Index
 * trees, cursors, read sets and bounds all use these keys.
 *
 *   element = tag payload                     tags ascend in Convex's order of types
 *   int64, float64     8 bytes, big-endian, sign-corrected
 *   string, bytes      UTF-8 or bytes, 00 written as 00 FF, closed by 00
 *   array, object      elements, closed by 00; an object is its sorted fields as string, value, string, value …
 *
 * Invariants:
 *   - `encodeKey([...a, ...b]) === encodeKey(a) + encodeKey(b)`; no element's key is a prefix of another's.
 *   - No tag is 00 or FF: a closing 00 sorts before every element and is never mistaken for 00 FF.
 *   - The bytes are stored. A change is a change of the format on disk.
 *
 * @module
 */
import { binaryToUtf8, compareUtf8, utf8ToBinary } from "./utf8.ts";
import { setField } from "./value.ts";
import type { ObjectValue, Value } from "./value.ts";

const TAG_UNDEFINED = 0x01;
const TAG_NULL = 0x02;
const TAG_INT64 = 0x03;
const TAG_FLOAT64 = 0x04;
const TAG_FALSE = 0x05;
const TAG_TRUE = 0x06;
const TAG_STRING = 0x07;
const TAG_BYTES = 0x08;
const TAG_ARRAY = 0x09;
const TAG_OBJECT = 0x0a;
const CLOSE = "\x00";
const ESCAPED_ZERO = "\x00\xff";

/** The eight bytes under conversion, seen as a float, an integer and two big-endian halves. */
const scratch = new DataView(new ArrayBuffer(8));

/**
 * Encodes a tuple. `undefined` stands for a missing field.
 *
 * Hot: every index lookup and write calls it; guarded by `codec.bench.ts`.
 */
export function encodeKey(values: readonly (Value | undefined)[]): string {
  let key = "";
  for (let at = 0; at < values.length; at++) key += encodeElement(values[at]);
  return key;
}

/**
 * Decodes a whole key.
 *
 * @throws {RangeError} If `key` was not made by {@linkcode encodeKey}.
 */
export function decodeKey(key: string): (Value | undefined)[] {
  const reader = { key, at: 0 };
  const values: (Value | undefined)[] = [];
  while (reader.at < key.length) values.push(readElement(reader));
  return values;
}

/**
 * The smallest string greater than every string that starts with `prefix`; `undefined` when there is none. `[prefix,
 * prefixEnd(prefix))` is the range of all tuples that begin with the encoded ones.
 */
export function prefixEnd(prefix: string): string | undefined {
  let length = prefix.length;
  while (length > 0 && prefix.charCodeAt(length - 1) === 0xff) length--;
  if (length === 0) return undefined;
  return prefix.slice(0, length - 1) + String.fromCharCode(prefix.charCodeAt(length - 1) + 1);
}

function encodeElement(value: Value | undefined): string {
  switch (typeof value) {
    case "string":
      return encodeString(value);
    case "number":
      return encodeNumber(value);
    case "boolean":
      return value ? "\x06" : "\x05";
    case "undefined":
      return "\x01";
    case "bigint":
      return encodeInt64(value);
    case "object":
      return value === null ? "\x02" : encodeObjectLike(value);
    default:
      throw new RangeError(`Cannot encode key element: value is a ${typeof value}; should be a Convex value`);
  }
}

function encodeObjectLike(value: ArrayBuffer | Value[] | ObjectValue): string {
  if (value instanceof ArrayBuffer) return encodeBytes(new Uint8Array(value));
  if (Array.isArray(value)) return `\x09${encodeKey(value)}${CLOSE}`;
  let key = "\x0a";
  for (const field of Object.keys(value).sort(compareUtf8)) {
    const item = value[field];
    if (item !== undefined) key += encodeString(field) + encodeElement(item);
  }
  return key + CLOSE;
}

/** Text that is its own UTF-8 and needs no escape. */
// oxlint-disable-next-line no-control-regex -- Control characters but zero are text like any other.
const PLAIN = /^[\x01-\x7f]*$/;

function encodeString(text: string): string {
  if (PLAIN.test(text)) return `\x07${text}\x00`;
  return `\x07${utf8ToBinary(text).replaceAll(CLOSE, ESCAPED_ZERO)}\x00`;
}

function encodeNumber(value: number): string {
  // One NaN: its sign and payload depend on where it came from.
  if (value !== value) return "\x04\xff\xf8\x00\x00\x00\x00\x00\x00";
  scratch.setFloat64(0, value);
  const high = scratch.getInt32(0);
  const low = scratch.getInt32(4);
  return high < 0 ? encodeHalves("\x04", ~high, ~low) : encodeHalves("\x04", high ^ 0x80000000, low);
}

function encodeInt64(value: bigint): string {
  scratch.setBigInt64(0, value);
  return encodeHalves("\x03", scratch.getInt32(0) ^ 0x80000000, scratch.getInt32(4));
}

function encodeHalves(tag: string, high: number, low: number): string {
  return (
    tag +
    String.fromCharCode(
      high >>> 24,
      (high >>> 16) & 0xff,
      (high >>> 8) & 0xff,
      high & 0xff,
      low >>> 24,
      (low >>> 16) & 0xff,
      (low >>> 8) & 0xff,
      low & 0xff,
    )
  );
}

function encodeBytes(bytes: Uint8Array): string {
  let key = "\x08";
  for (const byte of bytes) key += byte === 0 ? ESCAPED_ZERO : String.fromCharCode(byte);
  return key + CLOSE;
}

interface Reader {
  readonly key: string;
  at: number;
}

function readElement(reader: Reader): Value | undefined {
  const tag = reader.key.charCodeAt(reader.at++);
  switch (tag) {
    case TAG_UNDEFINED:
      return undefined;
    case TAG_NULL:
      return null;
    case TAG_FALSE:
      return false;
    case TAG_TRUE:
      return true;
    case TAG_INT64:
      return readInt64(reader);
    case TAG_FLOAT64:
      return readNumber(reader);
    case TAG_STRING:
      return binaryToUtf8(readEscaped(reader));
    case TAG_BYTES:
      return Uint8Array.from(readEscaped(reader), (char) => char.charCodeAt(0)).buffer;
    case TAG_ARRAY:
      return readArray(reader);
    case TAG_OBJECT:
      return readObject(reader);
    default:
      throw new RangeError(`Cannot decode key: tag is ${tag} at ${reader.at - 1}; should be 1 to 10`);
  }
}

function readHalves(reader: Reader): void {
  if (reader.at + 8 > reader.key.length) throw new RangeError("Cannot decode key: it ends inside a number");
  for (let n = 0; n < 8; n++) scratch.setUint8(n, reader.key.charCodeAt(reader.at++));
}

function readNumber(reader: Reader): number {
  readHalves(reader);
  const high = scratch.getInt32(0);
  if (high < 0) {
    scratch.setInt32(0, high ^ 0x80000000);
  } else {
    scratch.setInt32(0, ~high);
    scratch.setInt32(4, ~scratch.getInt32(4));
  }
  return scratch.getFloat64(0);
}

function readInt64(reader: Reader): bigint {
  readHalves(reader);
  scratch.setInt32(0, scratch.getInt32(0) ^ 0x80000000);
  return scratch.getBigInt64(0);
}

function readEscaped(reader: Reader): string {
  const { key } = reader;
  let text = "";
  for (;;) {
    const close = key.indexOf(CLOSE, reader.at);
    if (close < 0) throw new RangeError("Cannot decode key: it ends inside a string");
    text += key.slice(reader.at, close);
    reader.at = close + 1;
    if (key.charCodeAt(reader.at) !== 0xff) return text;
    text += CLOSE;
    reader.at++;
  }
}

/** Whether the next byte closes the array or object; consumes it if so. */
function readClose(reader: Reader): boolean {
  if (reader.at >= reader.key.length) throw new RangeError("Cannot decode key: it ends inside an array or object");
  if (reader.key.charCodeAt(reader.at) !== 0) return false;
  reader.at++;
  return true;
}

function readArray(reader: Reader): Value[] {
  const items: Value[] = [];
  while (!readClose(reader)) items.push(readElement(reader) as Value);
  return items;
}

function readObject(reader: Reader): ObjectValue {
  const object: ObjectValue = {};
  while (!readClose(reader)) {
    const field = readElement(reader);
    if (typeof field !== "string") throw new RangeError("Cannot decode key: a field name is not a string");
    setField(object, field, readElement(reader) as Value);
  }
  return object;
}
