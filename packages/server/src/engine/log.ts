/**
 * The write-ahead log: what makes a commit durable.
 *
 *   append() ──encode──▶ staging buffer ──flush(): one write──▶ newest segment ──fdatasync──▶ durableSequence
 *                          (memory)                                  │ full
 *                                                                    ▼
 *                          spare file, zeros written beforehand ──header + flush, sync, rename──▶ next segment
 *
 * Invariants:
 *   - At most one flush is under way, and nothing is written after a flush that did not succeed. So every frame of a
 *     flush may state that all records before the flush are durable.
 *   - A flush is in one segment.
 *   - After the first failed write or sync nothing is written any more: what is on the device is then unknown, and the
 *     kernel may claim success for a second sync of pages that it dropped.
 *   - `durableSequence` never counts a record that is only in the page cache, also not after a crash: opening writes and
 *     syncs the last flush again unless a mark after it says that it is durable.
 *
 * The write is synchronous (page cache), the sync runs on the thread pool or in this thread (`log-sync.ts`); docs/adr/0002-write-ahead-log.md has the figures.
 *
 * @module
 */
import { join } from "node:path";
import { encodeFrame, FRAME_OVERHEAD_BYTES, RECORD_BYTES_MAX, SEQUENCE_MAX } from "./log-frame.ts";
import { type LogFs, nodeLogFs, syncDirectory, writeAll } from "./log-fs.ts";
import { acquireLock, type LogLock } from "./log-lock.ts";
import { type ActiveSegment, type OpenedLog, openNewest } from "./log-open.ts";
import { readRecords } from "./log-reader.ts";
import {
  discard,
  encodeSegmentHeader,
  listSegments,
  SEGMENT_HEADER_BYTES,
  segmentName,
  sequenceOfName,
} from "./log-segment.ts";
import { LogSync } from "./log-sync.ts";
import { LogSpare } from "./log-spare.ts";
import type { LogSettle } from "./log-settle.ts";
import type { StorageError } from "./storage-error.ts";
import { LogFollowers } from "./log-followers.ts";
import type { Log, LogFollower, LogRecord } from "./log-types.ts";

export { checkLog } from "./log-reader.ts";
export { LogLockedError } from "./log-lock.ts";

/** Size of a segment unless one flush needs more. */
export const SEGMENT_BYTES_DEFAULT = 16 * 1024 * 1024;
/** Most bytes that may wait for a flush; beyond it `append` refuses. */
export const STAGED_BYTES_MAX = 1024 * 1024 * 1024;
/** Staging memory that is kept between flushes. */
const STAGING_BYTES_KEPT = 1024 * 1024;
const STAGING_BYTES_FIRST = 64 * 1024;

/** How to open a log. */
export interface LogOptions {
  readonly directory: string;
  /** The disk; the real one by default. */
  readonly fs?: LogFs | undefined;
  readonly segmentBytes?: number | undefined;
  /** An earlier log here failed because of this: nothing is to be appended before a file could be written. */
  readonly suspicion?: StorageError | undefined;
}

/** A flush's frames and where they stand in the log. */
interface Batch {
  readonly bytes: Uint8Array;
  readonly first: number;
  readonly last: number;
  /** Chain before and after the frames. */
  readonly chainBefore: number;
  readonly chainAfter: number;
}

/**
 * Opens the log in a directory and creates it if there is none. A torn tail is cut.
 *
 * @throws {LogLockedError} If another owner has it open.
 * @throws {LogDamagedError} If the newest segment is damaged; `replay` checks the others.
 */
export function openLog(options: LogOptions): Log {
  const disk = options.fs ?? nodeLogFs;
  const segmentBytes = options.segmentBytes ?? SEGMENT_BYTES_DEFAULT;
  if (!Number.isSafeInteger(segmentBytes) || segmentBytes < SEGMENT_HEADER_BYTES + FRAME_OVERHEAD_BYTES) {
    throw new RangeError(`Cannot open log "${options.directory}": segmentBytes is ${segmentBytes}; it is too small`);
  }
  disk.makeDirectory(options.directory);
  const lock = acquireLock(disk, options.directory);
  try {
    const opened = openNewest(disk, options.directory, segmentBytes, options.suspicion !== undefined);
    return new DiskLog(disk, { ...options, segmentBytes }, lock, opened);
  } catch (error) {
    lock.giveUp();
    throw error;
  }
}

class DiskLog implements Log {
  readonly #disk: LogFs;
  readonly #directory: string;
  readonly #lock: LogLock;
  readonly #salt: number;
  readonly #sync: LogSync;
  #active: ActiveSegment;
  readonly #spare: LogSpare;
  readonly #settle: LogSettle;
  /** Not even the rest of the newest segment is used before there is a spare file. */
  readonly #isSuspect: boolean;

  #staging = Buffer.allocUnsafeSlow(STAGING_BYTES_FIRST);
  #stagedBytes = 0;
  #lastSequence: number;
  #durableSequence: number;
  /** Last record that was handed to a flush. */
  #takenSequence: number;
  #chain: number;
  #takenChain: number;
  /** True when a mark (or nothing) ends the log on disk. */
  #isMarked: boolean;

