/**
 * Documents of the engine's benchmark: about 320 bytes, four trees (primary, by channel and time, by author, by time).
 *
 * @module
 */
import { decodeDocument, encodeDocument, encodeKey } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import type { Codec, IndexMove, Key } from "../types.ts";

/** What the transaction room hands to the engine. */
export const documentCodec: Codec<Doc> = { encode: encodeDocument, decode: decodeDocument };

export const BY_CHANNEL = 1;
export const BY_AUTHOR = 2;
export const BY_TIME = 3;
/** Documents of one channel lie together in `BY_CHANNEL`. */
export const DOCUMENTS_PER_CHANNEL = 100;

/** Document `at`; its key spreads over the whole key space, as ids do. */
export function documentAt(at: number): Doc {
  const spread = Math.imul(at + 1, 2654435761) >>> 0;
  return {
    _id: `${spread.toString(36).padStart(7, "0")}${at.toString(36).padStart(25, "0")}`,
    _creationTime: 1_700_000_000_000 + at,
    channel: `channel${Math.floor(at / DOCUMENTS_PER_CHANNEL)}`,
    author: `user${spread % 1000}`,
    body: "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor. ".repeat(2),
    likes: at % 17,
    isPinned: at % 50 === 0,
    tags: ["one", "two"],
  };
}

/** Primary key. */
export function keyOf(doc: Doc): Key {
  return encodeKey([doc._id]);
}

/** The document's entries, to be added. */
export function entriesOf(doc: Doc): IndexMove[] {
  const tail = [doc._creationTime, doc._id];
  return [
    { index: BY_CHANNEL, add: encodeKey([doc["channel"], ...tail]) },
    { index: BY_AUTHOR, add: encodeKey([doc["author"], ...tail]) },
    { index: BY_TIME, add: encodeKey(tail) },
  ];
}
