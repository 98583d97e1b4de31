/**
 * Index ranges: the bounds that a developer wrote, checked and turned into a stretch of keys.
 *
 * Legal are equalities on a prefix of the index's fields, in order, then at most one lower and one upper bound on the
 * next field. Every index but `by_id` ends in `_creationTime`, then `_id`: ranges may name both, as libraries do that go on behind a document.
 *
 * @module
 */
import { encodeKey } from "@narrowcast/values";
import type { Value } from "@narrowcast/values";
import { PRIMARY } from "../engine/types.ts";
import type { Key, KeyRange } from "../engine/types.ts";
import { keyAfter } from "./read-set.ts";
import { UserError } from "./types.ts";
import type { RangeBound } from "./query-plan.ts";

/** What a range needs to know of its index. `fields` includes the implicit `_creationTime`. */
export interface RangeIndex {
  /** `table.index`, for messages. */
  readonly fullName: string;
  readonly number: number;
  readonly fields: readonly string[];
}

interface Bounds {
  readonly equalities: Map<string, RangeBound>;
  lower: RangeBound | undefined;
  upper: RangeBound | undefined;
}

/**
 * The end of all keys that continue the tuple `prefix`, which lies before all keys of greater tuples.
 *
 * Not the end of all strings that begin with `prefix`: the key of `"a\0"` begins with that of `"a"`, and goes on with FF, which no
 * further element does.
 */
function tupleEnd(prefix: Key): Key {
  return `${prefix}\xff`;
}

const LEARN_MORE = "For more information see https://docs.convex.dev/using/indexes.";

/** A range with no key in it. */
const NOTHING: KeyRange = { start: "", end: "" };

/**
 * Checks `bounds` against `index` and gives the keys that they select.
 *
 * @throws {UserError} `AlreadyDefinedBound`, `BoundsOnMultipleFields`, `FieldNotInIndex` or `InvalidIndexRange`.
 */
export function compileRange(index: RangeIndex, bounds: readonly RangeBound[]): KeyRange {
  if (bounds.length === 0) return { start: "", end: undefined };
  const sorted = sortBounds(index, bounds);
  const used = checkFields(index, sorted);
  const prefix = keyFields(index)
    .slice(0, used)
    .map((field) => sorted.equalities.get(field)?.value);
  return index.number === PRIMARY ? primaryRange(prefix, used, sorted) : treeRange(encodeKey(prefix), sorted);
}

/** Everything that the keys of `index` consist of. Messages leave the id out, as Convex's do. */
function keyFields({ number, fields }: RangeIndex): readonly string[] {
  return number === PRIMARY ? fields : [...fields, "_id"];
}

function sortBounds(index: RangeIndex, bounds: readonly RangeBound[]): Bounds {
  const sorted: Bounds = { equalities: new Map(), lower: undefined, upper: undefined };
  for (const bound of bounds) {
    if (bound.type === "eq") {
      if (sorted.equalities.has(bound.fieldPath)) throw alreadyDefined(index, "equality", bound);
      sorted.equalities.set(bound.fieldPath, bound);
      continue;
    }
    const side = bound.type === "gt" || bound.type === "gte" ? "lower" : "upper";
    if (sorted[side] !== undefined) throw alreadyDefined(index, side, bound);
    sorted[side] = bound;
  }
  const { lower, upper } = sorted;
  if (lower !== undefined && upper !== undefined && lower.fieldPath !== upper.fieldPath) {
    throw new UserError(
      "BoundsOnMultipleFields",
      `Upper and lower bounds in \`range\` can only be applied to a single index field. This query against index ${index.fullName} attempted to set a range bound on both "${lower.fieldPath}" and "${upper.fieldPath}". Consider using \`filter\` instead. ${LEARN_MORE}`,
    );
  }
  const inequality = lower ?? upper;
  if (inequality !== undefined && sorted.equalities.has(inequality.fieldPath)) {
    throw alreadyDefined(index, "equality", inequality);
  }
  return sorted;
}

