/**
 * Collects changes of the base for one LMDB transaction; the last change of a key wins.
 *
 * Resolves long keys to their spaces as it goes (`base-keys.ts`), makes links where they are missing and removes links to spaces that became empty.
 *
 * @module
 */
import { CHUNK_BYTES, linkedSpace, linkKey, linkValue, spaceOf } from "./base-keys.ts";
import type { BaseReader } from "./base-reader.ts";
import type { Key } from "./types.ts";

/** The space of a link, if it lost a key in this batch. */
interface Touched {
  readonly link: string;
  readonly depth: number;
}

/** See the module comment. */
export class BaseBatch {
  readonly #reader: BaseReader;
  /** By stored key; `undefined` removes. */
  readonly #changes = new Map<string, Uint8Array | undefined>();
  readonly #puts = new Map<string, Set<string>>();
  readonly #touched = new Map<string, Touched>();
  #nextLink: number;

  /** @param nextLink The first number of a link space that is not in use. */
  constructor(reader: BaseReader, nextLink: number) {
    this.#reader = reader;
    this.#nextLink = nextLink;
  }

  /** The first number of a link space that is not in use, also after this batch. */
  get nextLink(): number {
    return this.#nextLink;
  }

  /** Number of stored keys that change. */
  get size(): number {
    return this.#changes.size;
  }

  put(collection: number, index: number, key: Key, value: Uint8Array): void {
    let space = spaceOf(collection, index);
    let rest = key;
    while (rest.length > CHUNK_BYTES) {
      const link = linkKey(space, rest);
      const value = this.#current(link) ?? this.#newLink(space, link);
      space = linkedSpace(value);
      rest = rest.slice(CHUNK_BYTES);
    }
    this.#set(space, space + rest, value);
  }

  remove(collection: number, index: number, key: Key): void {
    let space = spaceOf(collection, index);
    let rest = key;
    let depth = 0;
    while (rest.length > CHUNK_BYTES) {
      const link = linkKey(space, rest);
      const value = this.#current(link);
      if (value === undefined) return;
      this.#touched.set(linkedSpace(value), { link, depth });
      space = linkedSpace(value);
      rest = rest.slice(CHUNK_BYTES);
      depth += 1;
    }
    this.#changes.set(space + rest, undefined);
    this.#puts.get(space)?.delete(space + rest);
  }

  /** The finished changes, by stored key; `undefined` removes. */
  seal(): ReadonlyMap<string, Uint8Array | undefined> {
    const deepestFirst = [...this.#touched].sort(([, a], [, b]) => b.depth - a.depth);
    for (const [space, { link }] of deepestFirst) {
      if (!this.#isEmpty(space)) continue;
      this.#changes.set(link, undefined);
      this.#puts.get(link.slice(0, space.length))?.delete(link);
    }
    return this.#changes;
  }

  #current(storedKey: string): Uint8Array | undefined {
    return this.#changes.has(storedKey) ? this.#changes.get(storedKey) : this.#reader.stored(storedKey);
  }

  #newLink(space: string, link: string): Uint8Array {
    const value = linkValue(this.#nextLink);
    this.#nextLink += 1;
    this.#set(space, link, value);
    return value;
  }

  #set(space: string, storedKey: string, value: Uint8Array): void {
    this.#changes.set(storedKey, value);
    const puts = this.#puts.get(space);
    if (puts === undefined) this.#puts.set(space, new Set([storedKey]));
    else puts.add(storedKey);
  }

  #isEmpty(space: string): boolean {
    if ((this.#puts.get(space)?.size ?? 0) > 0) return false;
    for (const key of this.#reader.storedKeys(space)) {
      if (!this.#changes.has(key) || this.#changes.get(key) !== undefined) return false;
    }
    return true;
  }
}
