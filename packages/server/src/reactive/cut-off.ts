/**
 * Cut-offs: a commit touched what a live query read; can it show in the result?
 *
 * @module
 */
import type { Commit } from "../tx/types.ts";
import type { LiveQueryObserver } from "./options.ts";
import type { LiveQuery } from "./live-query.ts";
import type { ReactiveCounters } from "./types.ts";
import type { Wake } from "./wake.ts";

/** Counters of the reactor's own work. */
export type ReactorCounts = Omit<ReactiveCounters, "lookups" | "visited">;

export function newCounts(): ReactorCounts {
  return {
    runsInvalidated: 0,
    nodeCutoffs: 0,
    fieldCutoffs: 0,
    runsExecuted: 0,
    resultsUnchanged: 0,
    runsShared: 0,
    updatesSent: 0,
  };
}

/**
 * Whether the result of `live` stays what it is, though the dependency index found it.
 *
 * Hot: once for every live query that a commit touches.
 */
export function isCutOff(
  live: LiveQuery,
  commit: Commit,
  counts: ReactorCounts,
  observer: LiveQueryObserver | undefined,
  wakeOf: (position: number) => Wake | undefined,
  position: number,
): boolean {
  const concern = live.readSet?.concernOf(commit) ?? "yes";
  if (concern === "yes") return false;
  if (concern === "node") counts.nodeCutoffs++;
  else counts.fieldCutoffs++;
  const wake = observer === undefined ? undefined : wakeOf(position);
  live.spared += 1;
  live.lastSpared = wake;
  if (wake !== undefined) observer?.cutOff(live, wake, concern);
  return true;
}
