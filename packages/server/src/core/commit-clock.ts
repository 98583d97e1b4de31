/**
 * The database's clock, which can be held at the timestamp that the next commit is to have.
 *
 * A mutation's outcome is stored in the mutation's own transaction and contains the commit's timestamp, so the timestamp must be
 * known before the commit is made.
 *
 * @module
 */
import { strict as assert } from "node:assert";
import type { Ts } from "@narrowcast/values";
import type { Commit, Transaction } from "../tx/types.ts";
import type { Clock } from "../protocol/alarms.ts";

/** Rows that may be inserted after the timestamp is fixed; each moves the time of creation by less than a microsecond. */
const LATER_ROWS = 4;

/** See the module comment. */
export class CommitClock {
  readonly #clock: Clock;
  #pinnedTs: Ts | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    // Half a microsecond more, so that rounding down gives exactly the pinned one.
    return this.#pinnedTs === undefined ? this.#clock.nowMs() : (this.#pinnedTs + 0.5) / 1_000;
  }

  /**
   * Fixes the timestamp of the commit of `tx`: after the head, not behind the clock, and after every `_creationTime` in it.
   */
  pin(tx: Transaction, head: Ts): Ts {
    const nowTs = Math.floor(this.#clock.nowMs() * 1_000);
    this.#pinnedTs = Math.max(nowTs, head + 1, Math.ceil(tx.lastMs * 1_000) + LATER_ROWS);
    return this.#pinnedTs;
  }

  /** The commit was made (or not): time goes on. */
  unpin(commit: Commit | undefined): void {
    const pinned = this.#pinnedTs;
    this.#pinnedTs = undefined;
    if (pinned === undefined || commit === undefined) return;
    assert(commit.ts === pinned, `Cannot commit: the timestamp is ${commit.ts}; should be ${pinned} as promised`);
  }
}
