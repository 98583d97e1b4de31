/**
 * Reads the pages of a damaged base without the storage library, as far as they can be read.
 *
 *   meta page ─▶ trees ─▶ pages ─▶ entries          a page that is not what its place wants is told, and what lies beside it is read
 *   pages that no tree reaches and nobody lists as free ─▶ entries     after damage: they hang below a page that is lost
 *
 * Nothing here trusts a number of the file: each is compared with the file's size, the page's size or the tree's depth before it is used.
 *
 * Not here: whether an entry is what was written (`salvage-base.ts`).
 *
 * @module
 */
import { fstatSync } from "node:fs";
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
  readMeta,
  readTree,
  SUB_TREE,
  type Tree,
  TREE_BYTES,
} from "./base-layout.ts";

const PAGE_BYTES_USUAL = 4_096;

/** An entry of a leaf, as its page has it. */
export interface PageEntry {
  readonly page: number;
  readonly key: Buffer;
  /** A text when the pages that it lies in cannot be read: why. */
  readonly value: Buffer | string;
  readonly isTree: boolean;
  /** Its page is listed as free, too: either the list is damaged, or what led here. */
  readonly isContested: boolean;
  /** No slot leads to it: it lies where another entry ends, and may be none. */
  readonly isGuess: boolean;
}

/** A page that could not be read, and the keys that lie below it: from `from` to before `to`, as far as its neighbours say. */
export interface PageLoss {
  readonly page: bigint;
  readonly tree: string;
  readonly message: string;
  readonly from: Buffer;
  readonly to: Buffer | undefined;
}

/** Where a page hangs. */
interface Hanging {
  readonly tree: Tree;
  readonly depth: number;
  readonly from: Buffer;
  readonly to: Buffer | undefined;
}

/** One walk over the pages of a file; see the module comment. */
export class PageSalvage {
  readonly #fd: number;
  readonly #meta: MetaPage;
  readonly #lastPage: number;
  readonly #reached: Uint8Array;
  readonly #lost: (loss: PageLoss) => void;
  readonly #free: Uint8Array;
  #isFreeWhole = true;
  #losses = 0;

  /** @param lost Is told what cannot be read, as the walk meets it. */
  constructor(fd: number, meta: MetaPage, lost: (loss: PageLoss) => void) {
    this.#fd = fd;
    this.#meta = meta;
    this.#lost = lost;
    const pagesOfFile = Math.ceil(fstatSync(fd).size / meta.pageBytes);
    this.#lastPage = pagesOfFile - 1;
    this.#reached = new Uint8Array(pagesOfFile);
    this.#free = new Uint8Array(pagesOfFile);
    this.#readFree();
  }

  /** How many pages were lost so far. */
  get losses(): number {
    return this.#losses;
  }

