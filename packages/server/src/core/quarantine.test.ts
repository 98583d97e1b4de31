/**
 * What becomes of queries that ended a core.
 */
import { rootFunction } from "@narrowcast/values";
import { expect, test } from "vitest";
import { queryKey } from "../protocol/run-key.ts";
import { bundleTexts } from "../kit/text-app.ts";
import { NOTES_APP, START_MS, World } from "../testing/core-world.ts";

const REQUEST = queryKey(rootFunction("notes:count"), "{}", "");

async function openSuspect(times: number): Promise<World> {
  const world = await World.open(NOTES_APP);
  await world.restart([{ run: { kind: "query", request: REQUEST }, times, atMs: START_MS }]);
  return world;
}

const isRefused = async (world: World): Promise<boolean> => {
  const outcome = await world.query("notes:count");
  return !outcome.ok && outcome.errorMessage.includes("Function execution timed out (maximum duration: 1s)");
};

test("the request is refused without being run, other requests are not", async () => {
  const world = await openSuspect(0);
  const before = world.core.runner.queriesExecuted;
  expect(await isRefused(world)).toBe(true);
  expect(await world.query("notes:texts")).toMatchObject({ ok: true });
  expect(world.core.reactor.counters.runsExecuted).toBe(2);
  expect(world.core.runner.queriesExecuted - before).toBe(2);
});

test("without any commit it stays refused, and nothing waits", async () => {
  const world = await openSuspect(0);
  await world.advance(3_600_000);
  expect(await isRefused(world)).toBe(true);
  expect(world.clock.timers).toBe(0);
});

test("a commit after the penalty frees it", async () => {
  const world = await openSuspect(0);
  await world.advance(10_000);
  await world.mutation("notes:add", { text: "a" });
  expect(await isRefused(world)).toBe(false);
});

test("a commit during the penalty frees it at the end, and a subscriber gets the result", async () => {
  const world = await openSuspect(0);
  world.signal({ type: "openSocket", socket: 1 });
  const add = [{ queryId: 1, ...rootFunction("notes:count"), args: "{}", journal: null }];
  world.signal({ type: "modifyQueries", socket: 1, querySet: 1, add, remove: [] });
  await world.mutation("notes:add", { text: "a" });
  await world.advance(9_999);
  expect(world.updates.at(-1)?.changes[0]?.result).toMatchObject({ ok: false });
  await world.advance(1);
  expect(world.updates.at(-1)?.changes[0]?.result).toMatchObject({ ok: true, value: "1" });
});

test.each([
  [1, 20_000],
  [3, 80_000],
  [20, 3_600_000],
])("after %i relapses the penalty is %i ms", async (times, penaltyMs) => {
  const world = await openSuspect(times);
  await world.mutation("notes:add", { text: "a" });
  await world.advance(penaltyMs - 1);
  expect(await isRefused(world)).toBe(true);
  await world.advance(1);
  expect(await isRefused(world)).toBe(false);
});

test.each<readonly [string, (world: World) => Promise<unknown>]>([
  ["new code", async (world) => world.push(await bundleTexts(NOTES_APP))],
  [
    "a variable that no module looked at",
    (world) => world.request<"setEnvironment">({ type: "setEnvironment", changes: [{ name: "SIZE", value: "1" }] }),
  ],
])("%s frees it at once, for who asks and for who subscribed", async (_what, change) => {
  const world = await openSuspect(5);
  world.signal({ type: "openSocket", socket: 1 });
  const add = [{ queryId: 1, ...rootFunction("notes:count"), args: "{}", journal: null }];
  world.signal({ type: "modifyQueries", socket: 1, querySet: 1, add, remove: [] });
  await world.idle();
  expect(world.updates.at(-1)?.changes[0]?.result).toMatchObject({ ok: false });
  await change(world);
  await world.idle();
  expect(world.updates.at(-1)?.changes[0]?.result).toMatchObject({ ok: true, value: "0" });
  expect(await isRefused(world)).toBe(false);
});

test("code that cannot be loaded leaves a core that says so and takes a push", async () => {
  const world = await World.open(NOTES_APP);
  await world.restart([{ run: { kind: "load", request: "start" }, times: 0, atMs: START_MS }]);
  expect(await world.query("notes:texts")).toMatchObject({
    ok: false,
    errorMessage: expect.stringContaining("Cannot load the app's modules"),
  });
  await world.push(await bundleTexts(NOTES_APP));
  expect(await world.query("notes:texts")).toMatchObject({ ok: true });
});
