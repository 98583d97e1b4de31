import { expect, test } from "vitest";
import { deferred } from "./deferred.ts";
import { ADMIN, CellWorld, NOBODY, user } from "./testing/cells.ts";
import type { CellQuery } from "./testing/cells.ts";

const readA: CellQuery = (ctx) => ctx.read("a");
const readB: CellQuery = (ctx) => ctx.read("b");

test("a query is answered, and again when what it read is written", async () => {
  const world = new CellWorld({ a: readA });
  const client = world.open(1);
  world.add(1, 5, "a");
  await world.reactor.settle();
  expect(client.shows(5)).toBe("");
  expect(world.write({ a: "new" })).toBe(1);
  expect(await world.reactor.settle()).toEqual({ runs: 1, waiting: 0 });
  expect(client.shows(5)).toBe("new");
  expect(client.ts).toBe(world.head);
  expect(world.reactor.hasWork).toBe(false);
});

test("a write of what nobody read runs nothing and sends nothing", async () => {
  const world = new CellWorld({ a: readA });
  const client = world.open(1);
  world.add(1, 1, "a");
  await world.reactor.settle();
  expect(world.write({ other: "x" })).toBe(0);
  expect(world.reactor.hasWork).toBe(false);
  await world.reactor.settle();
  expect(client.updates).toHaveLength(1);
});

test("sockets that ask the same share one run", async () => {
  const world = new CellWorld({ a: readA });
  const clients = [1, 2, 3].map((id) => world.open(id, user(`u${id}`)));
  for (const { id } of clients) world.add(id, 1, "a");
  await world.reactor.settle();
  world.write({ a: "x" });
  await world.reactor.settle();
  expect(clients.map((client) => client.shows(1))).toEqual(["x", "x", "x"]);
  expect(world.reactor.counters).toMatchObject({ runsExecuted: 2, runsInvalidated: 1, runsShared: 2, updatesSent: 6 });
  expect(clients[0]?.held.get(1)).toBe(clients[2]?.held.get(1)); // One object, however many sockets.
});

test("a run that looks at the identity is shared only by those who have it", async () => {
  const world = new CellWorld({ who: (ctx) => `${ctx.who()}:${ctx.read("a")}` });
  const clients = [world.open(1, user("ann")), world.open(2, user("bob")), world.open(3, user("ann"))];
  for (const { id } of clients) world.add(id, 1, "who");
  await world.reactor.settle();
  expect(clients.map((client) => client.shows(1))).toEqual(["ann:", "bob:", "ann:"]);
  expect(world.executed).toEqual(["who ann", "who bob"]);
  world.write({ a: "x" });
  await world.reactor.settle();
  expect(clients.map((client) => client.shows(1))).toEqual(["ann:x", "bob:x", "ann:x"]);
  expect(world.executed).toHaveLength(4);
});

test("many identities that ask at once are sorted out once, not once per execution", async () => {
  const world = new CellWorld({ who: (ctx) => ctx.who() });
  for (let id = 0; id < 100; id++) {
    world.open(id, user(`u${id}`));
    world.add(id, 1, "who");
  }
  await world.reactor.settle();
  expect(world.executed).toHaveLength(100);
  expect(world.reactor.counters.runsShared).toBeLessThan(200);
});

/** Looks at the identity only while the cell "private" is not empty. */
const sometimesPrivate: CellQuery = (ctx) => (ctx.read("private") === "" ? "all" : ctx.who());

test("a shared run that begins to look at the identity splits, and joins again when it stops", async () => {
  const world = new CellWorld({ q: sometimesPrivate });
  const clients = ["ann", "bob", "cid"].map((name, at) => world.open(at, user(name)));
  for (const { id } of clients) world.add(id, 1, "q");
  await world.reactor.settle();
  expect(world.executed).toHaveLength(1);
  world.write({ private: "yes" });
  await world.reactor.settle();
  expect(clients.map((client) => client.shows(1))).toEqual(["ann", "bob", "cid"]);
  expect(world.executed).toHaveLength(4);
  world.write({ private: "" });
  await world.reactor.settle();
  expect(clients.map((client) => client.shows(1))).toEqual(["all", "all", "all"]);
  expect(world.executed).toHaveLength(5);
  expect(world.reactor.size.liveQueries).toBe(1);
});

