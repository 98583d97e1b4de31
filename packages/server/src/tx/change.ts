/**
 * One document's change in a commit, with what is worked out from it when first asked for.
 *
 * @module
 */
import { valuesEqual } from "@narrowcast/values";
import type { Doc, TableAddress } from "@narrowcast/values";
import type { IndexMove } from "../engine/types.ts";
import type { DocumentChange } from "./types.ts";

/** See `DocumentChange`. The changed fields are found once, however many runs ask for them. */
export class RowChange implements DocumentChange {
  readonly table: TableAddress;
  readonly collection: number;
  readonly id: string;
  readonly before: Doc | undefined;
  readonly after: Doc | undefined;
  readonly moves: readonly IndexMove[];
  #changedFields: readonly string[] | undefined = undefined;

  constructor(change: Omit<DocumentChange, "changedFields">) {
    this.table = change.table;
    this.collection = change.collection;
    this.id = change.id;
    this.before = change.before;
    this.after = change.after;
    this.moves = change.moves;
  }

  get changedFields(): readonly string[] {
    return (this.#changedFields ??= findChangedFields(this.before, this.after));
  }
}

/** Top-level fields whose values differ before and after; all fields of a document that came or went. */
export function changedFieldsOf(change: DocumentChange): readonly string[] {
  return change.changedFields ?? findChangedFields(change.before, change.after);
}

function findChangedFields(before: Doc | undefined, after: Doc | undefined): readonly string[] {
  const changed: string[] = [];
  for (const field in before) if (!valuesEqual(before[field], after?.[field])) changed.push(field);
  for (const field in after) if (before === undefined || !Object.hasOwn(before, field)) changed.push(field);
  return changed;
}
