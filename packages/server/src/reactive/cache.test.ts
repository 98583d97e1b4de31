import { expect, test } from "vitest";
import { deferred } from "./deferred.ts";
import { CellWorld, NOBODY, user } from "./testing/cells.ts";
import type { CellQuery } from "./testing/cells.ts";

const readA: CellQuery = (ctx) => ctx.read("a");

test("query() executes once and then answers from the kept run until it is touched", async () => {
  const world = new CellWorld({ a: readA });
  expect(await world.reactor.query(world.request("a"), "Tester")).toMatchObject({
    ts: 1,
    cached: false,
    result: { value: "" },
  });
  expect(await world.reactor.query(world.request("a", user("ann")), "Tester")).toMatchObject({ cached: true });
  expect(world.write({ a: "x" })).toBe(1);
  expect(world.reactor.size).toEqual({ sockets: 0, liveQueries: 0, idleBytes: 0 });
  expect(await world.reactor.query(world.request("a"), "Tester")).toMatchObject({
    ts: 2,
    cached: false,
    result: { value: "x" },
  });
});

test("query() is answered by a live run, and a dirty live run by query()", async () => {
  const world = new CellWorld({ a: readA });
  const client = world.open(1);
  world.add(1, 1, "a");
  await world.reactor.settle();
  expect(await world.reactor.query(world.request("a"), "Tester")).toMatchObject({ cached: true });
  world.write({ a: "x" });
  expect(await world.reactor.query(world.request("a"), "Tester")).toMatchObject({
    cached: false,
    result: { value: "x" },
  });
  expect(await world.reactor.settle()).toMatchObject({ runs: 0 });
  expect(client.shows(1)).toBe("x");
});

test("requests that come while the same query executes wait for it, also if it fails", async () => {
  const gate = deferred<string>();
  const fails: CellQuery = async (ctx) => {
    ctx.read("a");
    throw new Error(await gate.promise);
  };
  const world = new CellWorld({ fails });
  const answers = [1, 2, 3].map(() => world.reactor.query(world.request("fails"), "Tester"));
  gate.resolve("no");
  expect((await Promise.all(answers)).map(({ cached }) => cached)).toEqual([false, true, true]);
  expect(world.executed).toHaveLength(1);
});

test("requests of different identities that wait for one execution get their own result", async () => {
  const gate = deferred<string>();
  const world = new CellWorld({ who: async (ctx) => (await gate.promise) + ctx.who() });
  const answers = ["ann", "bob", "ann"].map((name) => world.reactor.query(world.request("who", user(name)), "Tester"));
  gate.resolve("");
  const values = (await Promise.all(answers)).map(({ result }) => (result.ok ? result.value : undefined));
  expect(values).toEqual(["ann", "bob", "ann"]);
  expect(world.executed).toHaveLength(2);
});

test("user errors are not kept", async () => {
  const world = new CellWorld({
    fails: () => {
      throw new Error("no");
    },
  });
  for (const _ of [1, 2]) {
    expect(await world.reactor.query(world.request("fails"), "Tester")).toMatchObject({
      cached: false,
      result: { ok: false },
    });
  }
  expect(world.reactor.size.liveQueries).toBe(0);
});

test("what an executor rejects with reaches the caller and leaves nothing behind", async () => {
  const world = new CellWorld({ a: readA });
  world.breaksWith = new Error("disk on fire");
  await expect(world.reactor.query(world.request("a"), "Tester")).rejects.toThrow("disk on fire");
  expect(world.reactor.size.liveQueries).toBe(0);
});

test("a result that looked at the clock answers new askers for 17 seconds", async () => {
  const world = new CellWorld({ now: (ctx) => String(ctx.now()) });
  await world.reactor.query(world.request("now"), "Tester");
  world.nowMs = 17_000;
  expect(await world.reactor.query(world.request("now"), "Tester")).toMatchObject({
    cached: true,
    result: { value: "0" },
  });
  world.nowMs = 17_001;
  expect(await world.reactor.query(world.request("now"), "Tester")).toMatchObject({
    cached: false,
    result: { value: "17001" },
  });
  expect(world.reactor.size.liveQueries).toBe(1);
});

test("a subscription that looked at the clock is not run again because time passes, and new askers do not join it", async () => {
  const world = new CellWorld({ now: (ctx) => String(ctx.now()) + ctx.read("a") });
  const [old, late] = [world.open(1), world.open(2)];
  world.add(1, 1, "now");
  await world.reactor.settle();
  world.nowMs = 60_000;
  await world.reactor.settle();
  world.add(2, 1, "now");
  await world.reactor.settle();
  expect([old.shows(1), late.shows(1)]).toEqual(["0", "60000"]);
  world.write({ a: "!" });
  expect(await world.reactor.settle()).toMatchObject({ runs: 1 });
  expect([old.shows(1), late.shows(1)]).toEqual(["60000!", "60000!"]);
  expect(world.reactor.size.liveQueries).toBe(1);
});

test("a run whose last socket left is kept and taken up again", async () => {
  const world = new CellWorld({ a: readA });
  world.open(1);
  world.add(1, 1, "a");
  await world.reactor.settle();
  world.reactor.closeSocket(1);
  expect(world.reactor.size.idleBytes).toBeGreaterThan(0);
  const client = world.open(2);
  world.add(2, 1, "a");
  expect(world.reactor.size.idleBytes).toBe(0);
  await world.reactor.settle();
  expect(client.shows(1)).toBe("");
  expect(world.executed).toHaveLength(1);
});

