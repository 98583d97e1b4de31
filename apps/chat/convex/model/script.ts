/**
 * A model that answers without a model: prose made of the question and of a seed, in about twenty pieces.
 */
import { between, pick, seededRandom, type Random } from "./random.ts";

/** Patches that an answer takes. */
export const ANSWER_PIECES = 20;

const OPENINGS = [
  "Good question. Let me take it apart.",
  "Short answer first: it depends on what changes and who is looking.",
  "I would start from what you can measure.",
  "Here is how I would go about it.",
];
const POINTS = [
  "Name the thing that changes, and list everybody who reads it",
  "Count documents, not milliseconds: the count is the same tomorrow",
  "Let a reader depend on as little as it shows",
  "Keep the counter where it is written together with what it counts",
  "Write the check that fails before the repair that makes it pass",
  "Put a bound on everything that can grow, and a test at the bound",
  "Make each step small enough to be done again",
];
const BODIES = [
  "Most of the cost is in reading the same thing again, because something near it moved. Once reader and writer stop sharing a row, the picture is calm.",
  "A number that is kept beside the data is only as good as its beginning. Count once, then keep it; never begin at zero because nobody has looked.",
  "What looks like one slow call is usually many quick ones. Ask who calls it, how often, and whether the answer was any different from the last one.",
  "A long job that can be stopped anywhere is worth two that have to finish. It needs a position that does not move while others write.",
];
const CLOSINGS = [
  "If you tell me more about your case, I can be more exact.",
  "Try it on a small copy first; the figures will tell you whether it was worth it.",
  "That is all there is to it, and it fits into one afternoon.",
];

/** The whole answer to a question. The same question and seed give the same answer. */
export function answerTo(question: string, seed: number): string {
  const random = seededRandom(seed);
  const topic = question.trim().split(/\s+/u).slice(0, 12).join(" ");
  const points = shuffled(random, POINTS).slice(0, between(random, 3, 4));
  const bodies = shuffled(random, BODIES);
  return [
    `You asked about **${topic}**. ${pick(random, OPENINGS)}`,
    bodies[0],
    points.map((point) => `- ${point}.`).join("\n"),
    bodies[1],
    pick(random, CLOSINGS),
  ].join("\n\n");
}

/** The answer as it grows: twenty texts, each longer than the one before, the last one whole. */
export function growing(answer: string): string[] {
  const words = answer.split(/(?<=\s)/u);
  return Array.from({ length: ANSWER_PIECES }, (_, piece) =>
    words.slice(0, Math.ceil((words.length * (piece + 1)) / ANSWER_PIECES)).join(""),
  );
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
