/**
 * A run of a job as one of the states that all pages show.
 */
import type { Status } from "@narrowcast/ui";

/** What is known of a run; without `endedAt` it is under way. */
export interface RunState {
  readonly endedAt?: number;
  readonly outcome?: "done" | "failed" | "skipped";
}

/** How the outcome of a run is shown. */
export function statusOf({ endedAt, outcome }: RunState): Status {
  if (endedAt === undefined) return "running";
  if (outcome === "failed") return "failed";
  return outcome === "skipped" ? "blocked" : "complete";
}
