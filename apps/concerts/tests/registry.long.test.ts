/**
 * Jobs that operators edit: one wake-up each on the scheduler, no polling, never two runs at once, and a restart loses nothing.
 */
import { openTestDeployment, VirtualClock, type TestDeployment } from "@narrowcast/server";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ADMIN_KEY, callsOf, NOW, openConcerts } from "../testing/open.ts";
import { servicePeer, type ServicePeer } from "../testing/service-peer.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface JobView {
  readonly name: string;
  readonly intervalMs: number;
  readonly defaultIntervalMs: number;
  readonly enabled: boolean;
  readonly isManaged: boolean;
  readonly nextRunAt: number | null;
  readonly lastRun: { readonly startedAt: number; readonly by: string; readonly outcome?: string } | null;
}

let app: TestDeployment;
let peer: ServicePeer;
beforeEach(async () => {
  peer = await servicePeer();
  app = await openConcerts({ services: peer.url });
});
afterEach(async () => {
  await app.close();
  await peer.close();
});

const jobOf = async (name: string, from = app): Promise<JobView> =>
  ((await from.query("cronSettings:list")) as unknown as JobView[]).find((job) => job.name === name)!;
const update = async (name: string, intervalMs: number, enabled = true) =>
  await app.mutation("cronSettings:update", { key: ADMIN_KEY, name, intervalMs, enabled });
const runs = async (name: string): Promise<{ by: string; startedAt: number; outcome?: string; note?: string }[]> =>
  (await app.query("cronSettings:history", { name, limit: 50 })) as never;
const pendingWakes = async (name: string): Promise<number> =>
  await app.run(async (ctx) => {
    const rows = await ctx.db.system.query("_scheduled_functions").collect();
    const own = rows.filter(
      (row) => row.name === "cronSettings:wake" && (row.args[0] as { name: string }).name === name,
    );
    return own.filter(({ state }) => state.kind === "pending").length;
  });

/** Makes a job that goes through a table fail: its next page begins nowhere. */
const breakSweep = async (name: string): Promise<void> =>
  await app.run(async (ctx) => {
    const sweep = (await ctx.db.query("sweeps").collect()).find((row) => row["name"] === name)!;
    await ctx.db.patch(sweep._id, { cursor: "no cursor" });
  });

describe("board", () => {
  test("lists thirteen jobs with the run of the first ring, none of them taken over", async () => {
    const jobs = (await app.query("cronSettings:list")) as unknown as JobView[];
    expect(jobs).toHaveLength(13);
    expect(jobs.every(({ isManaged, enabled, lastRun }) => !isManaged && enabled && lastRun?.by === "cron")).toBe(true);
    expect(jobs.every(({ lastRun }) => lastRun?.outcome === "done")).toBe(true);
  });

  test("a run now is in the history at once, and shows who asked for it", async () => {
    await app.mutation("cronSettings:runNow", { key: ADMIN_KEY, name: "update-show-trending" });
    await app.advance(0);
    expect((await runs("update-show-trending")).map(({ by }) => by)).toEqual(["operator", "cron"]);
  });

  test("an action that fails is in the history with its reason", async () => {
    await breakSweep("cleanup votes");
    await app.mutation("cronSettings:runNow", { key: ADMIN_KEY, name: "daily-cleanup" });
    await app.advance(0);
    const [latest] = await runs("daily-cleanup");
    expect(latest).toMatchObject({ outcome: "failed" });
    expect(latest!.note).not.toBe("");
  });

  test.each([
    ["a wrong key", { key: "guess", name: "daily-cleanup", intervalMs: HOUR_MS, enabled: true }, /key is wrong/],
    ["no such job", { key: ADMIN_KEY, name: "nightly", intervalMs: HOUR_MS, enabled: true }, /"nightly" is none/],
    ["too often", { key: ADMIN_KEY, name: "daily-cleanup", intervalMs: 59_999, enabled: true }, /out of bounds/],
    [
      "half a millisecond",
      { key: ADMIN_KEY, name: "daily-cleanup", intervalMs: 60_000.5, enabled: true },
      /out of bounds/,
    ],
  ])("refuses %s", async (_what, args, reason) => {
    await expect(app.mutation("cronSettings:update", args)).rejects.toThrow(reason);
  });

  test("without ADMIN_KEY on the deployment nobody is an operator", async () => {
    await app.setEnvironment({ ADMIN_KEY: null });
    await expect(update("daily-cleanup", HOUR_MS)).rejects.toThrow(/ADMIN_KEY is not set/);
  });
});

