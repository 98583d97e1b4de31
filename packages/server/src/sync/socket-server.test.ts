import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { CONVEX_LIMITS } from "@narrowcast/values";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { raw } from "../testing/request.ts";
import { SocketAuthenticator, TokenVerifier } from "../testing/network-server.ts";
import type { RunningDeployment } from "../host/deployment.ts";
import { SocketServer } from "./socket-server.ts";
import { call, openDeployment } from "./testing/call.ts";
import { RawClient } from "./testing/raw-client.ts";
import { KEYS } from "../testing/session-driver.ts";
import { eventually } from "./testing/eventually.ts";

/** An empty frame. */
const PING_BYTES = 2;

let deployment: RunningDeployment;
const open: { readonly http: Server; readonly sockets: SocketServer }[] = [];

beforeAll(async () => {
  deployment = await openDeployment();
});
afterEach(async () => {
  for (const { http, sockets } of open.splice(0)) {
    await sockets.close();
    http.close();
  }
});
afterAll(() => deployment.close());

/** Counts what the stream hands to the system, pings left out: those are shorter than any frame of the protocol. */
function countWrites(stream: Duplex, counts: { writes: number }): void {
  const one = stream._write.bind(stream);
  const many = stream._writev?.bind(stream);
  stream._write = (chunk: Buffer, encoding, callback) => {
    if (chunk.length > PING_BYTES) counts.writes += 1;
    one(chunk, encoding, callback);
  };
  stream._writev = (chunks, callback) => {
    counts.writes += 1;
    many?.(chunks, callback);
  };
}

