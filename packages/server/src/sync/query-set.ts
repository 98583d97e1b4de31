/**
 * What one `ModifyQuerySet` comes to, and how many queries a socket then has.
 *
 * Invariants:
 *   - Changes happen in the order of the list: a query that is added and then removed is not there.
 *   - What all sockets of a server subscribe to is counted together, and given back when a socket closes.
 *
 * @module
 */
import type { AddQuery, Limits, RemoveQuery } from "@narrowcast/values";

/** The queries of all sockets of a server. */
export class QueryCount {
  total = 0;
}

/** Changes as the deployment wants them: all removals, then all additions. */
export interface NetChanges {
  readonly add: readonly AddQuery[];
  readonly remove: readonly number[];
}

/** See the module comment. */
export class QuerySet {
  readonly #limits: Pick<Limits, "socketQueriesMax" | "serverQueriesMax">;
  readonly #server: QueryCount;
  readonly #ids = new Set<number>();

  constructor(limits: Pick<Limits, "socketQueriesMax" | "serverQueriesMax">, server: QueryCount) {
    this.#limits = limits;
    this.#server = server;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** Takes the changes, whatever limits say; see {@linkcode excess}. */
  modify(modifications: readonly (AddQuery | RemoveQuery)[]): NetChanges {
    const before = this.#ids.size;
    const add = new Map<number, AddQuery>();
    const remove = new Set<number>();
    for (const change of modifications) {
      add.delete(change.queryId);
      if (change.type === "Add") {
        add.set(change.queryId, change);
        this.#ids.add(change.queryId);
      } else {
        remove.add(change.queryId);
        this.#ids.delete(change.queryId);
      }
    }
    this.#server.total += this.#ids.size - before;
    return { add: [...add.values()], remove: [...remove] };
  }

  /** Which limit is exceeded now. */
  get excess(): "socket" | "server" | undefined {
    if (this.#ids.size > this.#limits.socketQueriesMax) return "socket";
    return this.#server.total > this.#limits.serverQueriesMax ? "server" : undefined;
  }

  /** The socket is gone. */
  close(): void {
    this.#server.total -= this.#ids.size;
    this.#ids.clear();
  }
}
