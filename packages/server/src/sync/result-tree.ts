/**
 * Results as parsed JSON that shares with the result before whatever text did not change.
 *
 * Results reach this thread as text. Parsing each new one whole would cost more than the delta saves; but the texts of two results of
 * one query mostly agree but for a few rows. So a result's text is kept with the lengths of its parts, and the next text is
 * read against it: a part whose text is the same is taken over, the very object, and only the rest is parsed.
 *
 * Invariants:
 *   - `value` equals `JSON.parse(text)`.
 *   - A tree holds lengths, never places, and no text: parts live on in later trees, wherever they went, and keep no old text alive.
 *   - Texts are as `JSON.stringify` writes them: no white space.
 *
 * @module
 */
import { setField, type JsonValue } from "@narrowcast/values";

/** A part of a result: its value and the length of its text. Large ones know their own parts. */
export interface ResultTree {
  readonly value: JsonValue;
  readonly chars: number;
  readonly items?: readonly ResultTree[];
  /** Of an object's items. */
  readonly fields?: readonly string[];
}

/** A part whose text is shorter is parsed as a whole. */
const PARTED_CHARS_MIN = 1_024;

/** How much text is compared at once. */
const STEP_CHARS = 4_096;

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const LIST = 91;
const LIST_END = 93;
const OBJECT = 123;
const OBJECT_END = 125;

/** Reads a result's text. */
export function readResult(text: string): ResultTree {
  return new Reader(text, "").read(undefined, 0, 0);
}

/** Reads a result's text against the one before. */
export function rereadResult(text: string, former: ResultTree, formerText: string): ResultTree {
  return new Reader(text, formerText).read(former, 0, 0);
}

class Reader {
  readonly #text: string;
  readonly #formerText: string;
  /** Chars that both texts begin with, and end with; found in large steps, not necessarily all. */
  readonly #sameStart: number;
  readonly #sameEnd: number;

  constructor(text: string, formerText: string) {
    this.#text = text;
    this.#formerText = formerText;
    this.#sameStart = commonStart(text, formerText);
    this.#sameEnd = commonEnd(text, formerText);
  }

