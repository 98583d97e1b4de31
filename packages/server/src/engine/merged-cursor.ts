/**
 * Walks a range of the base with an overlay laid over it, in both directions.
 *
 *   base     a   b   c       e          pages, fetched again when the base moves on
 *   overlay      b'      d   e†         sought again when the overlay changes
 *   given    a   b'  c   d
 *
 * Invariant: `#last` is the furthest key that was looked at on either side, given or deleted; everything that remains lies beyond it. So both sides
 * can be thrown away and sought again at any time.
 *
 * @module
 */
import type { BasePage } from "./base-reader.ts";
import type { TreeCursor } from "./ordered-tree.ts";
import { PRIMARY } from "./types.ts";
import type { Cursor, Key, KeyRange } from "./types.ts";

/** First page's rows; later pages grow, since a long scan will want them. */
const PAGE_ROWS_MIN = 8;
const PAGE_ROWS_MAX = 256;

/** An entry of the overlay: where it leads, or that it is deleted. */
export interface OverlayPlace {
  /** Primary key of the row; `undefined` = deleted here, whatever the base says. */
  readonly target: Key | undefined;
}

/** What a merged cursor walks. */
export interface MergeSource<T> {
  /** Grows with every change of the overlay. */
  readonly overlayVersion: number;
  /** Changes whenever pages of the base may differ. */
  readonly baseVersion: number;
  overlayCursor(index: number, range: KeyRange, order: "asc" | "desc"): TreeCursor<OverlayPlace>;
  basePage(index: number, range: KeyRange, order: "asc" | "desc", rowsMax: number): BasePage;
  /** A row's value. `baseBytes` is what the base has for it, if that is known already. */
  rowValue(key: Key, baseBytes: Uint8Array | undefined): T;
}

/** See the module comment. */
export class MergedCursor<T> implements Cursor<T> {
  readonly #source: MergeSource<T>;
  readonly #index: number;
  readonly #range: KeyRange;
  readonly #order: "asc" | "desc";
  #overlay: TreeCursor<OverlayPlace> | undefined;
  #hasOverlay = false;
  #overlayVersion = -1;
  #page: BasePage | undefined;
  #pageAt = 0;
  #pageRows = PAGE_ROWS_MIN;
  #baseVersion = -1;
  #last: Key | undefined;
  #key: Key = "";
  #baseBytes: Uint8Array | undefined;

  constructor(source: MergeSource<T>, index: number, range: KeyRange, order: "asc" | "desc") {
    this.#source = source;
    this.#index = index;
    this.#range = range;
    this.#order = order;
  }

  get indexKey(): Key {
    return this.#last!;
  }

  get key(): Key {
    return this.#key;
  }

  value(): T {
    return this.#source.rowValue(this.#key, this.#index === PRIMARY ? this.#baseBytes : undefined);
  }

  next(): boolean {
    for (;;) {
      this.#seekOverlay();
      this.#seekBase();
      const overlayKey = this.#hasOverlay ? this.#overlay!.key : undefined;
      const baseKey = this.#page!.keys[this.#pageAt];
      if (overlayKey === undefined && baseKey === undefined) return false;
      const isOverlay = baseKey === undefined || (overlayKey !== undefined && !this.#isBefore(baseKey, overlayKey));
      if (isOverlay ? this.#takeOverlay(overlayKey!, baseKey) : this.#takeBase(baseKey)) return true;
    }
  }

  #isBefore(a: Key, b: Key): boolean {
    return this.#order === "asc" ? a < b : a > b;
  }

  /** Steps over the overlay's place; false when it is a deleted one. */
  #takeOverlay(overlayKey: Key, baseKey: Key | undefined): boolean {
    const { target } = this.#overlay!.entry;
    this.#last = overlayKey;
    this.#hasOverlay = this.#overlay!.next();
    if (baseKey === overlayKey) this.#pageAt += 1;
    if (target === undefined) return false;
    this.#key = target;
    this.#baseBytes = undefined;
    return true;
  }

  #takeBase(baseKey: Key): boolean {
    const value = this.#page!.values[this.#pageAt]!;
    this.#last = baseKey;
    this.#pageAt += 1;
    this.#baseBytes = value;
    this.#key =
      this.#index === PRIMARY
        ? baseKey
        : Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
    return true;
  }

  #rest(): KeyRange {
    const last = this.#last;
    if (last === undefined) return this.#range;
    // The smallest key after `last` is `last` with a zero byte.
    return this.#order === "asc"
      ? { start: `${last}\0`, end: this.#range.end }
      : { start: this.#range.start, end: last };
  }

  #seekOverlay(): void {
    if (this.#overlayVersion === this.#source.overlayVersion) return;
    this.#overlayVersion = this.#source.overlayVersion;
    this.#overlay = this.#source.overlayCursor(this.#index, this.#rest(), this.#order);
    this.#hasOverlay = this.#overlay.next();
  }

  #seekBase(): void {
    const isCurrent = this.#page !== undefined && this.#baseVersion === this.#source.baseVersion;
    if (isCurrent && (this.#pageAt < this.#page!.keys.length || this.#page!.isLast)) return;
    this.#baseVersion = this.#source.baseVersion;
    this.#page = this.#source.basePage(this.#index, this.#rest(), this.#order, this.#pageRows);
    this.#pageAt = 0;
    this.#pageRows = Math.min(this.#pageRows * 4, PAGE_ROWS_MAX);
  }
}
