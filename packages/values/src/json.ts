/**
 * Convex JSON: values as plain JSON, with `$integer`, `$float` and `$bytes` for what JSON lacks.
 *
 * Texts have object fields sorted, so equal values have equal texts; result equality and hashing rely on it. (Fields that look
 * like array indexes come first in numeric order: that is how JavaScript objects are, and it is as unique.)
 *
 * Errors carry the texts of `convex/values`, which users know.
 *
 * @module
 */
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { unsupportedError } from "./check-value.ts";
import { nestedKeyError } from "./name.ts";
import { INT64_MAX, INT64_MIN, isPlainObject, setField } from "./value.ts";
import type { JsonValue, ObjectValue, Value } from "./value.ts";

/** A value that is nested deeper is refused, on every path. */
export const NESTING_MAX = 64;
const FIELD_NAME_CHARS_MAX = 1024;

/**
 * A value as Convex JSON. Fields that are `undefined` are dropped.
 *
 * @throws {Error} With the text of `convex/values` for anything that is not a Convex value.
 */
export function valueToJson(value: Value): JsonValue {
  return JSON.parse(stringifyValue(value)) as JsonValue;
}

/**
 * A value as Convex JSON text, fields sorted.
 *
 * Hot: every argument and result passes here; guarded by `codec.bench.ts`.
 *
 * @throws {Error} With the text of `convex/values` for anything that is not a Convex value.
 */
export function stringifyValue(value: Value): string {
  const text = textAt(value, 0);
  if (text === undefined) throw unsupportedError(value);
  return text;
}

/** The text of a part of a value, inside so many arrays and objects; `undefined` for anything that is not a Convex value there. */
export function textAt(value: unknown, depth: number): string | undefined {
  if (isOrdinary(value as Value, depth)) return JSON.stringify(value);
  const json = toSortedJson(value, depth);
  return json === undefined ? undefined : JSON.stringify(json);
}

/**
 * A value from Convex JSON. Arrays and objects without special members are reused, not copied: the caller gives `json` away.
 *
 * @throws {Error} With the text of `convex/values` for anything that is not Convex JSON.
 */
export function jsonToValue(json: JsonValue): Value {
  return reviveInPlace(json, 0);
}

/**
 * A value from Convex JSON text.
 *
 * Hot: every call's arguments pass here; guarded by `codec.bench.ts`.
 *
 * @throws {SyntaxError} If `text` is not JSON.
 * @throws {Error} If it is not Convex JSON.
 */
export function parseValue(text: string): Value {
  return reviveInPlace(JSON.parse(text) as JsonValue, 0);
}

/**
 * A value as the lossy `json` format of the HTTP API: int64 as decimal text, bytes as base64, NaN and infinities
 * as text, `-0` as `0`.
 */
export function valueToCleanJson(value: Value): JsonValue {
  switch (typeof value) {
    case "bigint":
      return value.toString();
    case "number":
      return Number.isFinite(value) ? value + 0 : String(value);
    case "object":
      break;
    default:
      return value;
  }
  if (value === null) return null;
  if (value instanceof ArrayBuffer) return encodeBase64(new Uint8Array(value));
  if (Array.isArray(value)) return value.map(valueToCleanJson);
  const json: { [field: string]: JsonValue } = {};
  for (const field of Object.keys(value).sort()) {
    const item = value[field];
    if (item !== undefined) setField(json, field, valueToCleanJson(item));
  }
  return json;
}

/** Whether `JSON.stringify` gives the Convex JSON text of `value` as it is. Must refuse everything it is not sure of. */
function isOrdinary(value: Value, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && (value !== 0 || 1 / value > 0);
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth >= NESTING_MAX) return false;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) if (!isOrdinary(value[at] as Value, depth + 1)) return false;
    return Object.getPrototypeOf(value) === Array.prototype;
  }
  return isOrdinaryObject(value as ObjectValue, depth);
}

function isOrdinaryObject(value: ObjectValue, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  let previous = "";
  for (const field in value) {
    if (field <= previous || !isFieldName(field)) return false;
    if (!isOrdinary(value[field] as Value, depth + 1)) return false;
    previous = field;
  }
  return true;
}

/** Plain JSON with sorted fields, or `undefined` when something in `value` is no Convex value. */
function toSortedJson(value: unknown, depth: number): JsonValue | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $float: encodeFloat(value) };
    case "bigint":
      return value < INT64_MIN || value > INT64_MAX ? undefined : { $integer: encodeInteger(value) };
    case "object":
      break;
    default:
      return undefined;
  }
  if (value === null) return null;
  if (value instanceof ArrayBuffer) return { $bytes: encodeBase64(new Uint8Array(value)) };
  if (depth >= NESTING_MAX) return undefined;
  if (Array.isArray(value)) return toSortedArray(value, depth);
  return isPlainObject(value) ? toSortedObject(value, depth) : undefined;
}