test("admins do not share runs with others: they may call internal functions", async () => {
  const world = new CellWorld({ a: readA });
  world.open(1, NOBODY);
  world.open(2, ADMIN);
  world.add(1, 1, "a");
  world.add(2, 1, "a");
  await world.reactor.settle();
  await world.reactor.query({ ...world.request("a"), allowInternal: true }, "Tester");
  expect(world.executed).toHaveLength(2); // The internal call may share the admin's run.
});

test("an identity change asks every query again and is confirmed", async () => {
  const world = new CellWorld({ a: readA, who: (ctx) => ctx.who() });
  const client = world.open(1, user("ann"));
  world.add(1, 1, "a");
  world.add(1, 2, "who");
  await world.reactor.settle();
  world.reactor.setIdentity(1, 2, user("bob"));
  await world.reactor.settle();
  expect(client.shows(2)).toBe("bob");
  expect(client.updates.at(-1)).toMatchObject({ identity: 2, changes: [{ queryId: 2 }] });
  expect(world.executed).toEqual(["a ann", "who ann", "who bob"]);
  world.reactor.setIdentity(1, 3, user("bob"));
  await world.reactor.settle();
  expect(client.updates.at(-1)).toMatchObject({ identity: 3, changes: [] });
});

test("an equal result is not sent and wakes nobody; a touched socket gets an empty update", async () => {
  const world = new CellWorld({ length: (ctx) => String(ctx.read("a").length) });
  const client = world.open(1);
  const other = world.open(2);
  world.add(1, 1, "length");
  world.add(2, 1, "length");
  world.write({ a: "one" });
  await world.reactor.settle();
  world.write({ a: "two" });
  world.reactor.touch(1, world.head);
  await world.reactor.settle();
  expect(client.updates.at(-1)).toMatchObject({ ts: world.head, changes: [] });
  expect(other.updates).toHaveLength(1);
  expect(world.reactor.counters.resultsUnchanged).toBe(1);
});

test("a result that went and came back while the socket waited is not sent", async () => {
  const world = new CellWorld({ a: readA, b: readB });
  const client = world.open(1);
  world.reactor.modifyQueries(
    1,
    1,
    [1, 2].map((queryId) => ({ queryId, path: queryId === 1 ? "a" : "b", args: "{}", journal: null })),
    [],
  );
  await world.reactor.settle();
  world.write({ a: "x", b: "x" });
  await world.reactor.settle({ maxRuns: 1 });
  world.write({ a: "" });
  await world.reactor.settle();
  expect(client.updates.slice(1)).toMatchObject([{ ts: 3, changes: [{ queryId: 2 }] }]);
});

test("touch() for a ts that is not there yet waits for it", async () => {
  const world = new CellWorld({});
  const client = world.open(1);
  world.reactor.touch(1, world.head + 1);
  expect(await world.reactor.settle()).toEqual({ runs: 0, waiting: 0 });
  expect(client.updates).toHaveLength(0);
  expect(world.reactor.hasWork).toBe(false);
  world.write({ a: "x" });
  expect(world.reactor.hasWork).toBe(true);
  await world.reactor.settle();
  expect(client.updates).toMatchObject([{ ts: 2, changes: [] }]);
});

test("a socket is never shown two ts at once, even if commits come between slices", async () => {
  const world = new CellWorld({ a: readA, b: readB }, { patienceSlices: Infinity });
  const client = world.open(1);
  world.add(1, 1, "a");
  world.add(1, 2, "b");
  await world.reactor.settle();
  for (let n = 1; n <= 10; n++) {
    world.write({ a: String(n), b: String(n) });
    await world.reactor.settle({ maxRuns: 1 });
    expect(client.shows(1)).toBe(client.shows(2));
    if (n % 3 === 0) await world.reactor.settle();
  }
  expect(client.shows(1)).toBe("9");
});

