/**
 * Cause paths through which writers wake readers, made once: the same mutation changes the same fields of the same table every time.
 *
 * A text that was just joined has to be hashed wherever it is looked up, so the one that was made before is given again. So are the causes made of
 * it: records point to them for a while, and what lives for a while is dear to the collector.
 *
 * @module
 */
import type { TableAddress } from "@narrowcast/values";
import type { CommitCause } from "../meter/record.ts";
import { causePathText } from "../meter/cause-path.ts";
import type { Catalogue } from "../tx/catalogue.ts";
import { PRIMARY } from "../tx/types.ts";

export interface CausePath {
  readonly table: TableAddress | null;
  /** By writer. */
  readonly causes: Map<string, CommitCause>;
  readonly change: CommitCause["change"];
  readonly fields: readonly string[];
  /** The index's name. */
  readonly index: string;
  /** See `cause-path.ts`. */
  readonly causePath: string;
}

/** Cause paths kept for each index; more are made again each time. */
const CAUSE_PATHS_MAX = 16;
/** Writers kept for each path. */
const WRITERS_MAX = 16;

/** See the module comment. */
export class CausePaths {
  readonly #catalogue: Catalogue;
  readonly #byIndex = new Map<number, Map<number, CausePath[]>>();

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  of(
    collection: number,
    index: number,
    change: CommitCause["change"],
    fields: readonly string[],
    table: TableAddress | null,
  ): CausePath {
    // Names that are no documents' have no table, and there may be any number of them.
    if (table === null) return this.#make(collection, index, change, fields, table);
    const causePaths = this.#causePathsOf(collection, index);
    for (const known of causePaths) if (known.change === change && isSame(known.fields, fields)) return known;
    const made = this.#make(collection, index, change, fields, table);
    if (causePaths.length < CAUSE_PATHS_MAX) causePaths.push(made);
    return made;
  }

  /** The cause that a commit of `writer` is, through this path. */
  causeOf(known: CausePath, writer: string): CommitCause {
    const { table, index, change, fields, causePath, causes } = known;
    let cause = causes.get(writer);
    if (cause === undefined) {
      cause = { writer, table, index, change, fields, causePath };
      if (causes.size < WRITERS_MAX) causes.set(writer, cause);
    }
    return cause;
  }

  /** Tables and indexes may be others now. */
  clear(): void {
    this.#byIndex.clear();
  }

  #causePathsOf(collection: number, index: number): CausePath[] {
    let indexes = this.#byIndex.get(collection);
    if (indexes === undefined) this.#byIndex.set(collection, (indexes = new Map<number, CausePath[]>()));
    let causePaths = indexes.get(index);
    if (causePaths === undefined) indexes.set(index, (causePaths = []));
    return causePaths;
  }

  #make(
    collection: number,
    number: number,
    change: CommitCause["change"],
    fields: readonly string[],
    table: TableAddress | null,
  ): CausePath {
    const index = this.#indexName(collection, number);
    return { table, causes: new Map(), change, fields, index, causePath: causePathText(table, index, change, fields) };
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
