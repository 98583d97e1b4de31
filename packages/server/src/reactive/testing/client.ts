/**
 * A client as the oracle sees it: applies the updates of one socket and checks what no client may ever see.
 *
 * @module
 */
import { expect } from "vitest";
import { sameResult } from "../results.ts";
import type { RunResult, SocketUpdate } from "../types.ts";

/** Holds what one socket was given. */
export class Client {
  readonly id: number;
  readonly held = new Map<number, RunResult>();
  readonly updates: SocketUpdate[] = [];
  querySet = 0;
  identity = 0;
  ts = 0;
  readonly #anew = new Map<number, number>();

  constructor(id: number) {
    this.id = id;
  }

  /** From this query-set version on the id means another query, so even an equal result must come. */
  askAnew(queryId: number, querySet: number): void {
    this.#anew.set(queryId, querySet);
  }

  /** Takes one update; versions must not go back and a result must differ from the one that is held. */
  apply(update: SocketUpdate): void {
    expect(update.querySet).toBeGreaterThanOrEqual(this.querySet);
    expect(update.identity).toBeGreaterThanOrEqual(this.identity);
    expect(update.ts).toBeGreaterThanOrEqual(this.ts);
    this.querySet = update.querySet;
    this.identity = update.identity;
    this.ts = update.ts;
    for (const { queryId, result } of update.changes) {
      const held = this.held.get(queryId);
      if (result === undefined) this.held.delete(queryId);
      else this.held.set(queryId, result);
      const isAnew = (this.#anew.get(queryId) ?? Infinity) <= update.querySet;
      if (isAnew) this.#anew.delete(queryId);
      if (held === undefined || result === undefined || isAnew) continue;
      expect(sameResult(held, result), `query ${queryId} sent twice`).toBe(false);
    }
    this.updates.push(update);
  }

  /** The text a query shows: its value, or `!` and its error. */
  shows(queryId: number): string | undefined {
    const result = this.held.get(queryId);
    return result === undefined || result.ok ? result?.value : `!${result.errorMessage}`;
  }
}
