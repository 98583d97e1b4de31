/**
 * Scheduled functions over virtual time and a disk that loses what was not flushed.
 */
import type { Value } from "@narrowcast/values";
import { expect, test } from "vitest";
import { NOTES_APP, START_MS, World } from "../testing/core-world.ts";

const DAY_MS = 24 * 3_600_000;

interface JobRow {
  readonly _id: string;
  readonly name: string;
  readonly args: readonly Value[];
  readonly scheduledTime: number;
  readonly completedTime?: number;
  readonly state: { readonly kind: string; readonly error?: string };
}

async function jobs(world: World): Promise<readonly JobRow[]> {
  return (await world.value("notes:jobs")) as unknown as readonly JobRow[];
}

async function states(world: World): Promise<readonly string[]> {
  return (await jobs(world)).map(({ state }) => state.kind);
}

/** Closes an action's ticket as the host does. */
function done(world: World, key: string, error: string | null = null): Promise<null> {
  return world.request<"actionDone">({ type: "actionDone", ticket: { kind: "job", key }, error });
}

test("a job runs at its time, once, and its row tells", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:later", { ms: 5_000, text: "a" });
  const [pending] = await jobs(world);
  expect(pending).toMatchObject({
    name: "notes:add",
    args: [{ text: "a" }],
    scheduledTime: START_MS + 5_000,
    state: { kind: "pending" },
  });
  await world.advance(4_999);
  expect(await world.value("notes:texts")).toEqual([]);
  await world.advance(1);
  expect(await world.value("notes:texts")).toEqual(["a"]);
  expect((await jobs(world))[0]).toMatchObject({ state: { kind: "success" }, completedTime: START_MS + 5_000 });
});

test("jobs run in the order of their times; past times run at once", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:later", { ms: 300, text: "c" });
  await world.mutation("notes:later", { ms: 100, text: "a" });
  await world.mutation("notes:later", { ms: 200, text: "b" });
  await world.mutation("notes:laterAt", { at: START_MS - 1_000 });
  await world.idle();
  expect(await world.value("notes:texts")).toEqual(["at"]);
  await world.advance(1_000);
  expect(await world.value("notes:texts")).toEqual(["at", "a", "b", "c"]);
});

test("scheduling belongs to the transaction: a mutation that fails schedules nothing", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:laterAndFail");
  await world.advance(1_000);
  expect(await jobs(world)).toEqual([]);
});

test.each([
  ["more than five years ahead", { at: START_MS + 6 * 365 * DAY_MS }],
  ["more than five years ago", { at: START_MS - 6 * 365 * DAY_MS }],
])("a time %s is refused", async (_what, args) => {
  const world = await World.open(NOTES_APP);
  expect(await world.mutation("notes:laterAt", args)).toMatchObject({ ok: false });
  expect(await jobs(world)).toEqual([]);
});

test("a job whose mutation throws has failed, with the error, and is not run again", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:laterFail");
  await world.advance(DAY_MS);
  const [job] = await jobs(world);
  expect(job?.state).toMatchObject({ kind: "failed", error: expect.stringMatching(/^Uncaught Error: no\n {4}at /) });
  expect(await world.value("notes:texts")).toEqual([]);
});

test("a pending job survives a restart and runs once, also when its time passed meanwhile", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:later", { ms: 1_000, text: "a" });
  world.crash();
  world.clock.moveTo(START_MS + 10_000);
  await world.start();
  expect(await world.value("notes:texts")).toEqual(["a"]);
  await world.restart();
  await world.advance(DAY_MS);
  expect(await world.value("notes:texts")).toEqual(["a"]);
});

test("a mutation's job whose commit was lost in a crash runs again; one that was kept does not", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:later", { ms: 1_000, text: "a" });
  world.disk.stall();
  world.clock.moveTo(START_MS + 1_000);
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
  world.crash();
  world.disk.release();
  await world.start();
  expect(await world.value("notes:texts")).toEqual(["a"]);
  expect(await states(world)).toEqual(["success"]);
});

test("an action starts only when its start is durable; after a crash it has failed and is not run again", async () => {
  const world = await World.open(NOTES_APP);
  world.disk.stall();
  void world.mutation("notes:laterAction", { n: 1 });
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(world.started).toEqual([]);
  world.disk.release();
  await world.idle();
  expect(world.started.length).toBe(1);
  expect(await states(world)).toEqual(["inProgress"]);

  await world.restart();
  expect((await jobs(world))[0]?.state).toEqual({
    kind: "failed",
    error: "Transient error while executing action",
  });
  await world.advance(DAY_MS);
  expect(world.started.length).toBe(1);
});

test("a restart of the core alone does not end actions: their result still counts", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:laterAction", { n: 1 });
  await world.idle();
  const { ticket } = world.started[0]!;
  await world.restart([], [ticket]);
  expect(await states(world)).toEqual(["inProgress"]);
  await done(world, ticket.key);
  expect(await states(world)).toEqual(["success"]);
});

