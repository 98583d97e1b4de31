/**
 * JSON values as Convex values that stay the same objects for as long as the JSON does.
 *
 * The official client turns each value's JSON into Convex values with new arrays and objects for all of it, which would undo what deltas
 * keep. It does so with `map` on arrays, so arrays are handed over with a `map` of their own that answers with
 * what this JSON was turned into before.
 *
 * Kept: arrays, and everything inside them. Not kept: objects outside of any array; the client makes those anew.
 *
 * Invariant: what the handler gets is complete and correct for any reader; one that treats it differently only loses identity.
 *
 * @module
 */
import { setField, type JsonValue, type Value } from "@narrowcast/values";
import { jsonToConvex } from "convex/values";

/** JSON objects are private to this package and never written, so they stand for their values. */
const known = new WeakMap<object, Value>();

/** The Convex value; the same object for the same JSON object. */
export function sharedValue(json: JsonValue): Value {
  if (typeof json !== "object" || json === null) return json;
  let value = known.get(json);
  if (value === undefined) {
    value = convert(json);
    known.set(json, value);
  }
  return value;
}

function convert(json: JsonValue[] | { [field: string]: JsonValue }): Value {
  if (Array.isArray(json)) return json.map(sharedValue);
  if (isSpecial(json)) return jsonToConvex(json) as Value;
  const value: { [field: string]: Value } = {};
  for (const field of Object.keys(json)) setField(value, field, sharedValue(json[field] as JsonValue));
  return value;
}

/** `$integer`, `$float`, `$bytes`: objects that stand for one value. */
function isSpecial(json: { readonly [field: string]: JsonValue }): boolean {
  for (const field in json) return field.startsWith("$");
  return false;
}

/** A copy of `json` whose arrays become the shared values when the client converts them. */
export function handedOver(json: JsonValue): JsonValue {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return handedOverList(json);
  if (isSpecial(json)) return json;
  const copy: { [field: string]: JsonValue } = {};
  for (const field of Object.keys(json)) setField(copy, field, handedOver(json[field] as JsonValue));
  return copy;
}

function handedOverList(json: readonly JsonValue[]): JsonValue[] {
  const copy = [...json];
  Object.defineProperty(copy, "map", {
    value: (callback: (item: JsonValue, index: number, list: JsonValue[]) => unknown): unknown =>
      isConversion(callback) ? sharedValue(json as JsonValue[]) : Array.prototype.map.call(copy, callback),
  });
  return copy;
}

/** Whether a function turns Convex JSON into values: it knows what only such a function knows. */
function isConversion(callback: (item: JsonValue, index: number, list: JsonValue[]) => unknown): boolean {
  try {
    return callback({ $integer: "AQAAAAAAAAA=" }, 0, []) === 1n;
  } catch {
    return false;
  }
}
