/**
 * Sizes as Convex counts them, for limits and for the ledger.
 *
 *   null, boolean 1    int64, float64 9    string 2 + UTF-8 bytes    bytes 2 + n
 *   array 2 + items    object 2 + per field: name bytes + 1 + value
 *
 * @module
 */
import { utf8Length } from "./utf8.ts";
import type { Doc, ObjectValue, Value } from "./value.ts";

/** The size of a value in bytes. Fields that are `undefined` do not count. */
export function sizeOfValue(value: Value): number {
  switch (typeof value) {
    case "string":
      return 2 + utf8Length(value);
    case "number":
    case "bigint":
      return 9;
    case "object":
      return value === null ? 1 : sizeOfObjectLike(value);
    default:
      return 1;
  }
}

/** The size of a whole document, `_id` and `_creationTime` included, in bytes. */
export function sizeOfDocument(doc: Doc): number {
  return sizeOfObject(doc);
}

function sizeOfObjectLike(value: ArrayBuffer | Value[] | ObjectValue): number {
  if (value instanceof ArrayBuffer) return 2 + value.byteLength;
  if (!Array.isArray(value)) return sizeOfObject(value);
  let size = 2;
  for (let at = 0; at < value.length; at++) size += sizeOfValue(value[at] as Value);
  return size;
}

function sizeOfObject(value: { readonly [field: string]: Value }): number {
  let size = 2;
  for (const field in value) {
    const item = value[field];
    if (item !== undefined) size += utf8Length(field) + 1 + sizeOfValue(item);
  }
  return size;
}
