/**
 * Base64 (RFC 4648 §4: standard alphabet, padded) without any host API, and the wire's unsigned 64-bit numbers.
 *
 * @module
 */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const DIGITS = new Int8Array(128).fill(-1);
for (let digit = 0; digit < 64; digit++) DIGITS[ALPHABET.charCodeAt(digit)] = digit;

/** Bytes as base64 text. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  let at = 0;
  for (; at + 2 < bytes.length; at += 3) {
    const group = (byteAt(bytes, at) << 16) | (byteAt(bytes, at + 1) << 8) | byteAt(bytes, at + 2);
    text += digit(group >> 18) + digit(group >> 12) + digit(group >> 6) + digit(group);
  }
  const rest = bytes.length - at;
  if (rest === 1) {
    const group = byteAt(bytes, at) << 16;
    text += `${digit(group >> 18)}${digit(group >> 12)}==`;
  } else if (rest === 2) {
    const group = (byteAt(bytes, at) << 16) | (byteAt(bytes, at + 1) << 8);
    text += `${digit(group >> 18)}${digit(group >> 12)}${digit(group >> 6)}=`;
  }
  return text;
}

/**
 * The bytes of base64 text. Strict: whole groups, padding only at the end, spare bits zero.
 *
 * @throws {Error} If `text` is not canonical base64.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 4 !== 0) throw new Error("Invalid string. Length must be a multiple of 4");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let bits = 0;
  let count = 0;
  let out = 0;
  for (let at = 0; at < digits; at++) {
    const value = DIGITS[text.charCodeAt(at)] ?? -1;
    if (value < 0) throw new Error(`Invalid base64: character ${JSON.stringify(text[at])} at ${at}`);
    bits = ((bits << 6) | value) & 0xffffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[out++] = (bits >> count) & 0xff;
    }
  }
  if ((bits & ((1 << count) - 1)) !== 0) throw new Error("Invalid base64: spare bits are not zero");
  return bytes;
}

/** An unsigned 64-bit number as the wire writes it: base64 of 8 little-endian bytes. Zero is `AAAAAAAAAAA=`. */
export function encodeU64(value: bigint): string {
  if (value < 0n || value >= 2n ** 64n) throw new RangeError(`Cannot encode u64: value is ${value}`);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return encodeBase64(bytes);
}

/**
 * The inverse of {@linkcode encodeU64}.
 *
 * @throws {Error} If `text` is not base64 of exactly 8 bytes.
 */
export function decodeU64(text: string): bigint {
  const bytes = decodeBase64(text);
  if (bytes.length !== 8) throw new Error(`Received ${bytes.length} bytes, expected 8 for a u64`);
  return new DataView(bytes.buffer).getBigUint64(0, true);
}

function digit(bits: number): string {
  return ALPHABET.charAt(bits & 63);
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}
