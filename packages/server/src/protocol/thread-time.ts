/**
 * Processor time of one thread, as far as the platform tells it.
 *
 *                      Linux                                elsewhere
 *   of this thread     the kernel's account of the thread   `process.threadCpuUsage`, from Node 23.9 on; else the whole process
 *   of another thread  the kernel's account of the thread   the whole process
 *
 * The whole process's time is an upper bound of a thread's: whoever compares it with a limit must compare the time that passed as well. Where threads
 * are not told apart, a limit is therefore one of elapsed time while other threads of the server compute.
 *
 * @module
 */
import { readFileSync, readlinkSync } from "node:fs";

/** Milliseconds of one unit in the kernel's account: 100 a second, whatever the kernel counts in. */
const TICK_MS = 10;
/** Places of user and system time, counted after the command's closing parenthesis. */
const USER_FIELD = 11;
const SYSTEM_FIELD = 12;

/** By what other threads find this one's time; 0 where the platform does not tell. */
export function ownThreadNumber(): number {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    return 0;
  }
}

/** Processor time of this thread, in milliseconds; an upper bound where the platform does not tell. */
export function ownThreadMs(): number {
  const { threadCpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage };
  if (threadCpuUsage !== undefined) return millisecondsOf(threadCpuUsage.call(process));
  return accountOf("/proc/thread-self/stat") ?? millisecondsOf(process.cpuUsage());
}

/** Processor time of the thread with this number, in milliseconds; an upper bound where the platform does not tell. */
export function threadMs(thread: number): number {
  const told = thread === 0 ? undefined : accountOf(`/proc/self/task/${thread}/stat`);
  return told ?? millisecondsOf(process.cpuUsage());
}

function accountOf(file: string): number | undefined {
  try {
    const text = readFileSync(file, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[USER_FIELD]) + Number(fields[SYSTEM_FIELD]);
    return Number.isFinite(ticks) ? ticks * TICK_MS : undefined;
  } catch {
    return undefined;
  }
}

function millisecondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1_000;
}
