/**
 * What the log's tests share: records by number, reading a whole log, real directories.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type LogFs } from "../log-fs.ts";
import { openLog } from "../log.ts";
import type { Log } from "../log-types.ts";

/** Directory of logs on simulated disks. */
export const SIM_DIRECTORY = "/sim";

/** A real directory that goes away with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "log-"));
  onTestFinished(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** Record `n` as text; `size` bytes, none of them zero. */
export function payloadOf(n: number, size: number): Buffer {
  return Buffer.from(`${n}:`.padEnd(size, "abcdefghij").slice(0, size), "latin1");
}

/** All records after `after` as text. */
export function textsOf(log: Log, after = 0): string[] {
  return [...log.replay(after)].map(({ payload }) => Buffer.from(payload).toString("latin1"));
}

/** Appends the records and flushes them together. */
export async function writeTogether(log: Log, payloads: readonly Uint8Array[]): Promise<void> {
  for (const payload of payloads) log.append(payload);
  await log.flush();
}

/** Opens, reads everything, closes. */
export async function reopenedTexts(disk: LogFs, segmentBytes: number, after = 0): Promise<string[]> {
  const log = openLog({ directory: SIM_DIRECTORY, fs: disk, segmentBytes });
  try {
    return textsOf(log, after);
  } finally {
    await log.close();
  }
}
