/**
 * Limits on single values and documents, with Convex's texts, and the border where a user's object becomes a value.
 *
 * @module
 */
import { convexToJson } from "convex/values";
import type { Limits } from "./limits.ts";
import { fieldNameError, nestedKeyError } from "./name.ts";
import { sizeOfDocument, sizeOfValue } from "./size.ts";
import { INT64_MAX, INT64_MIN, isPlainObject, setField } from "./value.ts";
import type { Doc, ObjectValue, Value } from "./value.ts";

/** Nesting beyond which no value is accepted anywhere. */
const NESTING_MAX = 64;

/**
 * What limit a value breaks, in Convex's words; `undefined` when none. Arrays and objects count one level of nesting each.
 *
 * @param bytesMax Greatest size, as {@linkcode sizeOfValue} counts it.
 */
export function checkValue(
  value: Value,
  limits: Limits,
  bytesMax: number = limits.documentBytesMax,
): string | undefined {
  return checkForm(value, limits, 0) ?? checkSize(sizeOfValue(value), bytesMax);
}

/**
 * What limit a document breaks, in Convex's words; `undefined` when none. Its own fields must be named like identifiers; `_id` and
 * `_creationTime` are expected.
 */
export function checkDocument(doc: Doc, limits: Limits): string | undefined {
  for (const name in doc) {
    if (name === "_id" || name === "_creationTime") continue;
    const error = fieldNameError(name, limits);
    if (error !== undefined) return error;
  }
  return checkForm(doc, limits, 0) ?? checkSize(sizeOfDocument(doc), limits.documentBytesMax);
}

/**
 * Takes a value from user code: a private deep copy with fields sorted and `undefined` fields left out, as it would come back from
 * Convex.
 *
 * Hot: every write passes here; guarded by `codec.bench.ts`.
 *
 * @throws {Error} With the text of `convex/values` for anything that is not a Convex value.
 */
export function canonicalValue(value: unknown): Value {
  const copy = canonical(value, 0);
  if (copy === undefined) throw unsupportedError(value);
  return copy;
}

/** The error that `convex/values` has for a thing that is not a value. */
export function unsupportedError(value: unknown): Error {
  try {
    convexToJson(value as Value);
  } catch (error) {
    // A stack overflow: a cycle, or nested far too deep.
    if (!(error instanceof RangeError)) return error as Error;
  }
  return new Error(`Value is too nested (maximum nesting ${NESTING_MAX})`);
}

/** A sorted private copy, or `undefined` when something in it is no value. */
function canonical(value: unknown, depth: number): Value | undefined {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return value;
    case "bigint":
      return value < INT64_MIN || value > INT64_MAX ? undefined : value;
    case "object":
      break;
    default:
      return undefined;
  }
  if (value === null) return null;
  if (value instanceof ArrayBuffer) return value.slice(0);
  if (depth >= NESTING_MAX) return undefined;
  if (Array.isArray(value)) return canonicalArray(value, depth);
  return isPlainObject(value) ? canonicalObject(value, depth) : undefined;
}

function canonicalArray(value: readonly unknown[], depth: number): Value[] | undefined {
  const copy: Value[] = [];
  for (let at = 0; at < value.length; at++) {
    // A hole in an array is null, as it is for JSON and so for Convex.
    const item = at in value ? canonical(value[at], depth + 1) : null;
    if (item === undefined) return undefined;
    copy.push(item);
  }
  return copy;
}

function canonicalObject(value: { [field: string]: unknown }, depth: number): ObjectValue | undefined {
  const copy: ObjectValue = {};
  for (const name of Object.keys(value).sort()) {
    const item = value[name];
    if (item === undefined) continue;
    const kept = nestedKeyIsGood(name) ? canonical(item, depth + 1) : undefined;
    if (kept === undefined) return undefined;
    setField(copy, name, kept);
  }
  return copy;
}

/** What `convex/values` lets pass: printable ASCII, not `$…`, not too long. An empty name fails later, at the limits. */
function nestedKeyIsGood(name: string): boolean {
  if (name.length > 1024 || name.charCodeAt(0) === 36) return false;
  for (let at = 0; at < name.length; at++) {
    const unit = name.charCodeAt(at);
    if (unit < 32 || unit >= 127) return false;
  }
  return true;
}

/** Fewest characters of an item in JSON text (`0,`), and of a field (`"a":0,` without the comma of the last). */
const ITEM_CHARS = 2;
const FIELD_CHARS = 5;
/** Half of a surrogate pair. Not `isWellFormed`: apps that set an older `lib` type-check this file, too. */
const HALF_OF_A_PAIR = /\p{Surrogate}/u;
const LONE_SURROGATE = "String is not valid Unicode: it has half of a surrogate pair";

