/**
 * Index keys of documents: which entries a document has, and which entries a write moves.
 *
 *   key = encodeKey([field values…, _creationTime, _id])
 *
 * A missing field counts as `undefined`. The creation time and the id make every key unique and give rows with equal
 * fields a stable order.
 *
 * @module
 */
import { encodeKey } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import type { IndexMove, Key } from "../engine/types.ts";
import { readField } from "./field-path.ts";
import type { FieldPath } from "./field-path.ts";

/** The part of an index definition that keys depend on. */
export interface IndexShape {
  readonly number: number;
  /** Without the implicit `_creationTime`; empty for `by_creation_time`. */
  readonly paths: readonly FieldPath[];
}

/** The last parts of every index key of a document; also its whole key in `by_creation_time`. */
export function keySuffix(document: Doc): Key {
  return encodeKey([document._creationTime, document._id]);
}

/** The key of `document` in `index`, given its suffix. */
export function indexKey(index: IndexShape, document: Doc, suffix: Key): Key {
  if (index.paths.length === 0) return suffix;
  return encodeKey(index.paths.map((path) => readField(document, path))) + suffix;
}

/**
 * Entries that go and come when `before` becomes `after`, one move per index. A key that stays is listed as well, with
 * `remove === add`: its row changed, which concerns whoever read it.
 */
export function indexMoves(
  indexes: readonly IndexShape[],
  before: Doc | undefined,
  after: Doc | undefined,
): readonly IndexMove[] {
  const present = before ?? after;
  if (present === undefined) return [];
  const suffix = keySuffix(present);
  return indexes.map((index) => ({
    index: index.number,
    remove: before === undefined ? undefined : indexKey(index, before, suffix),
    add: after === undefined ? undefined : indexKey(index, after, suffix),
  }));
}

/** The moves that change a tree: those whose key does not stay. */
export function treeMoves(moves: readonly IndexMove[]): readonly IndexMove[] {
  return moves.every((move) => move.remove !== move.add) ? moves : moves.filter((move) => move.remove !== move.add);
}
