/**
 * What one socket with deltas holds of each query, and how it is told the next value.
 *
 * Invariant: `held` is what the client's last modification of a query left it with, so a delta always fits.
 *
 * @module
 */
import { DELTA_VERSION } from "@narrowcast/values";
import type { RunResult } from "../protocol/live-types.ts";
import type { DeltaTable, GoodResult, HeldValue } from "./delta-table.ts";

/** Said first to a client that asked for deltas; others never see it. */
export const DELTAS_ON_FRAME = `{"type":"DeltasOn","version":${DELTA_VERSION}}`;

interface Held {
  readonly value: HeldValue;
  readonly journal: string | null;
}

/** See the module comment. */
export class SocketDeltas {
  readonly #table: DeltaTable;
  readonly #held = new Map<number, Held>();

  constructor(table: DeltaTable) {
    this.#table = table;
  }

  /** The text of a modification that says only what changed; `undefined` if the whole must be sent. Called once for each modification sent. */
  modification(queryId: number, result: RunResult | undefined): string | undefined {
    const former = this.#held.get(queryId);
    this.#held.delete(queryId);
    const value = result?.ok === true ? this.#table.hold(result) : undefined;
    let text: string | undefined;
    if (result?.ok === true && value !== undefined) {
      this.#held.set(queryId, { value, journal: result.journal });
      const delta = former === undefined ? undefined : this.#table.delta(former.value, value);
      if (delta !== undefined && former !== undefined) {
        text = `{"type":"QueryDelta","queryId":${queryId},"delta":${delta}${tail(result, former.journal)}}`;
      }
    }
    if (former !== undefined) this.#table.release(former.value);
    return text;
  }

  /** The socket is gone. */
  close(): void {
    for (const { value } of this.#held.values()) this.#table.release(value);
    this.#held.clear();
  }
}

function tail({ logLines, journal }: GoodResult, formerJournal: string | null): string {
  const lines = logLines.length === 0 ? "" : `,"logLines":${JSON.stringify(logLines)}`;
  return journal === formerJournal ? lines : `${lines},"journal":${JSON.stringify(journal)}`;
}

/** Whether the address of a socket asks for deltas that this server speaks. */
export function asksForDeltas(url: string): boolean {
  const query = url.indexOf("?");
  return query >= 0 && new URLSearchParams(url.slice(query)).get("deltas") === String(DELTA_VERSION);
}