/** How JSON writes surrogates that are not a pair begins. */
export const SURROGATE_ESCAPE = "\\ud";

/**
 * What limit of form a value breaks that was made into text or read from it; `undefined` when none. Nesting and names are checked on that way.
 *
 * Hot: every argument and result passes here. Most texts are too short to hold too much, and are not looked into; guarded by `codec.bench.ts`.
 *
 * @param isKnown Tells parts that were checked before.
 * @param hasSurrogates Whether there can be a {@linkcode SURROGATE_ESCAPE} in the text, where that is known.
 */
export function checkWithText(
  value: Value,
  text: string,
  limits: Limits,
  isKnown?: (part: object) => boolean,
  hasSurrogates: boolean = text.includes(SURROGATE_ESCAPE),
): string | undefined {
  // JSON writes half a pair as an escape. Behind a backslash that is itself escaped, the same letters are text.
  if (hasSurrogates && /(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(text)) return LONE_SURROGATE;
  const { arrayItemsMax, objectFieldsMax } = limits;
  if (text.length <= Math.min(arrayItemsMax * ITEM_CHARS, objectFieldsMax * FIELD_CHARS)) return undefined;
  return checkCounts(value, limits, isKnown);
}

function checkCounts(
  value: Value | undefined,
  limits: Limits,
  isKnown?: (part: object) => boolean,
): string | undefined {
  if (typeof value !== "object" || value === null || value instanceof ArrayBuffer) return undefined;
  if (isKnown?.(value) === true) return undefined;
  if (Array.isArray(value)) {
    if (value.length > limits.arrayItemsMax) return tooManyItems(value.length, limits);
    for (let at = 0; at < value.length; at++) {
      const error = checkCounts(value[at], limits, isKnown);
      if (error !== undefined) return error;
    }
    return undefined;
  }
  let fields = 0;
  for (const name in value) {
    const item = (value as { readonly [field: string]: Value | undefined })[name];
    if (item !== undefined) fields++;
    const error = checkCounts(item, limits, isKnown);
    if (error !== undefined) return error;
  }
  return fields > limits.objectFieldsMax ? tooManyFields(fields, limits) : undefined;
}

function tooManyItems(items: number, { arrayItemsMax }: Limits): string {
  return `Array length is too long (${items} > maximum length ${arrayItemsMax})`;
}

function tooManyFields(fields: number, { objectFieldsMax }: Limits): string {
  return `Object has too many fields (${fields} > maximum number ${objectFieldsMax})`;
}

function checkForm(value: Value, limits: Limits, depth: number): string | undefined {
  if (typeof value === "string") return HALF_OF_A_PAIR.test(value) ? LONE_SURROGATE : undefined;
  if (typeof value !== "object" || value === null || value instanceof ArrayBuffer) return undefined;
  if (depth >= limits.nestingMax) {
    const levels = limits.nestingMax + nestingOf(value);
    return `Document is too nested (nested ${levels} levels deep > maximum nesting ${limits.nestingMax})`;
  }
  return Array.isArray(value) ? checkArray(value, limits, depth) : checkObject(value, limits, depth);
}

function checkArray(value: readonly Value[], limits: Limits, depth: number): string | undefined {
  if (value.length > limits.arrayItemsMax) return tooManyItems(value.length, limits);
  for (let at = 0; at < value.length; at++) {
    const error = checkForm(value[at] as Value, limits, depth + 1);
    if (error !== undefined) return error;
  }
  return undefined;
}

function checkObject(value: ObjectValue, limits: Limits, depth: number): string | undefined {
  let fields = 0;
  for (const name in value) {
    fields++;
    const error = nestedKeyError(name, limits) ?? checkForm(value[name] as Value, limits, depth + 1);
    if (error !== undefined) return error;
  }
  return fields <= limits.objectFieldsMax ? undefined : tooManyFields(fields, limits);
}

/** Levels of arrays and objects in `value`, itself included. */
function nestingOf(value: Value): number {
  if (typeof value !== "object" || value === null || value instanceof ArrayBuffer) return 0;
  return 1 + Object.values(value).reduce((deepest: number, item: Value) => Math.max(deepest, nestingOf(item)), 0);
}

function checkSize(bytes: number, bytesMax: number): string | undefined {
  if (bytes <= bytesMax) return undefined;
  return `Value is too large (${printBytes(bytes)} > maximum size ${printBytes(bytesMax)})`;
}

/** Bytes in the largest unit that keeps them above 1, with at most two decimals. */
function printBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let amount = bytes;
  let unit = 0;
  for (; amount >= 1024 && unit < units.length - 1; unit++) amount /= 1024;
  return `${Number(amount.toFixed(2))} ${units[unit]}`;
}
