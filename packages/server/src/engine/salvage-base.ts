/**
 * What can still be read of a damaged base: every entry whose checksum holds, wherever it lies.
 *
 * The checksum is over key and value (`base-seal.ts`), so an entry proves itself. What it cannot prove is that it is the newest: an entry of a page that
 * hangs nowhere may be a former one. Such are told apart ({@linkcode BaseEntry.isStray}), and are used only where nothing else is known.
 *
 * Not here: which entries count (`salvage.ts`).
 *
 * @module
 */
import { closeSync, openSync } from "node:fs";
import { type MetaPage, NO_PAGE, SEALED_TREE, type Tree } from "./base-layout.ts";
import { isLink, LINK_COLLECTION, SPACE_BYTES } from "./base-keys.ts";
import { unseal } from "./base-seal.ts";
import type { BaseState } from "./base.ts";
import { metasOf, type PageEntry, type PageLoss, PageSalvage } from "./salvage-pages.ts";
import type { Key } from "./types.ts";

const META_TREE = "meta";
const STATE_KEY = "state";

/** An entry of the base that is what was written. */
export interface BaseEntry {
  readonly collection: number;
  readonly index: number;
  readonly key: Key;
  readonly value: Uint8Array;
  /** It was found in a page that no tree reaches, or that is free by another list. */
  readonly isStray: boolean;
}

/** What a base lacks: where, why, and which collections it may have been of, as far as that is known. */
export interface BaseLoss {
  readonly place: string;
  readonly message: string;
  readonly collections: readonly [first: number, last: number] | undefined;
}

/** What is known of a base besides its entries. */
interface BaseFacts {
  readonly meta: MetaPage;
  readonly data: Tree | undefined;
  readonly state: BaseState | undefined;
  /** It is a former state, and how far that was is not known: what newer pages have is to be preferred. */
  readonly isFormer: boolean;
}

/** See the module comment. */
export class BaseSalvage {
  readonly #fd: number;
  readonly #facts: BaseFacts;
  readonly #losses = new Map<string, BaseLoss>();

  /**
   * @param file The base's file, which nobody may write to. Close it.
   * @param logGoesOn Whether the log has everything behind a record.
   */
  constructor(file: string, logGoesOn: (record: number) => boolean) {
    this.#fd = openSync(file, "r");
    this.#facts = this.#findFacts(logGoesOn);
  }

  /** How far the base is; undefined when that is lost. */
  get state(): BaseState | undefined {
    return this.#facts.state;
  }

  /** What was lost, once {@linkcode entries} was read to its end. */
  get losses(): readonly BaseLoss[] {
    return [...this.#losses.values()];
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Every sound entry, those that may be former ones last: of pages that hang nowhere, or that are in use and free. An entry can come twice. */
  *entries(): Generator<BaseEntry> {
    const { meta, data, isFormer } = this.#facts;
    const gaps: PageLoss[] = [];
    const pages = new PageSalvage(this.#fd, meta, (loss) => {
      gaps.push(loss);
      this.#lose(loss);
    });
    const trees = [...pages.trees().values()];
    for (const tree of trees) if (tree.name !== SEALED_TREE) for (const _ of pages.entries(tree));
    /** Leaves that hang in the tree, but may be former states. */
    const contested = new Set<number>();
    let found = 0n;
    if (data !== undefined) {
      for (const entry of pages.entries(data)) {
        if (!entry.isGuess) found += 1n;
        const sound = this.#proved(entry);
        if (sound === undefined) continue;
        if (entry.isContested || isFormer) contested.add(entry.page);
        else yield { ...sound, isStray: false };
      }
      if (found !== data.entries && this.#losses.size === 0) {
        const message = `it counts ${data.entries} entries, but has ${found}`;
        this.#note({ place: `base, tree "${SEALED_TREE}"`, message, collections: undefined });
      }
    }
    if (contested.size > 0 && !isFormer) {
      this.#note({ place: "base", message: "pages are in use and listed as free", collections: undefined });
    }
    const isShort = data === undefined || pages.losses > 0 || found < data.entries || contested.size > 0;
    if (isShort) yield* this.#strays(pages, gaps, contested);
  }

  *#strays(pages: PageSalvage, gaps: readonly PageLoss[], contested: ReadonlySet<number>): Generator<BaseEntry> {
    const { isFormer } = this.#facts;
    const { areCurrent, leaves } = pages.orphans(isFormer, contested);
    const isMissing = (key: Buffer): boolean =>
      isFormer ||
      gaps.some(
        ({ tree, from, to }) =>
          tree !== SEALED_TREE || (Buffer.compare(from, key) <= 0 && (to === undefined || Buffer.compare(key, to) < 0)),
      );
    /** Stretches of keys that newer leaves have: an older leaf that lies across one is a former state of it. */
    const taken: (readonly [first: Buffer, last: Buffer])[] = [];
    for (const leaf of leaves) {
      const entries = pages.entriesOf(leaf).flatMap((entry) => {
        const sound = proveEntry(entry);
        return typeof sound === "string" ? [] : [{ sound, key: entry.key }];
      });
      const keys = entries.map(({ key }) => key).sort((a, b) => Buffer.compare(a, b));
      const [first, last] = [keys[0], keys.at(-1)];
      if (first === undefined || last === undefined) continue;
      const isOlder = taken.some(([from, to]) => Buffer.compare(first, to) <= 0 && Buffer.compare(from, last) <= 0);
      if (!areCurrent && (isOlder || !(contested.has(leaf) || isMissing(first)))) continue;
      taken.push([first, last]);
      for (const { sound } of entries) if (sound !== undefined) yield { ...sound, isStray: true };
    }
  }

