/**
 * Where the first form of the orchestrator costs more, and why no engine can help.
 *
 * @module
 */
import { CLAIMED, type Excuse } from "../../system.ts";

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
    figures: ["bytes"],
    reason:
      "When a chat job ends, the before form looks at it once more to see that it ended; the after form's index no longer holds it. One changed document a chat.",
  },
];
