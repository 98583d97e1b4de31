/**
 * Crons over virtual time.
 */
import { expect, test, vi } from "vitest";
import { cronRows } from "./cron-rows.ts";
import { nextFireMs } from "../functions/cron-times.ts";
import { bundleTexts } from "../kit/text-app.ts";
import { NOTES_APP, START_MS, World } from "../testing/core-world.ts";
import type { CronSchedule } from "../app/types.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;
/** A Wednesday. */
const NOW_MS = Date.UTC(2026, 6, 15, 12, 30, 10);

test.each<[CronSchedule, string]>([
  [{ type: "hourly", minuteUTC: 15 }, "2026-07-15T13:15:00.000Z"],
  [{ type: "hourly", minuteUTC: 45 }, "2026-07-15T12:45:00.000Z"],
  [{ type: "daily", hourUTC: 12, minuteUTC: 30 }, "2026-07-16T12:30:00.000Z"],
  [{ type: "daily", hourUTC: 13, minuteUTC: 0 }, "2026-07-15T13:00:00.000Z"],
  [{ type: "weekly", dayOfWeek: 0, hourUTC: 1, minuteUTC: 2 }, "2026-07-19T01:02:00.000Z"],
  [{ type: "weekly", dayOfWeek: 3, hourUTC: 12, minuteUTC: 31 }, "2026-07-15T12:31:00.000Z"],
  [{ type: "monthly", day: 31, hourUTC: 0, minuteUTC: 0 }, "2026-07-31T00:00:00.000Z"],
  [{ type: "monthly", day: 1, hourUTC: 5, minuteUTC: 6 }, "2026-08-01T05:06:00.000Z"],
  [{ type: "cron", cronExpr: "*/20 * * * *" }, "2026-07-15T12:40:00.000Z"],
  [{ type: "cron", cronExpr: "0 9 * * 1" }, "2026-07-20T09:00:00.000Z"],
])("%j fires next at %s", (schedule, expected) => {
  expect(new Date(nextFireMs(schedule, NOW_MS, undefined)).toISOString()).toBe(expected);
});

test("an interval fires at once, then keeps its phase and skips what was missed", () => {
  const schedule: CronSchedule = { type: "interval", seconds: 60 };
  expect(nextFireMs(schedule, 1_000, undefined)).toBe(1_000);
  expect(nextFireMs(schedule, 1_000, 1_000)).toBe(61_000);
  expect(nextFireMs(schedule, 61_000, 1_000)).toBe(121_000);
  expect(nextFireMs(schedule, 200_000, 1_000)).toBe(241_000);
});

function app(crons: string) {
  return {
    ...NOTES_APP,
    "crons.ts": `
      import { cronJobs, makeFunctionReference } from "convex/server";
      const add = makeFunctionReference("notes:add");
      const act = makeFunctionReference("notes:act");
      const fail = makeFunctionReference("notes:addAndFail");
      const crons = cronJobs();
      ${crons}
      export default crons;
    `,
  };
}

const EVERY_MINUTE = app(`crons.interval("tick", { minutes: 1 }, add, { text: "tick" });`);

test("an interval fires when deployed and then at its period", async () => {
  const world = await World.open(EVERY_MINUTE);
  await world.idle();
  expect(await world.value("notes:count")).toBe(1);
  await world.advance(MINUTE_MS - 1);
  expect(await world.value("notes:count")).toBe(1);
  await world.advance(1);
  expect(await world.value("notes:count")).toBe(2);
  await world.advance(10 * MINUTE_MS);
  expect(await world.value("notes:count")).toBe(12);
});

test("crons survive a restart, missed moments are skipped and the phase is kept", async () => {
  const world = await World.open(EVERY_MINUTE);
  await world.idle();
  world.crash();
  world.clock.moveTo(START_MS + 10 * MINUTE_MS + 1);
  await world.start();
  expect(await world.value("notes:count")).toBe(1);
  await world.advance(MINUTE_MS - 1);
  expect(await world.value("notes:count")).toBe(2);
});

test("a cron that throws goes on at its next moment", async () => {
  const world = await World.open(app(`crons.interval("bad", { minutes: 1 }, fail, {});`));
  await world.advance(3 * MINUTE_MS);
  world.signal({ type: "wantLogs", untilMs: Infinity });
  await world.idle();
  expect(world.logs.filter(({ caller }) => caller === "Cron").length).toBe(4);
  expect(await world.value("notes:count")).toBe(0);
});