  /** The entry if it is sound and ours; what is not sound is noted. */
  #proved(entry: PageEntry): Omit<BaseEntry, "isStray"> | undefined {
    const proved = proveEntry(entry);
    if (typeof proved !== "string") return proved;
    if (entry.isGuess) return undefined;
    const [collection, index] = spaceIn(entry.key);
    const place = `base, page ${entry.page}, entry ${entry.key.toString("hex").slice(0, 128)} (tree ${index})`;
    this.#note({ place, message: proved, collections: [collection, collection] });
    return undefined;
  }

  #lose({ page, tree, message, from, to }: PageLoss): void {
    const isOfRows = tree === SEALED_TREE;
    const last = to === undefined ? LINK_COLLECTION : spaceIn(to)[0];
    const collections = isOfRows ? ([from.length === 0 ? 0 : spaceIn(from)[0], last] as const) : undefined;
    this.#note({ place: `base, page ${page} of tree "${tree}"`, message, collections });
  }

  #note(loss: BaseLoss): void {
    this.#losses.set(`${loss.place}: ${loss.message}`, loss);
  }

  /** By the first meta page whose rows can be reached: the older one is a whole state of its own, which the log may go on from. */
  #findFacts(logGoesOn: (record: number) => boolean): BaseFacts {
    const { metas, areAll } = metasOf(this.#fd);
    for (const meta of metas) {
      const pages = new PageSalvage(this.#fd, meta, () => undefined);
      const trees = pages.trees();
      const data = trees.get(SEALED_TREE);
      if (data === undefined || (data.root !== NO_PAGE && pages.entries(data).next().done === true)) continue;
      const metaTree = trees.get(META_TREE);
      const state = metaTree === undefined ? undefined : stateIn(pages.entries(metaTree));
      const isNewest = areAll && meta === metas[0];
      if (!isNewest) this.#note({ place: "base", message: "its newest state is lost", collections: undefined });
      if (state === undefined) {
        this.#note({ place: "base", message: "how far it is is not known", collections: undefined });
      }
      return { meta, data, state, isFormer: !isNewest && (state === undefined || !logGoesOn(state.applied)) };
    }
    this.#note({ place: "base", message: "its tree of rows is lost", collections: undefined });
    return { meta: metas[0]!, data: undefined, state: undefined, isFormer: true };
  }
}

/** The entry; undefined when it is no row and no index entry; a text says why it is not sound. */
function proveEntry({ key, value }: PageEntry): Omit<BaseEntry, "isStray"> | string | undefined {
  if (typeof value === "string") return value;
  const storedKey = key.toString("latin1");
  let bytes: Uint8Array;
  try {
    bytes = unseal(storedKey, value, value.length);
  } catch {
    return "it does not match its checksum";
  }
  const [collection, index] = spaceIn(key);
  const rest = storedKey.slice(SPACE_BYTES);
  // What lies behind links are index entries with long keys: they follow from the rows.
  if (collection === LINK_COLLECTION || isLink(rest)) return undefined;
  return { collection, index, key: rest, value: bytes };
}

/** Collection and index of a stored key. */
function spaceIn(key: Buffer): readonly [collection: number, index: number] {
  return key.length < SPACE_BYTES ? [0, 0] : [key.readUInt32BE(0), key.readUInt32BE(4)];
}

function stateIn(entries: Iterable<PageEntry>): BaseState | undefined {
  for (const { key, value } of entries) {
    if (key.toString("latin1") !== STATE_KEY || typeof value === "string") continue;
    try {
      const state = JSON.parse(value.toString()) as Partial<BaseState>;
      const { applied, progress, head, format, nextLink } = state;
      const numbers = [applied, progress, head, format, nextLink];
      if (numbers.every((number) => typeof number === "number" && number >= 0)) return state as BaseState;
    } catch {
      // It is lost.
    }
  }
  return undefined;
}
