/**
 * Deltas: what changed between two JSON values, as JSON text.
 *
 * A subscription's result mostly differs from the last one in a field or a row. The difference is sent instead of the value, and
 * whoever holds the old value builds the new one (`delta-apply.ts`).
 *
 *   delta = 0                                  nothing changed
 *         | [value]                            a new value
 *         | {"f":[name,delta,…],"r":[name,…]}  an object: fields changed or added, fields removed; an empty part is left out
 *         | {"l":[step,…]}                     an array, built from the old one from left to right
 *         | {"t":[start,end,text]}             a string: so many UTF-16 units kept at the start and at the end, text between them
 *   step  = n > 0                              the next n elements
 *         | n < 0                              the next -n elements are left out
 *         | [value,…]                          new elements
 *         | delta as an object                 the next element, changed
 *         | {"m":i} or {"m":i,"d":delta}       element i of the old array, from elsewhere
 *
 * Elements with an `_id` are the same element when their `_id` is the same; others are matched by position and value.
 *
 * Invariants:
 *   - Applied to `before`, the text gives `after`; equal values give `0`.
 *   - A delta is never longer than what it stands for: a part whose delta would be is sent as `[value]`, and instead of a whole
 *     value that would be there is none.
 *   - A shared reference is known to be equal and not looked into, so two values that share most of their parts are compared at the
 *     cost of the rest.
 *
 * The format is frozen by tests; see `docs/adr` on bytes on the wire. Not here: which values are compared (`server/sync`).
 *
 * @module
 */
import { ascendingRun } from "./ascending-run.ts";
import { DeltaSteps } from "./delta-steps.ts";
import type { JsonValue } from "./value.ts";

/** The format's number, for negotiation. */
export const DELTA_VERSION = 1;

/** The delta of equal values. */
export const NO_DELTA = "0";

type JsonObject = { readonly [field: string]: JsonValue };

/**
 * The delta from one JSON value to another.
 *
 * Hot: computed for every changed result that a client with deltas holds; guarded by `delta.bench.ts`.
 *
 * @param after What the other side shall have. `before` and `after` may share parts.
 * @returns JSON text, or `undefined` if the text of `after` is no longer than the delta would be.
 */
export function deltaText(before: JsonValue, after: JsonValue): string | undefined {
  const text = difference(before, after);
  if (text === NO_DELTA || leastChars(after, text.length) > text.length) return text;
  return text.length < JSON.stringify(after).length ? text : undefined;
}

function difference(before: JsonValue, after: JsonValue): string {
  if (before === after) return NO_DELTA;
  if (typeof before === "string" && typeof after === "string") return shorter(stringDelta(before, after), after);
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) return whole(after);
  if (Array.isArray(before) || Array.isArray(after)) {
    if (!Array.isArray(before) || !Array.isArray(after)) return whole(after);
    return shorter(listDelta(before, after), after);
  }
  return shorter(objectDelta(before, after), after);
}

function whole(value: JsonValue): string {
  return `[${JSON.stringify(value)}]`;
}

/** The delta, or the whole value if that is no longer. */
function shorter(delta: string, after: JsonValue): string {
  if (delta.length <= leastChars(after, delta.length)) return delta;
  const text = whole(after);
  return delta.length < text.length ? delta : text;
}

/** A number of chars that the JSON text of `value` has at least; counting ends soon after `enough`, so it costs no more than that. */
function leastChars(value: JsonValue, enough: number): number {
  switch (typeof value) {
    case "string":
      return value.length + 2;
    case "number":
      return 1;
    case "boolean":
      return 4;
    default:
  }
  if (value === null) return 4;
  let chars = 2;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && chars <= enough; at++) {
      chars += leastChars(value[at] as JsonValue, enough - chars) + (at === 0 ? 0 : 1);
    }
    return chars;
  }
  let fields = 0;
  for (const field in value) {
    if (chars > enough) break;
    chars += field.length + 3 + leastChars(value[field] as JsonValue, enough - chars) + (fields === 0 ? 0 : 1);
    fields += 1;
  }
  return chars;
}

function stringDelta(before: string, after: string): string {
  const length = Math.min(before.length, after.length);
  let start = 0;
  while (start < length && before.charCodeAt(start) === after.charCodeAt(start)) start += 1;
  const room = length - start;
  let end = 0;
  while (end < room && before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end))
    end += 1;
  return `{"t":[${start},${end},${JSON.stringify(after.slice(start, after.length - end))}]}`;
}

