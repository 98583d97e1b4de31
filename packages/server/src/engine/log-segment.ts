/**
 * Segments: the files of a log, and the walk over the frames of one.
 *
 * A segment is created at its full size, filled with zeros, under a temporary name. It gets its header and its first
 * flush in one go, is synced, and only then gets its name. So overwriting it later changes no metadata (`fdatasync`
 * is one device write), a named segment always has a whole header, and the records of its first flush are known to have
 * been durable.
 *
 *   0   8 bytes "NCASTLOG"     8   u16 format version, u16 zero
 *   12  u32  salt              random, the same in all segments of a log
 *   16  u48  first sequence    also the file's name
 *   22  u48  sealed            last record of the first flush: durable because the file has its name
 *   28  u32  chain             body checksum of the frame before the first one
 *   32  u48  capacity          bytes of the file
 *   38  u16  zero
 *   40  u32  checksum          crc32 of bytes 0..39
 *   44  frames, then zeros
 *
 * Not here: which segments there are and how they follow each other (`log-reader.ts`), writing (`log.ts`).
 *
 * @module
 */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import {
  bodyHolds,
  endOfContent,
  FRAME_HEAD_BYTES,
  FRAME_OVERHEAD_BYTES,
  FRAME_START,
  type FrameHead,
  isZero,
  looksTorn,
  readFrameHead,
} from "./log-frame.ts";
import { type LogFs, writeAll } from "./log-fs.ts";

/** Bytes before the first frame. */
export const SEGMENT_HEADER_BYTES = 44;
const MAGIC = Buffer.from("NCASTLOG", "latin1");
const FORMAT_VERSION = 1;
const NAME = /^(\d{16})\.log$/;
/** Zeros are written in pieces, each synced, so that a flush beside it waits for one piece at most. */
const FILL_BYTES = 4 * 1024 * 1024;

/** What a segment says about itself. */
export interface SegmentHeader {
  readonly salt: number;
  readonly firstSequence: number;
  readonly sealed: number;
  readonly chain: number;
  readonly capacity: number;
}

/** File name of the segment whose first record is `firstSequence`; names sort like the records. */
export function segmentName(firstSequence: number): string {
  return `${String(firstSequence).padStart(16, "0")}.log`;
}

/** First sequence by file name, `undefined` for files that are no segments. */
export function sequenceOfName(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Names of all segments in `directory`, oldest first. */
export function listSegments(disk: LogFs, directory: string): string[] {
  return disk
    .list(directory)
    .filter((name) => NAME.test(name))
    .sort();
}

/** The header's bytes. */
export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt16LE(FORMAT_VERSION, 8);
  bytes.writeUInt32LE(header.salt, 12);
  bytes.writeUIntLE(header.firstSequence, 16, 6);
  bytes.writeUIntLE(header.sealed, 22, 6);
  bytes.writeUInt32LE(header.chain, 28);
  bytes.writeUIntLE(header.capacity, 32, 6);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 40)), 40);
  return bytes;
}

/** The header of the segment `name`, or a sentence about what is wrong with it. */
export function decodeSegmentHeader(name: string, bytes: Buffer): SegmentHeader | string {
  if (bytes.length < SEGMENT_HEADER_BYTES) return `the file is cut off after ${bytes.length} bytes`;
  if (!bytes.subarray(0, 8).equals(MAGIC)) return "the file does not begin like a log file";
  if (crc32(bytes.subarray(0, 40)) !== bytes.readUInt32LE(40)) return "the file header has a wrong checksum";
  if (bytes.readUInt16LE(8) !== FORMAT_VERSION) return `format version ${bytes.readUInt16LE(8)} is not known`;
  const header = {
    salt: bytes.readUInt32LE(12),
    firstSequence: bytes.readUIntLE(16, 6),
    sealed: bytes.readUIntLE(22, 6),
    chain: bytes.readUInt32LE(28),
    capacity: bytes.readUIntLE(32, 6),
  };
  if (header.firstSequence !== sequenceOfName(name)) {
    return `the file holds the records from ${header.firstSequence} on, which is not what its name says`;
  }
  if (header.capacity !== bytes.length) {
    return `the file has ${bytes.length} bytes, but was created with ${header.capacity}`;
  }
  return header;
}

/** A segment file that is open for writing. */
export interface SegmentFile {
  readonly path: string;
  readonly fd: number;
  readonly capacity: number;
}

/** Creates a file of `capacity` zeros under the temporary name `name`, on the device when it resolves. */
export async function preallocate(
  disk: LogFs,
  directory: string,
  name: string,
  capacity: number,
): Promise<SegmentFile> {
  const path = join(directory, name);
  const fd = disk.open(path, "wx+");
  try {
    const zeros = Buffer.alloc(Math.min(FILL_BYTES, capacity));
    for (let at = 0; at < capacity;) {
      at += await disk.writeBehind(fd, zeros.subarray(0, Math.min(zeros.length, capacity - at)), at);
      await disk.syncData(fd);
    }
    await disk.sync(fd);
  } catch (error) {
    discard(disk, { path, fd, capacity });
    throw error;
  }
  return { path, fd, capacity };
}

