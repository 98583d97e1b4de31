/**
 * The lock of a log directory: one owner at a time, and a dead owner blocks nobody.
 *
 * The owner keeps the lock file open and locked (`flock`) for as long as it owns it. The system gives such a lock back with the descriptor, however the
 * owner ends, and shows it to every process that can open the file, also from another container.
 *
 * Where `flock` is missing the process decides. On Linux exactly: does process `pid` have this very file open? A process that died, a reused
 * pid, and a worker thread that was terminated (Node closes its descriptors) all answer no. Elsewhere the pid alone decides, and another thread of the
 * own process counts as dead. Containers with separate process tables on one volume are then not told apart.
 *
 * The file appears with its content already in it (written under another name, then hard-linked), so nobody ever reads
 * half of it. A stale lock is renamed away first: only one of several contenders succeeds at that.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { StorageError } from "./storage-error.ts";
import { type LogFs, readAll, writeAll } from "./log-fs.ts";

const LOCK_FILE = "lock";
const LOCK_PREFIX = "lock-";
const ATTEMPTS_MAX = 16;

/** Another living owner has the log open. */
export class LogLockedError extends Error {
  override readonly name = "LogLockedError";
  readonly pid: number;
  /** @param host Name of the machine or container, in whose process table `pid` is. */
  constructor(directory: string, { pid, host }: Pick<Owner, "pid" | "host">) {
    const where = host === hostname() ? "" : ` on host "${host}"`;
    super(`Cannot open log "${directory}": process ${pid}${where} has it open; stop that process first`);
    this.pid = pid;
  }
}

/** A held lock. */
export interface LogLock {
  /** Gives the lock back. */
  release(): void;
  /** The same after a failure, which is the one to report. */
  giveUp(): void;
}

interface Owner {
  readonly pid: number;
  readonly threadId: number;
  readonly host: string;
}

function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Who wrote the lock file; `undefined` when it is gone. */
function readOwner(disk: LogFs, path: string): Owner | undefined {
  try {
    const [pid = "0", thread = "0", host = hostname()] = readAll(disk, path).toString("utf8").split(" ");
    return { pid: Number(pid), threadId: Number(thread), host };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** True when process `pid` holds an open descriptor of the file at `path`; `undefined` when it cannot be seen. */
function hasOpen(pid: number, path: string): boolean | undefined {
  const folder = `/proc/${pid}/fd`;
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    return errorCode(error) === "ENOENT" ? false : undefined;
  }
  const lock = statSync(path, { throwIfNoEntry: false });
  if (lock === undefined) return false;
  return names.some((name) => {
    try {
      const file = statSync(join(folder, name));
      return file.dev === lock.dev && file.ino === lock.ino;
    } catch {
      return false; // Closed meanwhile.
    }
  });
}

function isRunning(owner: Owner): boolean {
  if (owner.pid === process.pid) return owner.threadId === threadId;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}

/** True when somebody has the file locked; false too when this machine cannot tell. */
function isLocked(disk: LogFs, path: string): boolean {
  let fd: number;
  try {
    fd = disk.open(path, "r+");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
  try {
    return disk.lock(fd) === false;
  } finally {
    disk.close(fd);
  }
}

function isAlive(disk: LogFs, owner: Owner, path: string): boolean {
  if (isLocked(disk, path)) return true;
  if (!Number.isSafeInteger(owner.pid) || owner.pid <= 0) return false;
  const seen = existsSync("/proc/self/fd") ? hasOpen(owner.pid, path) : undefined;
  return seen ?? isRunning(owner);
}

/** Links our file to the lock's name; false when the name is taken. */
function tryLink(disk: LogFs, from: string, to: string): boolean {
  try {
    disk.link(from, to);
    return true;
  } catch (error) {
    // ENOENT: an owner that opened meanwhile took our file for a leftover and deleted it.
    if (errorCode(error) === "EEXIST" || errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

/** Moves a stale lock out of the way. If a living one was caught instead, it is put back. */
function removeStale(disk: LogFs, path: string, aside: string): void {
  try {
    disk.rename(path, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  const owner = readOwner(disk, aside);
  if (owner !== undefined && isAlive(disk, owner, aside)) tryLink(disk, aside, path);
  disk.unlink(aside);
}

/**
 * Takes the lock of `directory`.
 *
 * @throws {LogLockedError} If a living process, or another part of this one, holds it.
 */
export function acquireLock(disk: LogFs, directory: string): LogLock {
  const path = join(directory, LOCK_FILE);
  const own = join(directory, `${LOCK_PREFIX}${randomUUID()}`);
  const fd = disk.open(own, "wx+");
  let isOwned = false;
  try {
    writeOwner(disk, fd);
    for (let attempt = 0; attempt < ATTEMPTS_MAX && !isOwned; attempt++) {
      isOwned = tryLink(disk, own, path);
      if (isOwned) break;
      const owner = readOwner(disk, path);
      if (owner !== undefined && isAlive(disk, owner, path)) throw new LogLockedError(directory, owner);
      if (owner !== undefined) removeStale(disk, path, `${own}-stale`);
    }
    if (!isOwned) throw new LogLockedError(directory, readOwner(disk, path) ?? { pid: 0, host: hostname() });
    disk.unlink(own);
  } catch (error) {
    abandon(disk, fd, isOwned ? [own, path] : [own]);
    throw error;
  }
  return { release: () => releaseLock(disk, fd, path), giveUp: () => abandon(disk, fd, [path]) };
}

/** Takes the file and writes who has it. */
function writeOwner(disk: LogFs, fd: number): void {
  const isHeld = disk.lock(fd) === true;
  try {
    writeAll(disk, fd, Buffer.from(`${process.pid} ${threadId} ${hostname()}`, "utf8"), 0);
  } catch (error) {
    // On a disk that is full the lock holds without a name in it.
    if (!isHeld || StorageError.from(error) === undefined) throw error;
  }
}

function abandon(disk: LogFs, fd: number, paths: readonly string[]): void {
  for (const path of paths) {
    try {
      disk.unlink(path);
    } catch {
      // A leftover is deleted by the next opening; a lock nobody has open is stale.
    }
  }
  try {
    disk.close(fd);
  } catch {
    // The first failure is the one to report.
  }
}

/** Deletes the lock file, then closes it: in this order nobody can take a lock that is about to go. */
function releaseLock(disk: LogFs, fd: number, path: string): void {
  try {
    disk.unlink(path);
  } finally {
    disk.close(fd);
  }
}

/** True for files that only a crashed opening can have left behind. */
export function isLockLeftover(name: string): boolean {
  return name.startsWith(LOCK_PREFIX);
}