  /** The trees that the main one names, by name. */
  trees(): ReadonlyMap<string, Tree> {
    const trees = new Map<string, Tree>();
    for (const { key, value, isTree } of this.entries(this.#meta.main)) {
      if (!isTree || typeof value === "string" || value.length !== TREE_BYTES) continue;
      const name = key.toString("latin1").replaceAll("\0", "");
      trees.set(name, readTree(value, 0, name));
    }
    return trees;
  }

  /** Every entry of a tree that can be read, in order. */
  *entries(tree: Tree): Generator<PageEntry> {
    if (tree.root === NO_PAGE) return;
    yield* this.#visit(tree.root, { tree, depth: 1, from: Buffer.alloc(0), to: undefined });
  }

  /**
   * The leaves that no tree reaches and that are not free, the newest first. Call it when all trees were walked.
   *
   * @param isFormer Whether the trees are a former state: then what came later is among them, though it was free then.
   * @param contested Leaves to sort in among them.
   * @returns Whether the list of free pages could be read whole: if not, former states of pages may be among them.
   */
  orphans(
    isFormer: boolean,
    contested: ReadonlySet<number>,
  ): { readonly areCurrent: boolean; readonly leaves: readonly number[] } {
    const found: { readonly number: number; readonly transaction: bigint }[] = [];
    const last = isFormer ? this.#lastPage : Math.min(Number(this.#meta.lastPage), this.#lastPage);
    for (let number = 2; number <= last; number += 1) {
      const isContested = contested.has(number);
      const page = this.#reached[number] === 1 && !isContested ? undefined : this.#page(number);
      if (page === undefined || page.readBigUInt64LE(0) !== BigInt(number) || kindOf(page) !== LEAF) continue;
      const isLater = isFormer && page.readBigUInt64LE(8) > this.#meta.transaction;
      if (this.#free[number] === 0 || isLater || isContested)
        found.push({ number, transaction: page.readBigUInt64LE(8) });
    }
    found.sort((one, other) => Number(other.transaction - one.transaction));
    return { areCurrent: this.#isFreeWhole && !isFormer, leaves: found.map(({ number }) => number) };
  }

  /** The entries of a leaf, wherever it hangs. */
  entriesOf(leaf: number): readonly PageEntry[] {
    const page = this.#page(leaf);
    return page === undefined ? [] : this.#leafEntries(page, leaf);
  }

  #readFree(): void {
    const before = this.#losses;
    for (const { value } of this.entries(this.#meta.free)) {
      const listed = typeof value === "string" ? undefined : listedPages(value);
      this.#isFreeWhole &&= listed !== undefined;
      for (const [first, pages] of listed ?? []) this.#free.fill(1, Number(first), Number(first + pages));
    }
    this.#isFreeWhole &&= this.#losses === before;
  }

  *#visit(number: bigint, hanging: Hanging): Generator<PageEntry> {
    const { tree, depth } = hanging;
    let page: Buffer;
    try {
      page = this.#take(number, depth < tree.depth ? BRANCH : LEAF, depth);
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      this.#losses += 1;
      this.#lost({ page: number, tree: tree.name, message: error.message, from: hanging.from, to: hanging.to });
      return;
    }
    if (depth === tree.depth) yield* this.#leafEntries(page, Number(number));
    else yield* this.#children(page, hanging);
  }

  *#children(page: Buffer, hanging: Hanging): Generator<PageEntry> {
    const slots = slotsOf(page).flatMap((at) => {
      const keyEnd = at + NODE_HEAD_BYTES + page.readUInt16LE(at + 6);
      if (keyEnd > page.length) return [];
      const low = page.readUInt16LE(at) + page.readUInt16LE(at + 2) * 0x10000;
      const child = BigInt(low) + (BigInt(page.readUInt16LE(at + 4)) << 32n);
      return [{ child, key: Buffer.from(page.subarray(at + NODE_HEAD_BYTES, keyEnd)) }];
    });
    for (const [slot, { child, key }] of slots.entries()) {
      const from = slot === 0 ? hanging.from : key;
      const to = slots[slot + 1]?.key ?? hanging.to;
      yield* this.#visit(child, { ...hanging, depth: hanging.depth + 1, from, to });
    }
  }

  /** The page `number`, which nobody took before. @throws {PageError} If it is not what its place wants. */
  #take(number: bigint, kind: number, depth: number): Buffer {
    if (depth > DEPTH_MAX || number < 2n || number > BigInt(this.#lastPage))
      throw new PageError("it is not in the file");
    const at = Number(number);
    if (this.#reached[at] === 1) throw new PageError("it hangs at another place, too");
    const page = this.#page(at);
    if (page === undefined) throw new PageError("it is cut off");
    if (page.readBigUInt64LE(0) !== number) throw new PageError(`it says that it is page ${page.readBigUInt64LE(0)}`);
    if (page.readBigUInt64LE(8) > this.#meta.transaction) throw new PageError("it is of a transaction that never was");
    if (kindOf(page) !== kind) throw new PageError("it is of another kind than its place wants");
    this.#reached[at] = 1;
    return page;
  }

  #page(number: number): Buffer | undefined {
    const page = Buffer.allocUnsafe(this.#meta.pageBytes);
    try {
      readAt(this.#fd, page, number * this.#meta.pageBytes);
    } catch (error) {
      if (error instanceof PageError) return undefined;
      throw error;
    }
    return page;
  }

  /** By the slots, and by walking the entries themselves: the damage may be in either. */
  #leafEntries(page: Buffer, number: number): readonly PageEntry[] {
    const slots = slotsOf(page);
    const ofSlots = slots.flatMap((at) => this.#entry(page, number, at, false) ?? []);
    return [...ofSlots, ...neighbours(page, slots).flatMap((at) => this.#entry(page, number, at, true) ?? [])];
  }

  #entry(page: Buffer, number: number, at: number, isGuess: boolean): PageEntry | undefined {
    const keyEnd = at + NODE_HEAD_BYTES + page.readUInt16LE(at + 6);
    if (keyEnd > page.length) return undefined;
    const flags = page.readUInt16LE(at + 4);
    const valueBytes = valueBytesOf(page, at);
    const isContested = this.#free[number] === 1;
    const key = Buffer.from(page.subarray(at + NODE_HEAD_BYTES, keyEnd));
    const isTree = (flags & SUB_TREE) !== 0;
    if ((flags & BIG_DATA) !== 0) {
      if (keyEnd + 8 > page.length) return undefined;
      return {
        page: number,
        key,
        value: this.#big(page.readBigUInt64LE(keyEnd), valueBytes),
        isTree,
        isContested,
        isGuess,
      };
    }
    if (keyEnd + valueBytes > page.length) return undefined;
    return { page: number, key, value: page.subarray(keyEnd, keyEnd + valueBytes), isTree, isContested, isGuess };
  }

  /** A value that lies in pages of its own; a text says why it cannot be read. */
  #big(first: bigint, valueBytes: number): Buffer | string {
    const { pageBytes } = this.#meta;
    if (first < 2n || first > BigInt(this.#lastPage)) return `page ${first} is not in the file`;
    const head = this.#page(Number(first));
    const isOwn = head !== undefined && head.readBigUInt64LE(0) === first && kindOf(head) === OVERFLOW;
    const end = Number(first) * pageBytes + PAGE_HEAD_BYTES + valueBytes;
    if (!isOwn || end > fstatSync(this.#fd).size) return `page ${first} does not hold the value that it should`;
    const value = Buffer.allocUnsafe(valueBytes);
    readAt(this.#fd, value, end - valueBytes);
    // Its pages are taken, should their bytes look like a leaf.
    this.#reached.fill(1, Number(first), Math.ceil(end / pageBytes));
    return value;
  }
}

function kindOf(page: Buffer): number {
  return page.readUInt16LE(18) & KIND_MASK;
}

function valueBytesOf(page: Buffer, at: number): number {
  return page.readUInt16LE(at) + page.readUInt16LE(at + 2) * 0x10000;
}

/** Where the slots say that entries begin; what lies outside of the page is left out. */
function slotsOf(page: Buffer): readonly number[] {
  const slots = Math.min(page.readUInt16LE(20), page.length - PAGE_HEAD_BYTES) >> 1;
  const places: number[] = [];
  for (let slot = 0; slot < slots; slot += 1) {
    const at = PAGE_HEAD_BYTES + page.readUInt16LE(PAGE_HEAD_BYTES + slot * 2);
    if (at + NODE_HEAD_BYTES <= page.length) places.push(at);
  }
  return places;
}

/** Where entries may begin that no slot leads to: they lie side by side, each at an even place. */
function neighbours(page: Buffer, slots: readonly number[]): readonly number[] {
  const known = new Set(slots);
  const places: number[] = [];
  for (const start of [PAGE_HEAD_BYTES + page.readUInt16LE(22), ...slots]) {
    for (let at = start; at + NODE_HEAD_BYTES <= page.length;) {
      if (!known.has(at)) places.push(at);
      else if (at !== start) break;
      known.add(at);
      const isBig = (page.readUInt16LE(at + 4) & BIG_DATA) !== 0;
      const bytes = NODE_HEAD_BYTES + page.readUInt16LE(at + 6) + (isBig ? 8 : valueBytesOf(page, at));
      at += bytes + (bytes & 1);
    }
  }
  return places;
}

/** The meta pages that can be read (and whether that is all), the one that the library would take first; one made up if there is none. */
export function metasOf(fd: number): { readonly metas: readonly MetaPage[]; readonly areAll: boolean } {
  const metas: MetaPage[] = [];
  let areAll = true;
  const add = (read: () => MetaPage): void => {
    try {
      metas.push(read());
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      areAll = false;
    }
  };
  add(() => chooseMeta(fd));
  add(() => readMeta(fd, 0, true));
  add(() => readMeta(fd, metas[0]?.pageBytes ?? PAGE_BYTES_USUAL, true));
  if (metas.length > 0) return { metas, areAll };
  const none = (name: string): Tree => ({ name, depth: 1, entries: 0n, root: 0n });
  const lastPage = BigInt(Math.floor(fstatSync(fd).size / PAGE_BYTES_USUAL));
  const rest = { pageBytes: PAGE_BYTES_USUAL, lastPage, transaction: NO_PAGE, bootId: 0n, isOverlapping: false };
  return { metas: [{ free: none(FREE_TREE), main: none("main"), ...rest }], areAll };
}
