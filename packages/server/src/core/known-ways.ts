/**
 * Ways through which writers wake readers, made once: the same mutation changes the same fields of the same table every time.
 *
 * A text that was just joined has to be hashed wherever it is looked up, so the one that was made before is given again. So are the causes made of it: records point to
 * them for a while, and what lives for a while is dear to the collector.
 *
 * @module
 */
import type { TableAddress } from "@narrowcast/values";
import type { CommitCause } from "../meter/record.ts";
import { wayText } from "../meter/way.ts";
import type { Catalogue } from "../tx/catalogue.ts";
import { PRIMARY } from "../tx/types.ts";

export interface KnownWay {
  readonly table: TableAddress | null;
  /** By writer. */
  readonly causes: Map<string, CommitCause>;
  readonly change: CommitCause["change"];
  readonly fields: readonly string[];
  /** The index's name. */
  readonly index: string;
  /** See `way.ts`. */
  readonly way: string;
}

/** Ways kept for each index; more are made again each time. */
const WAYS_MAX = 16;
/** Writers kept for each way. */
const WRITERS_MAX = 16;

/** See the module comment. */
export class KnownWays {
  readonly #catalogue: Catalogue;
  readonly #byIndex = new Map<number, Map<number, KnownWay[]>>();

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  of(
    collection: number,
    index: number,
    change: CommitCause["change"],
    fields: readonly string[],
    table: TableAddress | null,
  ): KnownWay {
    // Names that are no documents' have no table, and there may be any number of them.
    if (table === null) return this.#make(collection, index, change, fields, table);
    const ways = this.#waysOf(collection, index);
    for (const known of ways) if (known.change === change && isSame(known.fields, fields)) return known;
    const made = this.#make(collection, index, change, fields, table);
    if (ways.length < WAYS_MAX) ways.push(made);
    return made;
  }

  /** The cause that a commit of `writer` is, through this way. */
  causeOf(known: KnownWay, writer: string): CommitCause {
    const { table, index, change, fields, way, causes } = known;
    let cause = causes.get(writer);
    if (cause === undefined) {
      cause = { writer, table, index, change, fields, way };
      if (causes.size < WRITERS_MAX) causes.set(writer, cause);
    }
    return cause;
  }

  /** Tables and indexes may be others now. */
  clear(): void {
    this.#byIndex.clear();
  }

  #waysOf(collection: number, index: number): KnownWay[] {
    let indexes = this.#byIndex.get(collection);
    if (indexes === undefined) this.#byIndex.set(collection, (indexes = new Map<number, KnownWay[]>()));
    let ways = indexes.get(index);
    if (ways === undefined) indexes.set(index, (ways = []));
    return ways;
  }

  #make(
    collection: number,
    number: number,
    change: CommitCause["change"],
    fields: readonly string[],
    table: TableAddress | null,
  ): KnownWay {
    const index = this.#indexName(collection, number);
    return { table, causes: new Map(), change, fields, index, way: wayText(table, index, change, fields) };
  }

  #indexName(collection: number, number: number): string {
    if (number === PRIMARY) return "by_id";
    const table = this.#catalogue.byNumber(collection);
    return table?.indexes.find((index) => index.number === number)?.name ?? `#${number}`;
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((field, at) => field === b[at]);
}
