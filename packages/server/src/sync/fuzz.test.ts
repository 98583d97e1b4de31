/**
 * Sockets that say anything: the server answers as the protocol says or ends the socket, and goes on serving the others.
 * `FUZZ=…` for longer runs, `SEED=…` for the same run again.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { SeededRandom } from "../isolate/seeded-random.ts";
import { items, openClient } from "./testing/clients.ts";
import { RawClient } from "./testing/raw-client.ts";
import { openTestServer, type TestServer } from "../testing/network-server.ts";
import { eventually } from "./testing/eventually.ts";

const RUNS = Number(process.env["FUZZ"] ?? "150");
const SEED = Number(process.env["SEED"] ?? "1");
const SESSION = "6e4bd0ab-3d7f-4a1b-9b52-0c5b8f6d7a11";

let server: TestServer;
let url: string;

beforeAll(async () => {
  server = await openTestServer();
  url = `${server.url.replace("http", "ws")}/api/1.48.0/sync`;
});
afterAll(() => server.close());

/** A client that behaves still works, and the server has met no defect. */
async function stillServes(n: number): Promise<void> {
  const client = openClient(server.url);
  expect(await client.mutation(items.add, { tag: "well", n })).toBe(n);
  expect(await client.query(items.list, { tag: "well" })).toContain(n);
  await client.close();
  expect(server.errors).toEqual([]);
}

class Dice {
  readonly #random: SeededRandom;
  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }
  below(max: number): number {
    return Math.floor(this.#random.float() * max);
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}

const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  2 ** 32,
  2 ** 53,
  1e308,
  "",
  "x",
  "\u0000",
  "\ud800",
  "__proto__",
  [],
  [[]],
  {},
  { $integer: "x" },
  { $bytes: 5 },
  { __proto__: 1 },
  "AAAAAAAAAAA=",
  "//////////8=",
  "x".repeat(5_000),
];

const VALID: readonly object[] = [
  {
    type: "Connect",
    sessionId: SESSION,
    connectionCount: 0,
    lastCloseReason: null,
    maxObservedTimestamp: "AAAAAAAAAAA=",
    clientTs: 5,
  },
  { type: "Authenticate", baseVersion: 0, tokenType: "None" },
  { type: "Authenticate", baseVersion: 0, tokenType: "User", value: "a.b.c" },
  {
    type: "Authenticate",
    baseVersion: 0,
    tokenType: "Admin",
    value: "narrowcast|0",
    impersonating: { subject: "s", issuer: "i" },
  },
  {
    type: "ModifyQuerySet",
    baseVersion: 0,
    newVersion: 1,
    modifications: [
      { type: "Add", queryId: 1, udfPath: "items:list", args: [{ tag: "f" }], journal: null },
      {
        type: "Add",
        queryId: 2,
        udfPath: "items:page",
        args: [{ tag: "f", paginationOpts: { numItems: 2, cursor: null } }],
        journal: "j",
      },
      { type: "Remove", queryId: 7 },
    ],
  },
  { type: "Mutation", requestId: 1, udfPath: "items:add", args: [{ tag: "f", n: 1 }] },
  { type: "Action", requestId: 2, udfPath: "items:double", args: [{ n: 1 }] },
  { type: "Event", eventType: "ClientConnect", event: [1] },
];

/** Replaces, removes or adds something somewhere in `json`. */
function mutated(json: unknown, dice: Dice): unknown {
  if (typeof json !== "object" || json === null || dice.below(6) === 0) return dice.pick(ODD);
  if (Array.isArray(json)) {
    const copy: unknown[] = [...(json as unknown[])];
    if (copy.length === 0) return [dice.pick(ODD)];
    const at = dice.below(copy.length);
    if (dice.below(4) === 0) copy.splice(at, 1);
    else copy[at] = mutated(copy[at], dice);
    return copy;
  }
  const entries = Object.entries(json);
  if (entries.length === 0) return dice.pick(ODD);
  const at = dice.below(entries.length);
  const [name, value] = entries[at] as [string, unknown];
  if (dice.below(4) === 0) entries.splice(at, 1);
  else entries[at] = [name, mutated(value, dice)];
  return Object.fromEntries(entries);
}

function text(dice: Dice): string {
  const valid = JSON.stringify(dice.pick(VALID));
  switch (dice.below(6)) {
    case 0:
      return valid;
    case 1:
      return valid.slice(0, dice.below(valid.length));
    case 2: {
      const at = dice.below(valid.length);
      return `${valid.slice(0, at)}${String.fromCharCode(dice.below(256))}${valid.slice(at + 1)}`;
    }
    default:
      return JSON.stringify(mutated(JSON.parse(valid), dice));
  }
}

test("whatever the messages say, in whatever order", async () => {
  const ends = new Map<number, number>();
  for (let run = 0; run < RUNS; run += 1) {
    const dice = new Dice(SEED * 100_000 + run);
    const client = await RawClient.open(url);
    if (dice.below(3) > 0) client.connect();
    const count = 1 + dice.below(12);
    for (let i = 0; i < count; i += 1) {
      if (dice.below(20) === 0) client.socket.send(Buffer.from(text(dice)));
      else client.socket.send(text(dice));
    }
    // The server either ends the socket, or answers the ping that follows.
    const ponged = once(client.socket, "pong").catch(() => undefined);
    client.socket.ping();
    const code = await Promise.race([client.closed, ponged.then(() => undefined)]);
    if (code !== undefined) {
      ends.set(code, (ends.get(code) ?? 0) + 1);
      if (code === 1008) expect(client.count("FatalError")).toBe(1);
    }
    client.socket.terminate();
  }
  // Only ends that the protocol knows: bad requests, failed identities, versions from the future.
  expect([...ends.keys()].filter((code) => ![1000, 1008, 1013].includes(code))).toEqual([]);
  expect(ends.get(1008)).toBeGreaterThan(RUNS / 10);
  await stillServes(1);
});

test("whatever the frames are", async () => {
  const { port, hostname, pathname } = new URL(url);
  const key = Buffer.alloc(16).toString("base64");
  const handshake = `GET ${pathname} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
  for (let run = 0; run < RUNS; run += 1) {
    const dice = new Dice(SEED * 200_000 + run);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    const ended = once(socket, "close").catch(() => undefined);
    socket.resume();
    const bytes = Buffer.from(Array.from({ length: 1 + dice.below(200) }, () => dice.below(256)));
    socket.write(
      dice.below(5) === 0
        ? Buffer.concat([Buffer.from(handshake.slice(0, dice.below(handshake.length))), bytes])
        : handshake,
    );
    socket.write(bytes);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 3))]);
    socket.destroy();
    await ended;
  }
  await eventually(() => server.http.sockets).toBe(0);
  await stillServes(2);
});

test("whatever the handshake asks", async () => {
  const paths = [
    "/api/sync",
    "/api/%00/sync",
    "/x/api/1.0.0/sync",
    "/api/1.48.0/sync?x=1",
    "/",
    "/sync",
    "/api/1/2/sync",
    "//api/sync",
  ];
  const opened: string[] = [];
  for (const path of paths) {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}${path}`);
    socket.on("error", () => undefined);
    socket.on("open", () => opened.push(path));
    await Promise.race([once(socket, "open").catch(() => undefined), once(socket, "close").catch(() => undefined)]);
    socket.terminate();
  }
  expect(opened).toEqual(["/api/sync", "/api/%00/sync", "/x/api/1.0.0/sync", "/api/1.48.0/sync?x=1", "//api/sync"]);
  await stillServes(3);
});
