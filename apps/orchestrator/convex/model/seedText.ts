/**
 * Readable invented text about engineering work, any amount of it, the same for the same seed.
 *
 * Sizes matter to whoever measures (an assignment has 2 to 6 KB, a finished job 10 to 30), and so does that a person can
 * read what the page shows. No text here is about a real product.
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

const PARTS = [
  "the invoice importer",
  "the session store",
  "the webhook dispatcher",
  "the search endpoint",
  "the export job",
  "the rate limiter",
  "the permissions table",
  "the onboarding form",
  "the audit log",
  "the image resizer",
  "the nightly report",
  "the mobile sync layer",
  "the price calculator",
  "the mail queue",
  "the feature flag service",
  "the login page",
];

const GOALS = [
  "Move {part} off the legacy cron host",
  "Make {part} survive a restart without losing work",
  "Cut the p99 of {part} below 200 ms",
  "Replace the hand-written parser in {part}",
  "Give {part} a dry-run mode that support can use",
  "Add structured logs and one dashboard for {part}",
  "Split {part} from the monolith behind a stable interface",
  "Bring {part} under test before the billing migration",
  "Make {part} work with the new tenant model",
  "Find out why {part} retries twice under load",
];

const SENTENCES = [
  "{Part} holds its state in one process, so a deploy drops whatever is in flight.",
  "The failing case is an empty page: {part} treats it as the end and never asks again.",
  "I traced the slow path to a lookup that runs once per row; moving it in front of the loop made {n} of {m} calls disappear.",
  "There is no index on the status column, and {part} scans {n} thousand rows on every poll.",
  "Two callers depend on the old shape of the answer, so the new field is added beside it and the old one stays for a release.",
  "The tests cover the happy path only; I added {n} cases for time-outs, duplicates and clock skew.",
  "A retry without an idempotency key can charge twice, therefore {part} now sends one and the receiver remembers it for a day.",
  "Numbers from the staging replay: {n} requests, {m} slower than the budget, none lost.",
  "The configuration is read at start and never again; changing it needs a restart, which the runbook now says.",
  "I would rather delete the fallback than fix it, because nothing has reached it for {n} weeks.",
  "What remains unclear is who owns {part} once the migration is over.",
  "Locally everything is green; on the build machine one test is slow because it waits for a real timer.",
  "The migration runs in batches of {n} rows and can be stopped and resumed at any point.",
  "{Part} logs the whole request body, including addresses; I cut it down to the identifier.",
  "Reading it again, the lock is held across a network call, which explains the stalls of {n} seconds.",
  "The interface has three methods now instead of eleven, and each of them has one caller.",
  "Rollback is a flag: with it off, {part} behaves exactly as before.",
  "I left the naming alone, so that the change can be reviewed line by line.",
];

const STEPS = [
  "Write down what {part} promises today, with a test per promise",
  "Measure first: replay an hour of production traffic on staging",
  "Move the write behind the outbox table",
  "Delete the second code path and its flag",
  "Ask support for the three most frequent complaints",
  "Backfill in batches and verify the counts",
  "Put the old and the new answer side by side for a day",
  "Document the rollback and try it once",
];

const HEADINGS = ["What I found", "What changed", "Why this way", "Open questions", "How it was checked", "Next"];

/** A goal for an assignment, one line. */
export function goal(random: Random): string {
  return fill(random, pick(random, GOALS));
}

/** One sentence. */
export function sentence(random: Random): string {
  return fill(random, pick(random, SENTENCES));
}

/** Headed paragraphs and lists of about `bytes` bytes: at least that much, at most some sentences more. */
export function prose(random: Random, bytes: number): string {
  let text = "";
  while (text.length < bytes) {
    text += text === "" ? "" : "\n\n";
    text += `### ${pick(random, HEADINGS)}\n\n`;
    const left = bytes - text.length;
    const sentences = Math.max(1, Math.min(between(random, 3, 6), Math.ceil(left / 120)));
    text += Array.from({ length: sentences }, () => sentence(random)).join(" ");
    if (bytes - text.length > 400) text += `\n\n${list(random, between(random, 2, 4))}`;
  }
  return text;
}

/** A JSON list of links, as agents keep them in `artifacts`. */
export function artifacts(random: Random, bytes: number): string {
  const items: { title: string; path: string; note: string }[] = [];
  let size = 2;
  while (size < bytes) {
    const item = { title: goal(random), path: `docs/work/${between(random, 100, 999)}.md`, note: sentence(random) };
    items.push(item);
    size += JSON.stringify(item).length + 1;
  }
  return JSON.stringify(items);
}

function list(random: Random, items: number): string {
  return Array.from({ length: items }, () => `- ${fill(random, pick(random, STEPS))}`).join("\n");
}

function fill(random: Random, template: string): string {
  const part = pick(random, PARTS);
  return template
    .replaceAll("{part}", part)
    .replaceAll("{Part}", part[0]!.toUpperCase() + part.slice(1))
    .replaceAll("{n}", () => String(between(random, 2, 40)))
    .replaceAll("{m}", () => String(between(random, 41, 400)));
}