test("a socket whose queries are touched all the time is served when its patience ends", async () => {
  const paths = Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`q${n}`, readA]));
  const updates = async (patienceSlices: number): Promise<number> => {
    const world = new CellWorld(paths, { patienceSlices });
    const client = world.open(1);
    for (const n of [1, 2, 3, 4, 5]) world.add(1, n, `q${n}`);
    for (let slice = 0; slice < 40; slice++) {
      await world.reactor.settle({ maxRuns: 1 });
      world.write({ a: String(slice) });
    }
    return client.updates.length;
  };
  expect(await updates(4)).toBe(8);
  expect(await updates(Infinity)).toBe(0);
});

test("a stream of new askers does not starve a socket that a commit woke", async () => {
  const world = new CellWorld({ a: readA, new: (ctx) => ctx.who() }, { patienceSlices: 4 });
  const client = world.open(1);
  world.add(1, 1, "a");
  await world.reactor.settle();
  world.write({ a: "x" });
  for (let n = 10; n < 16; n++) {
    for (const id of [2 * n, 2 * n + 1]) {
      world.open(id, user(`u${id}`));
      world.add(id, 1, "new");
    }
    await world.reactor.settle({ maxRuns: 1 });
  }
  expect(client.shows(1)).toBe("x");
});

test("new askers go before sockets that a commit woke", async () => {
  const world = new CellWorld({ a: readA, b: readB });
  const woken = world.open(1);
  world.add(1, 1, "a");
  await world.reactor.settle();
  world.write({ a: "x" });
  const asking = world.open(2);
  world.add(2, 1, "b");
  await world.reactor.settle({ maxRuns: 1 });
  expect([asking.updates.length, woken.shows(1)]).toEqual([1, ""]);
});

test("a slice ends when its time is spent, and makes at least one step", async () => {
  const world = new CellWorld({ a: (ctx) => String((world.nowMs += 5)) + ctx.who() });
  for (let id = 0; id < 6; id++) {
    world.open(id, user(`u${id}`));
    world.add(id, 1, "a");
  }
  expect(await world.reactor.settle({ budgetMs: 10 })).toEqual({ runs: 2, waiting: 4 });
  expect(await world.reactor.settle({ budgetMs: 0 })).toEqual({ runs: 1, waiting: 3 });
});

test("a failing query is a result, and runs again when what it read changes", async () => {
  const fails: CellQuery = (ctx) => {
    if (ctx.read("a") === "") throw new Error("no a");
    return "fine";
  };
  const world = new CellWorld({ fails, b: readB });
  const client = world.open(1);
  world.add(1, 1, "fails");
  world.add(1, 2, "b");
  await world.reactor.settle();
  expect([client.shows(1), client.shows(2)]).toEqual(["!no a", ""]);
  world.write({ a: "x" });
  await world.reactor.settle();
  expect(client.shows(1)).toBe("fine");
});

test("a query id can be removed and added again, also at once", async () => {
  const world = new CellWorld({ a: readA, b: () => "b" });
  const client = world.open(1);
  world.add(1, 1, "a");
  await world.reactor.settle();
  world.reactor.modifyQueries(1, 2, [{ queryId: 1, path: "b", args: "{}", journal: null }], [1]);
  await world.reactor.settle();
  expect(client.updates.at(-1)).toMatchObject({ querySet: 2, changes: [{ queryId: 1, result: { value: "b" } }] });
  world.reactor.modifyQueries(1, 3, [], [1]);
  await world.reactor.settle();
  expect(client.updates.at(-1)).toMatchObject({ querySet: 3, changes: [{ queryId: 1, result: undefined }] });
  world.add(1, 1, "b", null, 4);
  await world.reactor.settle();
  expect(client.shows(1)).toBe("b");
});

test("an empty change of the query set is confirmed", async () => {
  const world = new CellWorld({});
  const client = world.open(1);
  world.reactor.modifyQueries(1, 1, [], []);
  await world.reactor.settle();
  expect(client.updates).toMatchObject([{ querySet: 1, identity: 0, ts: 1, changes: [] }]);
});

