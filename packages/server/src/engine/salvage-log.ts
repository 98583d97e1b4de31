/**
 * What can still be read of a damaged log: every record that can be proved, also behind damage.
 *
 * A frame's checksum is seeded with that of the frame before (`log-frame.ts`). So behind a frame whose head is lost the next one cannot be proved; its
 * head, which has a checksum of its own, tells the seed of the one after it, and from there on the records count again.
 *
 * Changes nothing, and needs no lock.
 *
 * @module
 */
import { join } from "node:path";
import { bodyHolds, FRAME_HEAD_BYTES, FRAME_OVERHEAD_BYTES, FRAME_START, isZero, readFrameHead } from "./log-frame.ts";
import { nodeLogFs, readAll } from "./log-fs.ts";
import { decodeSegmentHeader, listSegments, SEGMENT_HEADER_BYTES, SegmentScan, sequenceOfName } from "./log-segment.ts";
import { decodeRecord, type StoredRecord } from "./record-codec.ts";

/** Where a header says how long its file is (`log-segment.ts`). */
const CAPACITY_AT = 32;
/** What is longer was never written. */
const SEGMENT_BYTES_MAX = 2 ** 31;

/** A record that is what was written. */
export interface SalvagedRecord {
  readonly sequence: number;
  readonly record: StoredRecord;
}

/** Records that are lost: from `first` to `last`, and why. */
export interface LogLoss {
  readonly place: string;
  readonly message: string;
  readonly first: number;
  readonly last: number;
}

/** What {@linkcode salvageLog} found, in order. */
export interface LogSalvage {
  readonly records: readonly SalvagedRecord[];
  readonly losses: readonly LogLoss[];
  /** What is wrong with files without costing records. */
  readonly problems: readonly { readonly place: string; readonly message: string }[];
}

/** Reads the log in `directory`. */
export function salvageLog(directory: string): LogSalvage {
  const found = new Found();
  const names = listSegments(nodeLogFs, directory);
  const files = names.map((name) => ({ name, bytes: readAll(nodeLogFs, join(directory, name)) }));
  const headers = files.map(({ name, bytes }) => decodeSegmentHeader(name, ofFullLength(bytes)));
  const salt = headers.flatMap((header) => (typeof header === "string" ? [] : [header.salt]))[0];
  for (const [at, { name, bytes }] of files.entries()) {
    const file = join(directory, name);
    const header = headers[at];
    const problem = decodeSegmentHeader(name, bytes);
    if (typeof problem === "string") found.problems.push({ place: file, message: problem });
    if (salt === undefined) continue;
    const first = sequenceOfName(name) ?? 1;
    const follows = found.last + 1 === first ? found.chain : undefined;
    found.chain = header === undefined || typeof header === "string" ? follows : header.chain;
    const isNewest = at === files.length - 1;
    // An end that a crash cut short is no damage: nothing of it was acknowledged.
    const tornFrom =
      isNewest && typeof header !== "string" && header !== undefined ? tornFromOf(bytes, header) : Infinity;
    readFrames(found, { file, bytes, salt, first, tornFrom });
  }
  return found;
}

/** A file that was cut, or that something was added to, as it was created: its header says how long that is. */
function ofFullLength(bytes: Buffer): Buffer {
  const capacity = bytes.length < SEGMENT_HEADER_BYTES ? 0 : bytes.readUIntLE(CAPACITY_AT, 6);
  if (capacity <= bytes.length) return capacity < SEGMENT_HEADER_BYTES ? bytes : bytes.subarray(0, capacity);
  return capacity > SEGMENT_BYTES_MAX ? bytes : Buffer.concat([bytes], capacity);
}

interface SegmentBytes {
  readonly file: string;
  readonly bytes: Buffer;
  readonly salt: number;
  /** By its name. */
  readonly first: number;
  /** Where the torn end begins. */
  readonly tornFrom: number;
}

/** What was found so far. */
class Found implements LogSalvage {
  readonly records: SalvagedRecord[] = [];
  readonly losses: LogLoss[] = [];
  readonly problems: { place: string; message: string }[] = [];
  /** The seed of the next frame's checksum, if it is known. */
  chain: number | undefined;
  /** The last record whose head was read. */
  last = 0;

  /** A segment begins: tells of those that should lie in one before it. */
  begin(file: string, first: number): void {
    if (this.last > 0 && first > this.last + 1) this.lose(file, "missing", this.last + 1, first - 1);
    this.last = Math.max(this.last, first - 1);
  }

  /** A head was read: tells of those that should lie before it. */
  reach(file: string, sequence: number): void {
    if (this.last > 0 && sequence > this.last + 1) this.lose(file, "missing", this.last + 1, sequence - 1);
    this.last = sequence;
  }

  lose(file: string, why: string, first: number, last: number): void {
    const which = first === last ? `record ${first} is` : `records ${first} to ${last} are`;
    this.losses.push({ place: file, message: `${which} ${why}`, first, last });
  }
}

function readFrames(found: Found, { file, bytes, salt, first, tornFrom }: SegmentBytes): void {
  found.begin(file, first);
  for (let at = SEGMENT_HEADER_BYTES; at < bytes.length;) {
    const head = bytes[at] === FRAME_START ? readFrameHead(bytes, at, salt) : undefined;
    const isNext = head !== undefined && head.sequence > found.last;
    if (head === undefined || (!isNext && head.span > 0)) {
      const next = nextFrame(bytes, at + 1, salt, found.last);
      if (next === undefined) {
        if (at < tornFrom && !isZero(bytes, at, bytes.length)) {
          const message = `what follows record ${found.last} at byte ${at} cannot be read`;
          found.problems.push({ place: file, message });
        }
        return;
      }
      found.problems.push({ place: `${file} at byte ${at}`, message: `${next - at} bytes cannot be read` });
      found.chain = undefined;
      at = next;
      continue;
    }
    const end = at + FRAME_OVERHEAD_BYTES + head.length;
    if (head.span > 0) {
      found.reach(file, head.sequence);
      take(found, { file, bytes, at, end, head });
    }
    found.chain = head.bodyChecksum;
    at = end;
  }
}

interface Frame {
  readonly file: string;
  readonly bytes: Buffer;
  readonly at: number;
  readonly end: number;
  readonly head: NonNullable<ReturnType<typeof readFrameHead>>;
}

function take(found: Found, { file, bytes, at, end, head }: Frame): void {
  const { sequence } = head;
  if (found.chain === undefined) {
    found.lose(file, "not to be proved: what lay before it is lost", sequence, sequence);
  } else if (!bodyHolds(bytes, at, head, found.chain)) {
    found.lose(file, "not what was written", sequence, sequence);
  } else {
    const record = decodeRecord(bytes.subarray(at + FRAME_HEAD_BYTES, end - 1));
    found.records.push({ sequence, record });
  }
}

/** Where the next frame of a record behind `last`, or a mark, begins. */
function nextFrame(bytes: Buffer, from: number, salt: number, last: number): number | undefined {
  for (let at = bytes.indexOf(FRAME_START, from); at !== -1; at = bytes.indexOf(FRAME_START, at + 1)) {
    const head = readFrameHead(bytes, at, salt);
    if (head !== undefined && head.span > 0 && head.sequence > last) return at;
  }
  return undefined;
}

function tornFromOf(bytes: Buffer, header: Exclude<ReturnType<typeof decodeSegmentHeader>, string>): number {
  const scan = new SegmentScan(bytes, header);
  while (scan.next());
  return scan.tail().kind === "torn" ? scan.offset : Infinity;
}