test("kept results stay under the budget of bytes; the least recently used goes first", async () => {
  const paths = ["a", "b", "c"];
  const queries = Object.fromEntries(paths.map((path): [string, CellQuery] => [path, () => path.repeat(10_000)]));
  const world = new CellWorld(queries, { cacheBytes: 25_000 });
  const ask = async (path: string): Promise<boolean> =>
    (await world.reactor.query(world.request(path), "Tester")).cached;
  await ask("a");
  await ask("b");
  expect(await ask("a")).toBe(true);
  await ask("c");
  expect(world.reactor.size.idleBytes).toBeLessThanOrEqual(25_000);
  expect([await ask("a"), await ask("c")]).toEqual([true, true]);
  expect(await ask("b")).toBe(false);
});

test("a result larger than the budget is given but not kept", async () => {
  const world = new CellWorld({ a: readA }, { cacheBytes: 10 });
  expect(await world.reactor.query(world.request("a"), "Tester")).toMatchObject({ result: { value: "" } });
  expect(world.reactor.size.liveQueries).toBe(0);
});

/** A page of two cells a time: without a journal it ends after the second; the journal keeps the border. */
const page: CellQuery = (ctx) => {
  const all = ctx.read("all").split("");
  const border = ctx.request.journal ?? all[1] ?? "";
  ctx.journal = border;
  return all.filter((letter) => letter <= border).join("");
};

test("a live page keeps its border; a new asker gets a page of its own size", async () => {
  const world = new CellWorld({ page });
  const [first, second] = [world.open(1), world.open(2)];
  world.write({ all: "bdf" });
  world.add(1, 1, "page");
  await world.reactor.settle();
  world.add(2, 1, "page");
  await world.reactor.settle();
  expect(world.executed).toHaveLength(1); // Found under the journal that was given.
  world.write({ all: "abcdf" });
  await world.reactor.settle();
  expect([first.shows(1), second.shows(1)]).toEqual(["abcd", "abcd"]);
  const late = world.open(3);
  world.add(3, 1, "page");
  await world.reactor.settle();
  expect(late.shows(1)).toBe("ab");
});

test("a client that comes back with its journal finds the live page", async () => {
  const world = new CellWorld({ page });
  const first = world.open(1);
  world.write({ all: "bdf" });
  world.add(1, 1, "page");
  await world.reactor.settle();
  world.write({ all: "abcdf" });
  await world.reactor.settle();
  world.reactor.closeSocket(1);
  const back = world.open(2);
  world.add(2, 1, "page", first.held.get(1)?.journal ?? null);
  await world.reactor.settle();
  expect(back.shows(1)).toBe("abcd");
  expect(world.executed).toHaveLength(2);
});

test("a client that comes back with its journal before anything changed costs no execution", async () => {
  const world = new CellWorld({ page });
  world.write({ all: "bdf" });
  world.open(1);
  world.add(1, 1, "page");
  await world.reactor.settle();
  const back = world.open(2);
  world.add(2, 1, "page", "d");
  await world.reactor.settle();
  expect([back.shows(1), world.executed.length]).toEqual(["bd", 1]);
});

test("two askers whose pages come to the same border in one slice share the execution", async () => {
  const world = new CellWorld({ page });
  world.write({ all: "bdf" });
  const [first, back] = [world.open(1), world.open(2)];
  world.add(1, 1, "page");
  world.add(2, 1, "page", "d");
  await world.reactor.settle();
  expect([first.shows(1), back.shows(1), world.executed.length]).toEqual(["bd", "bd", 1]);
});

test("a new asker gets a page of its own size also while the live page is dirty", async () => {
  const world = new CellWorld({ page });
  world.write({ all: "bdf" });
  const first = world.open(1);
  world.add(1, 1, "page");
  await world.reactor.settle();
  world.write({ all: "abcdf" });
  const late = world.open(2);
  world.add(2, 1, "page");
  await world.reactor.settle();
  expect([first.shows(1), late.shows(1)]).toEqual(["abcd", "ab"]);
});

test("a page keeps its border when the identity changes", async () => {
  const world = new CellWorld({ mine: (ctx) => `${ctx.who()}:${page(ctx) as string}` });
  world.write({ all: "bdf" });
  const client = world.open(1, user("ann"));
  world.add(1, 1, "mine");
  await world.reactor.settle();
  world.write({ all: "abcdf" });
  world.reactor.setIdentity(1, 2, user("bob"));
  await world.reactor.settle();
  expect(client.shows(1)).toBe("bob:abcd");
});

test("pages that came to the same border become one run", async () => {
  const world = new CellWorld({ page });
  const [first, second] = [world.open(1), world.open(2)];
  world.write({ all: "bdf" });
  world.add(1, 1, "page");
  await world.reactor.settle();
  world.add(2, 1, "page", "d");
  await world.reactor.settle();
  world.write({ all: "abdf" });
  await world.reactor.settle();
  expect([first.shows(1), second.shows(1)]).toEqual(["abd", "abd"]);
  expect(world.reactor.size.liveQueries).toBe(1);
});

test("a page that failed once keeps its border", async () => {
  const fragile: CellQuery = (ctx) => {
    if (ctx.read("broken") !== "") throw new Error("broken");
    return page(ctx);
  };
  const world = new CellWorld({ fragile });
  const client = world.open(1, NOBODY);
  world.write({ all: "bdf" });
  world.add(1, 1, "fragile");
  await world.reactor.settle();
  for (const broken of ["yes", ""]) {
    world.write({ broken, all: "abcdf" });
    await world.reactor.settle();
  }
  expect(client.shows(1)).toBe("abcd");
});
