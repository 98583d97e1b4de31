/**
 * A consistent copy of a store that is open and being written to.
 *
 *   trims held ─▶ snapshot of the base, at record a ─▶ flush ─▶ log copied up to record d, durable by now ─▶ trims go on
 *
 * The log's copy begins at or before record a + 1, because nothing was trimmed meanwhile, and ends behind record d: what was being written then is left
 * out. So the copy is the store as a crash right after d would have left it, and opens like one.
 *
 * All reading and writing is done on other threads in pieces, so commits go on.
 *
 * Not here: bytes of stored files (`copy-files.ts`).
 *
 * @module
 */
import { chmod, mkdir, open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { nodeLogFs } from "./log-fs.ts";
import { decodeSegmentHeader, listSegments, SegmentScan, sequenceOfName } from "./log-segment.ts";
import { LogDamagedError } from "./log-types.ts";

/** Bytes of one read or write. */
const PIECE_BYTES = 1024 * 1024;
/** Only the owner may read data. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** What is copied. */
export interface CopyParts {
  readonly base: { copyTo(directory: string, onProgress: (bytes: number) => void): Promise<void> };
  readonly log: { readonly durableSequence: number };
  readonly checkpointer: { keepLog(): () => void };
  /** Makes durable what was committed. */
  readonly flush: () => Promise<void>;
}

/** Where the log of the store in `directory` lies. */
export function logFolder(directory: string): string {
  return join(directory, "log");
}

/** Copies the open store in `from` into `to`, which is made. @param onProgress Is told how many bytes of the base are there. */
export async function copyStore(
  { base, log, checkpointer, flush }: CopyParts,
  from: string,
  to: string,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const letGo = checkpointer.keepLog();
  try {
    await base.copyTo(join(to, "base"), onProgress);
    await flush();
    await copyLog(logFolder(from), logFolder(to), log.durableSequence);
  } finally {
    letGo();
  }
}

/** Copies the log in `from` up to the durable record `last` into `to`, which is made. */
async function copyLog(from: string, to: string, last: number): Promise<void> {
  await makeFolder(to);
  const names = listSegments(nodeLogFs, from).filter((name) => (sequenceOfName(name) ?? Infinity) <= last);
  // A log in which nothing was written yet has one segment, which begins with record 1.
  if (names.length === 0) names.push(...listSegments(nodeLogFs, from).slice(0, 1));
  for (const name of names) {
    const isNewest = name === names.at(-1);
    await copyFile(
      join(from, name),
      join(to, name),
      isNewest ? (bytes) => cutBehind(from, name, bytes, last) : undefined,
    );
  }
  await syncFile(to);
}

/** Makes a folder that only its owner may read. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: FOLDER_MODE });
}

/** Copies a file whole and durably, in pieces; `change` sees all bytes before they are written. */
export async function copyFile(from: string, to: string, change?: (bytes: Buffer) => void): Promise<void> {
  const source = await open(from, "r");
  try {
    const target = await open(to, "wx", FILE_MODE);
    try {
      await (change === undefined ? pipe(source, target) : changed(source, target, change));
      await target.sync();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Lets only its owner read a file that something else made. */
export async function ownOnly(path: string): Promise<void> {
  await chmod(path, FILE_MODE);
}

/** Makes what is in a file, or the names in a folder, durable. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function pipe(source: FileHandle, target: FileHandle): Promise<void> {
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  for (;;) {
    const { bytesRead } = await source.read(piece, 0, piece.length);
    if (bytesRead === 0) return;
    await writeWhole(target, piece.subarray(0, bytesRead));
  }
}

async function changed(source: FileHandle, target: FileHandle, change: (bytes: Buffer) => void): Promise<void> {
  const bytes = await source.readFile();
  change(bytes);
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    await writeWhole(target, bytes.subarray(at, at + PIECE_BYTES));
  }
}

async function writeWhole(target: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await target.write(bytes, done)).bytesWritten;
}

/** Zeros behind record `last`: there a write may be under way. */
function cutBehind(directory: string, name: string, bytes: Buffer, last: number): void {
  const header = decodeSegmentHeader(name, bytes);
  const file = join(directory, name);
  if (typeof header === "string") throw new LogDamagedError({ file, offset: 0, reason: header });
  const scan = new SegmentScan(bytes, header);
  while (scan.sequence < last && scan.next());
  if (scan.sequence < last) throw new LogDamagedError({ file, offset: scan.offset, reason: scan.problem });
  bytes.fill(0, scan.offset);
}
