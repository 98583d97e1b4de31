/**
 * Builds a value from an older one and a delta. The format is in `delta.ts`.
 *
 * Invariants:
 *   - What the delta does not touch is the same object as before (`===`), and the older value is left as it was.
 *   - Fields of objects come in the order of Convex JSON, so the text of the result is the text of the value the delta was made for.
 *   - A delta that does not fit the value throws; it never gives a value that is half right.
 *
 * @module
 */
import { setField, type JsonValue } from "./value.ts";

/** A delta was made for another value than the one it is applied to. */
export class DeltaError extends Error {
  override readonly name = "DeltaError";
  constructor(problem: string) {
    super(`Cannot apply delta: ${problem}`);
  }
}

type JsonObject = { readonly [field: string]: JsonValue };

/**
 * The value that `delta` makes of `before`.
 *
 * @param delta Parsed; it becomes part of the result.
 * @throws {DeltaError} If it does not fit.
 */
export function applyDelta(before: JsonValue, delta: JsonValue): JsonValue {
  if (delta === 0) return before;
  if (Array.isArray(delta)) {
    if (delta.length !== 1) throw new DeltaError(`a new value is a list of ${delta.length}; should be of 1`);
    return delta[0] as JsonValue;
  }
  if (typeof delta !== "object" || delta === null) throw new DeltaError(`it is ${JSON.stringify(delta)}`);
  if ("l" in delta) return applyToList(before, delta["l"]);
  if ("t" in delta) return applyToString(before, delta["t"]);
  return applyToObject(before, delta["f"] ?? [], delta["r"] ?? []);
}

function applyToString(before: JsonValue, edit: JsonValue): JsonValue {
  if (typeof before !== "string") throw new DeltaError(`a text's delta is for ${kindOf(before)}`);
  const [start, end, text] = listOf(edit);
  if (typeof start !== "number" || typeof end !== "number" || typeof text !== "string") {
    throw new DeltaError("a text's delta should be two numbers and a text");
  }
  if (start < 0 || end < 0 || start + end > before.length) {
    throw new DeltaError(`it keeps ${start} + ${end} units; the text has ${before.length}`);
  }
  return before.slice(0, start) + text + before.slice(before.length - end);
}

function applyToObject(before: JsonValue, changed: JsonValue, removed: JsonValue): JsonValue {
  if (typeof before !== "object" || before === null || Array.isArray(before)) {
    throw new DeltaError(`an object's delta is for ${kindOf(before)}`);
  }
  const after = copyOf(before);
  for (const field of listOf(removed)) {
    if (typeof field !== "string" || !Object.hasOwn(after, field)) {
      throw new DeltaError(`it removes field ${JSON.stringify(field)}, which is not there`);
    }
    delete after[field];
  }
  const edits = listOf(changed);
  let hasNew = false;
  for (let at = 0; at + 1 < edits.length; at += 2) {
    const field = edits[at];
    const delta = edits[at + 1] as JsonValue;
    if (typeof field !== "string") throw new DeltaError(`a field's name is ${JSON.stringify(field)}`);
    const isKnown = Object.hasOwn(after, field);
    if (!isKnown && !Array.isArray(delta)) throw new DeltaError(`it changes field "${field}", which is not there`);
    hasNew ||= !isKnown;
    setField(after, field, applyDelta(isKnown ? (after[field] as JsonValue) : null, delta));
  }
  return hasNew ? sorted(after) : after;
}

function copyOf(object: JsonObject): { [field: string]: JsonValue } {
  return { ...object };
}

function sorted(object: JsonObject): JsonValue {
  const copy: { [field: string]: JsonValue } = {};
  for (const field of Object.keys(object).sort()) setField(copy, field, object[field] as JsonValue);
  return copy;
}

function applyToList(before: JsonValue, steps: JsonValue): JsonValue {
  if (!Array.isArray(before)) throw new DeltaError(`a list's delta is for ${kindOf(before)}`);
  const after: JsonValue[] = [];
  let cursor = 0;
  for (const step of listOf(steps)) {
    if (typeof step === "number") {
      const end = cursor + Math.abs(step);
      if (end > before.length) throw new DeltaError(`it takes ${end} elements of ${before.length}`);
      if (step > 0) for (; cursor < end; cursor++) after.push(before[cursor] as JsonValue);
      cursor = end;
    } else if (Array.isArray(step)) {
      for (const value of step) after.push(value);
    } else if (typeof step === "object" && step !== null && "m" in step) {
      after.push(applyDelta(elementAt(before, step["m"]), step["d"] ?? 0));
    } else {
      after.push(applyDelta(elementAt(before, cursor), step));
      cursor += 1;
    }
  }
  if (cursor !== before.length) throw new DeltaError(`it takes ${cursor} elements of ${before.length}`);
  return after;
}

function elementAt(list: readonly JsonValue[], place: JsonValue | undefined): JsonValue {
  const element = typeof place === "number" ? list[place] : undefined;
  if (element === undefined) throw new DeltaError(`it takes element ${JSON.stringify(place)} of ${list.length}`);
  return element;
}

function listOf(value: JsonValue): readonly JsonValue[] {
  if (!Array.isArray(value)) throw new DeltaError(`${kindOf(value)} stands where a list should be`);
  return value;
}

function kindOf(value: JsonValue): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
}
