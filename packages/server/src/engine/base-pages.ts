/**
 * Proves the file of a base whole without the storage library, which trusts its pages and ends the process over a wrong one.
 *
 *   meta pages ─▶ the one that the library would take ─▶ trees: free pages, main ─▶ named trees ─▶ entries
 *
 * A page tells its own number and the transaction that wrote it. A file that was copied while it was written has pages of later transactions than its
 * meta page, pages that two trees name, or values that do not match their checksum. A page that is in use and listed as free is damage, too: nothing of
 * it is wrong yet, but the next write would end the process, or overwrite the page.
 *
 * Reads each page once; changes nothing.
 *
 * Source of the layout: `mdb.c` of the storage library, "Data structures"; all numbers are little-endian.
 *
 * @module
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { unseal } from "./base-seal.ts";

const PAGE_HEAD_BYTES = 24;
const NODE_HEAD_BYTES = 8;
const TREE_BYTES = 48;
const META_BYTES = PAGE_HEAD_BYTES + 24 + 2 * TREE_BYTES + 24;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const NO_PAGE = 0xffffffffffffffffn;
const [BRANCH, LEAF, OVERFLOW] = [1, 2, 4];
const KIND_MASK = 0x7f;
const [BIG_DATA, SUB_TREE] = [1, 2];
/** In the flags of a meta page: written before its data is known to be on the device. */
const OVERLAPPING = 0x1000;
const DEPTH_MAX = 64;
/** Trees whose values end with a checksum (`base.ts`). */
const SEALED_TREE = "data";
/** The tree that lists free pages; the library knows it by its place. */
const FREE_TREE = "free pages";
const PAGE_NUMBER_BYTES = 8;

/** Something is wrong with a page. */
class PageError extends Error {}

/** A tree as its parent describes it. */
interface Tree {
  readonly name: string;
  readonly depth: number;
  readonly entries: bigint;
  readonly root: bigint;
}

/** A meta page. */
interface Meta {
  readonly free: Tree;
  readonly main: Tree;
  readonly pageBytes: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
  readonly bootId: bigint;
  readonly isOverlapping: boolean;
}

/**
 * What is wrong with the base in `file`, as a part of a sentence; undefined when it is whole. An empty file is: the library makes a base of it.
 *
 * @param hasSeals False: values whose checksum does not match are left to others.
 */
export function problemOfPages(file: string, { hasSeals = true } = {}): string | undefined {
  const fd = openSync(file, "r");
  try {
    if (fstatSync(fd).size === 0) return undefined;
    new PageWalk(fd, hasSeals).run();
    return undefined;
  } catch (error) {
    if (error instanceof PageError) return error.message;
    throw error;
  } finally {
    closeSync(fd);
  }
}

class PageWalk {
  readonly #fd: number;
  readonly #hasSeals: boolean;
  readonly #meta: Meta;
  readonly #seen: Uint8Array;
  /** First page and number of pages of each stretch that is listed as free. */
  readonly #free: (readonly [first: bigint, pages: bigint])[] = [];
  #lastKey: Buffer | undefined;
  #entries = 0n;

  constructor(fd: number, hasSeals: boolean) {
    this.#fd = fd;
    this.#hasSeals = hasSeals;
    this.#meta = chooseMeta(fd);
    const { lastPage, pageBytes } = this.#meta;
    if (lastPage * BigInt(pageBytes) > BigInt(fstatSync(fd).size)) throw new PageError("the file is cut off");
    this.#seen = new Uint8Array(Number(lastPage) + 1);
  }

