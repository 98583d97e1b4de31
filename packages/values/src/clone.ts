/**
 * Private copies of values.
 *
 * @module
 */
import type { ObjectValue, Value } from "./value.ts";

/**
 * A private deep copy. Bytes are copied too. `value` must be a value, not user input (`canonicalValue` is for that).
 *
 * Hot: every document handed to a function is one; guarded by `codec.bench.ts`.
 */
export function cloneValue<T extends Value>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return cloneArray(value) as T;
  if (value instanceof ArrayBuffer) return value.slice(0) as T;
  return cloneObject(value) as T;
}

function cloneArray(value: readonly Value[]): Value[] {
  const copy = value.slice();
  for (let at = 0; at < copy.length; at++) {
    const item = copy[at] as Value;
    if (typeof item === "object" && item !== null) copy[at] = cloneValue(item);
  }
  return copy;
}

function cloneObject(value: ObjectValue): ObjectValue {
  const copy = { ...value };
  for (const field in copy) {
    const item = copy[field] as Value;
    if (typeof item === "object" && item !== null) replaceOwn(copy, field, cloneValue(item));
  }
  return copy;
}

/** Sets a field that exists already; only `__proto__` needs more than an assignment. */
function replaceOwn(target: ObjectValue, field: string, value: Value): void {
  if (field === "__proto__") Object.defineProperty(target, field, { value });
  else target[field] = value;
}
