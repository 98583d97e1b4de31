/**
 * When the base is brought up to the log.
 *
 * The base competes with the log for the disk and with commits for the processor: it waits until commits pause, or until much has come together. A disk that
 * does not take it is tried again once a second; the log has everything meanwhile.
 *
 * @module
 */
import type { Backlog } from "./backlog.ts";
import type { Checkpointer } from "./checkpointer.ts";
import type { ResolvedOptions } from "./disk-engine-options.ts";
import { StorageError } from "./storage-error.ts";

const RETRY_MS = 1_000;

/** What a schedule needs of its engine. */
export interface CheckpointScheduleParts {
  readonly checkpointer: Checkpointer;
  readonly backlog: Backlog;
  readonly options: Pick<ResolvedOptions<unknown>, "checkpointBytes" | "checkpointDelayMs" | "backlogBytesMax">;
  /** The base cannot be written, and not because of the disk. */
  readonly failed: (error: unknown) => void;
}

/** See the module comment. */
export class CheckpointSchedule {
  readonly #parts: CheckpointScheduleParts;
  #timer: NodeJS.Timeout | undefined;
  #trouble: StorageError | undefined;
  #isStopped = false;

  constructor(parts: CheckpointScheduleParts) {
    this.#parts = parts;
  }

  /** Why nothing more should be committed: the base took nothing at the last attempt, and lacks as much as it may. */
  get obstacle(): StorageError | undefined {
    return this.#isBacklogFull ? this.#trouble : undefined;
  }

  /** There may be more for the base. */
  plan(): void {
    const { backlog, checkpointer, options } = this.#parts;
    if (backlog.size === 0 || checkpointer.isRunning || this.#isStopped) return;
    // After trouble the next attempt has its time already.
    if (this.#trouble !== undefined) return;
    if (backlog.bytes >= options.checkpointBytes) this.#start();
    else if (options.checkpointDelayMs === Infinity) return;
    else if (this.#timer === undefined) this.#startAfter(options.checkpointDelayMs);
    else this.#timer.refresh();
  }

  /** After a flush. Resolves when the caller may go on: beyond the backlog's limit after a checkpoint. */
  async flushed(): Promise<void> {
    this.plan();
    // A base that takes nothing is not waited for: what goes on top of it is refused instead.
    if (!this.#isStopped && this.#isBacklogFull && this.#trouble === undefined) await this.run();
  }

  /** Brings the base up to what is durable, unless the disk does not take it. */
  async run(): Promise<void> {
    try {
      await this.#parts.checkpointer.run();
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = StorageError.from(error);
      if (this.#trouble === undefined) throw error;
      if (!this.#isStopped) this.#startAfter(RETRY_MS);
    }
  }

  /** Plans nothing any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  get #isBacklogFull(): boolean {
    return this.#parts.backlog.bytes > this.#parts.options.backlogBytesMax;
  }

  #startAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#start(), ms);
    this.#timer.unref();
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.run().catch((error: unknown) => this.#parts.failed(error));
  }
}
