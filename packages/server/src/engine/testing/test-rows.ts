/**
 * Rows of the engine's tests, and the index entries they have.
 *
 * @module
 */
import type { Codec, IndexMove, Key } from "../types.ts";

/** A row of the tests. */
export interface TestRow {
  readonly a: number;
  readonly text: string;
}

/** JSON, padded in front: decoders must keep to their range. */
export const testCodec: Codec<TestRow> = {
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes, start, end) =>
    JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString()) as TestRow,
};

/** Index 1 is by number, index 2 by text (which may be long). */
export const INDEXES = [1, 2];

/** The key under which an index has a row. */
export function indexKeyOf(index: number, key: Key, row: TestRow): Key {
  return (index === 1 ? String.fromCharCode(row.a) : `${row.text}\0`) + key;
}

/** The moves that turn one version of a row into another. */
export function movesOf(key: Key, before: TestRow | undefined, after: TestRow | undefined): IndexMove[] {
  const moves: IndexMove[] = [];
  for (const index of INDEXES) {
    const remove = before === undefined ? undefined : indexKeyOf(index, key, before);
    const add = after === undefined ? undefined : indexKeyOf(index, key, after);
    if (remove !== add) moves.push({ index, remove, add });
  }
  return moves;
}
