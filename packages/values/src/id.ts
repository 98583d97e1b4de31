/**
 * Document ids in Convex's own format.
 *
 *   text = base32( varint(table number) ‖ 16 bytes of the document ‖ Fletcher-16 of both )
 *
 * Lower-case Crockford base32, most significant bits first, spare bits zero. Ids of tables below 128 have 31 characters, the usual
 * ones 32. One byte string has one text and back: decoding accepts nothing that encoding would not give.
 *
 * @module
 */

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS = new Int8Array(128).fill(-1);
for (let digit = 0; digit < 32; digit++) DIGITS[ALPHABET.charCodeAt(digit)] = digit;

const INTERNAL_BYTES = 16;
const FOOTER_BYTES = 2;
const TABLE_NUMBER_MAX = 0xffffffff;
/** Characters of ids with a table number of one byte and of five. */
const ID_CHARS_MIN = 31;
const ID_CHARS_MAX = 37;
const DAY_MS = 24 * 3_600_000;

/** The bytes of the id under work: reading one allocates nothing but its result. */
const decoded = new Uint8Array(Math.floor((ID_CHARS_MAX * 5) / 8));

/** A decoded id. */
export interface DecodedId {
  readonly tableNumber: number;
  /** 16 bytes: 14 random, 2 the day. */
  readonly internal: Uint8Array;
}

/** Thrown when a text is not an id. */
export class IdDecodeError extends Error {
  override readonly name = "IdDecodeError";
}

/** The id of a document. `tableNumber` is 1 to 2^32 - 1, `internal` 16 bytes. */
export function encodeId(tableNumber: number, internal: Uint8Array): string {
  if (!Number.isInteger(tableNumber) || tableNumber < 1 || tableNumber > TABLE_NUMBER_MAX) {
    throw new RangeError(`Cannot encode id: table number is ${tableNumber}; should be 1 to ${TABLE_NUMBER_MAX}`);
  }
  if (internal.length !== INTERNAL_BYTES) {
    throw new RangeError(`Cannot encode id: document part has ${internal.length} bytes; should have ${INTERNAL_BYTES}`);
  }
  const bytes = [];
  for (let rest = tableNumber; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      bytes.push(rest);
      break;
    }
    bytes.push((rest % 128) | 0x80);
  }
  for (const byte of internal) bytes.push(byte);
  const footer = fletcher16(bytes, bytes.length);
  bytes.push(footer & 0xff, footer >> 8);
  return toBase32(bytes);
}

/**
 * Splits an id. Strict: alphabet, length, spare bits, canonical varint and footer must hold.
 *
 * @throws {IdDecodeError} With the text "Unable to decode ID: …".
 */
export function decodeId(id: string): DecodedId {
  const result = readId(id);
  if (typeof result === "string") throw new IdDecodeError(`Unable to decode ID: ${result}`);
  return result;
}

/** Like {@linkcode decodeId}, but `undefined` for what is not an id. */
export function tryDecodeId(id: string): DecodedId | undefined {
  const result = readId(id);
  return typeof result === "string" ? undefined : result;
}

/**
 * The table number at the front of an id, or `undefined` when even that cannot be read. Does not check the rest.
 *
 * Hot: every `db.get` and id validator calls it; guarded by `codec.bench.ts`.
 */
export function tableNumberOfId(id: string): number | undefined {
  if (id.length < ID_CHARS_MIN || id.length > ID_CHARS_MAX) return undefined;
  let bits = 0;
  let count = 0;
  let value = 0;
  let scale = 1;
  for (let at = 0; at < 9; at++) {
    const digit = DIGITS[id.charCodeAt(at)] ?? -1;
    if (digit < 0) return undefined;
    bits = ((bits << 5) | digit) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    const byte = (bits >> count) & 0xff;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value >= 1 && value <= TABLE_NUMBER_MAX ? value : undefined;
    scale *= 128;
  }
  return undefined;
}

/** The 16 bytes of a new document: random ones with the day at the end, which keeps a day's ids together in no order. */
export function newInternalId(randomBytes14: Uint8Array, nowMs: number): Uint8Array {
  if (randomBytes14.length !== 14) {
    throw new RangeError(`Cannot make id: got ${randomBytes14.length} random bytes; should be 14`);
  }
  const day = Math.floor(nowMs / DAY_MS) & 0xffff;
  const internal = new Uint8Array(INTERNAL_BYTES);
  internal.set(randomBytes14);
  internal[14] = day >> 8;
  internal[15] = day & 0xff;
  return internal;
}

/** Fletcher-16 with sums modulo 256, low byte the plain sum. */
function fletcher16(bytes: ArrayLike<number>, length: number): number {
  let sum = 0;
  let sumOfSums = 0;
  for (let at = 0; at < length; at++) {
    sum = (sum + (bytes[at] as number)) & 0xff;
    sumOfSums = (sumOfSums + sum) & 0xff;
  }
  return sum | (sumOfSums << 8);
}

function toBase32(bytes: readonly number[]): string {
  let text = "";
  let bits = 0;
  let count = 0;
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff;
    count += 8;
    while (count >= 5) {
      count -= 5;
      text += ALPHABET.charAt((bits >> count) & 31);
    }
  }
  return count === 0 ? text : text + ALPHABET.charAt((bits << (5 - count)) & 31);
}

/** The decoded id, or what is wrong with it. */
function readId(id: string): DecodedId | string {
  const length = readBase32(id);
  if (typeof length === "string") return length;
  const table = readTableNumber();
  if (table === undefined) return "Invalid table number";
  const body = table.size + INTERNAL_BYTES;
  if (length !== body + FOOTER_BYTES) return `Invalid ID length ${id.length}`;
  const footer = (decoded[body] as number) | ((decoded[body + 1] as number) << 8);
  const expected = fletcher16(decoded, body);
  if (footer !== expected) return `Invalid ID version ${footer ^ expected}`;
  return { tableNumber: table.tableNumber, internal: decoded.slice(table.size, body) };
}

/** Fills `decoded` and returns the number of bytes, or says what is wrong. */
function readBase32(text: string): number | string {
  if (text.length < ID_CHARS_MIN || text.length > ID_CHARS_MAX) return `Invalid ID length ${text.length}`;
  let bits = 0;
  let count = 0;
  let out = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = DIGITS[text.charCodeAt(at)] ?? -1;
    if (digit < 0) return `Invalid character ${JSON.stringify(text[at])} at ${at}`;
    bits = ((bits << 5) | digit) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    decoded[out++] = (bits >> count) & 0xff;
  }
  return count >= 5 || (bits & ((1 << count) - 1)) !== 0 ? "Spare bits are not zero" : out;
}

/** The varint at the start of `decoded`; `undefined` when it is not canonical or no table number. */
function readTableNumber(): { readonly tableNumber: number; readonly size: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let at = 0; at < 5; at++) {
    const byte = decoded[at] as number;
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte >= 0x80) continue;
    const isCanonical = byte !== 0 || at === 0;
    return isCanonical && value >= 1 && value <= TABLE_NUMBER_MAX ? { tableNumber: value, size: at + 1 } : undefined;
  }
  return undefined;
}
