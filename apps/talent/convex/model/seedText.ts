/**
 * Chance and words for generated data: the same seed gives the same texts.
 */

/** A number in [0, 1). */
export type Random = () => number;

/** Mulberry32: small, fast, good enough for test data. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `low` to `high`, both included. */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}

/** `count` different ones, in their order. */
export function pickSome<T>(random: Random, from: readonly T[], count: number): T[] {
  const left = [...from];
  while (left.length > count) left.splice(Math.floor(random() * left.length), 1);
  return left;
}

const FIRST = ["Mara", "Idris", "Lena", "Tomas", "Priya", "Noor", "Felix", "Ana", "Kofi", "Jun", "Sofia", "Emil"];
const LAST = ["Okafor", "Lindqvist", "Haddad", "Moreau", "Sato", "Petrov", "Alvarez", "Weiss", "Nguyen", "Costa"];

/** Every index has a name of its own for a while. */
export function personName(index: number): string {
  return `${FIRST[index % FIRST.length]!} ${LAST[Math.floor(index / FIRST.length + index) % LAST.length]!}`;
}

export const SKILLS = [
  "Python",
  "interpretability",
  "statistics",
  "policy analysis",
  "technical writing",
  "distributed systems",
  "red teaming",
  "operations",
  "grant making",
  "causal inference",
  "community building",
  "formal verification",
];

export const INTERESTS = ["evaluations", "alignment theory", "governance", "security", "field building"];
export const PLACES = ["London", "Berlin", "Nairobi", "Toronto", "Singapore", "San Francisco"];
export const ROLE_TYPES = ["research", "engineering", "policy", "operations"];
export const ROLES = ["Research engineer", "Policy fellow", "Programme manager", "Evaluations lead", "Data scientist"];
export const TOPICS = ["reading group", "hack day", "open office", "research talk", "mentoring evening"];

const SENTENCES = [
  "The work is shared between two small teams who meet once a week and write everything else down.",
  "Earlier projects ended with a public report, a data set and a talk at a workshop.",
  "What counted most was finding out early which of the questions could be answered at all.",
  "There is room for people who change fields, as long as they can show something that they have built.",
  "A typical month has one week of reading, two of experiments and one of writing.",
  "Mentors are assigned after the first conversation and change when the topic does.",
  "The budget covers travel, hardware and a desk in a shared office.",
  "Results are checked by somebody who was not involved before they are published.",
  "Applications are read by three people, and everybody gets an answer with a reason.",
  "The hardest part so far was to agree on what a good outcome would look like.",
];

/** About `bytes` bytes of sentences, never more. */
export function prose(random: Random, bytes: number): string {
  const parts: string[] = [];
  for (let length = 0; length < bytes;) {
    const sentence = pick(random, SENTENCES);
    parts.push(sentence);
    length += sentence.length + 1;
  }
  return parts.join(" ").slice(0, bytes);
}
