/**
 * Commit timestamps: microseconds inside the server, nanoseconds on the wire.
 *
 * Microseconds since the epoch stay below 2^53 until the year 2255, so they are exact as plain numbers.
 *
 * @module
 */
import { decodeU64, encodeU64 } from "./base64.ts";

/** Microseconds since the epoch: an integer below 2^53, strictly increasing from commit to commit. */
export type Ts = number;

const NANOSECONDS_PER_TS = 1000n;

/** A timestamp as the wire writes it: base64 of nanoseconds. */
export function tsToWire(ts: Ts): string {
  return encodeU64(BigInt(ts) * NANOSECONDS_PER_TS);
}

/**
 * Reads a timestamp of the wire; a fraction of a microsecond is rounded up, so that "at least this" stays true.
 *
 * @throws {Error} If `text` is not base64 of 8 bytes, or too large to be exact.
 */
export function tsFromWire(text: string): Ts {
  const ts = Number((decodeU64(text) + NANOSECONDS_PER_TS - 1n) / NANOSECONDS_PER_TS);
  if (!Number.isSafeInteger(ts)) throw new RangeError(`Cannot read timestamp: "${text}" is beyond 2^53 microseconds`);
  return ts;
}
