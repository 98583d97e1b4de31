/**
 * A lock on an open file that the system gives back when the descriptor is closed, however its process ends.
 *
 * Node has no call for it. The `flock` program has (util-linux, BusyBox): it locks a descriptor that it inherits, and the lock stays with ours after
 * it has ended, because both are one open file.
 *
 * @module
 */
import { spawnSync } from "node:child_process";

const TAKEN = 1;

/** Takes the whole file. @returns False when somebody else has it; `undefined` when this machine cannot tell. */
export function lockFile(fd: number): boolean | undefined {
  const { status } = spawnSync("flock", ["-n", "-x", "3"], { stdio: ["ignore", "ignore", "ignore", fd] });
  if (status === 0) return true;
  return status === TAKEN ? false : undefined;
}
