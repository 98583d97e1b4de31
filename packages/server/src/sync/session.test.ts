import { tsFromWire, tsToWire, type ServerMessage } from "@narrowcast/values";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { RunningDeployment } from "../host/deployment.ts";
import { call, openDeployment } from "./testing/call.ts";
import { SessionDriver, add, shown } from "../testing/session-driver.ts";

const SESSION_ID = "6e4bd0ab-3d7f-4a1b-9b52-0c5b8f6d7a11";

let deployment: RunningDeployment;
let tag: string;
let tags = 0;

beforeAll(async () => {
  deployment = await openDeployment();
});
beforeEach(() => {
  tags += 1;
  tag = `tag ${tags}`;
});
afterAll(() => deployment.close());

async function insert(n: number): Promise<void> {
  expect(await deployment.mutation(call("add", { tag, n }))).toMatchObject({ ok: true });
}

test("an empty query set is confirmed", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.subscribe();
  expect(await driver.first("Transition")).toMatchObject({
    startVersion: { querySet: 0, identity: 0, ts: "AAAAAAAAAAA=" },
    endVersion: { querySet: 1, identity: 0, ts: tsToWire(await deployment.head()) },
    modifications: [],
  });
});

test("results come in one transition, and later only what changed", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.subscribe(["list", { tag }], ["count", { tag }], ["count", { tag: "another" }]);
  expect((await driver.first("Transition")).modifications).toEqual([
    { type: "QueryUpdated", queryId: 1, value: [], logLines: [], journal: null },
    { type: "QueryUpdated", queryId: 2, value: 0, logLines: [], journal: null },
    { type: "QueryUpdated", queryId: 3, value: 0, logLines: [], journal: null },
  ]);
  await insert(5);
  await driver.until(() => driver.transitions.length === 2);
  expect(driver.transitions[1]?.modifications).toEqual([
    { type: "QueryUpdated", queryId: 1, value: [5], logLines: [], journal: null },
    { type: "QueryUpdated", queryId: 2, value: 1, logLines: [], journal: null },
  ]);
  expect(shown(driver).results.get(1)).toEqual([5]);
});

test("a query is removed", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.subscribe(["count", { tag }]);
  driver.send({
    type: "ModifyQuerySet",
    baseVersion: 1,
    newVersion: 2,
    modifications: [{ type: "Remove", queryId: 1 }],
  });
  await driver.until(() => driver.transitions.at(-1)?.endVersion.querySet === 2);
  expect(shown(driver).results).toEqual(new Map());
});

test("additions and removals of one query happen in the order of the list", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.subscribe(["count", { tag }], ["count", { tag }]);
  await driver.first("Transition");
  const modifications = [
    { type: "Remove", queryId: 1 },
    add(1, "list", { tag }),
    add(2, "list", { tag }),
    { type: "Remove", queryId: 2 },
    add(3, "list", { tag }),
    { type: "Remove", queryId: 3 },
  ];
  driver.send({ type: "ModifyQuerySet", baseVersion: 1, newVersion: 2, modifications });
  await driver.until(() => driver.transitions.at(-1)?.endVersion.querySet === 2);
  expect(shown(driver).results).toEqual(new Map([[1, []]]));
  await insert(4);
  await driver.until(() => driver.transitions.length === 3);
  expect(driver.transitions[2]?.modifications).toMatchObject([{ queryId: 1, value: [4] }]);
});

test("failures of queries are theirs alone, with data only for a ConvexError", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.subscribe(
    ["broken", { n: 1 }],
    ["refuses", { n: 2 }],
    ["nowhere", {}],
    ["count", { tag: 3 }],
    ["count", { tag }],
    ["secret", {}],
  );
  const { modifications } = await driver.first("Transition");
  expect(modifications).toMatchObject([
    {
      type: "QueryFailed",
      errorMessage: expect.stringMatching(/^\[Request ID: [0-9a-f]{16}\] Server Error\nUncaught Error: broken 1\n/),
    },
    { type: "QueryFailed", errorData: { n: 2 } },
    {
      type: "QueryFailed",
      errorMessage: expect.stringContaining("Could not find public function for 'items:nowhere'"),
    },
    { type: "QueryFailed", errorMessage: expect.stringContaining("ArgumentValidationError") },
    { type: "QueryUpdated", value: 0 },
    { type: "QueryFailed", errorMessage: expect.stringContaining("Could not find public function for 'items:secret'") },
  ]);
  expect(modifications.map((change) => "errorData" in change)).toEqual([false, true, false, false, false, false]);
});

