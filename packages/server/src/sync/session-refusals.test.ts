import { randomUUID } from "node:crypto";
import { encodeU64 } from "@narrowcast/values";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { RunningDeployment } from "../host/deployment.ts";
import { call, openDeployment } from "./testing/call.ts";
import { QueryCount } from "./query-set.ts";
import { KEYS, SessionDriver, add, shown } from "../testing/session-driver.ts";

const SESSION_ID = randomUUID();
/** Read before anything is verified. */
const UNSIGNED_TOKEN = [{ alg: "RS256" }, { iss: "https://issuer.example", sub: "s" }, "signature"]
  .map((part) => Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url"))
  .join(".");

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

test("an admin key gives an identity, with its version in a transition", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.send({ type: "Authenticate", baseVersion: 0, tokenType: "Admin", value: KEYS.issue() });
  driver.subscribe(["secret", {}], ["whoAmI", {}]);
  await driver.until(() => driver.transitions.at(-1)?.endVersion.querySet === 1);
  expect(driver.transitions.at(-1)?.endVersion.identity).toBe(1);
  expect(shown(driver).results).toEqual(
    new Map([
      [1, "secret"],
      [2, null],
    ]),
  );
});

test.each(["impersonating", "actingAs"])("an admin acts as a user (%s), and stops to", async (field) => {
  const driver = new SessionDriver(deployment);
  const user = { issuer: "https://issuer.example", subject: "s1", name: "Ada" };
  driver.connect();
  driver.subscribe(["whoAmI", {}]);
  driver.send({ type: "Authenticate", baseVersion: 0, tokenType: "Admin", value: KEYS.issue(), [field]: user });
  await driver.until(() => shown(driver).results.get(1) === "https://issuer.example|s1");
  driver.send({ type: "Authenticate", baseVersion: 1, tokenType: "None" });
  await driver.until(() => driver.transitions.at(-1)?.endVersion.identity === 2);
  expect(shown(driver).results.get(1)).toBeNull();
});

test.each([
  {
    name: "what is no token",
    message: { tokenType: "User", value: "a.b.c" },
    error: /^Could not parse JWT payload/,
  },
  {
    name: "a token without a provider",
    message: { tokenType: "User", value: UNSIGNED_TOKEN },
    error: /^No auth provider found matching the given token/,
  },
  {
    name: "a wrong admin key",
    message: { tokenType: "Admin", value: "narrowcast|00" },
    error: /^The provided admin key was invalid/,
  },
])("after $name nothing that was meant as somebody is done as nobody", async ({ message, error }) => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.send({ type: "Authenticate", baseVersion: 0, ...message } as never);
  driver.subscribe(["count", { tag }]);
  driver.mutate(55, "add", { tag, n: 1 });
  expect(await driver.first("AuthError")).toEqual({
    type: "AuthError",
    error: expect.stringMatching(error),
    baseVersion: 0,
    authUpdateAttempted: true,
  });
  expect(await driver.end()).toMatchObject({ code: 1000 });
  expect(driver.frames).toHaveLength(1);
  expect(await deployment.query(call("count", { tag }))).toMatchObject({ value: "0" });
});

/** A user whose token holds until `expiresMs`. */
const user = (subject: string, expiresMs: number) => {
  const attributes = { issuer: "https://i.example", subject, tokenIdentifier: `https://i.example|${subject}` };
  return { identity: { kind: "user", key: `user:${subject}`, attributes } as const, expiresMs };
};
const authenticate = (baseVersion: number, value: string) =>
  ({ type: "Authenticate", baseVersion, tokenType: "User", value }) as const;

