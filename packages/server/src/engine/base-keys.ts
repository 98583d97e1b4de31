/**
 * Names of places in the base: spaces, and what to do with keys that LMDB would refuse.
 *
 * Every tree of every collection is a *space*: eight bytes (collection, index) before each key. LMDB limits keys to 1978 bytes, ours have no limit.
 * A key longer than a chunk is cut: its first chunk and a zero byte make a *link*, whose value names a space of its own for the rest. Rests may be cut again.
 *
 *   (7, 2) "short"            → primary key
 *   (7, 2) first chunk | 00   → link to space (ffffffff, 1)
 *       (ffffffff, 1) "rest"  → primary key
 *
 * Order is kept: a link sorts directly after the plain key that equals its chunk, and before every greater plain key; all keys under a link begin
 * with its chunk.
 *
 * @module
 */
import type { Key } from "./types.ts";

/** Bytes of a key that stay in one piece. */
export const CHUNK_BYTES = 1024;
/** Bytes of a space's name. */
export const SPACE_BYTES = 8;
/** Collection number of the spaces that links name. */
export const LINK_COLLECTION = 0xffffffff;

function uint32Text(value: number): string {
  return String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** Names the space of a tree. */
export function spaceOf(collection: number, index: number): string {
  return uint32Text(collection) + uint32Text(index);
}

/** The smallest space name after `space`. */
export function spaceAfter(space: string): string {
  const codes = Array.from(space, (char) => char.charCodeAt(0));
  for (let at = codes.length - 1; at >= 0; at -= 1) {
    if (codes[at]! < 255) return space.slice(0, at) + String.fromCharCode(codes[at]! + 1);
  }
  throw new RangeError("Cannot name the space after the last one: it has no successor");
}

/** Names the space that a link's value points at. */
export function linkedSpace(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
}

/** The value of a link to space number `id`. */
export function linkValue(id: number): Buffer {
  return Buffer.from(spaceOf(LINK_COLLECTION, id), "latin1");
}

/** The stored key of the link that holds all keys beginning with `key`'s first chunk. */
export function linkKey(space: string, key: Key): string {
  return `${space}${key.slice(0, CHUNK_BYTES)}\0`;
}

/** True when a stored key (without its space) is a link. */
export function isLink(stored: string): boolean {
  return stored.length > CHUNK_BYTES;
}
