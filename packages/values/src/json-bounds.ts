/**
 * Bounds on JSON text, looked at in one pass before anything is parsed: what parsing would cost is known by then.
 *
 * The text need not be JSON. What is no JSON passes, and the parser says what is wrong with it.
 *
 * @module
 */
import type { Limits } from "./limits.ts";

/** The limits that a text is held to. */
export type JsonBounds = Pick<Limits, "jsonNestingMax" | "jsonElementsMax" | "jsonNamesMax">;

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const SLOTS = 8_192;
/** Other in each process, so that nobody can choose names that look alike. */
const SEED = Math.floor(Math.random() * 0x7fffffff);
const FACTOR = Math.floor(Math.random() * 0x3fffffff) * 2 + 1;

/**
 * What is too much in `text`, as the end of a sentence about it; `undefined` when nothing is.
 *
 * Elements are items of arrays and members of objects. Names are the members' different names, which is what makes objects dear; a name
 * that comes again long after its first time may be counted again.
 */
export function excessOf(
  text: string,
  { jsonNestingMax, jsonElementsMax, jsonNamesMax }: JsonBounds,
): string | undefined {
  // A short text cannot have too much of anything but depth.
  const seen = text.length > jsonNamesMax ? new Int32Array(SLOTS) : undefined;
  let depth = 0;
  let elements = 0;
  let names = 0;
  let stringStart = 0;
  let stringEnd = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        stringStart = at;
        stringEnd = at = endOfString(text, at);
        break;
      case 91:
      case 123:
        depth += 1;
        elements += 1;
        if (depth > jsonNestingMax) return `it is nested more than ${jsonNestingMax} levels deep`;
        break;
      case 93:
      case 125:
        depth -= 1;
        break;
      case COMMA:
        elements += 1;
        break;
      case COLON:
        if (seen === undefined || !isNew(seen, text, stringStart, stringEnd)) break;
        names += 1;
        if (names > jsonNamesMax) return `it has more than ${jsonNamesMax} different names of fields`;
        break;
      default:
    }
    if (elements > jsonElementsMax) return `it has more than ${jsonElementsMax} elements`;
  }
  return undefined;
}

/** Whether a name is not among the last ones; now it is. */
function isNew(seen: Int32Array, text: string, start: number, end: number): boolean {
  let hash = SEED;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), FACTOR);
  hash ^= hash >>> 15;
  const slot = hash & (SLOTS - 1);
  if (seen[slot] === hash) return false;
  seen[slot] = hash;
  return true;
}

/** Where the string that begins at `start` ends; the end of the text when it does not. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    // An even number of backslashes escapes only themselves.
    if ((end - before) % 2 === 1) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}