test("when a token has expired nothing more is done, and the client is told that it had been somebody", async () => {
  const clock = { nowMs: 1_000 };
  const driver = new SessionDriver(deployment, {
    nowMs: () => clock.nowMs,
    tokens: { verify: async (token) => user(token, 2_000) },
  });
  driver.connect();
  driver.send(authenticate(0, "ada"));
  driver.subscribe(["whoAmI", {}]);
  await driver.until(() => shown(driver).results.get(1) === "https://i.example|ada");
  driver.mutate(1, "add", { tag, n: 1 });
  await driver.first("MutationResponse");
  clock.nowMs = 2_000;
  const { length } = driver.frames;
  driver.mutate(2, "add", { tag, n: 1 });
  expect(await driver.end()).toMatchObject({ code: 1000 });
  expect(driver.messages.slice(length)).toEqual([
    { type: "AuthError", error: expect.stringMatching(/^Token expired/), baseVersion: 1, authUpdateAttempted: false },
  ]);
  expect(await deployment.query(call("count", { tag }))).toMatchObject({ value: "1" });
});

test("nothing is shown to one whose token has expired meanwhile", async () => {
  const clock = { nowMs: 1_000 };
  const driver = new SessionDriver(deployment, {
    nowMs: () => clock.nowMs,
    tokens: { verify: async (token) => user(token, 2_000) },
  });
  driver.connect();
  driver.send(authenticate(0, "ada"));
  driver.subscribe(["count", { tag }]);
  await driver.until(() => shown(driver).results.get(1) === 0);
  clock.nowMs = 2_000;
  const { length } = driver.frames;
  expect(await deployment.mutation(call("add", { tag, n: 1 }))).toMatchObject({ ok: true });
  expect(await driver.end()).toMatchObject({ code: 1000 });
  expect(driver.messages.slice(length)).toMatchObject([{ type: "AuthError", authUpdateAttempted: false }]);
});

test("a token that is renewed in time goes on, also just after the old one's end", async () => {
  const clock = { nowMs: 1_000 };
  const ends: { readonly [token: string]: number } = { first: 2_000, second: 9_000 };
  const driver = new SessionDriver(deployment, {
    nowMs: () => clock.nowMs,
    tokens: { verify: async (token) => user("ada", ends[token] ?? 0) },
  });
  driver.connect();
  driver.send(authenticate(0, "first"));
  driver.subscribe(["whoAmI", {}]);
  await driver.until(() => shown(driver).results.get(1) === "https://i.example|ada");
  clock.nowMs = 2_500;
  driver.send(authenticate(1, "second"));
  driver.mutate(1, "add", { tag, n: 1 });
  expect(await driver.first("MutationResponse")).toMatchObject({ success: true });
  await driver.until(() => driver.transitions.at(-1)?.endVersion.identity === 2);
  // The same user: nothing was run again, so nothing is sent again.
  const changed = driver.transitions.filter(({ modifications }) => modifications.length > 0);
  expect(changed).toHaveLength(1);
});

test("messages and logs of failures are hidden from all but admins", async () => {
  const driver = new SessionDriver(deployment, { redacts: true });
  driver.connect();
  driver.subscribe(["broken", { n: 1 }], ["refuses", { n: 2 }], ["logged", {}]);
  driver.mutate(60, "refuse", { n: 1 });
  await driver.first("MutationResponse");
  await driver.first("Transition");
  const bare = expect.stringMatching(/^\[Request ID: [0-9a-f]{16}\] Server Error$/);
  expect(driver.transitions[0]?.modifications).toMatchObject([
    { errorMessage: bare },
    { errorMessage: bare, errorData: { n: 2 } },
    { value: { $integer: "AQAAAAAAAAA=" }, logLines: [] },
  ]);
  expect(await driver.first("MutationResponse")).toMatchObject({ result: bare, errorData: { code: "refused", n: 1 } });
  const admin = new SessionDriver(deployment, { redacts: true });
  admin.connect();
  admin.send({ type: "Authenticate", baseVersion: 0, tokenType: "Admin", value: KEYS.issue() });
  admin.subscribe(["broken", { n: 1 }]);
  await admin.until(() => String(shown(admin).results.get(1)).includes("broken 1"));
});

const CONNECT = { type: "Connect", sessionId: SESSION_ID, connectionCount: 0, lastCloseReason: null };
const QUERY_SET = { type: "ModifyQuerySet", baseVersion: 0, newVersion: 1, modifications: [] };
const MUTATION = { type: "Mutation", requestId: 0, udfPath: "items:nothing", args: [{}] };