test("log lines have their level in front", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.subscribe(["logged", {}]);
  expect((await driver.first("Transition")).modifications).toEqual([
    {
      type: "QueryUpdated",
      queryId: 1,
      value: { $integer: "AQAAAAAAAAA=" },
      logLines: ["[LOG] 'hi'", "[WARN] { a: 1 }"],
      journal: null,
    },
  ]);
});

test("a mutation is answered before the transition that shows it", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.subscribe(["list", { tag }]);
  await driver.first("Transition");
  driver.mutate(0, "add", { tag, n: 1 });
  const { ts } = await driver.first("MutationResponse");
  await driver.until(() => shown(driver).ts >= tsFromWire(ts ?? ""));
  expect(driver.messages.map(({ type }) => type)).toEqual(["Transition", "MutationResponse", "Transition"]);
  expect(shown(driver).results.get(1)).toEqual([1]);
});

test.each([
  { name: "writes", mutation: "add", args: (tag: string) => ({ tag, n: 1 }) },
  { name: "writes nothing", mutation: "nothing", args: () => ({}) },
])(
  "a mutation that $name is followed by a transition at its ts, with nothing subscribed",
  async ({ mutation, args }) => {
    const driver = new SessionDriver(deployment);
    driver.connect();
    driver.mutate(0, mutation, args(tag));
    const { ts } = await driver.first("MutationResponse");
    await driver.until(() => shown(driver).ts >= tsFromWire(ts ?? ""));
  },
);

test("mutations of a socket run in the order they came", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  for (let n = 0; n < 50; n += 1) driver.mutate(n, "add", { tag, n });
  const responses = (): ServerMessage[] => driver.messages.filter(({ type }) => type === "MutationResponse");
  await driver.until(() => responses().length === 50);
  expect(responses()).toMatchObject(Array.from({ length: 50 }, (_, requestId) => ({ requestId, success: true })));
  const list = await deployment.query(call("list", { tag }));
  expect(list).toMatchObject({ value: JSON.stringify(Array.from({ length: 50 }, (_, n) => n)) });
});

test("a mutation that was sent twice happened once, and both are told the same", async () => {
  const [first, second] = [new SessionDriver(deployment), new SessionDriver(deployment)];
  for (const driver of [first, second]) {
    driver.connect({ sessionId: SESSION_ID });
    driver.mutate(9_001, "add", { tag, n: 1 });
    await driver.first("MutationResponse");
  }
  expect(await second.first("MutationResponse")).toEqual(await first.first("MutationResponse"));
  expect(await deployment.query(call("count", { tag }))).toMatchObject({ value: "1" });
});

test("a mutation that throws changes nothing and is not given a ts", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.mutate(1, "refuse", { n: 4 });
  expect(await driver.first("MutationResponse")).toMatchObject({
    success: false,
    ts: null,
    errorData: { code: "refused", n: 4 },
    result: expect.stringContaining("ConvexError"),
  });
  expect(await deployment.query(call("count", { tag: "refused" }))).toMatchObject({ value: "0" });
});

test("actions do not wait for each other", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.send({ type: "Action", requestId: 1, udfPath: "items:sleep", args: [{ ms: 600 }] });
  driver.send({ type: "Action", requestId: 2, udfPath: "items:addByAction", args: [{ tag, n: 1 }] });
  await driver.until(() => driver.messages.filter(({ type }) => type === "ActionResponse").length === 2);
  const responses = driver.messages.filter(({ type }) => type === "ActionResponse");
  expect(responses).toMatchObject([
    { requestId: 2, success: true, result: 1 },
    { requestId: 1, success: true, result: 600 },
  ]);
});

test("pages give a journal, and a client that sends it gets the same page again", async () => {
  for (let n = 0; n < 5; n += 1) await insert(n);
  const args = { tag, paginationOpts: { numItems: 2, cursor: null } };
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.subscribe(["page", args]);
  const { modifications } = await driver.first("Transition");
  const page = modifications[0] as unknown as { readonly value: { readonly page: unknown }; readonly journal: string };
  expect(page.value.page).toEqual([0, 1]);
  expect(page.journal).toEqual(expect.any(String));
  const again = new SessionDriver(deployment);
  again.connect();
  again.send({
    type: "ModifyQuerySet",
    baseVersion: 0,
    newVersion: 1,
    modifications: [add(1, "page", args, page.journal)],
  });
  expect((await again.first("Transition")).modifications).toEqual(modifications);
});

