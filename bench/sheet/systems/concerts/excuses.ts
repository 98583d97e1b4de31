/**
 * Where the first form of the concert site costs more, and why no engine can help.
 *
 * @module
 */
import type { Excuse } from "../../system.ts";

const WRITTEN =
  "The first form writes every artist with a fresh time, changed or not, and what is written has to be looked at: 1,000 rows of 3 kB a run.";

export const EXCUSES: readonly Excuse[] = [
  {
    scenario: "orchestrator, a day",
    figures: ["documents", "bytes", "calls"],
    reason: `Calls: the app itself asks 3,744 times whether something is due, and each look is a call. Documents: ${WRITTEN} So do the ranks, of shows too, and the trending job does all of it once more.`,
  },
  { scenario: "show counts", figures: ["documents", "bytes"], reason: WRITTEN },
  { scenario: "show counts, 5 changed", figures: ["documents", "bytes"], reason: WRITTEN },
  {
    scenario: "chain reaction",
    figures: ["documents", "bytes", "calls"],
    reason:
      "Each link is ordered by the app and asks a service outside, with a result that may differ: an engine that left one out would not do what the app says. What an engine can do is to show it, function by function.",
  },
];
