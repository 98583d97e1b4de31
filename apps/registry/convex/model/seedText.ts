/**
 * Invented text about skills for agents, any amount of it, the same for the same seed.
 *
 * Sizes matter to whoever measures, so long texts are cut from one corpus: that costs little time.
 */

/** A source of numbers in [0, 1). */
export type Random = () => number;

/** Mulberry32: small, fast and good enough for invented text. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A whole number from `low` to `high`, both included. */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}

/** One of the items. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!;
}

const SUBJECTS = [
  "The skill",
  "This version",
  "A short script",
  "The prompt",
  "The parser",
  "Each step",
  "The check",
  "A dry run",
];
const VERBS = ["reads", "writes", "compares", "sorts", "sends", "folds", "summarises", "watches"];
const OBJECTS = [
  "release notes",
  "calendar entries",
  "invoices",
  "log lines",
  "open pull requests",
  "weather reports",
  "recipes",
  "train times",
  "photos without a date",
  "meeting minutes",
];
const ENDINGS = [
  "and asks before it changes anything",
  "without leaving the terminal",
  "and keeps what it found in one file",
  "in batches that can be stopped",
  "even when the network is slow",
  "and tells how sure it is",
];
const CORPUS_SENTENCES = 400;

/** One sentence. */
export function sentence(random: Random): string {
  return `${pick(random, SUBJECTS)} ${pick(random, VERBS)} ${pick(random, OBJECTS)} ${pick(random, ENDINGS)}.`;
}

/** Long text to cut from. */
export function corpus(random: Random): string {
  return Array.from({ length: CORPUS_SENTENCES }, () => sentence(random)).join(" ");
}

/** About `bytes` bytes of it, a fifth more or less. */
export function cut(random: Random, text: string, bytes: number): string {
  return cutExactly(random, text, Math.round(bytes * (0.8 + 0.4 * random())));
}

/** Exactly so many characters of it. */
export function cutExactly(random: Random, text: string, length: number): string {
  const start = Math.floor(random() * (text.length - length));
  return text.slice(start, start + length);
}

const DIGIT_HASHES = 64;

/** Hexadecimal digits to cut from: where nobody compares hashes, a piece of these looks like one and costs little. */
export function hexDigits(random: Random): string {
  return Array.from({ length: DIGIT_HASHES }, () => hash(random)).join("");
}

/** As many hexadecimal digits as a SHA-256 has. */
export function hash(random: Random): string {
  return Array.from({ length: 8 }, () =>
    Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, "0"),
  ).join("");
}

const TRAITS = ["quiet", "brisk", "tidy", "patient", "bright", "sturdy", "nimble", "honest", "spare", "warm"];
const THINGS = [
  "ledger",
  "lantern",
  "compass",
  "harbour",
  "orchard",
  "almanac",
  "courier",
  "kettle",
  "loom",
  "sextant",
];

/** A name of two words. */
export function skillName(random: Random): string {
  const [trait, thing] = [pick(random, TRAITS), pick(random, THINGS)];
  return `${trait[0]!.toUpperCase()}${trait.slice(1)} ${thing[0]!.toUpperCase()}${thing.slice(1)}`;
}