test("a cron's action runs at most once at a time; after a restart the next moment starts it again", async () => {
  const world = await World.open(app(`crons.interval("act", { minutes: 1 }, act, {});`));
  await world.advance(5 * MINUTE_MS);
  expect(world.started.map(({ ticket }) => ticket)).toEqual([{ kind: "cron", key: "act" }]);
  await world.request<"actionDone">({ type: "actionDone", ticket: { kind: "cron", key: "act" }, error: null });
  await world.advance(MINUTE_MS);
  expect(world.started.length).toBe(2);
  await world.restart();
  expect(world.started.length).toBe(2);
  await world.advance(MINUTE_MS);
  expect(world.started.length).toBe(3);
});

test("a push adds, changes and removes crons by name; an unchanged one keeps its next moment", async () => {
  const first = `crons.interval("same", { hours: 1 }, add, { text: "same" });`;
  const world = await World.open(app(`${first} crons.hourly("gone", { minuteUTC: 0 }, add, { text: "gone" });`));
  await world.advance(HOUR_MS / 2);
  expect(await world.value("notes:texts")).toEqual(["same"]);
  const second = app(`${first} crons.interval("new", { hours: 2 }, add, { text: "new" });`);
  expect(await world.push(await bundleTexts(second))).toMatchObject({ ok: true });
  await world.idle();
  expect(await world.value("notes:texts")).toEqual(["same", "new"]);
  await world.advance(HOUR_MS / 2);
  expect(await world.value("notes:texts")).toEqual(["same", "new", "same"]);
});

test.each(["", "* * * *", "*/5 * * * * *", "0 0 * * 7", "0 0 30 2 *"])(
  "a push with the cron expression %j is refused by the cron's name, and what was deployed stays",
  async (expression) => {
    const world = await World.open(EVERY_MINUTE);
    const bad = app(`crons.cron("nightly", ${JSON.stringify(expression)}, add, { text: "x" });`);
    expect(await world.push(await bundleTexts(bad))).toMatchObject({
      ok: false,
      message: expect.stringContaining('cron job "nightly" has an invalid schedule: ') as string,
    });
    await world.advance(MINUTE_MS);
    expect(await world.value("notes:texts")).toEqual(["tick", "tick"]);
  },
);

test("a schedule that a former release accepted does not run and is named; everything else does, and a push brings it back", async () => {
  const both = (expression: string) =>
    app(`crons.interval("tick", { hours: 12 }, add, { text: "tick" });
      crons.cron("old", ${expression}, add, { text: "old" });`);
  const world = await World.open(both(`process.env.FORMER === "yes" ? "0 0 * * 1-7" : "0 0 * * *"`));
  // As that release would have left it: code that says so, and its row.
  await world.request<"setEnvironment">({ type: "setEnvironment", changes: [{ name: "FORMER", value: "yes" }] });
  world.core.enqueue(() =>
    world.core.commits.write("former", (tx) => {
      for (const row of cronRows(tx).filter(({ name }) => name === "old"))
        tx.system.patch(row._id, { schedule: JSON.stringify({ type: "cron", cronExpr: "0 0 * * 1-7" }) });
    }),
  );
  await world.idle();
  const told = vi.spyOn(console, "error").mockImplementation(() => undefined);
  try {
    for (const start of [1, 2]) {
      await world.restart();
      expect(told.mock.calls.join()).toContain(
        'The cron "old" does not run: its schedule is not valid: the day of week is "1-7"',
      );
      expect(told).toHaveBeenCalledTimes(start);
    }
  } finally {
    told.mockRestore();
  }
  await world.advance(DAY_MS);
  const texts = (await world.value("notes:texts")) as string[];
  expect([texts.includes("old"), texts.includes("tick")]).toEqual([false, true]);
  expect(world.failures).toEqual([]);
  expect(await world.push(await bundleTexts(both(`"0 0 * * *"`)))).toMatchObject({ ok: true });
  await world.advance(DAY_MS);
  expect(await world.value("notes:texts")).toContain("old");
});

test("crons cost one timer between their moments", async () => {
  const many = Array.from(
    { length: 50 },
    (_, i) => `crons.daily("c${i}", { hourUTC: ${i % 24}, minuteUTC: 7 }, add, { text: "${i}" });`,
  );
  const world = await World.open(app(many.join("\n")));
  await world.idle();
  const { ticks } = world.core;
  expect(world.clock.timers).toBe(1);
  await world.advance((world.clock.nextMs ?? 0) - world.clock.nowMs() - 1);
  expect(world.core.ticks).toBe(ticks);
});

test("a cron that ended a core waits for its next moment", async () => {
  const world = await World.open(EVERY_MINUTE);
  await world.idle();
  world.crash();
  world.clock.moveTo(START_MS + MINUTE_MS);
  await world.start([{ run: { kind: "cron", name: "tick" }, times: 0, atMs: START_MS }]);
  expect(await world.value("notes:count")).toBe(1);
  await world.advance(MINUTE_MS);
  expect(await world.value("notes:count")).toBe(2);
});
