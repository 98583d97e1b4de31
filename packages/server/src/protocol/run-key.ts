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

/** Text of a query's run. Equal for every asker of the same request. */
export function queryRunText(path: string, args: string, identityKey: string): string {
  const key = `run:${path}\n${identityKey}\n${args}`;
  return key.length <= KEY_CHARS_MAX ? key : `run:${path}\n#${createHash("sha256").update(key).digest("hex")}`;
}

/**
 * 16 hex digits for the request id of a query's run. The same request gives the same id, so that an error repeated by a re-run is
 * equal to the one before and is not sent again.
 */
export function stableRequestId(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x1b873593;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b) ^ (high >>> 13);
  }
  return hex(low) + hex(high);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
