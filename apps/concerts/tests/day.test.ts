/**
 * A day on a virtual clock, and what the ledger says of it: calls of each function, with the orchestrator that polls and with native timers.
 *
 * The data is small: calls for schedules depend on time, not on rows.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { JOBS } from "../convex/model/jobs.ts";
import { DAY_MS } from "../convex/model/days.ts";
import { callsOf, openConcerts } from "../testing/open.ts";
import { servicePeer, type ServicePeer } from "../testing/service-peer.ts";

/** Runs that the intervals come to in a day that does not begin with the weekly one. */
const RUNS_A_DAY = 157;

let peer: ServicePeer;
beforeAll(async () => {
  peer = await servicePeer();
});
afterAll(async () => peer.close());

test("the intervals of the thirteen jobs come to 157 runs a day", () => {
  expect(JOBS).toHaveLength(13);
  expect(JOBS.reduce((sum, { intervalMs }) => sum + Math.floor(DAY_MS / intervalMs), 0)).toBe(RUNS_A_DAY);
});

describe("a day of the polling orchestrator", () => {
  let calls: Record<string, number>;
  beforeAll(async () => {
    const app = await openConcerts({ timers: "before", services: peer.url });
    const cost = await app.expectCost(async () => app.advance(DAY_MS));
    calls = callsOf(cost.functions);
    await app.close();
  });

  test("looks 288 times, asks 3,744 times, and writes 157 times that it has run something", () => {
    expect(calls["before/crons:orchestrate"]).toBe(288);
    expect(calls["before/cronSettings:getByNameInternal"]).toBe(288 * 13);
    expect(calls["before/cronSettings:upsertInternal"]).toBe(RUNS_A_DAY);
  });

  test("runs 157 jobs, so that 4,346 calls do what 157 would", () => {
    // The four updates are also run six times by the trending job: work that is done twice, and no call of the orchestrator's.
    const inside = { ...JOBS_BEFORE };
    for (const path of DOUBLED) inside[path]! += 6;
    for (const [path, runs] of Object.entries(inside)) expect([path, calls[path]]).toEqual([path, runs]);
    const jobs = Object.values(JOBS_BEFORE).reduce((sum, runs) => sum + runs, 0);
    expect(jobs).toBe(RUNS_A_DAY);
    const overhead =
      calls["before/crons:orchestrate"]! +
      calls["before/cronSettings:getByNameInternal"]! +
      calls["before/cronSettings:upsertInternal"]!;
    expect(overhead).toBe(4_189);
    expect(overhead + jobs).toBe(4_346);
  });
});

describe("a day of native timers", () => {
  let calls: Record<string, number>;
  beforeAll(async () => {
    const app = await openConcerts({ services: peer.url });
    const cost = await app.expectCost(async () => app.advance(DAY_MS));
    calls = callsOf(cost.functions);
    await app.close();
  });

  test("calls the thirteen jobs 157 times, and nothing asks whether something is due", () => {
    for (const [path, runs] of Object.entries(JOBS_ROOT)) expect([path, calls[path]]).toEqual([path, runs]);
    expect(Object.values(JOBS_ROOT).reduce((sum, runs) => sum + runs, 0)).toBe(RUNS_A_DAY);
  });

  test("beside that, the 93 runs of actions take and give back their lease, which is also the history", () => {
    expect(calls["cronRuns:begin"]).toBe(93);
    expect(calls["cronRuns:finish"]).toBe(93);
    expect(Object.keys(calls).filter((path) => path.startsWith("cronSettings:"))).toEqual([]);
  });
});

const JOBS_BEFORE: Record<string, number> = {
  "before/maintenance:syncTrendingData": 6,
  "before/setlistfm:checkCompletedShows": 12,
  "before/maintenance:cleanupOrphanedRecords": 1,
  "before/setlistfm:scanPendingImports": 48,
  "before/trending:updateEngagementCounts": 24,
  "before/trending:updateArtistShowCounts": 12,
  "before/trending:updateArtistTrending": 6,
  "before/trending:updateShowTrending": 6,
  "before/shows:autoTransitionStatuses": 12,
  "before/maintenance:populateMissingFields": 24,
  "before/spotifyAuth:refreshUserTokens": 2,
  "before/setlists:refreshMissingAutoSetlists": 4,
};

const DOUBLED = [
  "before/trending:updateEngagementCounts",
  "before/trending:updateArtistShowCounts",
  "before/trending:updateArtistTrending",
  "before/trending:updateShowTrending",
];

const JOBS_ROOT = Object.fromEntries(
  Object.entries(JOBS_BEFORE).map(([path, runs]) => [path.slice("before/".length), runs]),
);
