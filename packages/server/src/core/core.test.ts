/**
 * The core over a simulated disk: order, group commit, deduplication, what is shown when.
 */
import { hash } from "node:crypto";
import { ROOT_COMPONENT, rootTable } from "@narrowcast/values";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { ADMIN, NOBODY, NOTES_APP, World } from "../testing/core-world.ts";

const DAY_MS = 24 * 3_600_000;

test("mutations of one batch run in order, each sees the earlier ones, and share one flush", async () => {
  const world = await World.open(NOTES_APP);
  const before = world.disk.flushes;
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => world.mutation("notes:increment")));
  expect(outcomes.map((outcome) => outcome.ok && outcome.value)).toEqual(
    Array.from({ length: 50 }, (_, i) => `${i + 1}`),
  );
  expect(world.disk.flushes - before).toBe(1);
});

test("nothing that depends on an undurable commit is shown before the flush; the next group runs meanwhile", async () => {
  const world = await World.open(NOTES_APP);
  world.signal({ type: "openSocket", socket: 1 });
  const add = [{ queryId: 1, component: ROOT_COMPONENT, path: "notes:count", args: "{}", journal: null }];
  world.signal({ type: "modifyQueries", socket: 1, querySet: 1, add, remove: [] });
  await world.idle();
  expect(world.updates.length).toBe(1);

  world.disk.stall();
  const shown: string[] = [];
  const first = world.mutation("notes:add", { text: "a" }).then(() => shown.push("mutation"));
  const second = world.query("notes:count").then(() => shown.push("query"));
  for (let i = 0; i < 20; i += 1) await setImmediate();
  const head = world.core.head;
  const third = world.mutation("notes:add", { text: "b" }).then(() => shown.push("second mutation"));
  const fourth = world.mutation("notes:addAndFail").then(() => shown.push("failed mutation"));
  for (let i = 0; i < 20; i += 1) await setImmediate();
  expect(world.core.head).toBeGreaterThan(head);
  expect(shown).toEqual([]);
  expect(world.updates.length).toBe(1);

  world.disk.release();
  await Promise.all([first, second, third, fourth]);
  await world.idle();
  expect(shown).toEqual(["mutation", "query", "second mutation", "failed mutation"]);
  expect(world.updates.at(-1)?.changes[0]?.result).toMatchObject({ value: "2" });
});

test("the update that shows a socket's mutation comes with its answer", async () => {
  const world = await World.open(NOTES_APP);
  world.signal({ type: "openSocket", socket: 1 });
  const call = {
    path: "notes:increment",
    args: "{}",
    identity: NOBODY,
    allowInternal: false,
    requestId: "00",
    component: ROOT_COMPONENT,
  } as const;
  const outcome = await world.request<"mutation">({
    type: "mutation",
    call: { ...call, caller: "SyncWebsocket" },
    dedupe: null,
    socket: 1,
  });
  expect(world.updates).toMatchObject([{ socket: 1, ts: outcome.ok ? outcome.ts : "failed", changes: [] }]);
});

test("a query without undurable commits does not wait for a disk", async () => {
  const world = await World.open(NOTES_APP);
  world.disk.stall();
  expect(await world.query("notes:count")).toMatchObject({ ok: true, value: "0" });
});

test("when the disk fails, what was held is never shown and the core says so", async () => {
  const world = await World.open(NOTES_APP);
  let isAnswered = false;
  world.disk.failure = new Error("EIO: the disk is gone");
  void world.mutation("notes:add", { text: "a" }).then(() => {
    isAnswered = true;
  });
  await world.idle();
  for (let i = 0; i < 20; i += 1) await setImmediate();
  expect(world.failures[0]).toContain("the disk is gone");
  expect(isAnswered).toBe(false);
});

test("a mutation sent twice with one session and request id runs once and gives the first outcome", async () => {
  const world = await World.open(NOTES_APP);
  const key = { kind: "session", sessionId: "s", requestId: 1 } as const;
  const first = await world.mutation("notes:add", { text: "a" }, key);
  await world.mutation("notes:add", { text: "b" }, { ...key, requestId: 2 });
  await world.restart();
  const again = await world.mutation("notes:add", { text: "a" }, key);
  expect(again).toEqual(first);
  expect(first.ok && first.ts).toBeGreaterThan(0);
  expect(await world.value("notes:count")).toBe(2);
});