  run(): void {
    this.#walk(this.#meta.free);
    for (const tree of this.#walk(this.#meta.main)) this.#walk(tree);
    for (const [first, pages] of this.#free) this.#mustBeFree(first, pages);
  }

  #mustBeFree(first: bigint, pages: bigint): void {
    const { lastPage } = this.#meta;
    if (first < 2n || first + pages - 1n > lastPage) {
      throw new PageError(`page ${first} is listed as free with ${pages} pages; the last one is ${lastPage}`);
    }
    for (let page = first; page < first + pages; page += 1n) {
      if (this.#seen[Number(page)] === 1) throw new PageError(`page ${page} is in use, but listed as free`);
    }
  }

  /** Notes what an entry of the free pages lists: how many numbers follow, then numbers; a negative one says how many pages begin at the next. */
  #list(value: Buffer, number: bigint): void {
    const numbers = value.length < PAGE_NUMBER_BYTES ? -1 : Number(value.readBigUInt64LE(0));
    if (numbers < 0 || (numbers + 1) * PAGE_NUMBER_BYTES > value.length) {
      throw new PageError(`a list of free pages in page ${number} is cut off`);
    }
    let pages = 1n;
    for (let at = 1; at <= numbers; at += 1) {
      const listed = value.readBigInt64LE(at * PAGE_NUMBER_BYTES);
      if (listed > 0n) this.#free.push([listed, pages]);
      pages = listed < 0n ? -listed : 1n;
    }
  }

  /** Walks a tree; gives the trees that its entries name. */
  #walk(tree: Tree): readonly Tree[] {
    const trees: Tree[] = [];
    this.#lastKey = undefined;
    this.#entries = 0n;
    if (tree.root !== NO_PAGE) this.#visit(tree, tree.root, 1, trees);
    if (this.#entries !== tree.entries) {
      throw new PageError(`tree "${tree.name}" counts ${tree.entries} entries, but has ${this.#entries}`);
    }
    return trees;
  }