  #running: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;
  readonly #followers = new LogFollowers((after, last) => this.#durableRecords(after, last));
  #bytesAppended = 0;
  #flushes = 0;
  #hasAppended = false;

  constructor(
    disk: LogFs,
    { directory, segmentBytes, suspicion }: LogOptions & { readonly segmentBytes: number },
    lock: LogLock,
    opened: OpenedLog,
  ) {
    this.#disk = disk;
    this.#sync = new LogSync(disk);
    this.#directory = directory;
    this.#spare = new LogSpare(disk, directory, segmentBytes);
    this.#isSuspect = suspicion !== undefined;
    this.#settle = opened.settle;
    if (suspicion !== undefined) this.#spare.prepare(suspicion);
    this.#lock = lock;
    this.#salt = opened.salt;
    this.#active = opened.active;
    this.#lastSequence = this.#durableSequence = this.#takenSequence = opened.sequence;
    this.#chain = this.#takenChain = opened.chain;
    this.#isMarked = opened.isMarked;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  get durableSequence(): number {
    return this.#durableSequence;
  }

  get trimmedSequence(): number {
    return (sequenceOfName(listSegments(this.#disk, this.#directory)[0] ?? "") ?? 1) - 1;
  }

  get bytesAppended(): number {
    return this.#bytesAppended;
  }

  get flushes(): number {
    return this.#flushes;
  }

  obstacle(payloadBytes: number): StorageError | undefined {
    const obstacle = this.#settle.obstacle ?? this.#spare.obstacle;
    if (obstacle === undefined || this.#isSuspect) return obstacle;
    const bytes = this.#stagedBytes + FRAME_OVERHEAD_BYTES + payloadBytes;
    return this.#active.offset + bytes <= this.#active.capacity ? undefined : obstacle;
  }

  append(payload: Uint8Array): number {
    this.#mustWork("append to");
    const bytes = FRAME_OVERHEAD_BYTES + payload.length;
    const sequence = this.#lastSequence + 1;
    this.#mustFit(payload.length, bytes, sequence);
    this.#reserve(bytes);
    const span = sequence - this.#takenSequence;
    const frame = { sequence, span, payload, chain: this.#chain, salt: this.#salt };
    this.#chain = encodeFrame(this.#staging, this.#stagedBytes, frame);
    this.#stagedBytes += bytes;
    this.#bytesAppended += bytes;
    this.#lastSequence = sequence;
    this.#hasAppended = true;
    this.#followers.appended({ sequence, payload });
    return sequence;
  }

  flush(mayBlock = false): Promise<void> {
    const refusal = this.#refusal("flush");
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#flushShared(mayBlock);
  }

  replay(after: number): IterableIterator<LogRecord> {
    this.#mustWork("replay");
    if (this.#hasAppended) throw new Error(`Cannot replay log "${this.#directory}": records were appended already`);
    return readRecords(this.#disk, this.#directory, after, this.#lastSequence);
  }

  follow(after: number, follower: LogFollower): () => void {
    this.#mustWork("follow");
    const first = this.trimmedSequence + 1;
    if (after + 1 < first || after > this.#durableSequence) {
      const text = `records ${first} to ${this.#durableSequence} are there`;
      throw new RangeError(`Cannot follow log behind record ${after}: ${text}; start from a copy of the store`);
    }
    return this.#followers.add(after, follower, this.#durableSequence);
  }

  trim(sequence: number): void {
    this.#mustWork("trim");
    const names = listSegments(this.#disk, this.#directory);
    for (const [index, name] of names.entries()) {
      const next = sequenceOfName(names[index + 1] ?? "");
      if (next === undefined || next > sequence + 1) return;
      this.#disk.unlink(join(this.#directory, name));
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      if (this.#failure === undefined) await this.#flushShared(false);
      if (this.#failure !== undefined) throw this.#failure;
      await this.#writeMark();
    } finally {
      await this.#running?.catch(() => {});
      this.#followers.clear();
      await this.#spare.stop();
      try {
        this.#disk.close(this.#active.fd);
      } finally {
        this.#lock.release();
      }
    }
  }

  *#durableRecords(after: number, last: number): Generator<LogRecord, undefined> {
    // Behind them may lie what is being written right now.
    for (const record of readRecords(this.#disk, this.#directory, after, last)) {
      if (record.sequence > last) return;
      yield record;
      if (record.sequence === last) return;
    }
  }

  /** Writes after the last flush that it is durable, so that damage to it is never mistaken for a torn write. */
  async #writeMark(): Promise<void> {
    const { fd, offset, capacity } = this.#active;
    if (this.#isMarked || !this.#settle.isDone || offset + FRAME_OVERHEAD_BYTES > capacity) return;
    const mark = Buffer.alloc(FRAME_OVERHEAD_BYTES);
    const payload = new Uint8Array(0);
    encodeFrame(mark, 0, {
      sequence: this.#durableSequence,
      span: 0,
      payload,
      chain: this.#takenChain,
      salt: this.#salt,
    });
    writeAll(this.#disk, fd, mark, offset);
    await this.#disk.syncData(fd);
  }

  #refusal(act: string): Error | undefined {
    if (this.#failure !== undefined) {
      const text = `Cannot ${act} log "${this.#directory}": an earlier write failed (${this.#failure.message}); restart from disk`;
      return new Error(text, { cause: this.#failure });
    }
    return this.#closing === undefined
      ? undefined
      : new Error(`Cannot ${act} log "${this.#directory}": it is closed; open it again`);
  }

  #mustWork(act: string): void {
    const refusal = this.#refusal(act);
    if (refusal !== undefined) throw refusal;
  }

  #mustFit(payloadBytes: number, bytes: number, sequence: number): void {
    if (payloadBytes > RECORD_BYTES_MAX) {
      throw new RangeError(
        `Cannot append record: it has ${payloadBytes} bytes; at most ${RECORD_BYTES_MAX} are allowed`,
      );
    }
    if (this.#stagedBytes + bytes > STAGED_BYTES_MAX) {
      throw new RangeError(`Cannot append record: ${this.#stagedBytes} bytes wait for a flush; flush first`);
    }
    if (sequence > SEQUENCE_MAX) throw new RangeError(`Cannot append record: sequence ${sequence} is too large`);
  }

  /** Makes room for `bytes` more in the staging buffer. */
  #reserve(bytes: number): void {
    const needed = this.#stagedBytes + bytes;
    if (needed <= this.#staging.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#staging.length * 2));
    grown.set(this.#staging.subarray(0, this.#stagedBytes));
    this.#staging = grown;
  }

  #flushShared(mayBlock: boolean): Promise<void> {
    if (this.#running === undefined) return this.#begin(mayBlock);
    this.#following ??= this.#running.then(() => this.#begin(false));
    return this.#following;
  }

  /** Starts a flush of all that is staged. The caller knows that none is under way. */
  #begin(mayBlock: boolean): Promise<void> {
    this.#following = undefined;
    this.#running = undefined;
    if (this.#stagedBytes === 0) return Promise.resolve();
    const running = this.#writeBatch(this.#take(), mayBlock);
    this.#running = running.then(
      () => {
        if (this.#following === undefined) this.#running = undefined;
      },
      (error: unknown) => {
        this.#failure = error instanceof Error ? error : new Error(String(error));
        throw error;
      },
    );
    return this.#running;
  }

  #take(): Batch {
    const batch = {
      bytes: this.#staging.subarray(0, this.#stagedBytes),
      first: this.#takenSequence + 1,
      last: this.#lastSequence,
      chainBefore: this.#takenChain,
      chainAfter: this.#chain,
    };
    this.#takenSequence = batch.last;
    this.#takenChain = batch.chainAfter;
    this.#stagedBytes = 0;
    return batch;
  }

  async #writeBatch(batch: Batch, mayBlock: boolean): Promise<void> {
    this.#isMarked = false;
    if (this.#active.offset + batch.bytes.length <= this.#active.capacity) {
      writeAll(this.#disk, this.#active.fd, batch.bytes, this.#active.offset);
      this.#active.offset += batch.bytes.length;
      // The page cache has the bytes: the staging buffer may be filled again during the sync.
      if (this.#staging.length > STAGING_BYTES_KEPT) this.#staging = Buffer.allocUnsafeSlow(STAGING_BYTES_FIRST);
      await this.#sync.data(this.#active.fd, mayBlock);
    } else {
      this.#staging = Buffer.allocUnsafeSlow(STAGING_BYTES_FIRST);
      await this.#roll(batch);
    }
    this.#durableSequence = batch.last;
    this.#flushes++;
    this.#followers.flushed(batch.last);
    this.#prepareSpare();
  }

  /** Goes on in a new segment that begins with `batch`. */
  async #roll(batch: Batch): Promise<void> {
    const file = await this.#spare.take(SEGMENT_HEADER_BYTES + batch.bytes.length);
    const path = join(this.#directory, segmentName(batch.first));
    try {
      const header = {
        salt: this.#salt,
        firstSequence: batch.first,
        sealed: batch.last,
        chain: batch.chainBefore,
        capacity: file.capacity,
      };
      writeAll(this.#disk, file.fd, encodeSegmentHeader(header), 0);
      writeAll(this.#disk, file.fd, batch.bytes, SEGMENT_HEADER_BYTES);
      await this.#disk.syncData(file.fd);
      this.#disk.rename(file.path, path);
      await syncDirectory(this.#disk, this.#directory);
    } catch (error) {
      discard(this.#disk, file);
      throw error;
    }
    const full = this.#active;
    this.#active = { ...file, path, offset: SEGMENT_HEADER_BYTES + batch.bytes.length };
    this.#disk.close(full.fd);
  }

  /** Fills the next segment's file with zeros while the second half of this one is written. */
  #prepareSpare(): void {
    if (this.#active.offset * 2 >= this.#active.capacity) this.#spare.prepare();
  }
}