/** A server whose clock stands still until it is moved, looked at every few milliseconds. */
async function serve(options: { readonly limits?: Partial<typeof CONVEX_LIMITS>; readonly tickMs?: number } = {}) {
  const clock = { nowMs: 1_000_000 };
  const errors: unknown[] = [];
  const sockets = new SocketServer({
    deployment,
    authenticator: new SocketAuthenticator({ adminKeys: KEYS, tokens: new TokenVerifier(async () => []) }),
    limits: { ...CONVEX_LIMITS, ...options.limits },
    nowMs: () => clock.nowMs,
    tickMs: options.tickMs ?? 5,
    onError: (error) => errors.push(error),
  });
  const http = createServer();
  const counts = { writes: 0 };
  http.on("upgrade", (request, stream, head) => {
    countWrites(stream, counts);
    sockets.upgrade(request, stream, head);
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  open.push({ http, sockets });
  return {
    sockets,
    clock,
    errors,
    counts,
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/api/1.48.0/sync`,
  };
}

test.each([
  { path: "/api/1.48.0/sync", serves: true },
  { path: "/api/sync", serves: true },
  { path: "/prefix/of/a/proxy/api/1.48.0-alpha.1/sync", serves: true },
  { path: "/api/1.48.0/sync/more", serves: false },
  { path: "/api/a/b/sync", serves: false },
  { path: "/sync", serves: false },
])("$path is answered: $serves", ({ path, serves }) => {
  expect(SocketServer.serves(path)).toBe(serves);
});

test("a client gets a Ping after 15 s in which nothing was sent, and not before", async () => {
  const { clock, url } = await serve();
  const client = await RawClient.open(url);
  client.connect();
  client.send({ type: "ModifyQuerySet", baseVersion: 0, newVersion: 1, modifications: [] });
  await client.until("Transition", 1);
  clock.nowMs += 14_999;
  await client.pinged(3);
  expect(client.count("Ping")).toBe(0);
  clock.nowMs += 1;
  await client.until("Ping", 1);
  await client.pinged(3);
  expect(client.count("Ping")).toBe(1);
});

test("a client that answers no ping for 120 s is dropped", async () => {
  const { sockets, clock, url } = await serve();
  const { port, hostname, pathname } = new URL(url);
  const silent = connect(Number(port), hostname);
  silent.on("error", () => undefined);
  const key = Buffer.alloc(16).toString("base64");
  silent.write(
    `GET ${pathname} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  const closed = once(silent, "close");
  silent.resume();
  const lively = await RawClient.open(url);
  await eventually(() => sockets.size).toBe(2);
  clock.nowMs += 60_000;
  await lively.pinged(2);
  clock.nowMs += 60_000;
  await closed;
  await lively.pinged(2);
  expect(sockets.size).toBe(1);
});

test("frames of one tick leave in one write", async () => {
  const { url, counts } = await serve();
  const client = await RawClient.open(url);
  client.connect();
  for (let requestId = 0; requestId < 40; requestId += 1) {
    client.send({ type: "Mutation", requestId, udfPath: "items:nothing", args: [{}] });
  }
  await client.until("MutationResponse", 40);
  await client.until("Transition", 1);
  expect(client.messages.length).toBeGreaterThan(40);
  expect(counts.writes).toBeLessThan(20);
});

test("a binary message is a fatal error", async () => {
  const { url, errors } = await serve();
  const client = await RawClient.open(url);
  client.connect();
  client.socket.send(Buffer.from("{}"));
  expect(await client.closed).toBe(1008);
  expect(client.count("FatalError")).toBe(1);
  expect(errors).toEqual([]);
});

test("a message over the limit closes with 1009, says so, and is no fatal error", async () => {
  const { url, errors } = await serve({ limits: { socketMessageBytesMax: 1_000 } });
  const client = await RawClient.open(url);
  client.connect();
  client.socket.send(JSON.stringify({ type: "Event", event: "x".repeat(970) }).slice(0, 1_000));
  const reason = new Promise((resolve) => client.socket.on("close", (_code, text: Buffer) => resolve(String(text))));
  const other = await RawClient.open(url);
  other.connect();
  other.send({ type: "Event", eventType: "", event: "x".repeat(950) });
  other.send({ type: "ModifyQuerySet", baseVersion: 0, newVersion: 1, modifications: [] });
  await other.until("Transition", 1);
  client.socket.send(" ".repeat(1_001));
  expect(await client.closed).toBe(1009);
  expect(await reason).toBe("MessageTooLong: it has 1001 bytes; should have at most 1000");
  expect(client.count("FatalError")).toBe(0);
  expect(errors).toEqual([]);
});

test("a frame that says it is even longer is not received", async () => {
  const { url } = await serve({ limits: { socketMessageBytesMax: 1_000 } });
  const client = await RawClient.open(url);
  client.socket.send(" ".repeat(2_001));
  expect(await client.closed).toBe(1009);
});

test("when unfinished messages of all sockets are too long, the longest goes", async () => {
  const { sockets, url } = await serve({ limits: { unfinishedBytesMax: 100_000 } });
  const [small, large, whole] = await Promise.all([0, 1, 2].map(() => RawClient.open(url)));
  for (const client of [small, large, whole]) client?.connect();
  for (const client of [small, large]) {
    client?.send({ type: "ModifyQuerySet", baseVersion: 0, newVersion: 1, modifications: [] });
    await client?.until("Transition", 1);
  }
  small?.socket.send("x".repeat(30_000), { fin: false });
  large?.socket.send("x".repeat(60_000), { fin: false });
  await eventually(() => sockets.unfinishedBytes).toBeGreaterThanOrEqual(90_000);
  expect(sockets.unfinishedBytes).toBeLessThan(100_000);
  // Whole messages do not add up.
  for (let n = 0; n < 5; n += 1) whole?.send({ type: "Event", eventType: "", event: "y".repeat(5_000) });
  whole?.send({ type: "ModifyQuerySet", baseVersion: 0, newVersion: 1, modifications: [] });
  await whole?.until("Transition", 1);
  small?.socket.send("x".repeat(15_000), { fin: false });
  expect(await large?.closed).toBe(1013);
  await eventually(() => sockets.unfinishedBytes).toBeLessThan(50_000);
  await eventually(() => sockets.size).toBe(2);
});

test("more mutations at once than a socket may have under way are all answered, over one connection", async () => {
  const { sockets, url } = await serve({ limits: { socketMutationsQueuedMax: 100 } });
  const client = await RawClient.open(url);
  client.connect();
  for (let requestId = 0; requestId < 1_500; requestId += 1) {
    client.send({ type: "Mutation", requestId, udfPath: "items:nothing", args: [{ pad: "x".repeat(1_000) }] });
  }
  await client.until("MutationResponse", 1_500);
  expect(sockets.size).toBe(1);
  expect(client.messages.flatMap((message) => ("requestId" in message ? [message.requestId] : []))).toEqual(
    Array.from({ length: 1_500 }, (_, n) => n),
  );
});

test("a client that does not read costs a bounded amount, and then sees the newest state", async () => {
  // Pings of every few milliseconds would come to it in a heap, and `ws` takes that for a flood.
  const { sockets, url } = await serve({ tickMs: 60_000 });
  const client = await RawClient.open(url);
  client.connect();
  client.send({
    type: "ModifyQuerySet",
    baseVersion: 0,
    newVersion: 1,
    modifications: [{ type: "Add", queryId: 1, udfPath: "items:text", args: [{ tag: "slow" }], journal: null }],
  });
  await client.until("Transition", 1);
  client.socket.pause();
  let most = 0;
  for (let times = 1; times <= 120; times += 1) {
    await deployment.mutation(call("setText", { tag: "slow", unit: "y".repeat(1_000), times: 200 + times }));
    most = Math.max(most, sockets.unsentBytes);
  }
  // Two transitions of at most 320 kB, out of 30 MB.
  expect(most).toBeLessThan(700_000);
  client.socket.resume();
  await eventually(() => client.lastText()?.length).toBe(320_000);
  expect(client.count("Transition")).toBeLessThan(110);
});

test("a client that asks and does not read is not read either", async () => {
  const { sockets, url } = await serve();
  const client = await RawClient.open(url);
  client.connect();
  client.socket.pause();
  const size = 100_000;
  for (let requestId = 0; requestId < 900; requestId += 1) {
    client.send({ type: "Mutation", requestId, udfPath: "items:give", args: [{ size }] });
  }
  let most = 0;
  for (let i = 0; i < 40; i += 1) {
    most = Math.max(most, sockets.unsentBytes);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  // One window of answers above the mark, out of 90 MB.
  expect(most).toBeLessThan(1_100_000 + 65 * size);
  // More than the system's own buffers hold: what is not read stays with the client.
  for (let i = 0; i < 40; i += 1) client.send({ type: "Event", eventType: "x", event: "y".repeat(1_000_000) });
  for (let before = -1; before !== client.socket.bufferedAmount;) {
    before = client.socket.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  expect(client.socket.bufferedAmount).toBeGreaterThan(10_000_000);
  client.socket.resume();
  await client.until("MutationResponse", 900);
  expect(client.messages.filter(({ type }) => type === "MutationResponse")).toMatchObject(
    Array.from({ length: 900 }, (_, requestId) => ({ requestId, success: true })),
  );
});

test("closing sends clients away in a way that makes them come back", async () => {
  const { sockets, url } = await serve();
  const client = await RawClient.open(url);
  await sockets.close();
  expect(await client.closed).toBe(1012);
  const late = new WebSocket(url);
  const [error] = (await once(late, "error")) as [Error];
  expect(error.message).toMatch(/socket hang up|ECONNRESET/);
});

test("what is no WebSocket handshake is refused", async () => {
  const { url } = await serve();
  const bad = "GET /api/sync HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  expect(await raw(url.replace("ws:", "http:"), bad)).toMatch(/^HTTP\/1\.1 400 /);
});
