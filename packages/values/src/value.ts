/**
 * Convex values as TypeScript types, and small helpers for them.
 *
 * These are the values that may be stored, passed and returned: `convex/values`' own type without what is
 * never at rest (undefined fields, the commit-timestamp placeholder).
 *
 * Not here: order (`compare.ts`), JSON (`json.ts`), bytes (`document-codec.ts`), keys (`ordered-key.ts`).
 *
 * @module
 */

/** Any value at rest. `bigint` is int64 and `number` is float64: different types, never equal. */
export type Value = null | bigint | number | boolean | string | ArrayBuffer | Value[] | { [field: string]: Value };

/** An object value. */
export type ObjectValue = { [field: string]: Value };

/** A stored document. */
export type Doc = {
  readonly _id: string;
  /** Milliseconds since the epoch, with a fraction. */
  readonly _creationTime: number;
  readonly [field: string]: Value;
};

/** Anything `JSON.parse` can give. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** Smallest and greatest int64. */
export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

/** Whether `value` is an object in Convex's sense: made by a literal, `JSON.parse` or `Object.create(null)`, in any realm. */
export function isPlainObject(value: unknown): value is { [key: string]: unknown } {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return (prototype as { constructor?: { name?: unknown } }).constructor?.name === "Object" && !Array.isArray(value);
}

/**
 * Sets an own field, also when it is called `__proto__`, which plain assignment would take for the prototype.
 */
export function setField<T>(target: { [field: string]: T }, field: string, value: T): void {
  if (field === "__proto__") {
    Object.defineProperty(target, field, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[field] = value;
  }
}