function toSortedArray(value: readonly unknown[], depth: number): JsonValue | undefined {
  const items: JsonValue[] = [];
  for (let at = 0; at < value.length; at++) {
    // A hole in an array is null, as it is for JSON and so for Convex.
    const json = at in value ? toSortedJson(value[at], depth + 1) : null;
    if (json === undefined) return undefined;
    items.push(json);
  }
  return items;
}

function toSortedObject(value: { [field: string]: unknown }, depth: number): JsonValue | undefined {
  const sorted: { [field: string]: JsonValue } = {};
  for (const field of Object.keys(value).sort()) {
    const item = value[field];
    if (item === undefined) continue;
    const json = isFieldName(field) ? toSortedJson(item, depth + 1) : undefined;
    if (json === undefined) return undefined;
    setField(sorted, field, json);
  }
  return sorted;
}

function tooNested(): Error {
  return new Error(`Value is too nested (maximum nesting ${NESTING_MAX})`);
}

function reviveInPlace(json: JsonValue, depth: number): Value {
  if (typeof json !== "object" || json === null) {
    if (json === undefined || typeof json === "function" || typeof json === "symbol" || typeof json === "bigint") {
      throw new Error(`Unexpected type of ${String(json)}`);
    }
    return json;
  }
  if (Array.isArray(json)) {
    if (depth >= NESTING_MAX) throw tooNested();
    for (let at = 0; at < json.length; at++) {
      const item = json[at] as JsonValue;
      if (typeof item === "object" && item !== null) json[at] = reviveInPlace(item, depth + 1) as JsonValue;
    }
    return json;
  }
  for (const field in json) {
    if (field.charCodeAt(0) === 36) return reviveSpecial(json);
    if (depth >= NESTING_MAX) throw tooNested();
    if (!isFieldName(field)) throw new Error(nestedKeyError(field));
    const item = json[field] as JsonValue;
    if (typeof item === "object" && item !== null) setField(json, field, reviveInPlace(item, depth + 1) as JsonValue);
  }
  if (depth >= NESTING_MAX) throw tooNested();
  return json;
}

/** An object with a field that starts with `$`: one of the three encodings, or an error. */
function reviveSpecial(json: { [key: string]: JsonValue }): Value {
  const keys = Object.keys(json);
  const key = keys[0] as string;
  if (keys.length === 1) {
    const text = json[key];
    if (key === "$integer" || key === "$float" || key === "$bytes") {
      if (typeof text !== "string") throw new Error(`Malformed ${key} field on ${JSON.stringify(json)}`);
      return key === "$integer"
        ? decodeInteger(text)
        : key === "$float"
          ? decodeFloat(text)
          : decodeBase64(text).buffer;
    }
    if (key === "$set") throw new Error("Received a Set which is no longer supported as a Convex type.");
    if (key === "$map") throw new Error("Received a Map which is no longer supported as a Convex type.");
  }
  throw new Error(nestedKeyError(keys.find((name) => name.startsWith("$")) ?? key));
}

/** Whether Convex allows a field of this name anywhere: printable ASCII, not `$…`, at most 1024 characters. */
export function isFieldName(name: string): boolean {
  if (name.length > FIELD_NAME_CHARS_MAX || name.charCodeAt(0) === 36) return false;
  for (let at = 0; at < name.length; at++) {
    const unit = name.charCodeAt(at);
    if (unit < 32 || unit >= 127) return false;
  }
  return true;
}

function encodeInteger(value: bigint): string {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value, true);
  return encodeBase64(bytes);
}

function decodeInteger(text: string): bigint {
  return eightBytes(text, "$integer").getBigInt64(0, true);
}

function encodeFloat(value: number): string {
  if (Number.isNaN(value)) return "AAAAAAAA+H8=";
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return encodeBase64(bytes);
}

function decodeFloat(text: string): number {
  const value = eightBytes(text, "$float").getFloat64(0, true);
  if (Number.isFinite(value) && !Object.is(value, -0)) throw new Error(`Float ${value} should be encoded as a number`);
  return value;
}

function eightBytes(text: string, kind: string): DataView {
  const bytes = decodeBase64(text);
  if (bytes.length !== 8) throw new Error(`Received ${bytes.length} bytes, expected 8 for ${kind}`);
  return new DataView(bytes.buffer);
}