test("unknown sockets are ignored; a socket is opened once", async () => {
  const world = new CellWorld({ a: readA });
  world.add(7, 1, "a");
  world.reactor.setIdentity(7, 1, user("ann"));
  world.reactor.touch(7, null);
  world.reactor.closeSocket(7);
  expect(world.reactor.hasWork).toBe(false);
  world.open(7);
  expect(() => world.reactor.openSocket(7)).toThrow("Cannot open socket 7: it is open");
});

test("a closed socket gets nothing more", async () => {
  const world = new CellWorld({ a: readA });
  const client = world.open(1);
  world.add(1, 1, "a");
  await world.reactor.settle();
  world.write({ a: "x" });
  world.reactor.closeSocket(1);
  await world.reactor.settle();
  expect([client.updates.length, world.executed.length, world.reactor.size.liveQueries]).toEqual([1, 1, 0]);
});

test("what an executor rejects with is passed on; others are served and the run is tried again", async () => {
  const world = new CellWorld({ a: readA, b: readB });
  const [first, second] = [world.open(1), world.open(2)];
  world.add(1, 1, "a");
  world.add(2, 1, "b");
  world.breaksWith = new Error("disk on fire");
  await expect(world.reactor.settle()).rejects.toThrow("disk on fire");
  world.breaksWith = undefined;
  await world.reactor.settle({ maxRuns: 1 });
  expect([first.updates.length, second.updates.length]).toEqual([0, 1]);
  await world.reactor.settle();
  expect(first.shows(1)).toBe("");
});

test("names and deployments make runs dirty", async () => {
  const world = new CellWorld({ name: (ctx) => ctx.name("env:KEY") + ctx.read("a"), b: readB });
  world.open(1);
  world.add(1, 1, "name");
  world.add(1, 2, "b");
  await world.reactor.settle();
  expect(world.reactor.invalidateNames(["env:OTHER"])).toBe(0);
  expect(world.reactor.invalidateNames(["env:KEY"])).toBe(1);
  expect(await world.reactor.settle()).toMatchObject({ runs: 1 });
  expect(world.reactor.invalidateAll()).toBe(2);
  expect(await world.reactor.settle()).toMatchObject({ runs: 2 });
});

test("the caller's promises are asserted: commits in order, and only between executions", async () => {
  const gate = deferred<string>();
  const world = new CellWorld({ slow: () => gate.promise });
  world.open(1);
  world.add(1, 1, "slow");
  const settled = world.reactor.settle();
  expect(() => world.write({ a: "x" })).toThrow("Cannot apply commit: a run is executing");
  expect(() => world.reactor.invalidateAll()).toThrow("Cannot invalidate live queries: a run is executing");
  await expect(world.reactor.settle()).rejects.toThrow("Cannot settle: another slice is under way");
  gate.resolve("x");
  await settled;
  world.write({ a: "x" });
  world.head--;
  expect(() => world.reactor.applyCommit({ ts: 1, changes: [], names: [], source: "" })).toThrow("should be after");
});

test("sockets may come, change and go while a run executes", async () => {
  const gate = deferred<string>();
  const world = new CellWorld({ slow: async (ctx) => (await gate.promise) + ctx.who(), b: readB });
  const [ann, bob, gone] = [world.open(1, user("ann")), world.open(2, user("bob")), world.open(3, user("ann"))];
  for (const { id } of [ann, bob, gone]) world.add(id, 1, "slow");
  const settled = world.reactor.settle();
  world.reactor.closeSocket(3);
  world.reactor.setIdentity(1, 2, user("eve"));
  world.reactor.modifyQueries(2, 2, [{ queryId: 2, path: "b", args: "{}", journal: null }], []);
  gate.resolve("hello ");
  await settled;
  expect([ann.shows(1), bob.shows(1), bob.shows(2)]).toEqual(["hello eve", "hello bob", ""]);
  expect(gone.updates).toHaveLength(0);
});
