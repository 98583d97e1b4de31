/**
 * The Convex JSON text of a value, when the texts of some of its parts are known already.
 *
 * A result that holds many documents mostly differs from the one before in a few of them. Their texts are put together; only what
 * is around them, and what is not known, is rendered.
 *
 * Invariants:
 *   - The text is the one that `stringifyValue` gives, and so are its errors.
 *   - A value without known parts is looked through and then rendered as a whole.
 *
 * Not here: which parts are known, and keeping their texts (`server/tx`, `server/reactive`).
 *
 * @module
 */
import { SURROGATE_ESCAPE } from "./check-value.ts";
import { isFieldName, NESTING_MAX, stringifyValue, textAt } from "./json.ts";
import { isPlainObject } from "./value.ts";
import type { Value } from "./value.ts";

/** A part whose text is known. */
export interface PartText {
  /** As `stringifyValue` gives it. */
  readonly text: string;
  /** Depth of nesting: 1 for an object of scalars. */
  readonly height: number;
}

/** What is known of a value's parts. */
export interface PartTexts {
  /** Of an array or an object. */
  part(part: object): PartText | undefined;
  /** The text of a string, if it is known; asked for long ones only. */
  longText(text: string): string | undefined;
}

/** What {@linkcode stringifyAround} gives. */
export interface JoinedText {
  /** As `stringifyValue` gives it. */
  readonly text: string;
  /** Whether what was rendered has escapes of surrogates (`\\ud800`) in it: half a pair is written so. Rows are checked when they are written. */
  readonly hasSurrogates: boolean;
}

/** Shorter strings are rendered faster than looked up. */
const LONG_CHARS_MIN = 1_024;

/**
 * As `stringifyValue`, with the texts of known parts taken over.
 *
 * Hot: every result with documents from nodes passes here; guarded by `reactive/tracking.bench.ts` of the server.
 *
 * @throws {Error} With the text of `convex/values` for anything that is not a Convex value.
 */
export function stringifyAround(value: Value, known: PartTexts): JoinedText {
  const renderer = new PartRenderer(known);
  const joined = renderer.part(value, 0);
  if (joined !== undefined && !renderer.isRefused) return { text: joined, hasSurrogates: renderer.hasSurrogates };
  const text = stringifyValue(value);
  return { text, hasSurrogates: text.includes(SURROGATE_ESCAPE) };
}

/** How deep arrays and objects are nested in a value. */
export function heightOf(value: unknown): number {
  if (typeof value !== "object" || value === null || value instanceof ArrayBuffer) return 0;
  let below = 0;
  for (const item of Array.isArray(value) ? (value as unknown[]) : Object.values(value)) {
    if (typeof item === "object" && item !== null) below = Math.max(below, heightOf(item));
  }
  return below + 1;
}

class PartRenderer {
  readonly #known: PartTexts;
  /** Something is no Convex value: rendering it as a whole tells what. */
  isRefused = false;
  /** See {@linkcode JoinedText}. */
  hasSurrogates = false;

  constructor(known: PartTexts) {
    this.#known = known;
  }

  /** The text of `value` if there is a known part in it. Texts are joined by `+`: nothing is copied before the whole is used. */
  part(value: unknown, depth: number): string | undefined {
    if (typeof value === "string") return value.length < LONG_CHARS_MIN ? undefined : this.#longText(value);
    if (typeof value !== "object" || value === null || depth >= NESTING_MAX) return undefined;
    const known = this.#known.part(value);
    if (known !== undefined && depth + known.height <= NESTING_MAX) return known.text;
    if (Array.isArray(value)) return this.#list(value, depth + 1);
    return isPlainObject(value) ? this.#object(value, depth + 1) : undefined;
  }

  #longText(value: string): string | undefined {
    const text = this.#known.longText(value);
    if (text?.includes(SURROGATE_ESCAPE) === true) this.hasSurrogates = true;
    return text;
  }

  #list(items: readonly unknown[], depth: number): string | undefined {
    let text: string | undefined;
    for (let at = 0; at < items.length && !this.isRefused; at++) {
      const part = this.part(items[at], depth);
      if (part === undefined && text === undefined) continue;
      text ??= this.#firstItems(items, at, depth);
      text += (at === 0 ? "" : ",") + (part ?? this.#item(items, at, depth));
    }
    return text === undefined ? undefined : `${text}]`;
  }

  #firstItems(items: readonly unknown[], count: number, depth: number): string {
    let text = "[";
    for (let at = 0; at < count; at++) text += (at === 0 ? "" : ",") + this.#item(items, at, depth);
    return text;
  }

  #item(items: readonly unknown[], at: number, depth: number): string {
    return at in items ? this.#plain(items[at], depth) : "null";
  }

  #object(object: { readonly [field: string]: unknown }, depth: number): string | undefined {
    const fields = Object.keys(object);
    let parts: Map<string, string> | undefined;
    for (const field of fields) {
      const part = this.part(object[field], depth);
      if (part !== undefined) (parts ??= new Map()).set(field, part);
    }
    if (parts === undefined) return undefined;
    let text = "{";
    for (const field of fields.sort()) {
      // Fields that look like array indexes come first, wherever they are sorted.
      if (!isFieldName(field) || isDigit(field.charCodeAt(0))) return undefined;
      const item = object[field];
      if (item === undefined) continue;
      text += `${text.length === 1 ? "" : ","}${JSON.stringify(field)}:`;
      text += parts.get(field) ?? this.#plain(item, depth);
    }
    return `${text}}`;
  }

  #plain(value: unknown, depth: number): string {
    const text = textAt(value, depth);
    if (text === undefined) this.isRefused = true;
    else if (text.includes(SURROGATE_ESCAPE)) this.hasSurrogates = true;
    return text ?? "";
  }
}

function isDigit(unit: number): boolean {
  return unit >= 48 && unit <= 57;
}
