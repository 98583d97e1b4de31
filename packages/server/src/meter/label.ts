/**
 * Requests as people read them.
 *
 * @module
 */

/** `jobs:list {"group":"a"} @1a2b3c4d`; what says nothing is left out. */
export function labelOf(path: string, args: string, who: string): string {
  return `${path}${args === "" || args === "{}" ? "" : ` ${args}`}${who === "" ? "" : ` ${who}`}`;
}
