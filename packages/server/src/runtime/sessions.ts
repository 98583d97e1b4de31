/**
 * Sessions: mutations that take effect exactly once, however often they are sent.
 *
 * The outcome of a mutation is a row written by the mutation's own transaction, so either both are there or neither. A second call
 * with the same key finds the row and is answered from it, with the timestamp of the first, without running anything.
 *
 *   `_sessions`  {sessionId, requestId, serial, value, logLines, ts}
 *
 * Two kinds of keys, see `DedupeKey`: a client's (session, request id) is kept for 14 days; a slot of main is overwritten by its next use.
 *
 * Invariants:
 *   - Failures are not recorded: the call may run again.
 *   - A mutation that wrote nothing is not recorded either: running it again changes nothing.
 *   - Clean-up goes in slices of `EXPIRE_ROWS_MAX` rows, each a transaction of its own.
 *
 * @module
 */
import type { Doc, Ts } from "@narrowcast/values";
import type { Transaction } from "../tx/types.ts";
import type { DedupeKey } from "./core-protocol.ts";
import { readRows, textOf } from "./system-rows.ts";

export const SESSIONS_TABLE = "_sessions";
/** Session ids of slots begin with this; no client's can, they are UUIDs. */
const SLOT_SESSION = "slot:";
const EXPIRE_ROWS_MAX = 256;

/** What a mutation gave. */
export interface RecordedOutcome {
  readonly value: string;
  readonly logLines: readonly string[];
  readonly ts: Ts;
}

interface RowKey {
  readonly sessionId: string;
  readonly requestId: number;
  readonly serial: string | null;
}

function rowKey(key: DedupeKey): RowKey {
  if (key.kind === "session") return { sessionId: key.sessionId, requestId: key.requestId, serial: null };
  return { sessionId: SLOT_SESSION, requestId: key.slot, serial: key.serial };
}

function findRow(tx: Transaction, { sessionId, requestId }: RowKey): Doc | undefined {
  const range = [
    { type: "eq", fieldPath: "sessionId", value: sessionId },
    { type: "eq", fieldPath: "requestId", value: requestId },
  ] as const;
  return readRows(tx, SESSIONS_TABLE, "by_request", range, 1)[0];
}

/** The outcome of an earlier call with this key. */
export function findOutcome(tx: Transaction, key: DedupeKey): RecordedOutcome | undefined {
  const wanted = rowKey(key);
  const row = findRow(tx, wanted);
  if (row === undefined || row["serial"] !== wanted.serial) return undefined;
  return {
    value: textOf(row, "value"),
    logLines: (row["logLines"] as readonly string[]).map(String),
    ts: Number(row["ts"]),
  };
}

/** Adds the outcome to the mutation's own transaction. `ts` is the timestamp that its commit will have. */
export function recordOutcome(tx: Transaction, key: DedupeKey, outcome: RecordedOutcome): void {
  const wanted = rowKey(key);
  const fields = { ...wanted, value: outcome.value, logLines: [...outcome.logLines], ts: outcome.ts };
  const row = key.kind === "slot" ? findRow(tx, wanted) : undefined;
  if (row === undefined) tx.system.insert(SESSIONS_TABLE, fields);
  else tx.system.patch(row._id, fields);
}

/** When the oldest client's row may go, in milliseconds since the epoch; undefined when there is none. */
export function nextExpiryMs(tx: Transaction, keptMs: number): number | undefined {
  const oldest = oldestRows(tx, 1)[0];
  return oldest === undefined ? undefined : oldest._creationTime + keptMs;
}

/** Deletes one slice of expired rows. Returns how many. */
export function expireSessions(tx: Transaction, nowMs: number, keptMs: number): number {
  let count = 0;
  for (const row of oldestRows(tx, EXPIRE_ROWS_MAX)) {
    if (row._creationTime + keptMs > nowMs) break;
    tx.system.delete(row._id);
    count += 1;
  }
  return count;
}

/** Clients' rows (those without a serial) by age. */
function oldestRows(tx: Transaction, limit: number): readonly Doc[] {
  return readRows(tx, SESSIONS_TABLE, "by_age", [{ type: "eq", fieldPath: "serial", value: null }], limit);
}