describe("a job that was edited", () => {
  test("runs at its new interval, and its native timer rings without running it", async () => {
    await update("sync-engagement-counts", 10 * MINUTE_MS);
    await app.advance(HOUR_MS + MINUTE_MS);
    const all = await runs("sync-engagement-counts");
    expect(all.map(({ by }) => by)).toEqual([...Array.from({ length: 6 }, () => "registry"), "cron"]);
    expect(all.map(({ startedAt }) => (startedAt - NOW) / MINUTE_MS)).toEqual([60, 50, 40, 30, 20, 10, 0]);
  });

  test("costs one wake-up a run: in a day nothing else is called for it but its native timer", async () => {
    await update("sync-engagement-counts", 30 * MINUTE_MS);
    const cost = await app.expectCost(async () => app.advance(24 * HOUR_MS));
    const calls = callsOf(cost.functions);
    expect(calls["cronSettings:wake"]).toBe(48);
    expect(calls["trending:updateEngagementCounts"]).toBe(48 + 24);
  });

  test("a second edit replaces the pending wake-up: there is one, and the old time passes in silence", async () => {
    await update("sync-engagement-counts", 10 * MINUTE_MS);
    await update("sync-engagement-counts", 45 * MINUTE_MS);
    expect(await pendingWakes("sync-engagement-counts")).toBe(1);
    await app.advance(44 * MINUTE_MS);
    expect(await runs("sync-engagement-counts")).toHaveLength(1);
    await app.advance(MINUTE_MS);
    expect(await runs("sync-engagement-counts")).toHaveLength(2);
  });

  test("switched off it does not run, also not by its native timer; run now still does", async () => {
    await update("sync-engagement-counts", HOUR_MS, false);
    expect(await pendingWakes("sync-engagement-counts")).toBe(0);
    await app.advance(3 * HOUR_MS);
    expect(await runs("sync-engagement-counts")).toHaveLength(1);
    await app.mutation("cronSettings:runNow", { key: ADMIN_KEY, name: "sync-engagement-counts" });
    await app.advance(0);
    expect(await runs("sync-engagement-counts")).toHaveLength(2);
  });

  test("switched on again it runs as soon as its interval has passed", async () => {
    await update("sync-engagement-counts", HOUR_MS, false);
    await app.advance(3 * HOUR_MS);
    await update("sync-engagement-counts", HOUR_MS);
    await app.advance(0);
    expect((await runs("sync-engagement-counts")).map(({ by }) => by)).toEqual(["registry", "cron"]);
  });

  test("given back, it runs by its native timer again and has no wake-up", async () => {
    await update("sync-engagement-counts", 10 * MINUTE_MS);
    await app.mutation("cronSettings:reset", { key: ADMIN_KEY, name: "sync-engagement-counts" });
    expect(await pendingWakes("sync-engagement-counts")).toBe(0);
    await app.advance(2 * HOUR_MS);
    expect((await runs("sync-engagement-counts")).map(({ by }) => by)).toEqual(["cron", "cron", "cron"]);
    expect(await jobOf("sync-engagement-counts")).toMatchObject({ isManaged: false, intervalMs: HOUR_MS });
  });

  test("a job that fails does not end its chain", async () => {
    await breakSweep("engagement");
    await update("sync-engagement-counts", 10 * MINUTE_MS);
    await app.advance(35 * MINUTE_MS);
    expect(await runs("sync-engagement-counts")).toHaveLength(1);
    expect(await pendingWakes("sync-engagement-counts")).toBe(1);
    expect((await jobOf("sync-engagement-counts")).nextRunAt).toBe(NOW + 40 * MINUTE_MS);
  });

  test("a wake-up that was lost is made again when the native timer rings", async () => {
    await update("sync-engagement-counts", 10 * MINUTE_MS);
    await app.run(async (ctx) => {
      const setting = (await ctx.db.query("cronSettings").first())!;
      await ctx.scheduler.cancel(setting["wakeId"]);
    });
    await app.advance(HOUR_MS - MINUTE_MS);
    expect(await runs("sync-engagement-counts")).toHaveLength(1);
    await app.advance(MINUTE_MS);
    expect(await runs("sync-engagement-counts")).toHaveLength(2);
    expect(await pendingWakes("sync-engagement-counts")).toBe(1);
  });
});

