/**
 * The disk calls of the log and of stored files, as one small interface.
 *
 * Why: a test must be able to make the n-th call fail, and a simulation must be able to own the disk. Only what
 * they need is here, with the names of what they mean by it.
 *
 * Synchronous calls touch the page cache (microseconds). What waits for the device is asynchronous, so that the
 * thread that owns the log goes on with other work; the exceptions are `syncNow`, used only while opening, and `syncDataNow`
 * (`log-sync.ts`).
 *
 * @module
 */
import * as fs from "node:fs";
import { lockFile } from "./file-lock.ts";

/** Every disk call the log and the file store make. All of them throw (or reject) with Node's errors. */
export interface LogFs {
  makeDirectory(path: string): void;
  list(directory: string): string[];
  /** `list` on the thread pool: for folders with many files. */
  listBehind(directory: string): Promise<string[]>;
  open(path: string, flags: "r" | "r+" | "wx+"): number;
  close(fd: number): void;
  /** Size in bytes. */
  size(fd: number): number;
  /** Reads up to `into.length` bytes from `position`; returns how many. */
  read(fd: number, into: Uint8Array, position: number): number;
  /** `read` on the thread pool: for bytes that may not be in the page cache. */
  readBehind(fd: number, into: Uint8Array, position: number): Promise<number>;
  /** Writes into the page cache; returns how many bytes were taken, which may be fewer than given. */
  write(fd: number, bytes: Uint8Array, position: number): number;
  /** `write` on the thread pool: for bulk that nobody waits for. */
  writeBehind(fd: number, bytes: Uint8Array, position: number): Promise<number>;
  /** Resolves when the file's data is on the device (`fdatasync`). */
  syncData(fd: number): Promise<void>;
  /** `syncData`, blocking. */
  syncDataNow(fd: number): void;
  /** Resolves when data and metadata are on the device (`fsync`); also for directories. */
  sync(fd: number): Promise<void>;
  /** `sync`, blocking. */
  syncNow(fd: number): void;
  /** Takes the whole file for this descriptor, until it is closed; false: another one has it; `undefined`: this machine cannot tell (`file-lock.ts`). */
  lock(fd: number): boolean | undefined;
  rename(from: string, to: string): void;
  link(from: string, to: string): void;
  unlink(path: string): void;
  /** `unlink` on the thread pool: for large files, which take long. */
  unlinkBehind(path: string): Promise<void>;
}

/** Calls a callback-style function of `node:fs` and gives its promise. */
function settled<T>(start: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === null || error === undefined) resolve(value);
      else reject(error);
    });
  });
}

/** The real disk. */
export const nodeLogFs: LogFs = {
  makeDirectory: (path) => void fs.mkdirSync(path, { recursive: true }),
  list: (directory) => fs.readdirSync(directory),
  listBehind: (directory) => settled<string[]>((done) => fs.readdir(directory, done)),
  open: (path, flags) => fs.openSync(path, flags),
  close: (fd) => fs.closeSync(fd),
  size: (fd) => fs.fstatSync(fd).size,
  read: (fd, into, position) => fs.readSync(fd, into, 0, into.length, position),
  readBehind: (fd, into, position) => settled<number>((done) => fs.read(fd, into, 0, into.length, position, done)),
  write: (fd, bytes, position) => fs.writeSync(fd, bytes, 0, bytes.length, position),
  writeBehind: (fd, bytes, position) => settled<number>((done) => fs.write(fd, bytes, 0, bytes.length, position, done)),
  syncData: (fd) => settled<void>((done) => fs.fdatasync(fd, (error) => done(error, undefined))),
  syncDataNow: (fd) => fs.fdatasyncSync(fd),
  sync: (fd) => settled<void>((done) => fs.fsync(fd, (error) => done(error, undefined))),
  syncNow: (fd) => fs.fsyncSync(fd),
  lock: lockFile,
  rename: (from, to) => fs.renameSync(from, to),
  link: (from, to) => fs.linkSync(from, to),
  unlink: (path) => fs.unlinkSync(path),
  unlinkBehind: (path) => settled<void>((done) => fs.unlink(path, (error) => done(error, undefined))),
};

/** Writes all of `bytes`, whatever the number of calls it takes. */
export function writeAll(disk: LogFs, fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    const taken = disk.write(fd, done === 0 ? bytes : bytes.subarray(done), position + done);
    if (taken <= 0) throw new Error("Cannot write log: the disk took no bytes");
    done += taken;
  }
}

/** Reads a whole file. A file that is shorter than its size says gives what is there. */
export function readAll(disk: LogFs, path: string): Buffer {
  const fd = disk.open(path, "r");
  try {
    const bytes = Buffer.allocUnsafeSlow(disk.size(fd));
    let done = 0;
    while (done < bytes.length) {
      const got = disk.read(fd, bytes.subarray(done), done);
      if (got === 0) break;
      done += got;
    }
    return bytes.subarray(0, done);
  } finally {
    disk.close(fd);
  }
}

/** Makes created, renamed and deleted names in `directory` durable. Windows does not know the call and needs none. */
export function syncDirectoryNow(disk: LogFs, directory: string): void {
  if (process.platform === "win32") return;
  const fd = disk.open(directory, "r");
  try {
    disk.syncNow(fd);
  } finally {
    disk.close(fd);
  }
}

/** {@linkcode syncDirectoryNow} without blocking. */
export async function syncDirectory(disk: LogFs, directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const fd = disk.open(directory, "r");
  try {
    await disk.sync(fd);
  } finally {
    disk.close(fd);
  }
}
