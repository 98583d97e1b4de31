/**
 * A core that follows another one: what it refuses, what it does when its machine cannot load the code, and how it changes logs.
 *
 * Not here: that it equals its writer (`follower.test.ts`).
 */
import { rootFunction } from "@narrowcast/values";
import { expect, test, vi } from "vitest";
import { loadPackage, type CodeLoader } from "../functions/code-loader.ts";
import type { CoreRequest } from "../protocol/core-protocol.ts";
import { NOBODY, NOTES_APP, World, type WithoutId } from "../testing/core-world.ts";
import { FollowingSide } from "../testing/following-side.ts";

interface Pair {
  readonly world: World;
  readonly follower: FollowingSide;
}

async function open(loadCode?: CodeLoader): Promise<Pair> {
  const world = await World.open(NOTES_APP);
  const { limits, clock, files } = world;
  const follower = new FollowingSide({ limits, clock, files, ...(loadCode && { loadCode }) });
  follower.following.follow(world.disk.log);
  return { world, follower };
}

function callOf(path: string) {
  return {
    ...rootFunction(path),
    args: "{}",
    identity: NOBODY,
    allowInternal: false,
    requestId: "0",
    caller: "HttpApi",
  } as const;
}

/** What the follower answers, without waiting before it asks. */
async function ask(follower: FollowingSide, path: string): Promise<string> {
  const outcome = await follower.request<"query">({ type: "query", call: callOf(path) });
  return outcome.ok ? outcome.value : outcome.errorMessage;
}

const slot = { kind: "slot", slot: 0, serial: "1" } as const;
const facts = { size: 1, sha256: "", contentType: null };
const WRITES: readonly WithoutId<CoreRequest>[] = [
  { type: "mutation", call: callOf("notes:add"), dedupe: null },
  { type: "push", code: { modules: [], nodeResolveDir: null } },
  { type: "setEnvironment", changes: [{ name: "COLOUR", value: "red" }] },
  { type: "schedule", ...rootFunction("notes:add"), args: "{}", atMs: 0, parentJob: null, dedupe: slot },
  { type: "cancelScheduled", jobId: "x" },
  { type: "commitFile", name: "00", facts, dedupe: slot },
  { type: "storage", method: "delete", storageId: "x", dedupe: slot },
  { type: "actionDone", ticket: { kind: "job", key: "x" }, error: null },
];

test.each(WRITES.map((message) => [message.type, message] as const))("%s is refused by name", async (type, message) => {
  const { world, follower } = await open();
  const text = `Cannot change the deployment: this core follows another one; "${type}" should be sent to the one that writes`;
  await expect(follower.request(message as never)).rejects.toThrow(text);
  expect(follower.core.head).toBe(world.core.head);
});

test("what is asked behind `follow` is answered from all that was durable then", async () => {
  const { world, follower } = await open();
  expect(await ask(follower, "notes:count")).toBe("0");
  await world.mutation("notes:add", { text: "a" });
  expect(await ask(follower, "notes:count")).toBe("1");
  expect(follower.failures).toEqual([]);
});

test("records that wait when another log is followed are taken in once", async () => {
  const { world, follower } = await open();
  await follower.core.whenIdle();
  await Promise.all(["a", "b", "c"].map((text) => world.mutation("notes:add", { text })));
  // The first is told of the commits again: the follower's head is still in front of them.
  follower.following.follow(world.disk.log);
  follower.following.follow(world.disk.log);
  await world.mutation("notes:add", { text: "d" });
  expect(await ask(follower, "notes:count")).toBe("4");
  await follower.core.whenIdle();
  expect([follower.failures, follower.core.head]).toEqual([[], world.core.head]);
});

test("one that left its log stays as it is", async () => {
  const { world, follower } = await open();
  expect(await ask(follower, "notes:count")).toBe("0");
  follower.following.leave();
  await world.mutation("notes:add", { text: "a" });
  expect(await ask(follower, "notes:count")).toBe("0");
});

test("a log that does not reach back to where the follower is ends it, and says so", async () => {
  const { follower } = await open();
  await follower.core.whenIdle();
  const other = new World({});
  other.clock.moveTo(other.clock.nowMs() + 1_000);
  await other.start();
  follower.following.follow(other.disk.log);
  await follower.core.whenIdle();
  expect(follower.failures).toEqual([
    expect.stringMatching(/Cannot follow log behind the commit at \d+: .* start from a copy/),
  ]);
});

test("a log that can be followed no more ends it", async () => {
  const { world, follower } = await open();
  await follower.core.whenIdle();
  const following = vi.spyOn(world.disk.log, "follow");
  follower.following.follow(world.disk.log);
  await follower.core.whenIdle();
  following.mock.calls[0]?.[1].failed(new Error("the disk is gone"));
  await follower.core.whenIdle();
  expect(follower.failures).toEqual([expect.stringContaining("the disk is gone")]);
});

test("code that does not load on the follower's machine is tried again, and its subscribers get their answers", async () => {
  const told = vi.spyOn(console, "error").mockImplementation(() => undefined);
  let failures = 2;
  const { world, follower } = await open((...given) => {
    failures -= 1;
    return failures < 0 ? loadPackage(...given) : Promise.reject(new Error("no time"));
  });
  const add = [{ queryId: 1, ...rootFunction("notes:count"), args: "{}", journal: null }];
  follower.core.receive([
    { type: "openSocket", socket: 1 },
    { type: "modifyQueries", socket: 1, querySet: 1, add, remove: [] },
  ]);
  const last = async () => {
    await follower.core.whenIdle();
    return follower.updates.at(-1)?.changes[0]?.result;
  };
  expect(await last()).toMatchObject({
    ok: false,
    errorMessage: expect.stringContaining("Cannot load the app's modules: no time"),
  });
  // Other commits do not stop at it.
  await world.mutation("notes:add", { text: "a" });
  await world.advance(1_000);
  expect(await last()).toMatchObject({ ok: false });
  await world.advance(2_000);
  expect(await last()).toMatchObject({ ok: true, value: "1" });
  expect(follower.active?.analysis.functions.length).toBeGreaterThan(0);
  expect(told.mock.calls.at(-1)?.[0]).toBe("The deployed functions are loaded, at attempt 3.");
  expect(follower.core.head).toBe(world.core.head);
  told.mockRestore();
});