/** A field's value, or undefined. Only `__proto__` can be found without being there. */
function fieldOf(object: JsonObject, field: string): JsonValue | undefined {
  if (field === "__proto__" && !Object.hasOwn(object, field)) return undefined;
  const value = object[field];
  // Names of `Object.prototype` are no fields; what it holds are functions.
  return typeof value === "function" ? undefined : value;
}

function objectDelta(before: JsonObject, after: JsonObject): string {
  let changed = "";
  let kept = 0;
  for (const field in after) {
    const value = after[field] as JsonValue;
    const old = fieldOf(before, field);
    if (old !== undefined) {
      kept += 1;
      if (old === value) continue;
    }
    const delta = old === undefined ? whole(value) : difference(old, value);
    if (delta !== NO_DELTA) changed += `${changed === "" ? "" : ","}${JSON.stringify(field)},${delta}`;
  }
  let removed = "";
  if (Object.keys(before).length > kept) {
    for (const field in before) {
      if (fieldOf(after, field) === undefined) removed += `${removed === "" ? "" : ","}${JSON.stringify(field)}`;
    }
  }
  if (changed === "") return removed === "" ? NO_DELTA : `{"r":[${removed}]}`;
  return removed === "" ? `{"f":[${changed}]}` : `{"f":[${changed}],"r":[${removed}]}`;
}

/** What makes an element the same one, or undefined. */
function idOf(element: JsonValue | undefined): string | undefined {
  if (typeof element !== "object" || element === null || Array.isArray(element)) return undefined;
  const id = element["_id"];
  return typeof id === "string" ? id : undefined;
}

/** The delta of two elements at one place if they are the same element, else undefined. */
function sameElement(before: JsonValue, after: JsonValue): string | undefined {
  if (before === after) return NO_DELTA;
  const id = idOf(after);
  if (id !== idOf(before)) return undefined;
  const delta = difference(before, after);
  return id !== undefined || delta === NO_DELTA ? delta : undefined;
}

function listDelta(before: readonly JsonValue[], after: readonly JsonValue[]): string {
  const steps = new DeltaSteps();
  const length = Math.min(before.length, after.length);
  let start = 0;
  while (start < length) {
    const delta = sameElement(before[start] as JsonValue, after[start] as JsonValue);
    if (delta === undefined) break;
    steps.next(delta);
    start += 1;
  }
  const tail: string[] = [];
  while (tail.length < length - start) {
    const at = tail.length + 1;
    const delta = sameElement(before[before.length - at] as JsonValue, after[after.length - at] as JsonValue);
    if (delta === undefined) break;
    tail.push(delta);
  }
  middleSteps(steps, before, after, start, tail.length);
  for (let at = tail.length - 1; at >= 0; at--) steps.next(tail[at] as string);
  return steps.text();
}

/** Steps for the middle of an array: between the elements at its start and at its end that stayed in place. */
function middleSteps(
  steps: DeltaSteps,
  before: readonly JsonValue[],
  after: readonly JsonValue[],
  start: number,
  tail: number,
): void {
  const beforeEnd = before.length - tail;
  const afterEnd = after.length - tail;
  const places = placesById(before, start, beforeEnd);
  if (places.size === 0 && beforeEnd === afterEnd) {
    for (let at = start; at < afterEnd; at++) {
      steps.next(difference(before[at] as JsonValue, after[at] as JsonValue));
    }
    return;
  }
  const sources: number[] = [];
  for (let at = start; at < afterEnd; at++) {
    const id = idOf(after[at]);
    const place = id === undefined ? undefined : places.get(id);
    sources.push(place ?? -1);
    if (place !== undefined && id !== undefined) places.delete(id);
  }
  const inOrder = ascendingRun(sources);
  let cursor = start;
  for (const [offset, source] of sources.entries()) {
    const value = after[start + offset] as JsonValue;
    if (source < 0) {
      steps.insert(JSON.stringify(value));
      continue;
    }
    const delta = difference(before[source] as JsonValue, value);
    if (inOrder.has(offset)) {
      steps.leaveOut(source - cursor);
      steps.next(delta);
      cursor = source + 1;
    } else steps.move(source, delta);
  }
  steps.leaveOut(beforeEnd - cursor);
}

/** Where each `_id` is; of several with one `_id`, the first. */
function placesById(list: readonly JsonValue[], start: number, end: number): Map<string, number> {
  const places = new Map<string, number>();
  for (let at = start; at < end; at++) {
    const id = idOf(list[at]);
    if (id !== undefined && !places.has(id)) places.set(id, at);
  }
  return places;
}
