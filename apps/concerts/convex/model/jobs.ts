/**
 * The thirteen jobs: the one place that names them, with their intervals and functions. `crons.ts`, the registry and the page's board read it.
 */
import type { FunctionReference } from "convex/server";
import { internal } from "../_generated/api.js";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "./days.ts";
import { refuse } from "./errors.ts";
import type { RunBy } from "./fields.ts";

/** What a job's function takes; `limit` and `includeCompleted` are the setlist jobs' own. */
export type JobArgs = {
  readonly by?: RunBy;
  readonly limit?: number;
  readonly includeCompleted?: boolean;
};

/** A job as the program declares it. */
export interface Job {
  readonly name: string;
  readonly title: string;
  readonly intervalMs: number;
  readonly kind: "mutation" | "action";
  readonly run: FunctionReference<"mutation" | "action", "internal", JobArgs>;
  readonly args: JobArgs;
}

function job(
  name: string,
  intervalMs: number,
  kind: Job["kind"],
  title: string,
  run: FunctionReference<"mutation" | "action", "internal">,
  args: JobArgs = {},
): Job {
  return { name, title, intervalMs, kind, run, args };
}

/** All of them, in the order in which the board shows them. */
export const JOBS: readonly Job[] = [
  job("update-trending", 4 * HOUR_MS, "action", "Rewrite the trending lists", internal.maintenance.syncTrendingData),
  job(
    "check-completed-shows",
    2 * HOUR_MS,
    "action",
    "Queue played shows for import",
    internal.setlistfm.checkCompletedShows,
  ),
  job("daily-cleanup", DAY_MS, "action", "Remove what lost its parent", internal.maintenance.cleanupOrphanedRecords),
  job("setlistfm-scan", 30 * MINUTE_MS, "action", "Import what was played", internal.setlistfm.scanPendingImports),
  job(
    "sync-engagement-counts",
    HOUR_MS,
    "mutation",
    "Verify counts of setlists and votes",
    internal.trending.updateEngagementCounts,
  ),
  job(
    "update-artist-show-counts",
    2 * HOUR_MS,
    "mutation",
    "Verify counts of upcoming shows",
    internal.trending.updateArtistShowCounts,
  ),
  job("update-artist-trending", 4 * HOUR_MS, "mutation", "Rank artists", internal.trending.updateArtistTrending),
  job("update-show-trending", 4 * HOUR_MS, "mutation", "Rank shows", internal.trending.updateShowTrending),
  job("auto-transition-shows", 2 * HOUR_MS, "mutation", "Close past shows", internal.shows.autoTransitionStatuses),
  job(
    "populate-missing-fields",
    HOUR_MS,
    "action",
    "Fill in artists' missing fields",
    internal.maintenance.populateMissingFields,
  ),
  job("spotify-refresh", 12 * HOUR_MS, "action", "Renew music service tokens", internal.spotifyAuth.refreshUserTokens),
  job(
    "refresh-auto-setlists",
    6 * HOUR_MS,
    "mutation",
    "Predict missing setlists",
    internal.setlists.refreshMissingAutoSetlists,
    {
      limit: 20,
    },
  ),
  job(
    "backfill-legacy-setlists",
    7 * DAY_MS,
    "mutation",
    "Predict missing setlists of past shows",
    internal.setlists.refreshMissingAutoSetlists,
    { limit: 200, includeCompleted: true },
  ),
];

/** @throws When there is no job of that name. */
export function jobNamed(name: string): Job {
  return (
    JOBS.find((each) => each.name === name) ?? refuse("find the job", `"${name}" is none`, "use a name of the list")
  );
}
