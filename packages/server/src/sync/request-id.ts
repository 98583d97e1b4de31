/**
 * Request ids: 16 hex digits that tie an error message to its log lines.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";

const HEX_DIGITS = 16;

/** The id of a socket's request: the same again when the client sends it again. */
export function requestIdOf(sessionId: string, requestId: number): string {
  return createHash("sha256").update(`${sessionId}|${requestId}`).digest("hex").slice(0, HEX_DIGITS);
}

/** A fresh id, for requests that carry none. */
export function newRequestId(): string {
  return randomBytes(HEX_DIGITS / 2).toString("hex");
}