/** {@linkcode preallocate}, blocking: for the first segment of a log, while opening. */
export function preallocateNow(disk: LogFs, directory: string, name: string, capacity: number): SegmentFile {
  const path = join(directory, name);
  const fd = disk.open(path, "wx+");
  try {
    const zeros = Buffer.alloc(Math.min(FILL_BYTES, capacity));
    for (let at = 0; at < capacity; at += zeros.length) {
      writeAll(disk, fd, zeros.subarray(0, Math.min(zeros.length, capacity - at)), at);
    }
  } catch (error) {
    discard(disk, { path, fd, capacity });
    throw error;
  }
  return { path, fd, capacity };
}

/** Closes and deletes a file that never became a segment. Failing is harmless: opening deletes leftovers. */
export function discard(disk: LogFs, file: SegmentFile): void {
  try {
    disk.close(file.fd);
    disk.unlink(file.path);
  } catch {
    // The next opening deletes it.
  }
}

/** How a segment ends after its last valid frame. */
export type SegmentTail =
  | { readonly kind: "clean" }
  /** A write that a crash cut short: nothing in it was acknowledged. */
  | { readonly kind: "torn"; readonly bytes: number }
  | { readonly kind: "damaged"; readonly reason: string };

/** Walks the frames of one segment. Stops at the first byte that is not the frame that is due. */
export class SegmentScan {
  readonly bytes: Buffer;
  readonly header: SegmentHeader;
  /** End of the valid frames so far, in bytes from the start of the file. */
  offset = SEGMENT_HEADER_BYTES;
  /** Sequence of the last valid record. */
  sequence: number;
  /** Chain for the next frame. */
  chain: number;
  /** Where the last flush begins. */
  flushOffset = SEGMENT_HEADER_BYTES;
  /** True when the last valid frame is a mark: all records before it are known to be durable. */
  isMarked = false;
  #flushBase = -1;
  #payloadStart = 0;

  constructor(bytes: Buffer, header: SegmentHeader) {
    this.bytes = bytes;
    this.header = header;
    this.sequence = header.firstSequence - 1;
    this.chain = header.chain;
  }

  /** Payload of the record that `next` moved to; shares memory with `bytes`. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.#payloadStart, this.offset - 1);
  }

  /** Moves to the next record; false at the end of the valid frames. */
  next(): boolean {
    for (;;) {
      const at = this.offset;
      if (this.bytes[at] !== FRAME_START) return false;
      const head = readFrameHead(this.bytes, at, this.header.salt);
      if (head === undefined || !this.#isDue(head) || !bodyHolds(this.bytes, at, head, this.chain)) return false;
      this.#accept(at, head);
      if (head.span > 0) return true;
    }
  }

  #isDue(head: FrameHead): boolean {
    if (head.span === 0) return head.sequence === this.sequence && head.length === 0;
    return head.sequence === this.sequence + 1 && head.span <= head.sequence;
  }

  #accept(at: number, head: FrameHead): void {
    this.isMarked = head.span === 0;
    const flushBase = head.sequence - head.span;
    if (flushBase !== this.#flushBase) {
      this.#flushBase = flushBase;
      this.flushOffset = at;
    }
    this.sequence = head.sequence;
    this.chain = head.bodyChecksum;
    this.#payloadStart = at + FRAME_HEAD_BYTES;
    this.offset = at + FRAME_OVERHEAD_BYTES + head.length;
  }

  /** What is wrong with the bytes at `offset`, after `next` gave false. */
  get problem(): string {
    const due = this.sequence + 1;
    const head = readFrameHead(this.bytes, this.offset, this.header.salt);
    if (head === undefined) return `record ${due} has a broken head`;
    if (!this.#isDue(head)) return `record ${head.sequence} lies where record ${due} should be`;
    return `record ${due} has a wrong checksum`;
  }

  /** Judges what follows the last valid frame of the newest segment. Call it after `next` gave false. */
  tail(): SegmentTail {
    const { bytes, offset } = this;
    const due = this.sequence + 1;
    if (due <= this.header.sealed) return this.#damaged("it was durable when the file got its name");
    if (isZero(bytes, offset, bytes.length)) return { kind: "clean" };
    const end = endOfContent(bytes, offset);
    const witness = this.#witness(due, end);
    if (witness !== undefined) return this.#damaged(`record ${witness}, written after it was durable, is there`);
    const head = readFrameHead(bytes, offset, this.header.salt);
    const isDue = head === undefined || this.#isDue(head);
    if (!isDue || !looksTorn(bytes, offset, head, end)) return this.#damaged("all of it was written");
    return { kind: "torn", bytes: end - offset };
  }

  #damaged(evidence: string): SegmentTail {
    const what = this.bytes[this.offset] === 0 ? `record ${this.sequence + 1} is not there` : this.problem;
    return { kind: "damaged", reason: `${what}, but ${evidence}` };
  }

  /** A later frame whose head says that record `due` was durable when it was written: its sequence. */
  #witness(due: number, end: number): number | undefined {
    for (let at = this.bytes.indexOf(FRAME_START, this.offset); at !== -1 && at < end;) {
      const head = readFrameHead(this.bytes, at, this.header.salt);
      if (head !== undefined && head.sequence - head.span >= due) return head.sequence;
      at = this.bytes.indexOf(FRAME_START, at + 1);
    }
    return undefined;
  }
}
