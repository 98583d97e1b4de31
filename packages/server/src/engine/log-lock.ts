/**
 * The lock of a log directory: one owner at a time, and a dead owner blocks nobody.
 *
 * The owner keeps the lock file open for as long as it owns it. On Linux "is the owner alive" is therefore answered
 * exactly: does process `pid` have this very file open? A process that died, a reused pid, and a worker thread that was
 * terminated (Node closes its descriptors) all answer no. Elsewhere the pid alone decides, and another thread of the
 * own process counts as dead.
 *
 * The file appears with its content already in it (written under another name, then hard-linked), so nobody ever reads
 * half of it. A stale lock is renamed away first: only one of several contenders succeeds at that.
 *
 * Not covered: two machines or two containers with separate process tables on one shared volume.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { type LogFs, readAll, writeAll } from "./log-fs.ts";

const LOCK_FILE = "lock";
const LOCK_PREFIX = "lock-";
const ATTEMPTS_MAX = 16;

/** Another living owner has the log open. */
export class LogLockedError extends Error {
  override readonly name = "LogLockedError";
  readonly pid: number;
  constructor(directory: string, pid: number) {
    super(`Cannot open log "${directory}": process ${pid} has it open; stop that process first`);
    this.pid = pid;
  }
}

/** A held lock. */
export interface LogLock {
  /** Gives the lock back. */
  release(): void;
}

interface Owner {
  readonly pid: number;
  readonly threadId: number;
}

function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Who wrote the lock file; `undefined` when it is gone. */
function readOwner(disk: LogFs, path: string): Owner | undefined {
  try {
    const [pid, thread] = readAll(disk, path).toString("latin1").split(" ").map(Number);
    return { pid: pid ?? 0, threadId: thread ?? 0 };
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

function isAlive(owner: Owner, path: string): boolean {
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
  if (owner !== undefined && isAlive(owner, aside)) tryLink(disk, aside, path);
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
    writeAll(disk, fd, Buffer.from(`${process.pid} ${threadId}`, "latin1"), 0);
    for (let attempt = 0; attempt < ATTEMPTS_MAX && !isOwned; attempt++) {
      isOwned = tryLink(disk, own, path);
      if (isOwned) break;
      const owner = readOwner(disk, path);
      if (owner !== undefined && isAlive(owner, path)) throw new LogLockedError(directory, owner.pid);
      if (owner !== undefined) removeStale(disk, path, `${own}-stale`);
    }
    if (!isOwned) throw new LogLockedError(directory, readOwner(disk, path)?.pid ?? 0);
    disk.unlink(own);
  } catch (error) {
    abandon(disk, fd, isOwned ? [own, path] : [own]);
    throw error;
  }
  return { release: () => releaseLock(disk, fd, path) };
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
