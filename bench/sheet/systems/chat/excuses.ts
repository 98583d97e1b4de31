/**
 * Where the first form of the chat costs more, and why no engine can help.
 *
 * @module
 */
import type { Excuse } from "../../system.ts";

export const EXCUSES: readonly Excuse[] = [
  {
    scenario: "statistics",
    figures: ["bytes"],
    reason:
      "Both of the first form's scans have to look at the message that was sent, which is larger than the counter that the after form reads instead. It is fewer documents.",
  },
];
