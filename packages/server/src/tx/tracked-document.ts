/**
 * Tracked documents: what a handler gets instead of a plain copy, to learn which top-level fields it looks at.
 *
 *   handler ──trap──▶ TrackedDocument ──note──▶ observations
 *                        │  unloaded: scalars come from the shared row, nested values from private copies made one by one
 *                        └─ loaded (listed, written to, shown): the proxy's target is the private copy, with all fields
 *
 * To a handler it is an ordinary object: same keys in the same order, same prototype; it may be written to, extended, frozen, and nobody else sees that.
 * Nested values are plain and private.
 *
 * Invariants:
 *   - Every trap through which the content of a field, or its presence, can be learned notes that field; listing fields notes all.
 *   - The shared row is never given to the handler and never written to.
 *   - What looks at the proxy's target behind its traps (inspection, structured cloning, our own serialising) must come
 *     through `untracked` or `load` first, which note all fields.
 *
 * Hot: one is made for each row that a tracked run reads; `reactive/tracking.bench.ts` holds it against plain copies.
 *
 * @module
 */
import { cloneValue, setField } from "@narrowcast/values";
import type { Doc, Value } from "@narrowcast/values";
import { ALL_FIELDS, Seen, type Observations } from "./observations.ts";
import type { ResultTexts } from "./result-texts.ts";

/** Where a document notes what is done with it. */
export interface DocumentTaking {
  readonly observations: Observations;
  /** Nothing is noted: every field counts as looked at. */
  readonly isWhole: boolean;
  /** Documents that were taken whole. */
  takenWhole: number;
  /** Of those, spread, listed or written to. */
  takenApart: number;
}

/** Key under which a proxy gives its `TrackedDocument`. Not registered, so user code cannot name it. */
const HANDLE = Symbol("tracked document");
/** A value is looked into no deeper than results may be nested; also ends cycles. */
const DEPTH_MAX = 64;
/** Inspection shows a few levels only. */
const SHOWN_DEPTH_MAX = 8;

type Target = { [field: string]: Value };

/** Own properties that take two traps away from a document of which everything was noted: spreading passes them for every field. */
const PASSING = { get: undefined, getOwnPropertyDescriptor: undefined };

/** Hands `row` out as an object that notes what is looked at. @param isLazy Whether the private copy waits for the first need. */
export function trackedDocument(row: Doc, documentAccess: DocumentTaking, isLazy: boolean): Doc {
  const target: Target = {};
  const tracked = new TrackedDocument(target, row, documentAccess);
  if (!isLazy) tracked.fill();
  return new Proxy(target, tracked) as Doc;
}

/** The traps of one document; see the module comment. */
class TrackedDocument implements ProxyHandler<Target> {
  readonly #target: Target;
  readonly #row: Doc;
  readonly #documentAccess: DocumentTaking;
  #seen: Seen | undefined = undefined;
  /** Private copies of nested values that were given out before the document was loaded. */
  #nested: Map<string, Value> | undefined = undefined;
  #isLoaded = false;
  #isPassing = false;
  #isFixed = false;

  constructor(target: Target, row: Doc, documentAccess: DocumentTaking) {
    this.#target = target;
    this.#row = row;
    this.#documentAccess = documentAccess;
  }

