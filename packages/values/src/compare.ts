/**
 * Convex's total order over all values, and structural equality that agrees with it.
 *
 *   undefined < null < int64 < float64 < boolean < string < bytes < array < object
 *
 * Floats follow IEEE 754 totalOrder with one NaN, last. Strings compare by UTF-8 bytes; bytes, arrays and objects
 * lexicographically, objects as their sorted (field, value) pairs.
 *
 * Invariant: `compareValues(a, b)` has the sign of comparing `encodeKey([a])` with `encodeKey([b])` (`ordered-key.ts`).
 *
 * @module
 */
import { compareUtf8 } from "./utf8.ts";
import type { ObjectValue, Value } from "./value.ts";

/** Negative, zero or positive as `a` sorts before, equals or sorts after `b`. `undefined` is a missing field. */
export function compareValues(a: Value | undefined, b: Value | undefined): number {
  if (typeof a === "string" && typeof b === "string") return compareUtf8(a, b);
  if (typeof a === "number" && typeof b === "number") return compareNumbers(a, b);
  const rank = rankOf(a);
  const otherRank = rankOf(b);
  if (rank !== otherRank) return rank - otherRank;
  switch (rank) {
    case RANK_INT64:
      return (a as bigint) < (b as bigint) ? -1 : a === b ? 0 : 1;
    case RANK_BOOLEAN:
      return Number(a) - Number(b);
    case RANK_BYTES:
      return compareBytes(new Uint8Array(a as ArrayBuffer), new Uint8Array(b as ArrayBuffer));
    case RANK_ARRAY:
      return compareArrays(a as Value[], b as Value[]);
    case RANK_OBJECT:
      return compareObjects(a as ObjectValue, b as ObjectValue);
    default:
      return 0;
  }
}

/** Whether two values are the same: `-0` is not `0`, `NaN` is `NaN`, `1n` is not `1`; the order of fields does not matter. */
export function valuesEqual(a: Value | undefined, b: Value | undefined): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, at) => valuesEqual(item, b[at]));
  }
  if (a instanceof ArrayBuffer) {
    return b instanceof ArrayBuffer && compareBytes(new Uint8Array(a), new Uint8Array(b)) === 0;
  }
  if (Array.isArray(b) || b instanceof ArrayBuffer) return false;
  const fields = Object.keys(a);
  if (fields.length !== Object.keys(b).length) return false;
  return fields.every((field) => Object.hasOwn(b, field) && valuesEqual(a[field], b[field]));
}

const RANK_INT64 = 2;
const RANK_BOOLEAN = 4;
const RANK_BYTES = 6;
const RANK_ARRAY = 7;
const RANK_OBJECT = 8;

function rankOf(value: Value | undefined): number {
  switch (typeof value) {
    case "undefined":
      return 0;
    case "bigint":
      return RANK_INT64;
    case "number":
      return 3;
    case "boolean":
      return RANK_BOOLEAN;
    case "string":
      return 5;
    default:
      if (value === null) return 1;
      if (Array.isArray(value)) return RANK_ARRAY;
      return value instanceof ArrayBuffer ? RANK_BYTES : RANK_OBJECT;
  }
}

function compareNumbers(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return a !== 0 || Object.is(a, b) ? 0 : Object.is(a, -0) ? -1 : 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function compareArrays(a: readonly Value[], b: readonly Value[]): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const order = compareValues(a[at], b[at]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareObjects(a: ObjectValue, b: ObjectValue): number {
  const fieldsA = Object.keys(a).sort(compareUtf8);
  const fieldsB = Object.keys(b).sort(compareUtf8);
  const shared = Math.min(fieldsA.length, fieldsB.length);
  for (let at = 0; at < shared; at++) {
    const fieldA = fieldsA[at] as string;
    const fieldB = fieldsB[at] as string;
    const order = compareUtf8(fieldA, fieldB) || compareValues(a[fieldA], b[fieldB]);
    if (order !== 0) return order;
  }
  return fieldsA.length - fieldsB.length;
}