test("a session keeps its last 1,000 outcomes; one before them is refused, not run again", async () => {
  const world = await World.open(NOTES_APP);
  const key = (requestId: number) => ({ kind: "session", sessionId: "s", requestId }) as const;
  const outcomes = await Promise.all(
    Array.from({ length: 2_500 }, (_, n) => world.mutation("notes:add", { text: "a" }, key(n))),
  );
  const sessions = world.core.database.catalogue.get(rootTable("_sessions"))?.number ?? 0;
  expect(world.core.database.engine.count(sessions)).toBe(1_000);
  for (const n of [1_500, 2_000, 2_499]) {
    expect(await world.mutation("notes:add", { text: "a" }, key(n))).toEqual(outcomes[n]);
  }
  for (const n of [0, 1_000, 1_499]) {
    expect(await world.mutation("notes:add", { text: "a" }, key(n))).toMatchObject({
      ok: false,
      errorMessage: expect.stringContaining("its session has run over 1,000 later ones"),
    });
  }
  expect(await world.value("notes:count")).toBe(2_500);
});

test("an outcome that a former release recorded answers", async () => {
  const world = await World.open(NOTES_APP);
  const key = { kind: "session", sessionId: "s", requestId: 7 } as const;
  const id = hash("sha256", "7:s", "buffer").subarray(0, 16);
  world.core.commits.write("test", (tx) =>
    tx.system.insert("_sessions", { value: '"before"', logLines: [], ts: 5 }, id),
  );
  expect(await world.mutation("notes:add", { text: "a" }, key)).toEqual({
    ok: true,
    value: '"before"',
    logLines: [],
    ts: 5,
  });
  expect(await world.value("notes:count")).toBe(0);
});

test("a session's row that is used again lives on, and rows of others go", async () => {
  const world = await World.open(NOTES_APP);
  const key = (sessionId: string, requestId: number) => ({ kind: "session", sessionId, requestId }) as const;
  await world.mutation("notes:add", { text: "a" }, key("gone", 5));
  await world.mutation("notes:add", { text: "a" }, key("lives", 5));
  await world.advance(10 * DAY_MS);
  const last = await world.mutation("notes:add", { text: "a" }, key("lives", 1_005));
  await world.advance(5 * DAY_MS);
  const sessions = world.core.database.catalogue.get(rootTable("_sessions"))?.number ?? 0;
  expect(world.core.database.engine.count(sessions)).toBe(1);
  expect(await world.mutation("notes:add", { text: "a" }, key("lives", 1_005))).toEqual(last);
  await world.advance(14 * DAY_MS);
  expect(world.core.database.engine.count(sessions)).toBe(0);
  expect(world.clock.timers).toBe(0);
});

test("the recorded timestamp is the commit's own, also after rolled back inserts", async () => {
  const world = await World.open(NOTES_APP);
  const key = { kind: "session", sessionId: "s", requestId: 1 } as const;
  const outcome = await world.mutation("notes:addManyCatching", {}, key);
  expect(outcome).toMatchObject({ ok: true, ts: world.core.head });
});

test("a failed mutation is not recorded and may run again", async () => {
  const world = await World.open(NOTES_APP);
  const key = { kind: "session", sessionId: "s", requestId: 1 } as const;
  expect(await world.mutation("notes:addAndFail", {}, key)).toMatchObject({ ok: false });
  expect(await world.mutation("notes:add", { text: "a" }, key)).toMatchObject({ ok: true });
  expect(await world.value("notes:texts")).toEqual(["a"]);
});

test("a slot deduplicates its last use and keeps one row", async () => {
  const world = await World.open(NOTES_APP);
  const slot = (serial: string) => ({ kind: "slot", slot: 0, serial }) as const;
  const first = await world.mutation("notes:add", { text: "a" }, slot("1"));
  expect(await world.mutation("notes:add", { text: "a" }, slot("1"))).toEqual(first);
  await world.mutation("notes:add", { text: "b" }, slot("2"));
  await world.mutation("notes:add", { text: "c" }, slot("3"));
  expect(await world.value("notes:texts")).toEqual(["a", "b", "c"]);
  const slots = world.core.database.catalogue.get(rootTable("_slots"))?.number ?? 0;
  expect(world.core.database.engine.count(slots)).toBe(1);
});

