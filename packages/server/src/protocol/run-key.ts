/**
 * Names of runs: stable texts that say what the core is running, for the watchdog and the quarantine.
 *
 *   call:17            a mutation, by the id of main's request
 *   run:<query key>    a query, whoever asked: function, identity, arguments
 *   job:<id>           a scheduled mutation
 *   cron:<name>        a cron's mutation
 *   load:17, load:start   evaluation of an app's modules, for a push or when the core starts
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Longer keys are hashed; well below what the shared memory of the watchdog holds. */
const KEY_CHARS_MAX = 512;

/** Text of a query's run. Equal for every asker of the same question. */
export function queryRunText(path: string, args: string, identityKey: string): string {
  const key = `run:${path}\n${identityKey}\n${args}`;
  return key.length <= KEY_CHARS_MAX ? key : `run:${path}\n#${createHash("sha256").update(key).digest("hex")}`;
}