  /** The value at `at`; `former` may be what it was, at `formerAt` of the former text. */
  read(former: ResultTree | undefined, formerAt: number, at: number): ResultTree {
    if (former !== undefined && this.#isSame(former, formerAt, at)) return former;
    const first = this.#text.charCodeAt(at);
    if (first === LIST && former?.items !== undefined && former.fields === undefined) {
      return this.#list(former, formerAt, at);
    }
    if (first === OBJECT && former?.fields !== undefined) return this.#object(former, formerAt, at);
    const end = this.#end(at);
    if (end - at < PARTED_CHARS_MIN || (first !== LIST && first !== OBJECT)) {
      return { value: JSON.parse(this.#text.slice(at, end)) as JsonValue, chars: end - at };
    }
    return first === LIST ? this.#list(undefined, 0, at) : this.#object(undefined, 0, at);
  }

  #isSame({ chars }: ResultTree, formerAt: number, at: number): boolean {
    const end = at + chars;
    if (end > this.#text.length) return false;
    // Numbers have no end of their own: 12 is not the 12 of 123.
    const next = this.#text.charCodeAt(end);
    if (end < this.#text.length && next !== COMMA && next !== LIST_END && next !== OBJECT_END) return false;
    if (formerAt === at && end <= this.#sameStart) return true;
    const { length } = this.#text;
    if (formerAt - at === this.#formerText.length - length && length - at <= this.#sameEnd) return true;
    // Comparing slices is a comparison of memory; `startsWith` goes char by char.
    return this.#text.slice(at, end) === this.#formerText.slice(formerAt, formerAt + chars);
  }

  #list(former: ResultTree | undefined, formerAt: number, start: number): ResultTree {
    const items: ResultTree[] = [];
    const old = new FormerItems(former?.items ?? [], formerAt + 1);
    let at = start + 1;
    while (this.#text.charCodeAt(at) !== LIST_END) {
      const item = this.read(old.item, old.at, at);
      items.push(item);
      at += item.chars;
      if (this.#text.charCodeAt(at) === COMMA) at += 1;
      if (item === old.item) old.advance();
      // One that came in between, from elsewhere: what was expected here comes next.
      else if (old.item === undefined || !this.#isSame(old.item, old.at, at)) old.follow(item.value);
    }
    return { value: items.map(({ value }) => value), chars: at + 1 - start, items };
  }

  #object(former: ResultTree | undefined, formerAt: number, start: number): ResultTree {
    const items: ResultTree[] = [];
    const fields: string[] = [];
    const value: { [field: string]: JsonValue } = {};
    const places = former === undefined ? undefined : placesOfFields(former, formerAt);
    let at = start + 1;
    while (this.#text.charCodeAt(at) !== OBJECT_END) {
      const nameEnd = this.#end(at);
      const field = JSON.parse(this.#text.slice(at, nameEnd)) as string;
      at = nameEnd + 1;
      const place = places?.get(field);
      const item = this.read(place?.item, place?.at ?? 0, at);
      setField(value, field, item.value);
      fields.push(field);
      items.push(item);
      at += item.chars;
      if (this.#text.charCodeAt(at) === COMMA) at += 1;
    }
    return { value, chars: at + 1 - start, items, fields };
  }

  /** Where the value at `at` ends. */
  #end(at: number): number {
    const text = this.#text;
    const first = text.charCodeAt(at);
    if (first === QUOTE) return this.#textEnd(at);
    let end = at;
    if (first !== LIST && first !== OBJECT) {
      for (; end < text.length; end++) {
        const unit = text.charCodeAt(end);
        if (unit === COMMA || unit === LIST_END || unit === OBJECT_END) break;
      }
      return end;
    }
    for (let depth = 0; ;) {
      const unit = text.charCodeAt(end);
      if (unit === QUOTE) {
        end = this.#textEnd(end);
        continue;
      }
      end += 1;
      if (unit === LIST || unit === OBJECT) depth += 1;
      else if (unit === LIST_END || unit === OBJECT_END) {
        depth -= 1;
        if (depth === 0) return end;
      } else if (end > text.length) throw new SyntaxError("Cannot read result: its text ends inside a value");
    }
  }

  #textEnd(at: number): number {
    let end = at;
    for (;;) {
      end = this.#text.indexOf('"', end + 1);
      if (end < 0) throw new SyntaxError("Cannot read result: its text ends inside a string");
      let escapes = end;
      while (this.#text.charCodeAt(escapes - 1) === BACKSLASH) escapes -= 1;
      if ((end - escapes) % 2 === 0) return end + 1;
    }
  }
}

function commonStart(a: string, b: string): number {
  const max = Math.min(a.length, b.length);
  let chars = 0;
  while (chars + STEP_CHARS <= max && a.slice(chars, chars + STEP_CHARS) === b.slice(chars, chars + STEP_CHARS)) {
    chars += STEP_CHARS;
  }
  return chars;
}

function commonEnd(a: string, b: string): number {
  const max = Math.min(a.length, b.length);
  let chars = 0;
  for (let next = STEP_CHARS; next <= max; next += STEP_CHARS) {
    if (a.slice(a.length - next, a.length - chars) !== b.slice(b.length - next, b.length - chars)) break;
    chars = next;
  }
  return chars;
}

/** The former elements of a list, looked at from left to right beside the new ones. */
class FormerItems {
  readonly #items: readonly ResultTree[];
  #place = 0;
  #places: Map<string, number> | undefined;
  /** Where the next former element's text begins. */
  at: number;

  constructor(items: readonly ResultTree[], at: number) {
    this.#items = items;
    this.at = at;
  }

  /** The element that the next one is expected to be. */
  get item(): ResultTree | undefined {
    return this.#items[this.#place];
  }

  advance(): void {
    this.at += (this.item?.chars ?? 0) + 1;
    this.#place += 1;
  }

  /** The new element was another: goes on behind the former one with its `_id`; waits where it is for one that was not there. */
  follow(value: JsonValue): void {
    const id = idOf(value);
    if (id === undefined || id === idOf(this.item?.value ?? null)) {
      this.advance();
      return;
    }
    const place = this.#placesById().get(id);
    if (place === undefined || place < this.#place) return;
    while (this.#place <= place) this.advance();
  }

  #placesById(): Map<string, number> {
    if (this.#places !== undefined) return this.#places;
    this.#places = new Map();
    for (const [place, { value }] of this.#items.entries()) {
      const id = idOf(value);
      if (id !== undefined) this.#places.set(id, place);
    }
    return this.#places;
  }
}

function placesOfFields({ items = [], fields = [] }: ResultTree, start: number) {
  const places = new Map<string, { readonly item: ResultTree; readonly at: number }>();
  let at = start + 1;
  for (const [index, item] of items.entries()) {
    const field = fields[index] as string;
    // The name's text and the colon come first.
    at += JSON.stringify(field).length + 1;
    places.set(field, { item, at });
    at += item.chars + 1;
  }
  return places;
}

function idOf(value: JsonValue): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const id = value["_id"];
  return typeof id === "string" ? id : undefined;
}
