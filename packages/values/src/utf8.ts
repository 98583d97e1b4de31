/**
 * UTF-8 inside binary strings (JS strings whose char codes are bytes), without any host API.
 *
 * Unpaired surrogates are kept as three bytes each (WTF-8), so every JS string survives a round trip and
 * byte order equals code point order.
 *
 * @module
 */

/** Number of bytes of `text` in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      bytes += 1;
    } else if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(at + 1))) {
      bytes += 2;
      at++;
    } else {
      bytes += 2;
    }
  }
  return bytes;
}

/** `text` as UTF-8 bytes, one char a byte. */
export function utf8ToBinary(text: string): string {
  let out = "";
  for (const char of text) {
    const point = char.codePointAt(0) as number;
    if (point < 0x80) {
      out += char;
    } else if (point < 0x800) {
      out += String.fromCharCode(0xc0 | (point >> 6), tail(point));
    } else if (point < 0x10000) {
      out += String.fromCharCode(0xe0 | (point >> 12), tail(point >> 6), tail(point));
    } else {
      out += String.fromCharCode(0xf0 | (point >> 18), tail(point >> 12), tail(point >> 6), tail(point));
    }
  }
  return out;
}

/** The inverse of {@linkcode utf8ToBinary}. Bytes that it cannot have made give unspecified text. */
export function binaryToUtf8(binary: string): string {
  let out = "";
  for (let at = 0; at < binary.length;) {
    const lead = binary.charCodeAt(at);
    const size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    let point = size === 1 ? lead : lead & (0xff >> (size + 1));
    for (let n = 1; n < size; n++) point = (point << 6) | (binary.charCodeAt(at + n) & 0x3f);
    out += String.fromCodePoint(Math.min(point, 0x10ffff));
    at += size;
  }
  return out;
}

/**
 * Orders two strings by their UTF-8 bytes, which is by code point. Differs from `<` only where a surrogate pair meets
 * a unit above the surrogates.
 */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const unitA = a.charCodeAt(at);
    const unitB = b.charCodeAt(at);
    if (unitA === unitB) continue;
    if (unitA < 0xd800 || unitB < 0xd800) return unitA < unitB ? -1 : 1;
    return pointAround(a, at) < pointAround(b, at) ? -1 : 1;
  }
  return a.length < b.length ? -1 : 1;
}

/** The code point that the unit at `at` belongs to; both strings agree on everything before `at`. */
function pointAround(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  const before = text.charCodeAt(at - 1);
  if (isLowSurrogate(unit) && isHighSurrogate(before)) return text.codePointAt(at - 1) as number;
  return text.codePointAt(at) as number;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

function tail(bits: number): number {
  return 0x80 | (bits & 0x3f);
}
