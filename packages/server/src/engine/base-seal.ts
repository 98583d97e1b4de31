/**
 * Checksums of the entries of the base: LMDB has none, and a flipped bit must never be served.
 *
 * Each stored value ends with a CRC-32 over its key and itself, so a value under a wrong key is noticed too.
 *
 * @module
 */
import { crc32 } from "node:zlib";

/** Bytes of the checksum after a value. */
const SEAL_BYTES = 4;

/** An entry of the base is not what was written. */
export class BaseDamagedError extends Error {
  override readonly name = "BaseDamagedError";
  constructor(storedKey: string) {
    const key = Buffer.from(storedKey, "latin1").toString("hex");
    super(
      `Cannot read base: the entry under key ${key} does not match its checksum; restore the store from a backup or run "narrowcast check"`,
    );
  }
}

/** The value with its checksum. */
export function seal(storedKey: string, value: Uint8Array): Uint8Array {
  const sealed = Buffer.allocUnsafe(value.length + SEAL_BYTES);
  sealed.set(value);
  sealed.writeUInt32LE(checksum(storedKey, value), value.length);
  return sealed;
}

/**
 * The value without its checksum: a view of the same bytes.
 *
 * @param length How many bytes of `sealed` count.
 * @throws {BaseDamagedError} If they do not match.
 */
export function unseal(storedKey: string, sealed: Uint8Array, length: number): Uint8Array {
  const end = length - SEAL_BYTES;
  if (end >= 0) {
    const value = sealed.subarray(0, end);
    const written =
      ((sealed[end] ?? 0) |
        ((sealed[end + 1] ?? 0) << 8) |
        ((sealed[end + 2] ?? 0) << 16) |
        ((sealed[end + 3] ?? 0) << 24)) >>>
      0;
    if (checksum(storedKey, value) === written) return value;
  }
  throw new BaseDamagedError(storedKey);
}

function checksum(storedKey: string, value: Uint8Array): number {
  return crc32(value, crc32(storedKey));
}
