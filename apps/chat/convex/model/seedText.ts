/**
 * Invented text to fill messages with, any amount, the same for the same chance.
 */
import { pick, seededRandom, type Random } from "./random.ts";
import { answerTo } from "./script.ts";

const TOPICS = [
  "a cache that answers before it is asked",
  "counting without reading everything",
  "why the list is slow on Mondays",
  "moving a large table while people use it",
  "a search that forgives spelling",
  "names for the parts of a garden gate",
  "a week of dinners for four with one pan",
  "learning the names of clouds",
  "a letter to the landlord about the heating",
  "an outline for a talk about queues",
  "how tides and the moon hang together",
  "a training plan for a first half marathon",
];

/** What a chat is about. */
export function topic(random: Random): string {
  return pick(random, TOPICS);
}

/** A long text that {@link Prose.text} cuts its texts out of: making each from words would take most of a transaction's time. */
const CORPUS_ANSWERS = 40;

/** A source of texts of given lengths. */
export class Prose {
  readonly #corpus: string;

  constructor(seed: number) {
    const random = seededRandom(seed);
    this.#corpus = Array.from({ length: CORPUS_ANSWERS }, (_, index) => answerTo(topic(random), seed + index)).join(
      "\n\n",
    );
  }

  /** Exactly `bytes` bytes: the corpus is plain ASCII. */
  text(random: Random, bytes: number): string {
    const start = Math.floor(random() * Math.max(1, this.#corpus.length - bytes));
    return this.#corpus.slice(start, start + bytes);
  }
}
