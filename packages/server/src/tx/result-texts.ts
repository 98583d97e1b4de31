/**
 * Rows in a result whose texts are known: documents that a handler returned as it was given them, from rows that nodes hold.
 *
 *   untracked(result) ──note(row)──▶ ResultTexts ──part──▶ text of the row, instead of rendering it
 *                                              ──has───▶ it matched this validator before, as the same version
 *
 * Not here: keeping texts (`reactive/node-store.ts`), putting them together (`@narrowcast/values`).
 *
 * @module
 */
import type { Doc, MatchCache, PartTexts, ValidatorJson } from "@narrowcast/values";
import type { ReadNodes, RowText } from "./read-nodes.ts";

/** See the module comment. Of one result. */
export class ResultTexts implements MatchCache, PartTexts {
  readonly #nodes: ReadNodes;
  /** Whether any part may have a text: most results of other things are not looked up at all. */
  #hasAny = false;

  constructor(nodes: ReadNodes) {
    this.#nodes = nodes;
  }

  /** `row`, shared and unchanged, is part of the result. */
  note(row: Doc): void {
    if (this.#nodes.textOf(row) !== undefined) this.#hasAny = true;
  }

  part(part: object): RowText | undefined {
    return this.#hasAny ? this.#nodes.madeTextOf(part) : undefined;
  }

  longText(text: string): string | undefined {
    return this.#nodes.longTextOf(text);
  }

  has(validator: ValidatorJson, value: object): boolean {
    return this.part(value)?.matched === validator;
  }

  add(validator: ValidatorJson, value: object): void {
    const text = this.part(value);
    if (text !== undefined) text.matched = validator;
  }
}