// Errors that a retry cannot mend.
test.each<{ name: string; sent: readonly unknown[]; error: RegExp }>([
  { name: "no JSON", sent: ["{"], error: /^Cannot read message: / },
  { name: "no object", sent: ["5"], error: /should be an object/ },
  { name: "an unknown type", sent: [{ type: "Dance" }], error: /type is "Dance"/ },
  { name: "another message before Connect", sent: [QUERY_SET], error: /ModifyQuerySet before Connect/ },
  { name: "a second Connect", sent: [CONNECT, CONNECT], error: /second Connect/ },
  { name: "a session id that is no UUID", sent: [{ ...CONNECT, sessionId: "slot:1" }], error: /a UUID/ },
  {
    name: "a query set after a gap",
    sent: [CONNECT, { ...QUERY_SET, baseVersion: 1, newVersion: 2 }],
    error: /^BaseVersionMismatch/,
  },
  { name: "a query set twice", sent: [CONNECT, QUERY_SET, QUERY_SET], error: /^BaseVersionMismatch/ },
  { name: "a query set that goes back", sent: [CONNECT, { ...QUERY_SET, newVersion: 0 }], error: /new version is 0/ },
  {
    name: "an identity after a gap",
    sent: [CONNECT, { type: "Authenticate", baseVersion: 3, tokenType: "None" }],
    error: /^BaseVersionMismatch/,
  },
  { name: "a component from outside", sent: [CONNECT, { ...MUTATION, componentPath: "c" }], error: /Only admins/ },
  { name: "two arguments", sent: [CONNECT, { ...MUTATION, args: [{}, {}] }], error: /there are 2/ },
  {
    name: "an impersonated nobody",
    sent: [
      CONNECT,
      { type: "Authenticate", baseVersion: 0, tokenType: "Admin", value: KEYS.issue(), impersonating: { name: "x" } },
    ],
    error: /`subject` and `issuer`/,
  },
])("$name is a fatal error", async ({ sent, error }) => {
  const driver = new SessionDriver(deployment);
  for (const message of sent) driver.session.receive(typeof message === "string" ? message : JSON.stringify(message));
  expect(await driver.first("FatalError")).toEqual({ type: "FatalError", error: expect.stringMatching(error) });
  expect(await driver.end()).toEqual({ code: 1008, reason: "BadRequest" });
  // What comes after the end is ignored: the driver fails when a frame is sent.
  driver.session.receive(JSON.stringify(MUTATION));
  driver.session.receive("{");
});

test.each([
  { name: "no Convex value", args: '[{"tag":{"$integer":"!"},"n":1}]' },
  { name: "half read", args: '[{"n":{"$integer":"AQAAAAAAAAA="},"tag":{"$bytes":5}}]' },
  { name: "no object", args: "[[1]]" },
  { name: "missing", args: "[]" },
])("arguments that are $name fail the call, not the socket", async ({ args }) => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.session.receive(`{"type":"Mutation","requestId":1,"udfPath":"items:add","args":${args}}`);
  expect(await driver.first("MutationResponse")).toMatchObject({
    success: false,
    result: expect.stringContaining("ArgumentValidationError"),
  });
  expect(driver.closed).toBeUndefined();
});

test("arguments too deep to write end the socket, not the process", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  driver.session.receive(`{"type":"Mutation","requestId":1,"udfPath":"items:add","args":[{"tag":${deep}}]}`);
  await driver.until(() => driver.frames.length > 0);
  expect(driver.messages[0]?.type).toMatch(/^(FatalError|MutationResponse)$/);
  expect(driver.errors).toEqual([]);
});

