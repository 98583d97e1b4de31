/**
 * Field paths: `a.b.c` inside a document.
 *
 * A path that leads nowhere (a missing field, or a step into something that is not an object) gives `undefined`,
 * which sorts before every value; that is how rows without a field are found in an index.
 *
 * @module
 */
import type { Doc, Value } from "@narrowcast/values";

export type FieldPath = readonly string[];

/** Splits `a.b` at its dots. */
export function parseFieldPath(text: string): FieldPath {
  return text.split(".");
}

/** Whether `value` is an object with fields, as opposed to an array, bytes or a scalar. */
export function isFields(value: Value | undefined): value is { [field: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ArrayBuffer);
}

/** What lies at `path` in `document`. Only own fields count, so `constructor` is no field of an empty object. */
export function readField(document: Doc, path: FieldPath): Value | undefined {
  let value: Value | undefined = document;
  for (const field of path) {
    if (!isFields(value) || !Object.hasOwn(value, field)) return undefined;
    value = value[field];
  }
  return value;
}
