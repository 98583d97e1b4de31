/**
 * Documents as bytes: what the log and the base store.
 *
 *   version u8 │ hash of head i32 │ bytes of body u32 │ bytes of ASCII text u32 │ bytes of head u32
 *   body │ ASCII text │ head │ other text (UTF-8, to the end)                              all little-endian
 *
 * The head names the fields (`document-shape.ts`); the body holds the values in order, one tag byte each; all text is
 * together, so that it becomes one string of which the fields are slices. Fields are written sorted: equal documents
 * have equal bytes.
 *
 * Invariants:
 *   - What is decoded equals what was encoded (`valuesEqual`), with fields sorted.
 *   - The bytes carry no state from elsewhere. They are frozen by tests: a change needs a new version.
 *
 * Hot: every write and every cold read; guarded by `codec.bench.ts`.
 *
 * @module
 */
import { DocumentReader } from "./document-reader.ts";
import { DocumentWriter } from "./document-writer.ts";
import type { Doc } from "./value.ts";

/** Encodes a document. Fields that are `undefined` are dropped. The bytes are the caller's, in memory shared with others. */
export function encodeDocument(doc: Doc): Uint8Array {
  return writer.encode(doc);
}

/**
 * Decodes the document in `bytes[start, end)`, by default all of `bytes`. The result is the caller's own.
 *
 * @throws {RangeError} If the bytes are not an encoded document.
 */
export function decodeDocument(bytes: Uint8Array, start = 0, end = bytes.length): Doc {
  return reader.decode(bytes, start, end);
}

// One of each for all callers: what they keep between calls are caches and working memory.
const writer = new DocumentWriter();
const reader = new DocumentReader();
