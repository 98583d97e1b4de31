/**
 * Opens an engine on disk with a log of its own; another log is given to the engine itself.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { logFolder } from "./copy-store.ts";
import { DiskEngine } from "./disk-engine.ts";
import type { DiskEngineOptions } from "./disk-engine-options.ts";
import { openLog } from "./log.ts";

/**
 * Opens the store in `options.directory` with the log beside the base, or makes an empty one.
 *
 * @throws {LogLockedError} If another process has the store open.
 * @throws What the engine's constructor throws.
 */
export function openDiskEngine<T>(options: DiskEngineOptions<T>): DiskEngine<T> {
  const directory = logFolder(options.directory);
  mkdirSync(directory, { recursive: true });
  // The log's lock comes first: it keeps a second process away from the base, too.
  const { logFs: fs, segmentBytes, suspicion } = options;
  return new DiskEngine(options, openLog({ directory, fs, segmentBytes, suspicion }));
}