test("a mutation that the watchdog ended is only looked up", async () => {
  const world = await World.open(NOTES_APP);
  const slot = (serial: string) => ({ kind: "slot", slot: 0, serial }) as const;
  const done = await world.mutation("notes:add", { text: "a" }, slot("1"));
  const call = {
    component: ROOT_COMPONENT,
    path: "notes:add",
    args: `{"text":"b"}`,
    identity: NOBODY,
    allowInternal: false,
  } as const;
  const again = (serial: string) =>
    world.request<"mutation">({
      type: "mutation",
      call: { ...call, requestId: "00", caller: "HttpApi" },
      dedupe: slot(serial),
      onlyLookUp: "it took too long",
    });
  expect(await again("1")).toEqual(done);
  expect(await again("2")).toMatchObject({ ok: false, errorMessage: expect.stringContaining("it took too long") });
  expect(await world.value("notes:count")).toBe(1);
});

test("sessions' rows go after 14 days, in slices, and nothing waits for them afterwards", async () => {
  const world = await World.open(NOTES_APP);
  for (let i = 0; i < 300; i += 1) {
    void world.mutation("notes:add", { text: "a" }, { kind: "session", sessionId: "s", requestId: i });
  }
  await world.idle();
  const sessions = world.core.database.catalogue.get(rootTable("_sessions"))?.number ?? 0;
  const rows = () => world.core.database.engine.count(sessions);
  await world.advance(14 * DAY_MS - 60_000);
  expect(rows()).toBe(300);
  await world.advance(120_000);
  expect(rows()).toBe(0);
  expect(world.clock.timers).toBe(0);
});

test("a caught failure of a nested mutation takes back only what it wrote", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:addCatching");
  expect(await world.value("notes:texts")).toEqual(["kept", "caught"]);
});

test("an internal query is invisible to clients, whoever asked before", async () => {
  const world = await World.open(NOTES_APP);
  const missing = {
    ok: false,
    errorMessage: expect.stringContaining("Could not find public function for 'notes:secret'"),
  };
  expect(await world.query("notes:secret", {}, ADMIN)).toMatchObject({ ok: true, value: "0" });
  expect(await world.query("notes:secret")).toMatchObject(missing);
  expect(await world.query("notes:secret", {}, NOBODY, true)).toMatchObject({ ok: true, value: "0" });
  expect(await world.query("notes:secret")).toMatchObject(missing);
});

test("queries of a batch hold at one timestamp", async () => {
  const world = await World.open(NOTES_APP);
  const call = { args: "{}", identity: NOBODY, allowInternal: false, requestId: "00", caller: "HttpApi" } as const;
  void world.mutation("notes:add", { text: "a" });
  const calls = [
    { ...call, component: ROOT_COMPONENT, path: "notes:count" },
    { ...call, component: ROOT_COMPONENT, path: "notes:texts" },
  ];
  const [count, texts] = await world.request<"queryBatch">({ type: "queryBatch", calls });
  expect(count).toMatchObject({ ok: true, value: "1" });
  expect(texts).toMatchObject({ ok: true, value: `["a"]` });
  expect(count?.ok === true && texts?.ok === true && count.ts === texts.ts).toBe(true);
});

test("an idle core has no timers and makes no ticks", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:add", { text: "a" });
  await world.idle();
  const { ticks } = world.core;
  await world.advance(3_600_000);
  expect(world.clock.timers).toBe(0);
  expect(world.core.ticks).toBe(ticks);
});

test("every execution makes a log entry; plain ones come when somebody looks", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:add", { text: "a" });
  await world.idle();
  expect(world.logs).toEqual([]);
  await world.mutation("notes:addAndFail");
  await world.query("notes:count");
  await world.query("notes:count");
  world.signal({ type: "wantLogs", untilMs: world.clock.nowMs() + 1_000 });
  await world.idle();
  expect(world.logs.map(({ path, error, cached }) => [path, error !== null, cached])).toEqual([
    ["notes:add", false, false],
    ["notes:addAndFail", true, false],
    ["notes:count", false, false],
    ["notes:count", false, true],
  ]);
});
