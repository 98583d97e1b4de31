/**
 * Proves the file of a base whole without the storage library, which trusts its pages and ends the process over a wrong one.
 *
 *   meta pages ─▶ the one that the library would take ─▶ trees: free pages, main ─▶ named trees ─▶ entries
 *
 * A page tells its own number and the transaction that wrote it. A file that was copied while it was written has pages of later transactions than its
 * meta page, pages that two trees name, or values that do not match their checksum. A page that is in use and listed as free is damage, too: nothing of
 * it is wrong yet, but the next write would end the process, or overwrite the page.
 *
 * Reads each page once; changes nothing. Where the things lie: `base-layout.ts`.
 *
 * @module
 */
import { closeSync, fstatSync, openSync } from "node:fs";
import {
  BIG_DATA,
  BRANCH,
  chooseMeta,
  DEPTH_MAX,
  FREE_TREE,
  KIND_MASK,
  LEAF,
  listedPages,
  type MetaPage,
  NO_PAGE,
  NODE_HEAD_BYTES,
  OVERFLOW,
  PAGE_HEAD_BYTES,
  PageError,
  readAt,
  readTree,
  SEALED_TREE,
  type Stretch,
  SUB_TREE,
  type Tree,
  TREE_BYTES,
} from "./base-layout.ts";
import { unseal } from "./base-seal.ts";

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
  readonly #meta: MetaPage;
  readonly #seen: Uint8Array;
  /** First page and number of pages of each stretch that is listed as free. */
  readonly #free: Stretch[] = [];
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

  /** Notes what an entry of the free pages lists. */
  #list(value: Buffer, number: bigint): void {
    const listed = listedPages(value);
    if (listed === undefined) throw new PageError(`a list of free pages in page ${number} is cut off`);
    for (const stretch of listed) this.#free.push(stretch);
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