test("an action that throws has failed with its error", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:laterAction", { n: 1 });
  await world.idle();
  await done(world, world.started[0]!.ticket.key, "boom");
  expect((await jobs(world))[0]?.state).toEqual({ kind: "failed", error: "boom" });
});

test("at most eight actions are under way; mutations behind them go on", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:laterAction", { n: 20 });
  await world.mutation("notes:later", { ms: 0, text: "a" });
  await world.idle();
  expect(world.started.length).toBe(8);
  expect(await world.value("notes:texts")).toEqual(["a"]);
  await done(world, world.started[0]!.ticket.key);
  await world.idle();
  expect(world.started.length).toBe(9);
  for (let i = 1; i < 20; i += 1) {
    await done(world, world.started[i]!.ticket.key);
    await world.idle();
  }
  expect(world.started.length).toBe(20);
  expect(new Set(world.started.map(({ ticket }) => ticket.key)).size).toBe(20);
});

test("cancelling a pending job keeps it from running; cancelling a finished one changes nothing", async () => {
  const world = await World.open(NOTES_APP);
  const { value } = (await world.mutation("notes:later", { ms: 1_000, text: "a" })) as { readonly value: string };
  await world.mutation("notes:later", { ms: 0, text: "b" });
  await world.idle();
  await world.mutation("notes:cancel", { id: JSON.parse(value) as string });
  await world.mutation("notes:cancelAll");
  await world.advance(10_000);
  expect(await world.value("notes:texts")).toEqual(["b"]);
  expect(await states(world)).toEqual(["canceled", "success"]);
});

test("an action that was cancelled stays cancelled, and what it schedules is born cancelled", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:laterAction", { n: 1 });
  await world.idle();
  const { key } = world.started[0]!.ticket;
  await world.mutation("notes:cancelAll");
  const dedupe = { kind: "slot", slot: 0, serial: "1" } as const;
  const message = { type: "schedule", path: "notes:add", args: `{"text":"x"}`, atMs: START_MS, dedupe } as const;
  const id = await world.request<"schedule">({ ...message, parentJob: key });
  expect(await world.request<"schedule">({ ...message, parentJob: key })).toBe(id);
  await done(world, key);
  await world.advance(1_000);
  expect(await states(world)).toEqual(["canceled", "canceled"]);
  expect(await world.value("notes:texts")).toEqual([]);
});

test("a scheduled mutation that cancels all jobs cancels the others, and goes on itself with a warning", async () => {
  const world = await World.open(NOTES_APP);
  world.signal({ type: "wantLogs", untilMs: Infinity });
  await world.mutation("notes:later", { ms: 5_000, text: "cancelled" });
  await world.mutation("notes:laterSelf");
  await world.advance(10_000);
  expect(await states(world)).toEqual(["canceled", "success"]);
  expect(await world.value("notes:texts")).toEqual([]);
  const log = world.logs.find(({ caller }) => caller === "Scheduler");
  expect(log?.error).toBeNull();
  const text = "A scheduled mutation cannot cancel itself while it is running: it goes on.";
  expect(log?.lines).toMatchObject([{ level: "WARN", text }]);
});

test("scheduling a function that does not exist is refused", async () => {
  const world = await World.open(NOTES_APP);
  const dedupe = { kind: "slot", slot: 0, serial: "1" } as const;
  const asked = world.request<"schedule">({
    type: "schedule",
    path: "notes:gone",
    args: "{}",
    atMs: START_MS,
    parentJob: null,
    dedupe,
  });
  await expect(asked).rejects.toThrow("notes:gone");
});

test("results go after seven days; then nothing waits", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:later", { ms: 0, text: "a" });
  await world.advance(7 * DAY_MS - 60_000);
  expect(await states(world)).toEqual(["success"]);
  await world.advance(120_000);
  expect(await jobs(world)).toEqual([]);
  expect(world.clock.timers).toBe(0);
});

test("a job that ended a core has failed with the time-out text and is not run again", async () => {
  const world = await World.open(NOTES_APP);
  const { value } = (await world.mutation("notes:later", { ms: 1_000, text: "a" })) as { readonly value: string };
  const id = JSON.parse(value) as string;
  world.crash();
  world.clock.moveTo(START_MS + 10_000);
  await world.start([{ run: { kind: "job", id }, times: 0, atMs: START_MS }]);
  expect((await jobs(world))[0]?.state).toEqual({
    kind: "failed",
    error: "Function execution timed out (maximum duration: 1s)",
  });
  expect(await world.value("notes:texts")).toEqual([]);
});

test("a waiting job sets one timer and nothing polls", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:later", { ms: DAY_MS, text: "a" });
  await world.mutation("notes:later", { ms: 2 * DAY_MS, text: "b" });
  await world.idle();
  const { ticks } = world.core;
  await world.advance(DAY_MS - 1);
  expect(world.core.ticks).toBe(ticks);
  expect(world.clock.timers).toBe(1);
});
