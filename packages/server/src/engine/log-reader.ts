/**
 * Reading a log: the walk over all its segments, with every check, and the verdict of `checkLog`.
 *
 * Invariants:
 *   - A record comes out only if it and everything between the first segment read and it is whole and in order.
 *   - Only the end of the newest segment may be torn. Everywhere else a bad byte inside a frame is damage.
 *
 * Not here: changing anything (`log.ts` cuts a torn tail).
 *
 * @module
 */
import { join } from "node:path";
import { isZero } from "./log-frame.ts";
import { type LogFs, nodeLogFs, readAll } from "./log-fs.ts";
import { decodeSegmentHeader, listSegments, segmentName, SegmentScan, sequenceOfName } from "./log-segment.ts";
import { type LogDamage, LogDamagedError, type LogRecord } from "./log-types.ts";

/** What `checkLog` found. */
export interface LogCheck {
  /** Valid records before the damage, if there is any. */
  readonly records: number;
  /** Bytes that headers and valid frames take. */
  readonly bytes: number;
  readonly damage: LogDamage | undefined;
  /** Bytes of a write that a crash cut short; opening the log removes them. */
  readonly tornTailBytes: number;
}

/**
 * Loads one segment and checks its header.
 *
 * @throws {LogDamagedError} If the header is wrong.
 */
export function loadSegment(disk: LogFs, directory: string, name: string): SegmentScan {
  const file = join(directory, name);
  const bytes = readAll(disk, file);
  const header = decodeSegmentHeader(name, bytes);
  if (typeof header === "string") throw new LogDamagedError({ file, offset: 0, reason: header });
  return new SegmentScan(bytes, header);
}

/** A sentence part for a run of records. */
function recordsText(first: number, last: number): string {
  return first === last ? `record ${first} is missing` : `records ${first} to ${last} are missing`;
}

/** Throws if `later` does not continue where `earlier` ended. */
function checkSeam(directory: string, earlier: SegmentScan, later: SegmentScan): void {
  const due = earlier.sequence + 1;
  const found = later.header.firstSequence;
  if (found !== due) {
    const isEmptyBehind = isZero(earlier.bytes, earlier.offset, earlier.bytes.length);
    const reason = isEmptyBehind ? recordsText(due, found - 1) : earlier.problem;
    throw damaged(directory, earlier, earlier.offset, reason);
  }
  if (later.header.salt !== earlier.header.salt || later.header.chain !== earlier.chain) {
    throw damaged(directory, later, 0, "the file does not continue the one before it");
  }
}

function damaged(directory: string, scan: SegmentScan, offset: number, reason: string): LogDamagedError {
  return new LogDamagedError({ file: join(directory, segmentName(scan.header.firstSequence)), offset, reason });
}

/**
 * Walks the segments `names` (neighbours, oldest first), yielding one scan each; the caller must run it to its end
 * before it asks for the next.
 *
 * @throws {LogDamagedError} If a segment does not continue the one before it.
 */
function* walkSegments(disk: LogFs, directory: string, names: readonly string[]): Generator<SegmentScan> {
  let earlier: SegmentScan | undefined;
  for (const name of names) {
    const scan = loadSegment(disk, directory, name);
    if (earlier !== undefined) checkSeam(directory, earlier, scan);
    yield scan;
    earlier = scan;
  }
}

/**
 * Bytes of the torn tail after the frames of the newest segment, 0 when it ends cleanly.
 *
 * @throws {LogDamagedError} If what follows the last valid frame cannot come from a crash.
 */
export function tornBytes(directory: string, scan: SegmentScan): number {
  const tail = scan.tail();
  if (tail.kind === "damaged") throw damaged(directory, scan, scan.offset, tail.reason);
  return tail.kind === "torn" ? tail.bytes : 0;
}

/**
 * Records with `sequence > after` of the log whose last record is `last`, oldest first.
 *
 * @throws {LogDamagedError} If a record in between is damaged or missing, also when the log begins after `after + 1` or
 * ends before `after`.
 */
export function* readRecords(
  disk: LogFs,
  directory: string,
  after: number,
  last: number,
): Generator<LogRecord, undefined> {
  const names = listSegments(disk, directory);
  const first = sequenceOfName(names[0] ?? "") ?? 1;
  const file = join(directory, names[0] ?? "");
  if (after + 1 < first) throw new LogDamagedError({ file, offset: 0, reason: recordsText(after + 1, first - 1) });
  if (after > last) throw new LogDamagedError({ file, offset: 0, reason: recordsText(last + 1, after) });
  const from = names.findLastIndex((name) => (sequenceOfName(name) ?? 0) <= after + 1);
  let newest: SegmentScan | undefined;
  for (const scan of walkSegments(disk, directory, names.slice(Math.max(0, from)))) {
    while (scan.next()) {
      if (scan.sequence > after) yield { sequence: scan.sequence, payload: scan.payload };
    }
    newest = scan;
  }
  if (newest === undefined) return undefined;
  tornBytes(directory, newest);
  if (newest.sequence < last) {
    throw damaged(directory, newest, newest.offset, recordsText(newest.sequence + 1, last));
  }
  return undefined;
}

/**
 * Verifies the log in `directory` without changing anything; needs no lock.
 *
 * @throws Node's error if the directory cannot be read.
 */
export function checkLog(directory: string, disk: LogFs = nodeLogFs): LogCheck {
  const found = { records: 0, bytes: 0, damage: undefined as LogDamage | undefined, tornTailBytes: 0 };
  const names = listSegments(disk, directory);
  try {
    let newest: SegmentScan | undefined;
    for (const scan of walkSegments(disk, directory, names)) {
      while (scan.next()) found.records++;
      found.bytes += scan.offset;
      newest = scan;
    }
    if (newest !== undefined) found.tornTailBytes = tornBytes(directory, newest);
  } catch (error) {
    if (!(error instanceof LogDamagedError)) throw error;
    found.damage = error.damage;
  }
  return found;
}
