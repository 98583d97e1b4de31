/**
 * How the log waits for the device: in the owner's thread, or on the thread pool.
 *
 * Going through the pool costs two hand-overs between threads, which on a busy machine take longer than a fast device does. An owner
 * that has nothing else to do waits itself. A device that turns out to be slow is left to the pool for a while: the thread
 * has sockets' work coming in meanwhile.
 *
 * @module
 */
import type { LogFs } from "./log-fs.ts";

/** Blocking for longer than this on average is not worth it, in milliseconds. */
const BLOCKED_MS_MAX = 1;
/** Weight of the newest wait in the average. */
const NEWEST = 0.25;
/** Flushes that a slow device is left to the pool. */
const POOL_FLUSHES = 64;

/** See the module comment. */
export class LogSync {
  readonly #disk: LogFs;
  #meanMs = 0;
  #poolFlushes = 0;

  constructor(disk: LogFs) {
    this.#disk = disk;
  }

  /** Resolves when the file's data is on the device. @param mayBlock The caller's thread has nothing else to do. */
  async data(fd: number, mayBlock: boolean): Promise<void> {
    if (!mayBlock || this.#poolFlushes > 0) {
      if (mayBlock) this.#poolFlushes -= 1;
      return this.#disk.syncData(fd);
    }
    const startMs = performance.now();
    this.#disk.syncDataNow(fd);
    this.#meanMs += (performance.now() - startMs - this.#meanMs) * NEWEST;
    if (this.#meanMs <= BLOCKED_MS_MAX) return;
    this.#meanMs = 0;
    this.#poolFlushes = POOL_FLUSHES;
  }
}