  get(target: Target, field: string | symbol, receiver: unknown): unknown {
    if (typeof field === "symbol") return field === HANDLE ? this : Reflect.get(target, field, receiver);
    this.#note(field);
    if (this.#isLoaded) return Reflect.get(target, field, receiver);
    const value = this.#row[field];
    if (typeof value === "object") return value === null ? null : this.#nestedValue(field, value, receiver);
    return value ?? (Reflect.get(target, field, receiver) as unknown);
  }

  has(target: Target, field: string | symbol): boolean {
    if (typeof field === "symbol") return Reflect.has(target, field);
    this.#note(field);
    return (!this.#isLoaded && Object.hasOwn(this.#row, field)) || Reflect.has(target, field);
  }

  getOwnPropertyDescriptor(target: Target, field: string | symbol): PropertyDescriptor | undefined {
    if (typeof field === "symbol") return Reflect.getOwnPropertyDescriptor(target, field);
    this.#note(field);
    if (this.#isLoaded) return Reflect.getOwnPropertyDescriptor(target, field);
    if (!Object.hasOwn(this.#row, field)) return undefined;
    const value = this.#row[field] as Value;
    const own = typeof value === "object" && value !== null ? this.#nestedValue(field, value, target) : value;
    return { value: own, writable: true, enumerable: true, configurable: true };
  }

  ownKeys(target: Target): ArrayLike<string | symbol> {
    this.#noteAll();
    this.fill();
    if (!this.#isPassing) {
      const keys = Reflect.ownKeys(target);
      this.#pass(true);
      return keys;
    }
    return Reflect.ownKeys(target).filter((key) => key !== HANDLE);
  }

  set(target: Target, field: string | symbol, value: unknown, receiver: unknown): boolean {
    this.fill();
    return Reflect.set(target, field, value, receiver);
  }

  defineProperty(target: Target, field: string | symbol, descriptor: PropertyDescriptor): boolean {
    this.fill();
    return Reflect.defineProperty(target, field, descriptor);
  }

  deleteProperty(target: Target, field: string | symbol): boolean {
    this.fill();
    return Reflect.deleteProperty(target, field);
  }

  preventExtensions(target: Target): boolean {
    this.fill();
    // What cannot be extended must show all it has.
    this.#pass(false);
    this.#isFixed = true;
    return Reflect.preventExtensions(target);
  }

  /** Makes the target the private copy; nothing is noted. */
  fill(): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    this.#documentAccess.takenApart += 1;
    const row = this.#row;
    // Assignment would take a field of this name for the prototype.
    if (Object.hasOwn(row, "__proto__")) for (const field in row) setField(this.#target, field, row[field] as Value);
    else Object.assign(this.#target, row);
    for (const field in row) {
      const value = row[field] as Value;
      if (typeof value !== "object" || value === null) continue;
      setField(this.#target, field, this.#nested?.get(field) ?? cloneValue(value));
    }
    this.#nested = undefined;
  }

  /** Makes the target what an onlooker behind the traps should see. */
  load(): Target {
    this.#noteAll();
    this.fill();
    return this.#target;
  }

  /** The content for reading only: the shared row as long as the handler has not changed anything. */
  content(depth: number, rows: ResultTexts | undefined): unknown {
    this.#noteAll();
    if (!this.#isLoaded && this.#hasNestedAsGiven()) {
      rows?.note(this.#row);
      return this.#row;
    }
    this.fill();
    return untrackedFields(this.#target, depth, rows);
  }

  #hasNestedAsGiven(): boolean {
    if (this.#nested === undefined) return true;
    for (const [field, copy] of this.#nested) if (!isIdentical(copy, this.#row[field])) return false;
    return true;
  }

  /** Lets reads pass to the target, where the handle is then found; or takes that back. */
  #pass(isPassing: boolean): void {
    if (this.#isFixed || isPassing === this.#isPassing) return;
    this.#isPassing = isPassing;
    if (isPassing) {
      Object.defineProperty(this.#target, HANDLE, { value: this, configurable: true });
      Object.assign(this, PASSING);
      return;
    }
    for (const trap of Object.keys(PASSING)) Reflect.deleteProperty(this, trap);
    Reflect.deleteProperty(this.#target, HANDLE);
  }

  #nestedValue(field: string, value: Value, receiver: unknown): unknown {
    const given = this.#nested?.get(field);
    if (given !== undefined) return given;
    // `__proto__` of the row's prototype is no field.
    if (!Object.hasOwn(this.#row, field)) return Reflect.get(this.#target, field, receiver);
    const copy = cloneValue(value);
    (this.#nested ??= new Map()).set(field, copy);
    return copy;
  }

  #note(field: string): void {
    const { observations, isWhole } = this.#documentAccess;
    if (isWhole) return;
    const seen = (this.#seen ??= observations.of(this.#row._id));
    if (seen.bits !== ALL_FIELDS) seen.bits |= observations.bitOf(field);
  }

  #noteAll(): void {
    const { observations, isWhole } = this.#documentAccess;
    if (isWhole) return;
    const seen = (this.#seen ??= observations.of(this.#row._id));
    if (seen.bits === ALL_FIELDS) return;
    seen.bits = ALL_FIELDS;
    this.#documentAccess.takenWhole += 1;
  }
}

function trackedOf(value: object): TrackedDocument | undefined {
  return (value as { readonly [HANDLE]?: TrackedDocument })[HANDLE];
}

/** Whether `value` is a tracked document. */
export function isTracked(value: unknown): boolean {
  return typeof value === "object" && value !== null && trackedOf(value) !== undefined;
}

/**
 * `value` without tracked documents, for reading only: whatever comes from documents is noted whole, and may be shared with the store.
 *
 * Arrays, plain objects, maps and sets with a tracked document inside are copied; everything else is given as it is.
 *
 * @param rows Told of documents that are as they were given; they are in the answer as the shared rows.
 */
export function untracked(value: unknown, rows?: ResultTexts): unknown {
  return untrackedAt(value, 0, rows);
}

function untrackedAt(value: unknown, depth: number, rows: ResultTexts | undefined): unknown {
  if (typeof value !== "object" || value === null || depth > DEPTH_MAX) return value;
  const tracked = trackedOf(value);
  if (tracked !== undefined) return tracked.content(depth, rows);
  if (Array.isArray(value)) return untrackedItems(value, depth, rows);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return untrackedFields(value as Target, depth, rows);
  if (value instanceof Map) return untrackedMap(value, depth, rows);
  if (value instanceof Set) return untrackedSet(value, depth, rows);
  return value;
}

function untrackedItems(items: readonly unknown[], depth: number, rows: ResultTexts | undefined): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let at = 0; at < items.length; at++) {
    const item = items[at];
    if (typeof item !== "object" || item === null) continue;
    const plain = untrackedAt(item, depth + 1, rows);
    if (plain !== item) (copy ??= items.slice())[at] = plain;
  }
  return copy ?? items;
}

function untrackedFields(
  fields: { readonly [field: string]: unknown },
  depth: number,
  rows: ResultTexts | undefined,
): unknown {
  let copy: { [field: string]: unknown } | undefined;
  for (const field of Object.keys(fields)) {
    const item = fields[field];
    if (typeof item !== "object" || item === null) continue;
    const plain = untrackedAt(item, depth + 1, rows);
    if (plain !== item) setField((copy ??= { ...fields }), field, plain);
  }
  return copy ?? fields;
}

function untrackedMap(map: ReadonlyMap<unknown, unknown>, depth: number, rows: ResultTexts | undefined): unknown {
  const items = untrackedItems([...map.keys(), ...map.values()], depth, rows);
  const isSame = [...map].every(([key, item], at) => items[at] === key && items[at + map.size] === item);
  return isSame
    ? map
    : new Map(Array.from({ length: map.size }, (_, at) => [items[at], items[at + map.size]] as const));
}

function untrackedSet(set: ReadonlySet<unknown>, depth: number, rows: ResultTexts | undefined): unknown {
  const items = [...set];
  const plain = untrackedItems(items, depth, rows);
  return plain === items ? set : new Set(plain);
}

/** Whether `copy` is still what was copied from `original`, to the last bit. */
function isIdentical(copy: unknown, original: Value | undefined): boolean {
  if (typeof copy !== "object" || copy === null) return Object.is(copy, original);
  if (typeof original !== "object" || original === null || copy instanceof ArrayBuffer) return false;
  const prototype: unknown = Object.getPrototypeOf(copy);
  if (prototype !== Object.getPrototypeOf(original) || Array.isArray(copy) !== Array.isArray(original)) return false;
  const keys = Object.keys(copy);
  if (keys.length !== Object.keys(original).length) return false;
  // Symbols and fields that are not listed are the handler's.
  if (Reflect.ownKeys(copy).length !== Reflect.ownKeys(original).length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(original, key)) return false;
    if (!isIdentical((copy as Target)[key], (original as Target)[key])) return false;
  }
  return true;
}

/** Loads every tracked document in `value`, however it is held, so that inspection (which looks behind traps) shows them as they are. */
export function loadTracked(value: unknown): void {
  loadInto(value, 0, new Set());
}

function loadInto(value: unknown, depth: number, visited: Set<object>): void {
  if (typeof value !== "object" || value === null || depth > SHOWN_DEPTH_MAX || visited.has(value)) return;
  if (ArrayBuffer.isView(value)) return;
  visited.add(value);
  if (Array.isArray(value)) {
    for (const item of value) loadInto(item, depth + 1, visited);
    return;
  }
  const inside = trackedOf(value)?.load() ?? value;
  if (inside instanceof Map) for (const key of inside.keys()) loadInto(key, depth + 1, visited);
  if (inside instanceof Map || inside instanceof Set) {
    for (const item of inside.values()) loadInto(item, depth + 1, visited);
  }
  for (const descriptor of Object.values(Object.getOwnPropertyDescriptors(inside))) {
    if ("value" in descriptor) loadInto(descriptor.value, depth + 1, visited);
  }
}
