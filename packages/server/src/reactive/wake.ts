/**
 * Wakes: why a live query has to be executed again, for the meter.
 *
 * A commit that touches ten thousand live queries through one index key makes one wake that they share; while the dependency index is asked, only
 * the places where its answer grew are noted.
 *
 * @module
 */
import type { TableAddress, Ts } from "@narrowcast/values";
import { changedFieldsOf } from "../tx/change.ts";
import type { Commit, DocumentChange } from "../tx/types.ts";

/** The first change that touched a clean live query. */
export interface Wake {
  /** Of the commit; 0 for changes that come without one. */
  readonly ts: Ts;
  /** The function that wrote, or what else changed: `deployment`, `names`. */
  readonly source: string;
  /** Table of the document, or null for a catalogue name. */
  readonly table: TableAddress | null;
  readonly collection: number;
  /** Index whose key was touched; `PRIMARY` for a look-up by id. */
  readonly index: number;
  readonly change: "insert" | "update" | "delete" | "name";
  /** Top-level fields that an update changed, or the catalogue names. */
  readonly fields: readonly string[];
  /** Of the observer: what it made of this wake, which many live queries share. */
  note: object | undefined;
}

interface Growth {
  readonly upTo: number;
  readonly change: DocumentChange | undefined;
  readonly index: number;
  wake: Wake | undefined;
}

/** What touched the live queries that a commit hit, in the order in which the dependency index found them. */
export class WakeTrail {
  readonly #commit: Commit;
  readonly #growths: Growth[] = [];
  #at = 0;

  constructor(commit: Commit) {
    this.#commit = commit;
  }

  /** Notes that there are `size` hits now; what is new was found by this key of this change, or by a name. */
  note(size: number, change: DocumentChange | undefined, index: number): void {
    if (size > (this.#growths.at(-1)?.upTo ?? 0)) this.#growths.push({ upTo: size, change, index, wake: undefined });
  }

  /** What touched the hit at `position` of the answer; positions must not go back. */
  wakeOf(position: number): Wake | undefined {
    while (position >= (this.#growths[this.#at]?.upTo ?? Infinity)) this.#at += 1;
    const growth = this.#growths[this.#at];
    if (growth === undefined) return undefined;
    growth.wake ??= wakeOf(this.#commit, growth.change, growth.index);
    return growth.wake;
  }
}

function wakeOf(commit: Commit, change: DocumentChange | undefined, index: number): Wake {
  const { ts, source } = commit;
  const note = undefined;
  if (change === undefined)
    return { ts, source, table: null, collection: 0, index, change: "name", fields: commit.names, note };
  const { table, collection, before, after } = change;
  if (before === undefined) return { ts, source, table, collection, index, change: "insert", fields: [], note };
  if (after === undefined) return { ts, source, table, collection, index, change: "delete", fields: [], note };
  return { ts, source, table, collection, index, change: "update", fields: changedFieldsOf(change), note };
}

/** The wake of changes that come without a commit. */
export function wakeWithoutCommit(source: string, names: readonly string[]): Wake {
  return { ts: 0, source, table: null, collection: 0, index: 0, change: "name", fields: names, note: undefined };
}
