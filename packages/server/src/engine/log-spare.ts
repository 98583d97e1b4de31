/**
 * The next segment's file, made ready before it is needed.
 *
 *   prepare() ──zeros, synced──▶ spare file ──take()──▶ a segment
 *        └── the disk takes nothing: tried again once a second
 *
 * Whether there is one says whether the disk takes anything, early: there is still room in the segment before.
 *
 * @module
 */
import type { LogFs } from "./log-fs.ts";
import { SPARE_SUFFIX } from "./log-open.ts";
import { discard, preallocate, type SegmentFile } from "./log-segment.ts";
import { StorageError } from "./storage-error.ts";

const RETRY_MS = 1_000;

/** See the module comment. */
export class LogSpare {
  readonly #disk: LogFs;
  readonly #directory: string;
  readonly #bytes: number;
  #file: Promise<SegmentFile | undefined> | undefined;
  #isThere = false;
  #obstacle: StorageError | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isStopped = false;
  #made = 0;

  /** @param bytes Size of the file. */
  constructor(disk: LogFs, directory: string, bytes: number) {
    this.#disk = disk;
    this.#directory = directory;
    this.#bytes = bytes;
  }

  /** Why there is no file: the disk did not take it at the last attempt. `undefined`: there is one, or nobody has wanted one. */
  get obstacle(): StorageError | undefined {
    return this.#isThere ? undefined : this.#obstacle;
  }

  /** Begins with a file unless there is one, or one in the making. @param obstacle Holds until there is one. */
  prepare(obstacle?: StorageError): void {
    this.#obstacle ??= obstacle;
    if (this.#file === undefined) this.#make();
  }

  /** A file of so many bytes, which is the spare one if that is large enough. Rejects with the disk's own error. */
  async take(bytes: number): Promise<SegmentFile> {
    if (bytes > this.#bytes) return this.#preallocate(bytes);
    const file = await this.#file;
    this.#file = undefined;
    this.#isThere = false;
    return file ?? this.#preallocate(this.#bytes);
  }

  /** Makes no file any more, and removes the one that is there. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    const file = await this.#file;
    if (file !== undefined) discard(this.#disk, file);
  }

  #make(): void {
    this.#file = this.#preallocate(this.#bytes).then(
      (file) => {
        this.#isThere = true;
        this.#obstacle = undefined;
        return file;
      },
      (error: unknown) => {
        // Other failures are met again, and reported, when the file is needed.
        this.#obstacle = StorageError.from(error);
        if (this.#obstacle !== undefined && !this.#isStopped) this.#makeLater();
        return undefined;
      },
    );
  }

  #makeLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      if (!this.#isStopped && !this.#isThere) this.#make();
    }, RETRY_MS);
    this.#retry.unref();
  }

  #preallocate(capacity: number): Promise<SegmentFile> {
    return preallocate(this.#disk, this.#directory, `spare-${++this.#made}${SPARE_SUFFIX}`, capacity);
  }
}
