/**
 * Accounts by key in constant memory: the expensive keys stay, the others are added up in one.
 *
 * When the table is full, the cheapest quarter moves into `others`; a key that comes afterwards begins with an uncertainty of
 * the dearest one that was ever moved out (the floor), as in the space-saving sketch.
 *
 * Invariants:
 *   - At most `keysMax` rows.
 *   - Rows and `others` together are all that was ever charged: nothing is lost, whatever was moved.
 *   - A key's true weight is between its row's weight and that plus the row's `uncertainty`. A key whose true weight is above the
 *     floor has a row.
 *
 * @module
 */
import { addAccount, newAccount, type Account } from "./account.ts";

/** One key. `info` is what is shown beside the numbers. */
export interface KeyRow<Info> {
  readonly key: string;
  readonly info: Info;
  readonly account: Account;
  /** The most that earlier charges of this key, now in `others`, can weigh. */
  readonly uncertainty: number;
}

/** Share of the rows that is moved out at once: one pass over the table serves many new keys. */
const MOVED_SHARE = 0.25;
/** What an event weighs besides its bytes. */
const EVENT_WEIGHT = 1_000;

/** By what rows are ranked: bytes read and sent by either side's rules, and a little for each event. */
export function weightOf(account: Readonly<Account>): number {
  const bytes =
    account.convexBytes + account.bytes + account.convexBytesSent + account.bytesSent + account.bytesWritten;
  return bytes + EVENT_WEIGHT * (account.runs + account.convexCalls);
}

/** See the module comment. */
export class KeyTable<Info> {
  readonly keysMax: number;
  readonly #rows = new Map<string, KeyRow<Info>>();
  /** Sum of the rows that were moved out. */
  readonly others: Account = newAccount();
  /** How many rows were moved out. While it stays the same, a row that was given still belongs to its key. */
  keysMoved = 0;
  /** The row that was asked for last, which is never one that was moved out: records that follow each other are mostly of the same few keys. */
  #last: KeyRow<Info> | undefined = undefined;
  /** The largest estimate that was moved out. */
  floor = 0;

  constructor(keysMax: number) {
    this.keysMax = keysMax;
  }

  get size(): number {
    return this.#rows.size;
  }

  find(key: string): KeyRow<Info> | undefined {
    if (this.#last?.key === key) return this.#last;
    const found = this.#rows.get(key);
    if (found !== undefined) this.#last = found;
    return found;
  }

  /** The row of `key`, a new one if need be. Charge it at once: the next call may move it out. */
  row(key: string, info: Info): KeyRow<Info> {
    const found = this.find(key);
    if (found !== undefined) return found;
    if (this.#rows.size >= this.keysMax) this.#moveOut();
    const row = { key, info, account: newAccount(), uncertainty: this.floor };
    this.#rows.set(key, row);
    this.#last = row;
    return row;
  }

  /** All rows, dearest first. */
  rows(): readonly KeyRow<Info>[] {
    return [...this.#rows.values()].sort((a, b) => weightOf(b.account) - weightOf(a.account));
  }

  #moveOut(): void {
    const count = Math.max(1, Math.ceil(this.keysMax * MOVED_SHARE));
    const estimates = [...this.#rows.values()].map((row) => ({
      row,
      estimate: weightOf(row.account) + row.uncertainty,
    }));
    estimates.sort((a, b) => a.estimate - b.estimate);
    for (const { row, estimate } of estimates.slice(0, count)) {
      addAccount(this.others, row.account);
      this.#rows.delete(row.key);
      this.floor = Math.max(this.floor, estimate);
      this.keysMoved += 1;
    }
  }
}
