/**
 * Where things lie in the file of a base, for those who read it without the storage library.
 *
 *   page        number u64 | transaction u64 | . . | kind u16 | bytes of slots u16, upper end u16 or number of pages u32 | slots… free … entries
 *   entry       value's length u32, or the child's page u48 | flags u16 | key's length u16 | key | value, or the number of its first page
 *   meta page   head | magic, version … | tree of free pages | main tree | last page u64 | transaction u64 | boot u64
 *
 * Source of the layout: `mdb.c` of the storage library, "Data structures"; all numbers are little-endian.
 *
 * @module
 */
import { readFileSync, readSync } from "node:fs";

export const PAGE_HEAD_BYTES = 24;
export const NODE_HEAD_BYTES = 8;
export const TREE_BYTES = 48;
const META_BYTES = PAGE_HEAD_BYTES + 24 + 2 * TREE_BYTES + 24;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
export const NO_PAGE = 0xffffffffffffffffn;
export const [BRANCH, LEAF, OVERFLOW] = [1, 2, 4];
export const KIND_MASK = 0x7f;
export const [BIG_DATA, SUB_TREE] = [1, 2];
/** In the flags of a meta page: written before its data is known to be on the device. */
const OVERLAPPING = 0x1000;
export const DEPTH_MAX = 64;
/** The tree whose values end with a checksum (`base.ts`). */
export const SEALED_TREE = "data";
/** The tree that lists free pages; the library knows it by its place. */
export const FREE_TREE = "free pages";
const PAGE_NUMBER_BYTES = 8;

/** Something is wrong with a page. */
export class PageError extends Error {}

/** A tree as its parent describes it. */
export interface Tree {
  readonly name: string;
  readonly depth: number;
  readonly entries: bigint;
  readonly root: bigint;
}

/** Neighbouring pages. */
export type Stretch = readonly [first: bigint, pages: bigint];

/** A meta page. */
export interface MetaPage {
  readonly free: Tree;
  readonly main: Tree;
  readonly pageBytes: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
  readonly bootId: bigint;
  readonly isOverlapping: boolean;
}

/** The meta page that the library takes: the newest; after another boot of the machine the one whose data is known to be on the device. */
export function chooseMeta(fd: number): MetaPage {
  const first = readMeta(fd, 0, true);
  const second = readMeta(fd, first.pageBytes, true);
  const newest = first.transaction >= second.transaction ? first : second;
  const older = newest === first ? second : first;
  if (second.transaction === 0n || !newest.isOverlapping || newest.bootId === bootId()) return newest;
  const flushed = readMeta(fd, first.pageBytes / 2, false);
  return flushed.transaction === 0n ? older : flushed;
}

export function readMeta(fd: number, offset: number, hasMagic: boolean): MetaPage {
  const bytes = Buffer.alloc(META_BYTES);
  readAt(fd, bytes, offset);
  const at = PAGE_HEAD_BYTES;
  if (hasMagic && bytes.readUInt32LE(at) !== MAGIC) throw new PageError("the file does not begin like a base");
  const version = bytes.readUInt32LE(at + 4) & 0xffff;
  if (hasMagic && version !== DATA_VERSION) {
    throw new PageError(`its format is ${version}; the storage library reads ${DATA_VERSION}`);
  }
  const trees = at + 24;
  const pageBytes = bytes.readUInt32LE(trees);
  if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) {
    throw new PageError(`its pages have ${pageBytes} bytes`);
  }
  const end = trees + 2 * TREE_BYTES;
  return {
    free: readTree(bytes, trees, FREE_TREE),
    main: readTree(bytes, trees + TREE_BYTES, "main"),
    pageBytes,
    lastPage: bytes.readBigUInt64LE(end),
    transaction: bytes.readBigUInt64LE(end + 8),
    bootId: bytes.readBigUInt64LE(end + 16),
    isOverlapping: (bytes.readUInt16LE(trees + 4) & OVERLAPPING) !== 0,
  };
}

export function readTree(bytes: Buffer, at: number, name: string): Tree {
  return {
    name,
    depth: bytes.readUInt16LE(at + 6),
    entries: bytes.readBigUInt64LE(at + 32),
    root: bytes.readBigUInt64LE(at + 40),
  };
}

/** As the library reads it: the first eight hex digits; 0 where the system has none. */
function bootId(): bigint {
  try {
    return BigInt(`0x${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").slice(0, 8)}`);
  } catch {
    return 0n;
  }
}

export function readAt(fd: number, into: Buffer, position: number): void {
  for (let done = 0; done < into.length;) {
    const got = readSync(fd, into, done, into.length - done, position + done);
    if (got === 0) throw new PageError("the file is cut off");
    done += got;
  }
}

/**
 * What an entry of the free pages lists: how many numbers follow, then numbers; a negative one says how many pages begin at the next. Undefined when the
 * value is cut off.
 */
export function listedPages(value: Buffer): readonly Stretch[] | undefined {
  const numbers = value.length < PAGE_NUMBER_BYTES ? Infinity : Number(value.readBigUInt64LE(0));
  if ((numbers + 1) * PAGE_NUMBER_BYTES > value.length) return undefined;
  const stretches: Stretch[] = [];
  let pages = 1n;
  for (let at = 1; at <= numbers; at += 1) {
    const listed = value.readBigInt64LE(at * PAGE_NUMBER_BYTES);
    if (listed > 0n) stretches.push([listed, pages]);
    pages = listed < 0n ? -listed : 1n;
  }
  return stretches;
}
