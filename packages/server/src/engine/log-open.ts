/**
 * Opening a log: create the first segment, or find the end of the newest one; then cut a torn tail and make sure that what is
 * left is durable (`settle`).
 *
 * Not here: the lock and everything after opening (`log.ts`).
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type LogFs, syncDirectoryNow, writeAll } from "./log-fs.ts";
import { isLockLeftover } from "./log-lock.ts";
import { loadSegment, tornBytes } from "./log-reader.ts";
import { LogSettle } from "./log-settle.ts";
import {
  discard,
  encodeSegmentHeader,
  listSegments,
  preallocateNow,
  SEGMENT_HEADER_BYTES,
  type SegmentFile,
  type SegmentScan,
  segmentName,
} from "./log-segment.ts";

/** Ends the names of files that are not segments yet. */
export const SPARE_SUFFIX = ".tmp";

/** The segment that is being written. */
export interface ActiveSegment extends SegmentFile {
  offset: number;
}

/** What opening found out. */
export interface OpenedLog {
  readonly active: ActiveSegment;
  readonly salt: number;
  readonly sequence: number;
  readonly chain: number;
  readonly isMarked: boolean;
  readonly settle: LogSettle;
}

/**
 * Opens the newest segment in `directory` for writing, or creates the first one with `segmentBytes`. The caller holds the
 * lock.
 *
 * @param mayFail The disk failed before: what was found may stay unsettled for now.
 * @throws {LogDamagedError} If the segment is damaged.
 */
export function openNewest(disk: LogFs, directory: string, segmentBytes: number, mayFail: boolean): OpenedLog {
  deleteLeftovers(disk, directory);
  const newest = listSegments(disk, directory).at(-1);
  return newest === undefined ? createFirst(disk, directory, segmentBytes) : reopen(disk, directory, newest, mayFail);
}

function deleteLeftovers(disk: LogFs, directory: string): void {
  for (const name of disk.list(directory)) {
    if (name.endsWith(SPARE_SUFFIX) || isLockLeftover(name)) disk.unlink(join(directory, name));
  }
}

function createFirst(disk: LogFs, directory: string, capacity: number): OpenedLog {
  const salt = randomBytes(4).readUInt32LE();
  const file = preallocateNow(disk, directory, `first${SPARE_SUFFIX}`, capacity);
  const path = join(directory, segmentName(1));
  try {
    writeAll(disk, file.fd, encodeSegmentHeader({ salt, firstSequence: 1, sealed: 0, chain: salt, capacity }), 0);
    disk.syncNow(file.fd);
    disk.rename(file.path, path);
    syncDirectoryNow(disk, directory);
  } catch (error) {
    discard(disk, file);
    throw error;
  }
  const active = { ...file, path, offset: SEGMENT_HEADER_BYTES };
  return { active, salt, sequence: 0, chain: salt, isMarked: true, settle: new LogSettle(() => undefined, false) };
}

function reopen(disk: LogFs, directory: string, name: string, mayFail: boolean): OpenedLog {
  const scan = loadSegment(disk, directory, name);
  while (scan.next());
  const torn = tornBytes(directory, scan);
  const path = join(directory, name);
  const fd = disk.open(path, "r+");
  let settle: LogSettle;
  try {
    settle = new LogSettle(() => {
      // In this order: the mark that follows must never outlive the records that it testifies for.
      if (torn > 0) writeAll(disk, fd, Buffer.alloc(torn), scan.offset);
      if (!scan.isMarked) rewriteLastFlush(disk, fd, scan);
      if (torn > 0 || !scan.isMarked) disk.syncNow(fd);
    }, mayFail);
  } catch (error) {
    disk.close(fd);
    throw error;
  }
  const { salt, capacity } = scan.header;
  const active = { path, fd, capacity, offset: scan.offset };
  return { active, salt, sequence: scan.sequence, chain: scan.chain, isMarked: scan.isMarked, settle };
}

/** Makes the pages dirty again: a failed sync may have left them clean in memory and absent on the device. */
function rewriteLastFlush(disk: LogFs, fd: number, scan: SegmentScan): void {
  writeAll(disk, fd, scan.bytes.subarray(scan.flushOffset, scan.offset), scan.flushOffset);
}