test("a socket with many mutations under way is not read until half are done, and none is refused", async () => {
  const driver = new SessionDriver(deployment, { limits: { socketMutationsQueuedMax: 4 } });
  driver.connect();
  for (let n = 100; n < 103; n += 1) driver.mutate(n, "nothing", {});
  expect(driver.isRead).toBe(true);
  // What was received before the socket is no longer read still counts.
  for (let n = 103; n < 110; n += 1) driver.mutate(n, "nothing", {});
  expect(driver.isRead).toBe(false);
  await driver.until(() => driver.isRead);
  expect(driver.messages.filter(({ type }) => type === "MutationResponse").length).toBeGreaterThanOrEqual(7);
  await driver.until(() => driver.messages.filter(({ type }) => type === "MutationResponse").length === 10);
  expect(driver.closed).toBeUndefined();
});

test("too many actions at once end the socket, retryably", async () => {
  const acting = new SessionDriver(deployment, { limits: { socketActionsMax: 1 } });
  acting.connect();
  for (const requestId of [110, 111]) {
    acting.send({ type: "Action", requestId, udfPath: "items:double", args: [{ n: 1 }] });
  }
  expect(await acting.end()).toEqual({ code: 1013, reason: "TooManyConcurrentRequests" });
});

test("many messages before the first is done wait unread", async () => {
  const driver = new SessionDriver(deployment, { limits: { socketMutationsQueuedMax: 3 } });
  driver.connect({ maxObservedTimestamp: encodeU64(0n) });
  for (let n = 0; n < 5; n += 1) driver.mutate(n, "nothing", {});
  expect(driver.isRead).toBe(false);
  await driver.until(() => driver.isRead);
  await driver.until(() => driver.messages.filter(({ type }) => type === "MutationResponse").length === 5);
});

test("a timestamp beyond the head asks the client to come again, up to the largest", async () => {
  for (const observed of [BigInt(await deployment.head()) * 1_000n + 1_001n, 2n ** 63n - 1n]) {
    const driver = new SessionDriver(deployment);
    driver.connect({ maxObservedTimestamp: encodeU64(observed) });
    expect(await driver.end()).toEqual({ code: 1013, reason: "OutOfRetention" });
    expect(driver.frames).toEqual([]);
  }
});

test("queries over the limit of a socket are a fatal error, over that of the server a retryable one", async () => {
  const many: (readonly [string, unknown])[] = Array.from({ length: 3 }, (_, n) => ["count", { tag: `${tag} ${n}` }]);
  const one = new SessionDriver(deployment, { limits: { socketQueriesMax: 2 } });
  one.connect();
  one.subscribe(...many);
  expect(await one.first("FatalError")).toMatchObject({
    error: "Cannot subscribe: this socket has 3 queries; should have at most 2",
  });
  const queryCount = new QueryCount();
  const shared = { limits: { serverQueriesMax: 5 }, queryCount };
  const [first, second, third] = [0, 1, 2].map(() => new SessionDriver(deployment, shared));
  for (const driver of [first, second]) {
    driver?.connect();
    driver?.subscribe(...many);
  }
  expect(await second?.end()).toEqual({ code: 1013, reason: "TooManySubscriptions" });
  expect(queryCount.total).toBe(3);
  first?.send({
    type: "ModifyQuerySet",
    baseVersion: 1,
    newVersion: 2,
    modifications: [{ type: "Remove", queryId: 1 }, add(1, "count", { tag }), { type: "Remove", queryId: 2 }],
  });
  third?.connect();
  third?.subscribe(...many);
  expect(await third?.first("Transition")).toHaveProperty("modifications.length", 3);
  expect(queryCount.total).toBe(5);
});

test("telemetry is ignored, whatever it is", async () => {
  const driver = new SessionDriver(deployment);
  driver.connect();
  driver.session.receive('{"type":"Event","eventType":7}');
  driver.subscribe();
  await driver.first("Transition");
});

test("a deployment that fails ends the socket, retryably, and is reported", async () => {
  const closing = await openDeployment();
  const driver = new SessionDriver(closing);
  driver.connect();
  await closing.close();
  driver.mutate(1, "nothing", {});
  expect(await driver.end()).toEqual({ code: 1011, reason: "InternalServerError" });
  expect(driver.errors).toHaveLength(1);
});
