/**
 * Where the *before* form under our rules costs more than the *after* form under Convex's, and why no engine can help.
 *
 * The tests hold every other figure of every scenario to the claim.
 *
 * @module
 */
import type { Form } from "./forms.ts";
import type { Rules } from "./world.ts";

/** Figures that the claim is about. */
export const CLAIMED = ["documents", "bytes", "bytesSent", "calls"] as const;
export type ClaimedFigure = (typeof CLAIMED)[number];

/** One exception to the claim. */
export interface Excuse {
  readonly scenario: string;
  readonly figures: readonly ClaimedFigure[];
  readonly reason: string;
}

export const EXCUSES: readonly Excuse[] = [
  {
    scenario: "sidebar",
    figures: ["bytes"],
    reason:
      "Both read what changed or what is listed, and one changed assignment (4 kB, read for two fields) is larger than the three namespaces with their counts (1.2 kB).",
  },
  {
    scenario: "sidebar, an artifact",
    figures: CLAIMED,
    reason:
      "The before form's sidebar shows when something last changed in a namespace, so a change of an assignment is news to it. The after form gave that up.",
  },
  {
    scenario: "badges, a tick",
    figures: CLAIMED,
    reason:
      "The before form has one query for badges and jobs, so a heartbeat is news to it. The same run serves the chain pane: see the tick with everything open.",
  },
  {
    scenario: "typing",
    figures: ["documents", "bytes"],
    reason:
      "When a chat job ends, the before form looks at it once more to see that it ended; the after form's index no longer holds it. One changed document a chat.",
  },
];

/** The exception for a figure, if there is one. */
export function excuseFor(scenario: string, figure: ClaimedFigure): Excuse | undefined {
  return EXCUSES.find((excuse) => excuse.scenario === scenario && excuse.figures.includes(figure));
}

/** The reason for a row, if there is one. */
export function excuseOfRow(scenario: string, form: Form, rules: Rules): string | undefined {
  if (form !== "before" || rules !== "narrow") return undefined;
  const reasons = EXCUSES.filter((excuse) => excuse.scenario === scenario).map(({ reason }) => reason);
  return reasons.length === 0 ? undefined : reasons.join(" ");
}