describe("lease", () => {
  test("while one run of an action is under way, whoever starts another skips, and the history says so", async () => {
    expect(await app.mutation("cronRuns:begin", { name: "update-trending", by: "cron" })).not.toBeNull();
    await app.mutation("cronSettings:runNow", { key: ADMIN_KEY, name: "update-trending" });
    const cost = await app.expectCost(async () => app.advance(0));
    expect(cost.functions["maintenance:rewriteTrending"]).toBeUndefined();
    expect((await runs("update-trending"))[0]).toMatchObject({ outcome: "skipped", by: "operator" });
  });

  test("a run that was lost gives way after an hour, and what it says afterwards changes nothing", async () => {
    const lost = await app.mutation("cronRuns:begin", { name: "update-trending", by: "operator" });
    await app.advance(HOUR_MS - 1);
    expect(await app.mutation("cronRuns:begin", { name: "update-trending", by: "operator" })).toBeNull();
    await app.advance(1);
    const next = await app.mutation("cronRuns:begin", { name: "update-trending", by: "operator" });
    expect(next).not.toBeNull();
    await app.mutation("cronRuns:finish", { runId: lost, outcome: "done", note: "late" });
    expect(await app.mutation("cronRuns:begin", { name: "update-trending", by: "operator" })).toBeNull();
    const row = (await runs("update-trending")).find(({ note }) => note?.startsWith("lost") === true);
    expect(row).toMatchObject({ outcome: "failed" });
  });

  test("the history keeps a week", async () => {
    await app.advance(9 * 24 * HOUR_MS);
    const rows = await app.run(async (ctx) => await ctx.db.query("cronRuns").collect());
    const scans = rows.filter(({ name }) => name === "setlistfm-scan");
    expect(scans.length).toBeGreaterThanOrEqual(7 * 48);
    expect(scans.length).toBeLessThanOrEqual(7 * 48 + 2);
  }, 120_000);
});

test("a restart keeps the wake-up: overdue it fires once, and then in its phase", async () => {
  const directory = mkdtempSync(join(tmpdir(), "concerts-store-"));
  const convex = join(import.meta.dirname, "../convex");
  const first = await openConcerts({ directory, services: peer.url });
  const args = { key: ADMIN_KEY, name: "sync-engagement-counts", intervalMs: 10 * MINUTE_MS, enabled: true };
  await first.mutation("cronSettings:update", args);
  await first.advance(12 * MINUTE_MS);
  await first.close();

  const clock = new VirtualClock(NOW + 47 * MINUTE_MS);
  const second = await openTestDeployment(convex, { directory, clock });
  await second.advance(0);
  const history = async () =>
    (await second.query("cronSettings:history", { name: args.name })) as { startedAt: number }[];
  const minutes = async () => (await history()).map(({ startedAt }) => (startedAt - NOW) / MINUTE_MS);
  expect(await minutes()).toEqual([47, 10, 0]);
  await second.advance(4 * MINUTE_MS);
  expect(await minutes()).toEqual([50, 47, 10, 0]);
  await second.close();
  rmSync(directory, { recursive: true, force: true });
});

test("after the before form: edited settings are taken over, the others go back to the program", async () => {
  const rows = [
    { name: "sync-engagement-counts", intervalMs: HOUR_MS, enabled: true },
    { name: "daily-cleanup", intervalMs: 24 * HOUR_MS, enabled: false },
    { name: "update-show-trending", intervalMs: HOUR_MS, enabled: true },
  ];
  for (const row of rows) await app.mutation("before/cronSettings:upsertInternal", { ...row, lastRunAt: NOW });
  // Rows that polling left mean nothing to native timers until they are adopted.
  expect((await jobOf("daily-cleanup")).isManaged).toBe(false);
  expect(await app.mutation("cronSettings:adopt")).toEqual({ adopted: 2, removed: 1 });
  expect(await app.mutation("cronSettings:adopt")).toEqual({ adopted: 0, removed: 0 });
  expect(await jobOf("daily-cleanup")).toMatchObject({ isManaged: true, enabled: false, nextRunAt: null });
  expect(await jobOf("update-show-trending")).toMatchObject({ isManaged: true, nextRunAt: NOW + HOUR_MS });
});

describe("the before form's settings", () => {
  test("a change is heeded by the next look, up to five minutes later", async () => {
    const before = await openConcerts({ timers: "before", services: peer.url });
    const list = async () =>
      (await before.query("before/cronSettings:list", { key: ADMIN_KEY })) as unknown as JobView[];
    expect(await list()).toHaveLength(13);
    const change = { key: ADMIN_KEY, name: "sync-engagement-counts", enabled: true, intervalMs: MINUTE_MS };
    await before.mutation("before/cronSettings:update", change);
    const ranAt = async () => {
      const row = (await list()).find(({ name }) => name === change.name) as unknown as { lastRunAt: number };
      return (row.lastRunAt - NOW) / MINUTE_MS;
    };
    await before.advance(4 * MINUTE_MS);
    expect(await ranAt()).toBe(0);
    await before.advance(MINUTE_MS);
    expect(await ranAt()).toBe(5);
    await before.mutation("before/cronSettings:update", { ...change, enabled: false });
    await before.advance(30 * MINUTE_MS);
    expect(await ranAt()).toBe(5);
    await before.close();
  });
});