test("a client that does not read is given the newest state, not every step", async () => {
  const driver = new SessionDriver(deployment, { isSlow: true });
  driver.connect();
  driver.subscribe(["list", { tag }]);
  await driver.first("Transition");
  for (let n = 0; n < 20; n += 1) await insert(n);
  await driver.until(() => driver.transitions.length === 2);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(driver.transitions).toHaveLength(2);
  driver.drain();
  await driver.until(() => driver.transitions.length === 3);
  expect(shown(driver).results.get(1)).toHaveLength(20);
});

test("what is merged while a client does not read keeps the change of every query", async () => {
  const driver = new SessionDriver(deployment, { isSlow: true });
  const others = ["one", "two", "three"].map((name) => `${tag} ${name}`);
  driver.connect();
  driver.subscribe(...others.map((other) => ["count", { tag: other }] as const), ["list", { tag }]);
  await driver.first("Transition");
  await insert(0);
  await driver.until(() => driver.transitions.length === 2);
  const watcher = new SessionDriver(deployment);
  watcher.connect();
  watcher.subscribe(["list", { tag }]);
  for (const [index, other] of others.entries()) {
    await deployment.mutation(call("add", { tag: other, n: 1 }));
    await insert(index + 1);
    // Each change is an update of its own by the time that another client has seen it.
    await watcher.until(() => JSON.stringify(shown(watcher).results.get(1)).length > 2 * (index + 1) + 1);
  }
  expect(driver.transitions).toHaveLength(2);
  driver.drain();
  await driver.until(() => driver.transitions.length === 3);
  expect(shown(driver).results).toEqual(
    new Map<number, unknown>([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, [0, 1, 2, 3]],
    ]),
  );
});

test("the clock's skew is told when the client told its clock", async () => {
  const driver = new SessionDriver(deployment, { nowMs: () => 1_000 });
  driver.connect({ clientTs: 1_250.5 });
  driver.subscribe();
  expect(await driver.first("Transition")).toMatchObject({ clientClockSkew: 250.5, serverTs: 1_000_000_000 });
  const other = new SessionDriver(deployment);
  other.session.receive(
    `{"type":"Connect","sessionId":"${SESSION_ID}","connectionCount":0,"lastCloseReason":null,"clientTs":1e999}`,
  );
  other.subscribe();
  expect(await other.first("Transition")).not.toHaveProperty("clientClockSkew");
});

test("a client that saw more than there is must come again", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect({ maxObservedTimestamp: tsToWire((await deployment.head()) + 60_000_000) });
  driver.subscribe(["count", { tag }]);
  expect(await driver.end()).toEqual({ code: 1013, reason: "OutOfRetention" });
  expect(driver.frames).toEqual([]);
});

test("a client that saw what there is goes on, in order", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect({ maxObservedTimestamp: tsToWire(await deployment.head()) });
  driver.subscribe(["count", { tag }]);
  driver.mutate(77, "add", { tag, n: 1 });
  await driver.until(() => shown(driver).results.get(1) === 1);
});

test("transitions are cut for clients that can join them", async () => {
  await deployment.mutation(call("setText", { tag, unit: 'ä"\u{1f600}', times: 300 }));
  const limits = { transitionChunkBytes: 500 };
  const driver = new SessionDriver(deployment, { limits });
  driver.connect();
  driver.subscribe(["text", { tag }]);
  const { totalParts } = await driver.first("TransitionChunk");
  await driver.until(() => driver.frames.length >= totalParts);
  const chunks = driver.messages.map((message) => (message.type === "TransitionChunk" ? message.chunk : ""));
  expect(JSON.parse(chunks.join(""))).toMatchObject({ modifications: [{ value: 'ä"\u{1f600}'.repeat(300) }] });
  const old = new SessionDriver(deployment, { limits, canChunk: false });
  old.connect();
  old.subscribe(["text", { tag }]);
  expect((await old.first("Transition")).modifications).toMatchObject([{ value: 'ä"\u{1f600}'.repeat(300) }]);
});

test("two clients that hold one result are sent the same text", async () => {
  await insert(1);
  const drivers = [new SessionDriver(deployment), new SessionDriver(deployment)];
  for (const driver of drivers) {
    driver.connect();
    driver.subscribe(["list", { tag }]);
    await driver.first("Transition");
  }
  expect(drivers[0]?.frames[0]).toBe(drivers[1]?.frames[0]);
});

test("a socket that is gone is sent nothing more", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.subscribe(["list", { tag }]);
  await driver.first("Transition");
  driver.mutate(200, "add", { tag, n: 1 });
  driver.session.closed();
  const other = new SessionDriver(deployment);
  other.connect();
  other.subscribe(["list", { tag }]);
  await other.until(() => JSON.stringify(shown(other).results.get(1)) === "[1]");
  expect(driver.frames).toHaveLength(1);
});
