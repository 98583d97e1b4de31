/**
 * Where the first form of the registry costs more, and why no engine can help.
 *
 * @module
 */
import { CLAIMED, type Excuse } from "../../system.ts";

export const EXCUSES: readonly Excuse[] = [
  {
    scenario: "without suspicious, worst",
    figures: ["bytesSent", "calls"],
    reason:
      "The first form drops rows after it has read a page, so whoever looks has to ask for page after page and gets most of them empty: each is a call with an answer. What they read is fewer documents.",
  },
  {
    scenario: "recount",
    figures: ["documents", "bytes", "calls"],
    reason:
      "The first form counts 24 times a day, the after form once and keeps the number by differences. 24 looks at what has changed since the one before are more than one count of 1,600 skills, and less than one of 16,000.",
  },
  {
    scenario: "herd",
    figures: CLAIMED,
    reason:
      "The first form shows counters as they come in, so they are news to everybody who looks. The after form gave that up: it writes them to the skills every six hours.",
  },
];
