/**
 * Sessions: mutations that take effect exactly once, however often they are sent.
 *
 * The outcome of a mutation is a row written by the mutation's own transaction, so either both are there or neither. A second call
 * with the same key finds the row and is answered from it, with the timestamp of the first, without running anything.
 *
 *   `_sessions`  {value, logLines, ts}            a client's (session, request id), kept for 14 days
 *   `_slots`     {value, logLines, ts, serial}    a slot of main, overwritten by its next use
 *
 * Every mutation of a client writes such a row, so it is as cheap as can be: its id is made from the key, and there is no index.
 *
 * Invariants:
 *   - Failures are not recorded: the call may run again.
 *   - A mutation that wrote nothing is not recorded either: running it again changes nothing.
 *   - Clean-up goes in slices of `EXPIRE_ROWS_MAX` rows, each a transaction of its own.
 *
 * @module
 */
import { hash } from "node:crypto";
import type { Doc, Ts } from "@narrowcast/values";
import type { Transaction } from "../tx/types.ts";
import type { DedupeKey } from "../protocol/core-protocol.ts";
import { readRows, textOf } from "../functions/system-rows.ts";

export const SESSIONS_TABLE = "_sessions";
const SLOTS_TABLE = "_slots";
const EXPIRE_ROWS_MAX = 256;
const INTERNAL_ID_BYTES = 16;

/** What a mutation gave. */
export interface RecordedOutcome {
  readonly value: string;
  readonly logLines: readonly string[];
  readonly ts: Ts;
}

/** Where the outcome of `key` lies. Half of a SHA-256: nobody finds another key with the same. */
function internalIdOf(key: DedupeKey): Uint8Array {
  const text = key.kind === "session" ? `${key.requestId}:${key.sessionId}` : String(key.slot);
  return hash("sha256", text, "buffer").subarray(0, INTERNAL_ID_BYTES);
}

function tableOf(key: DedupeKey): string {
  return key.kind === "session" ? SESSIONS_TABLE : SLOTS_TABLE;
}

/** The outcome of an earlier call with this key. */
export function findOutcome(tx: Transaction, key: DedupeKey): RecordedOutcome | undefined {
  const row = tx.system.getAt(tableOf(key), internalIdOf(key));
  if (row === null || (key.kind === "slot" && row["serial"] !== key.serial)) return undefined;
  return {
    value: textOf(row, "value"),
    logLines: (row["logLines"] as readonly string[]).map(String),
    ts: Number(row["ts"]),
  };
}

/** Adds the outcome to the mutation's own transaction, where none was found. `ts` is the timestamp that its commit will have. */
export function recordOutcome(tx: Transaction, key: DedupeKey, { value, logLines, ts }: RecordedOutcome): void {
  const fields = { value, logLines: [...logLines], ts };
  const internalId = internalIdOf(key);
  if (key.kind === "session") {
    tx.system.insert(SESSIONS_TABLE, fields, internalId);
    return;
  }
  const row = tx.system.getAt(SLOTS_TABLE, internalId);
  if (row === null) tx.system.insert(SLOTS_TABLE, { ...fields, serial: key.serial }, internalId);
  else tx.system.patch(row._id, { ...fields, serial: key.serial });
}

/** When the oldest client's row was made, in milliseconds since the epoch; undefined when there is none. */
export function oldestSessionMs(tx: Transaction): number | undefined {
  return oldestRows(tx, 1)[0]?._creationTime;
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

function oldestRows(tx: Transaction, limit: number): readonly Doc[] {
  return readRows(tx, SESSIONS_TABLE, "by_creation_time", [], limit);
}
