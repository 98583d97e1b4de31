/**
 * How a disk engine can be opened, and what it does unless told otherwise.
 *
 * @module
 */
import type { LogFs } from "./log-fs.ts";
import type { StorageError } from "./storage-error.ts";
import type { Codec } from "./types.ts";

const MEBIBYTE = 1024 * 1024;

/** How to open a store. */
export interface DiskEngineOptions<T> {
  /** Holds `log/` and `base/`; made if it is not there. */
  readonly directory: string;
  readonly codec: Codec<T>;
  /** Memory for resident collections and decoded rows; 512 MiB by default. */
  readonly memoryBytes?: number | undefined;
  /**
   * So many bytes of records that the base lacks start a checkpoint at once; 32 MiB by default. More makes recovery longer: it replays about as much
   * in a second.
   */
  readonly checkpointBytes?: number | undefined;
  /** A smaller rest is checkpointed when nothing was flushed for this time; 1,000 ms by default, `Infinity` = never. */
  readonly checkpointDelayMs?: number | undefined;
  /** With more bytes of records than this that the base lacks, flushes wait for the checkpointer; 256 MiB by default. */
  readonly backlogBytesMax?: number | undefined;
  /** Whether `close` brings the base up to the head, so that the next opening has nothing to replay; true by default. */
  readonly checkpointOnClose?: boolean | undefined;
  readonly segmentBytes?: number | undefined;
  /** Is told of a collection whose count does not agree with its rows, when it is read into memory after opening; by default it is printed. */
  readonly miscounted?: ((message: string) => void) | undefined;
  /** The log's disk; the real one by default. */
  readonly logFs?: LogFs | undefined;
  /** Why an engine on this store failed before: nothing is committed until the disk took a file. */
  readonly suspicion?: StorageError | undefined;
}

/** Options with every choice made. */
export interface ResolvedOptions<T> extends DiskEngineOptions<T> {
  readonly memoryBytes: number;
  readonly checkpointBytes: number;
  readonly checkpointDelayMs: number;
  readonly backlogBytesMax: number;
  readonly checkpointOnClose: boolean;
  readonly miscounted: (message: string) => void;
}

/** Makes the choices that the caller left open. */
export function withDefaults<T>(options: DiskEngineOptions<T>): ResolvedOptions<T> {
  return {
    ...options,
    memoryBytes: options.memoryBytes ?? 512 * MEBIBYTE,
    checkpointBytes: options.checkpointBytes ?? 32 * MEBIBYTE,
    checkpointDelayMs: options.checkpointDelayMs ?? 1000,
    backlogBytesMax: options.backlogBytesMax ?? 256 * MEBIBYTE,
    checkpointOnClose: options.checkpointOnClose ?? true,
    miscounted: options.miscounted ?? ((message) => console.error(message)),
  };
}
