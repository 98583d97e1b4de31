/**
 * Files that one execution of a mutation stores and reads, and their limits.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import { UserError } from "../tx/types.ts";

/** Counts since the execution began; what was rolled back stays counted, as its bytes were written. */
export interface FileUsage {
  filesWritten: number;
  fileWriteBytes: number;
  filesRead: number;
  fileReadBytes: number;
}

export function newFileUsage(): FileUsage {
  return { filesWritten: 0, fileWriteBytes: 0, filesRead: 0, fileReadBytes: 0 };
}

/** @throws {UserError} Over a limit. */
export function countFileWritten(usage: FileUsage, bytes: number, limits: Limits): void {
  usage.filesWritten += 1;
  usage.fileWriteBytes += bytes;
  check("Too many files written", usage.filesWritten, limits.filesWrittenMax);
  check("Too many bytes of files written", usage.fileWriteBytes, limits.fileWriteBytesMax);
}

/** @throws {UserError} Over a limit. */
export function countFileRead(usage: FileUsage, bytes: number, limits: Limits): void {
  usage.filesRead += 1;
  usage.fileReadBytes += bytes;
  check("Too many files read", usage.filesRead, limits.filesReadMax);
  check("Too many bytes of files read", usage.fileReadBytes, limits.fileReadBytesMax);
}

function check(what: string, used: number, max: number): void {
  if (used > max) throw new UserError("TooManyFiles", `${what} in a single function execution (limit: ${max})`);
}
