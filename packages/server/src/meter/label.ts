/**
 * Requests as people read them.
 *
 * @module
 */
import { printFunction, type FunctionAddress } from "@narrowcast/values";

/** `jobs:list {"group":"a"} @1a2b3c4d`; what says nothing is left out. */
export function labelOf(address: FunctionAddress, args: string, who: string): string {
  return `${printFunction(address)}${args === "" || args === "{}" ? "" : ` ${args}`}${who === "" ? "" : ` ${who}`}`;
}
