/**
 * Texts that results are put together from: of rows, and of long strings in them, made once and kept while there is room.
 *
 * Invariants:
 *   - A text belongs to one object or string and never changes: rows are shared and read-only, another version is another object.
 *   - Texts count in the budget of the nodes and go as nodes do; they take at most a share of it.
 *
 * @module
 */
import { heightOf, stringifyValue } from "@narrowcast/values";
import type { Doc, ValidatorJson } from "@narrowcast/values";
import type { RowText } from "../tx/read-nodes.ts";
import type { Held, NodeBudget } from "./node-budget.ts";

/** Memory of a text besides itself, estimated. */
const TEXT_BYTES = 200;
/** Share of the budget that texts may take: they save time, nodes save reads. */
const TEXTS_SHARE = 0.5;

/** One text. */
export class CachedText implements Held, RowText {
  readonly source: Doc | string;
  readonly text: string;
  readonly height: number;
  matched: ValidatorJson | undefined = undefined;
  isUsed = true;
  isGone = false;

  constructor(source: Doc | string) {
    this.source = source;
    this.text = stringifyValue(source);
    this.height = heightOf(source);
  }

  /** Estimated with one byte a character. */
  get bytes(): number {
    return TEXT_BYTES + this.text.length;
  }
}

/** See the module comment. */
export class TextCache {
  readonly #rows = new Map<object, CachedText>();
  readonly #strings = new Map<string, CachedText>();
  readonly #bytesMax: number;
  readonly #budget: { add(text: CachedText): void; remove(text: CachedText): void };
  #bytes = 0;
  /** Monotone. */
  made = 0;

  constructor(nodeBytesMax: number, budget: Pick<NodeBudget<CachedText>, "add" | "remove">) {
    this.#bytesMax = nodeBytesMax * TEXTS_SHARE;
    this.#budget = budget;
  }

  /** `undefined` when there is no room. */
  ofRow(row: Doc): CachedText | undefined {
    return used(this.#rows.get(row)) ?? this.#make(row);
  }

  /** What `ofRow` gave for this object, unless it has gone since. */
  madeOf(part: object): CachedText | undefined {
    return this.#rows.get(part);
  }

  /** `undefined` when there is no room. */
  ofString(text: string): CachedText | undefined {
    return used(this.#strings.get(text)) ?? this.#make(text);
  }

  /** The row has another version now. */
  drop(row: Doc): void {
    const text = this.#rows.get(row);
    if (text !== undefined) this.#budget.remove(text);
  }

  /** What the budget calls for each text that goes. */
  forget(text: CachedText): void {
    this.#bytes -= text.bytes;
    if (typeof text.source === "string") this.#strings.delete(text.source);
    else this.#rows.delete(text.source);
  }

  #make(source: Doc | string): CachedText | undefined {
    if (this.#bytes >= this.#bytesMax) return undefined;
    const text = new CachedText(source);
    this.#budget.add(text);
    if (typeof source === "string") this.#strings.set(source, text);
    else this.#rows.set(source, text);
    this.#bytes += text.bytes;
    this.made += 1;
    return text;
  }
}

function used(text: CachedText | undefined): CachedText | undefined {
  if (text !== undefined) text.isUsed = true;
  return text;
}
