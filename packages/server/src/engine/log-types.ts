/**
 * The log interface: an append-only sequence of checksummed records, the only thing that makes a commit durable.
 *
 * @module
 */

import type { StorageError } from "./storage-error.ts";

/** A record as it was appended. `sequence` counts up by one from record to record, from 1. */
export interface LogRecord {
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Where a log is damaged, in words a person can act on. */
export interface LogDamage {
  readonly file: string;
  /** Byte offset of the first bad frame in `file`. */
  readonly offset: number;
  readonly reason: string;
}

/** A damaged middle: records exist after the bad place, so cutting would lose acknowledged commits. */
export class LogDamagedError extends Error {
  override readonly name = "LogDamagedError";
  readonly damage: LogDamage;
  constructor(damage: LogDamage) {
    super(
      `Cannot open log "${damage.file}": ${damage.reason} at byte ${damage.offset}; restore the file from a backup or run "narrowcast check"`,
    );
    this.damage = damage;
  }
}

/** Who is told of durable records, in order and without a gap. */
export interface LogFollower {
  /** The next records; payloads must not be written to. Called inside of the log's own work: be short. */
  records(records: readonly LogRecord[]): void;
  /** It is told nothing more: it threw, or what it should be told next cannot be read. */
  failed(error: Error): void;
}

/** Append-only log over preallocated segment files with group commit. */
export interface Log {
  /** Sequence of the last appended record, 0 when empty. */
  readonly lastSequence: number;
  /** Sequence up to which records were trimmed away. */
  readonly trimmedSequence: number;
  /** Sequence up to which records are durable. */
  readonly durableSequence: number;
  /** Bytes appended since opening. */
  readonly bytesAppended: number;
  /** Number of flushes (fdatasync calls that acknowledged something). */
  readonly flushes: number;
  /**
   * Why a record of so many bytes should not be appended now: there may be no room for it on the disk. `undefined`: append it. What is appended
   * nevertheless may make its flush fail, and with it the log.
   */
  obstacle(payloadBytes: number): StorageError | undefined;
  /** Buffers a record in memory and returns its sequence. Nothing touches the disk. */
  append(payload: Uint8Array): number;
  /**
   * Writes all buffered records with one write and one fdatasync. Concurrent calls share: a call made during a flush waits for the next one. A failed
   * write or sync rejects, and every later call too: the state on disk is then unknown. @param mayBlock The caller's thread has nothing else to do:
   * it may wait for the device itself.
   */
  flush(mayBlock?: boolean): Promise<void>;
  /** Records with `sequence > after`, oldest first, from disk; only before the first append. */
  replay(after: number): IterableIterator<LogRecord>;
  /**
   * Tells `follower` of every durable record with `sequence > after`: at once of those that are there, then of each as soon as it is durable.
   *
   * @returns How to leave.
   * @throws {RangeError} If records behind `after` were trimmed away, or `after` is not durable yet.
   */
  follow(after: number, follower: LogFollower): () => void;
  /** Deletes segments whose records are all `<= sequence` (they are in the base). */
  trim(sequence: number): void;
  close(): Promise<void>;
}