/** Gives the number of leading fields that equalities fix. */
function checkFields(index: RangeIndex, { equalities, lower, upper }: Bounds): number {
  const fields = keyFields(index);
  const named = [...equalities.keys()];
  const ranged = (lower ?? upper)?.fieldPath;
  if (ranged !== undefined) named.push(ranged);
  const foreign = named.find((field) => !fields.includes(field));
  if (foreign !== undefined) {
    throw new UserError(
      "FieldNotInIndex",
      `The index range included a comparison with "${foreign}", but ${index.fullName} with fields ${JSON.stringify(index.fields)} doesn't index this field. ${LEARN_MORE}`,
    );
  }
  let used = 0;
  while (used < fields.length && equalities.has(fields[used] ?? "")) used += 1;
  const wrong = used < equalities.size ? named.find((field) => fields.indexOf(field) > used) : undefined;
  const outOfOrder = wrong ?? (ranged !== undefined && fields[used] !== ranged ? ranged : undefined);
  if (outOfOrder === undefined) return used;
  throw new UserError(
    "InvalidIndexRange",
    `Tried to query index ${index.fullName} but the query didn't use the index fields in order.\nIndex fields: ${JSON.stringify(index.fields)}\nQuery fields: ${JSON.stringify(named)}\nFirst incorrect field: "${outOfOrder}"\n${LEARN_MORE}`,
  );
}

function treeRange(prefix: Key, { lower, upper }: Bounds): KeyRange {
  const start = lower === undefined ? prefix : lowerKey(prefix, lower);
  const end = upper === undefined ? tupleEnd(prefix) : upperKey(prefix, upper);
  return end <= start ? NOTHING : { start, end };
}

function lowerKey(prefix: Key, bound: RangeBound): Key {
  const key = prefix + encodeKey([bound.value]);
  return bound.type === "gte" ? key : tupleEnd(key);
}

function upperKey(prefix: Key, bound: RangeBound): Key {
  const key = prefix + encodeKey([bound.value]);
  return bound.type === "lt" ? key : tupleEnd(key);
}

/** `by_id` has bare ids as keys, so bounds that are no strings lie before or after all of them. */
function primaryRange(prefix: readonly (Value | undefined)[], used: number, { lower, upper }: Bounds): KeyRange {
  if (used > 0) {
    const [value] = prefix;
    if (typeof value !== "string") return NOTHING;
    const key = idKey(value);
    return { start: key, end: keyAfter(key) };
  }
  const start = lower === undefined ? "" : primaryLower(lower);
  const end = upper === undefined ? undefined : primaryUpper(upper);
  if (start === undefined || (end !== undefined && end <= start)) return NOTHING;
  return { start, end };
}

/** `undefined`: after every id. */
function primaryLower({ type, value }: RangeBound): Key | undefined {
  if (typeof value !== "string") return sortsBeforeStrings(value) ? "" : undefined;
  return type === "gte" ? idKey(value) : keyAfter(idKey(value));
}

/** `undefined`: after every id. */
function primaryUpper({ type, value }: RangeBound): Key | undefined {
  if (typeof value !== "string") return sortsBeforeStrings(value) ? "" : undefined;
  return type === "lt" ? idKey(value) : keyAfter(idKey(value));
}

function sortsBeforeStrings(value: Value | undefined): boolean {
  return value === undefined || value === null || typeof value !== "object";
}

/** A string as the bytes of its UTF-8 form, so that it compares with ids byte by byte. */
function idKey(text: string): Key {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

function alreadyDefined(index: RangeIndex, kind: string, bound: RangeBound): UserError {
  return new UserError(
    "AlreadyDefinedBound",
    `Already defined ${kind} bound in index range of ${index.fullName}. Can't add .${bound.type}("${bound.fieldPath}", …).`,
  );
}