  #visit(tree: Tree, number: bigint, depth: number, trees: Tree[]): void {
    const page = this.#read(number, tree.name);
    const kind = page.readUInt16LE(18) & KIND_MASK;
    if (depth > DEPTH_MAX || kind !== (depth === tree.depth ? LEAF : BRANCH)) {
      throw new PageError(`page ${number} of tree "${tree.name}" is of another kind than its place wants`);
    }
    const slots = page.readUInt16LE(20) / 2;
    if (PAGE_HEAD_BYTES + slots * 2 > page.length) throw new PageError(`page ${number} has ${slots} entries`);
    for (let slot = 0; slot < slots; slot += 1) {
      const at = PAGE_HEAD_BYTES + page.readUInt16LE(PAGE_HEAD_BYTES + slot * 2);
      const keyBytes = at + NODE_HEAD_BYTES > page.length ? Infinity : page.readUInt16LE(at + 6);
      const keyEnd = at + NODE_HEAD_BYTES + keyBytes;
      if (keyEnd > page.length) throw new PageError(`entry ${slot} of page ${number} lies outside of it`);
      if (kind === LEAF) this.#entry(tree, { page, number, at, keyEnd }, trees);
      else {
        const low = page.readUInt16LE(at) + page.readUInt16LE(at + 2) * 0x10000;
        this.#visit(tree, BigInt(low) + (BigInt(page.readUInt16LE(at + 4)) << 32n), depth + 1, trees);
      }
    }
  }

  #entry(
    tree: Tree,
    place: { readonly page: Buffer; readonly number: bigint; readonly at: number; readonly keyEnd: number },
    trees: Tree[],
  ): void {
    const { page, number, at, keyEnd } = place;
    const flags = page.readUInt16LE(at + 4);
    const valueBytes = page.readUInt16LE(at) + page.readUInt16LE(at + 2) * 0x10000;
    const key = page.subarray(at + NODE_HEAD_BYTES, keyEnd);
    const isFree = tree.name === FREE_TREE;
    // The keys of free pages are numbers.
    if (!isFree && this.#lastKey !== undefined && Buffer.compare(this.#lastKey, key) >= 0) {
      throw new PageError(`the keys of page ${number} are out of order`);
    }
    this.#lastKey = key;
    this.#entries += 1n;
    const isBig = (flags & BIG_DATA) !== 0;
    if (keyEnd + (isBig ? PAGE_HEAD_BYTES : valueBytes) > page.length) {
      throw new PageError(`a value of page ${number} lies outside of it`);
    }
    const value = isBig
      ? this.#overflow(page, keyEnd, valueBytes, tree.name)
      : page.subarray(keyEnd, keyEnd + valueBytes);
    if (isFree) this.#list(value, number);
    else if ((flags & SUB_TREE) !== 0) {
      if (valueBytes !== TREE_BYTES) throw new PageError(`page ${number} names a tree in ${valueBytes} bytes`);
      trees.push(readTree(value, 0, key.toString("latin1").replaceAll("\0", "")));
    } else if (this.#hasSeals && tree.name === SEALED_TREE) checkSeal(key, value, number);
  }

  /** The value that lies in pages of its own. */
  #overflow(page: Buffer, at: number, valueBytes: number, tree: string): Buffer {
    const first = page.readBigUInt64LE(at);
    const head = this.#read(first, tree);
    const pages = head.readUInt32LE(20);
    const { pageBytes, lastPage } = this.#meta;
    if ((head.readUInt16LE(18) & KIND_MASK) !== OVERFLOW || pages * pageBytes < PAGE_HEAD_BYTES + valueBytes) {
      throw new PageError(`page ${first} of tree "${tree}" does not hold the value that it should`);
    }
    if (first + BigInt(pages) - 1n > lastPage) throw new PageError(`page ${first} is followed by too few others`);
    for (let more = 1; more < pages; more += 1) this.#note(first + BigInt(more), tree);
    const bytes = Buffer.allocUnsafe(valueBytes);
    readAt(this.#fd, bytes, Number(first) * pageBytes + PAGE_HEAD_BYTES);
    return bytes;
  }

  #read(number: bigint, tree: string): Buffer {
    this.#note(number, tree);
    const { pageBytes, transaction } = this.#meta;
    const page = Buffer.allocUnsafe(pageBytes);
    readAt(this.#fd, page, Number(number) * pageBytes);
    const [own, writtenBy] = [page.readBigUInt64LE(0), page.readBigUInt64LE(8)];
    if (own !== number) throw new PageError(`page ${number} of tree "${tree}" says that it is page ${own}`);
    if (writtenBy > transaction) {
      throw new PageError(
        `page ${number} of tree "${tree}" is of transaction ${writtenBy}, the file of ${transaction}`,
      );
    }
    return page;
  }

  #note(number: bigint, tree: string): void {
    if (number < 2n || number > this.#meta.lastPage) {
      throw new PageError(`tree "${tree}" names page ${number}; the last one is ${this.#meta.lastPage}`);
    }
    if (this.#seen[Number(number)] === 1) throw new PageError(`page ${number} is named twice`);
    this.#seen[Number(number)] = 1;
  }
}

function checkSeal(key: Buffer, value: Buffer, number: bigint): void {
  try {
    unseal(key.toString("latin1"), value, value.length);
  } catch {
    throw new PageError(`an entry of page ${number} does not match its checksum`);
  }
}

/** The meta page that the library takes: the newest; after another boot of the machine the one whose data is known to be on the device. */
function chooseMeta(fd: number): Meta {
  const first = readMeta(fd, 0, true);
  const second = readMeta(fd, first.pageBytes, true);
  const newest = first.transaction >= second.transaction ? first : second;
  const older = newest === first ? second : first;
  if (second.transaction === 0n || !newest.isOverlapping || newest.bootId === bootId()) return newest;
  const flushed = readMeta(fd, first.pageBytes / 2, false);
  return flushed.transaction === 0n ? older : flushed;
}

function readMeta(fd: number, offset: number, hasMagic: boolean): Meta {
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

function readTree(bytes: Buffer, at: number, name: string): Tree {
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

function readAt(fd: number, into: Buffer, position: number): void {
  for (let done = 0; done < into.length;) {
    const got = readSync(fd, into, done, into.length - done, position + done);
    if (got === 0) throw new PageError("the file is cut off");
    done += got;
  }
}
