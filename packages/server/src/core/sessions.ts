/**
 * Sessions: mutations that take effect exactly once, however often they are sent.
 *
 * The outcome of a mutation is a row written by the mutation's own transaction, so either both are there or neither. A second call
 * with the same key finds the row and is answered from it, with the timestamp of the first, without running anything.
 *
 *   `_sessions`  {value, logLines, ts, requestId}    one of the last mutations of a session, kept for 14 days
 *   `_slots`     {value, logLines, ts, serial}       a slot of main, overwritten by its next use
 *
 * Every mutation of a client writes such a row, so it is as cheap as can be: its id is made from the key, and there is no index. A session has
 * at most `SESSION_WINDOW` rows: a request id overwrites the one that many before it, which the client does not send again. If it does, nobody
 * knows whether that mutation ran, and it is refused. Releases before this one made a row for each request id; those answer until they expire.
 *
 * Invariants:
 *   - Failures are not recorded: the call may run again.
 *   - A mutation that wrote nothing is not recorded either: running it again changes nothing.
 *   - A row that was used within the time that rows are kept does not expire, however old it is.
 *   - Clean-up goes in slices of `EXPIRE_ROWS_MAX` rows, each a transaction of its own.
 *
 * @module
 */
import { hash } from "node:crypto";
import { decodeId, type Doc, type Ts } from "@narrowcast/values";
import type { Transaction } from "../tx/types.ts";
import type { DedupeKey } from "../protocol/core-protocol.ts";
import { readRows, textOf } from "../functions/system-rows.ts";

export const SESSIONS_TABLE = "_sessions";
const SLOTS_TABLE = "_slots";
const EXPIRE_ROWS_MAX = 256;
const INTERNAL_ID_BYTES = 16;
/** Mutations that a client may still send again: as many as a socket may have waiting. */
const SESSION_WINDOW = 1_000;
const MICROSECONDS = 1_000;
/** Timestamps of commits may run ahead of the clock that rows are made by, a little. */
const SAME_USE_MS = 60_000;

/** What a mutation gave. */
export interface RecordedOutcome {
  readonly value: string;
  readonly logLines: readonly string[];
  readonly ts: Ts;
}

/** What is known of a key: the outcome of an earlier call, that there may have been one, or that there was none. */
export type Lookup = RecordedOutcome | "forgotten" | undefined;

type SessionKey = Extract<DedupeKey, { kind: "session" }>;

/** Where the outcome of `key` lies. */
function internalIdOf(key: DedupeKey): Uint8Array {
  return idFrom(
    key.kind === "session" ? `window ${key.requestId % SESSION_WINDOW}:${key.sessionId}` : String(key.slot),
  );
}

function formerIdOf({ requestId, sessionId }: SessionKey): Uint8Array {
  return idFrom(`${requestId}:${sessionId}`);
}

/** Half of a SHA-256: nobody finds another text with the same. */
function idFrom(text: string): Uint8Array {
  return hash("sha256", text, "buffer").subarray(0, INTERNAL_ID_BYTES);
}

/** Looks for an earlier call with this key. */
export function findOutcome(tx: Transaction, key: Extract<DedupeKey, { kind: "slot" }>): RecordedOutcome | undefined;
export function findOutcome(tx: Transaction, key: DedupeKey): Lookup;
export function findOutcome(tx: Transaction, key: DedupeKey): Lookup {
  if (key.kind === "slot") {
    const row = tx.system.getAt(SLOTS_TABLE, internalIdOf(key));
    return row !== null && row["serial"] === key.serial ? outcomeOf(row) : undefined;
  }
  const row = tx.system.getAt(SESSIONS_TABLE, internalIdOf(key));
  if (row !== null && row["requestId"] === key.requestId) return outcomeOf(row);
  const former = tx.system.getAt(SESSIONS_TABLE, formerIdOf(key));
  if (former !== null) return outcomeOf(former);
  return row !== null && Number(row["requestId"]) > key.requestId ? "forgotten" : undefined;
}

function outcomeOf(row: Doc): RecordedOutcome {
  return {
    value: textOf(row, "value"),
    logLines: (row["logLines"] as readonly string[]).map(String),
    ts: Number(row["ts"]),
  };
}

/** Adds the outcome to the mutation's own transaction, where none was found. `ts` is the timestamp that its commit will have. */
export function recordOutcome(tx: Transaction, key: DedupeKey, { value, logLines, ts }: RecordedOutcome): void {
  const use = key.kind === "session" ? { requestId: key.requestId } : { serial: key.serial };
  const fields = { value, logLines: [...logLines], ts, ...use };
  const table = key.kind === "session" ? SESSIONS_TABLE : SLOTS_TABLE;
  const internalId = internalIdOf(key);
  const row = tx.system.getAt(table, internalId);
  if (row === null) tx.system.insert(table, fields, internalId);
  else tx.system.patch(row._id, fields);
}

/** When the oldest client's row was made, in milliseconds since the epoch; undefined when there is none. */
export function oldestSessionMs(tx: Transaction): number | undefined {
  return oldestRows(tx, 1)[0]?._creationTime;
}

/** Deletes one slice of expired rows; those that were used since they were made are made anew. Returns how many were looked at. */
export function expireSessions(tx: Transaction, nowMs: number, keptMs: number): number {
  let count = 0;
  for (const row of oldestRows(tx, EXPIRE_ROWS_MAX)) {
    if (row._creationTime + keptMs > nowMs) break;
    const { _id, _creationTime, ...fields } = row;
    tx.system.delete(_id);
    const usedMs = Number(row["ts"]) / MICROSECONDS;
    const isUsedAgain = usedMs - _creationTime > SAME_USE_MS && usedMs + keptMs > nowMs;
    if (isUsedAgain) tx.system.insert(SESSIONS_TABLE, fields, decodeId(_id).internal);
    count += 1;
  }
  return count;
}

function oldestRows(tx: Transaction, limit: number): readonly Doc[] {
  return readRows(tx, SESSIONS_TABLE, "by_creation_time", [], limit);
}
