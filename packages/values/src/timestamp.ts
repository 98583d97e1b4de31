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
/** The largest on the wire: that of a signed 64-bit number. */
const NANOSECONDS_MAX = 2n ** 63n - 1n;

/** A timestamp as the wire writes it: base64 of nanoseconds. */
export function tsToWire(ts: Ts): string {
  return encodeU64(BigInt(ts) * NANOSECONDS_PER_TS);
}

/**
 * Reads a timestamp of the wire; a fraction of a microsecond is rounded up, so that "at least this" stays true. One that is too large to
 * be exact, in the year 2255 or later, is the largest that is: both are after every commit.
 *
 * @throws {Error} If `text` is not base64 of 8 bytes, or beyond the largest signed 64-bit number.
 */
export function tsFromWire(text: string): Ts {
  const nanoseconds = decodeU64(text);
  if (nanoseconds > NANOSECONDS_MAX)
    throw new RangeError(`Cannot read timestamp: "${text}" is beyond 2^63 - 1 nanoseconds`);
  return Math.min(Number((nanoseconds + NANOSECONDS_PER_TS - 1n) / NANOSECONDS_PER_TS), Number.MAX_SAFE_INTEGER);
}
