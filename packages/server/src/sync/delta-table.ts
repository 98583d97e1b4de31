/**
 * Values that sockets with deltas hold, and the differences between them, each computed once for all sockets.
 *
 *   socket ──hold(result)──▶ HeldValue ──delta(former, next)──▶ text shared by every socket that went the same way
 *
 * Invariants:
 *   - Equal texts are one held value, however many sockets hold it and through whichever result object it came.
 *   - Texts and what was parsed of them stay under a byte budget. Parsed forms go first (they are made again from the text); a text that does
 *     not fit is not held, and its next value is sent whole.
 *   - Without sockets that speak deltas nothing is kept.
 *
 * Not here: whom to send what (`socket-deltas.ts`), what a difference is (`@narrowcast/values`).
 *
 * @module
 */
import { NO_DELTA, deltaText } from "@narrowcast/values";
import type { RunResult } from "../protocol/live-types.ts";
import { readResult, rereadResult, type ResultTree } from "./result-tree.ts";

/** A result that is a value. */
export type GoodResult = RunResult & { readonly ok: true };

/** A value that at least one socket holds. Belongs to its table. */
export interface HeldValue {
  readonly text: string;
  /** Sockets' queries that hold it. */
  holders: number;
  tree: ResultTree | undefined;
  /** Delta texts from former values; `null` where the whole value is shorter. */
  readonly deltas: WeakMap<HeldValue, string | null>;
}

/** Monotone, except for the sizes. */
export interface DeltaCounters {
  /** Values held now, and bytes of them with what was parsed, one byte a char. */
  readonly values: number;
  readonly bytes: number;
  /** Differences computed, not counting those that were there already. */
  readonly computed: number;
  /** Texts parsed whole, for want of a former tree. */
  readonly parsedWhole: number;
}

/** What a parsed value takes, in bytes for each char of its text: an estimate on the safe side. */
const TREE_BYTES_PER_CHAR = 4;

/** See the module comment. */
export class DeltaTable {
  readonly #bytesMax: number;
  readonly #byText = new Map<string, HeldValue>();
  /** Spares looking up long texts for result objects that were seen. */
  readonly #byResult = new WeakMap<GoodResult, HeldValue>();
  /** Values with a tree, least recently used first. */
  readonly #parsed = new Set<HeldValue>();
  #bytes = 0;
  #computed = 0;
  #parsedWhole = 0;

  /** @param bytesMax Budget of texts and trees. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get counters(): DeltaCounters {
    const { size } = this.#byText;
    return { values: size, bytes: this.#bytes, computed: this.#computed, parsedWhole: this.#parsedWhole };
  }

  /** The value of `result`, held once more; `undefined` if there is no room for it. */
  hold(result: GoodResult): HeldValue | undefined {
    let held = this.#byResult.get(result);
    if (held === undefined || held.holders === 0) {
      held = this.#byText.get(result.value) ?? this.#add(result.value);
      if (held === undefined) return undefined;
      this.#byResult.set(result, held);
    }
    held.holders += 1;
    return held;
  }

  release(held: HeldValue): void {
    held.holders -= 1;
    if (held.holders > 0) return;
    this.#byText.delete(held.text);
    this.#bytes -= held.text.length;
    this.#dropTree(held);
  }

  /** Text of the difference, or `undefined` where the whole value is shorter. Both must be held. */
  delta(former: HeldValue, next: HeldValue): string | undefined {
    // Only log lines or the journal are new.
    if (former === next) return NO_DELTA;
    let text = next.deltas.get(former);
    if (text === undefined) {
      const before = this.#treeOf(former, undefined);
      const after = this.#treeOf(next, former);
      this.#computed += 1;
      text = deltaText(before.value, after.value) ?? null;
      next.deltas.set(former, text);
      this.#dropTreesOverBudget();
    }
    return text ?? undefined;
  }

  #add(text: string): HeldValue | undefined {
    if (this.#bytes + text.length > this.#bytesMax) this.#dropTreesOverBudget(text.length);
    if (this.#bytes + text.length > this.#bytesMax) return undefined;
    const held: HeldValue = { text, holders: 0, tree: undefined, deltas: new WeakMap() };
    this.#byText.set(text, held);
    this.#bytes += text.length;
    return held;
  }

  #treeOf(held: HeldValue, former: HeldValue | undefined): ResultTree {
    this.#parsed.delete(held);
    this.#parsed.add(held);
    if (held.tree !== undefined) return held.tree;
    if (former?.tree === undefined) {
      this.#parsedWhole += 1;
      held.tree = readResult(held.text);
    } else held.tree = rereadResult(held.text, former.tree, former.text);
    this.#bytes += held.text.length * TREE_BYTES_PER_CHAR;
    return held.tree;
  }

  #dropTree(held: HeldValue): void {
    if (held.tree === undefined) return;
    held.tree = undefined;
    this.#parsed.delete(held);
    this.#bytes -= held.text.length * TREE_BYTES_PER_CHAR;
  }

  #dropTreesOverBudget(room = 0): void {
    for (const held of this.#parsed) {
      if (this.#bytes + room <= this.#bytesMax) return;
      this.#dropTree(held);
    }
  }
}
