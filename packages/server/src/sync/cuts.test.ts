/**
 * Connections that break and servers that go away. `CUTS=…` for longer runs, `SEED=…` for the same cuts again.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AdminKeys, startServer } from "../testing/network-server.ts";
import { startDeployment } from "../host/deployment.ts";
import { SeededRandom } from "../isolate/seeded-random.ts";
import { call, openDeployment } from "./testing/call.ts";
import { items, online, openClient } from "./testing/clients.ts";
import { CuttingProxy } from "../kit/cutting-proxy.ts";
import { openTestServer } from "../testing/network-server.ts";
import { eventually } from "./testing/eventually.ts";

const CUTS = Number(process.env["CUTS"] ?? "60");
const SEED = Number(process.env["SEED"] ?? "1");
const CLIENTS = 6;
/** Enough for the opening of a connection and a few answers; often the cut is in the middle of a frame. */
const BYTES_MIN = 900;
const BYTES_MAX = 6_000;

function sorted(numbers: readonly number[]): readonly number[] {
  return numbers.toSorted((a, b) => a - b);
}

test("however often connections break, every mutation happens once and every client ends at the truth", async () => {
  const random = new SeededRandom(SEED);
  const server = await openTestServer();
  const proxy = await CuttingProxy.open(server.url, () =>
    proxy.cuts < CUTS ? BYTES_MIN + Math.floor(random.float() * (BYTES_MAX - BYTES_MIN)) : Infinity,
  );
  const clients = Array.from({ length: CLIENTS }, () => openClient(proxy.url));
  const hurry = setInterval(() => clients.forEach((client) => online(client)), 5);
  try {
    const lists = clients.map((client) => {
      const seen: number[][] = [];
      client.onUpdate(items.list, { tag: "cut" }, (list) => seen.push(list));
      return seen;
    });
    let next = 0;
    const acknowledged: number[] = [];
    const work = async (client: (typeof clients)[number], seen: readonly number[][]): Promise<void> => {
      while (proxy.cuts < CUTS) {
        // Several at once: some are answered before the cut, some after, some twice.
        const batch = Array.from({ length: 4 }, () => next++);
        await Promise.all(
          batch.map(async (n) => {
            expect(await client.mutation(items.add, { tag: "cut", n })).toBe(n);
            acknowledged.push(n);
            expect(seen.at(-1)).toContain(n);
          }),
        );
      }
    };
    await Promise.all(clients.map((client, index) => work(client, lists[index] ?? [])));
    const all = sorted(Array.from({ length: next }, (_, n) => n));
    expect(sorted(acknowledged)).toEqual(all);
    for (const seen of lists) {
      await eventually(() => sorted(seen.at(-1) ?? [])).toEqual(all);
      // What a client was shown never goes back, over reconnects too.
      for (let i = 1; i < seen.length; i += 1) {
        expect(seen[i]?.slice(0, seen[i - 1]?.length)).toEqual(seen[i - 1]);
      }
    }
    expect(proxy.cuts).toBeGreaterThanOrEqual(CUTS);
    expect(server.errors).toEqual([]);
  } finally {
    clearInterval(hurry);
    await Promise.all(clients.map((client) => client.close()));
    proxy.close();
    await server.close();
  }
});

test("mutations of one client keep their order over cuts", async () => {
  const random = new SeededRandom(SEED + 1);
  const server = await openTestServer();
  const proxy = await CuttingProxy.open(server.url, () =>
    proxy.cuts < 12 ? 700 + Math.floor(random.float() * 3_000) : Infinity,
  );
  const client = openClient(proxy.url);
  const hurry = setInterval(() => online(client), 5);
  try {
    const sent = Array.from({ length: 120 }, (_, n) => n);
    await Promise.all(sent.map((n) => client.mutation(items.add, { tag: "order", n })));
    const outcome = await server.deployment.query(call("list", { tag: "order" }));
    expect(outcome).toMatchObject({ value: JSON.stringify(sent) });
    expect(proxy.cuts).toBeGreaterThan(0);
  } finally {
    clearInterval(hurry);
    await client.close();
    proxy.close();
    await server.close();
  }
});

test("pages keep their borders over a reconnect", async () => {
  const server = await openTestServer();
  const proxy = await CuttingProxy.open(server.url, () => Infinity);
  for (const n of [10, 20, 30]) await server.deployment.mutation(call("add", { tag: "pages", n }));
  const client = openClient(proxy.url);
  const args = { tag: "pages", paginationOpts: { numItems: 3, cursor: null } };
  const pages: number[][] = [];
  client.onUpdate(items.newest, args, ({ page }) => pages.push(page));
  await eventually(() => pages.at(-1)).toEqual([30, 20, 10]);
  await server.deployment.mutation(call("add", { tag: "pages", n: 40 }));
  await eventually(() => pages.at(-1)).toEqual([40, 30, 20, 10]);
  proxy.breakAll();
  await eventually(() => client.connectionState().isWebSocketConnected).toBe(false);
  await server.deployment.mutation(call("add", { tag: "pages", n: 50 }));
  online(client);
  // Read afresh, the page would be the newest three; the journal says where it ends.
  await eventually(() => pages.at(-1)).toEqual([50, 40, 30, 20, 10]);
  expect(proxy.connections).toBe(2);
  await client.close();
  proxy.close();
  await server.close();
});

test("when the core dies, sockets stay open, and every mutation happens once", async () => {
  const server = await openTestServer({}, { threads: true });
  const clients = Array.from({ length: 4 }, () => openClient(server.url));
  const lists = clients.map((client) => {
    const seen: number[][] = [];
    client.onUpdate(items.list, { tag: "core" }, (list) => seen.push(list));
    return seen;
  });
  await eventually(() => lists.every((seen) => seen.length > 0)).toBe(true);
  let next = 0;
  const over = new AbortController();
  const working = clients.map(async (client) => {
    while (!over.signal.aborted) {
      const n = next++;
      expect(await client.mutation(items.add, { tag: "core", n })).toBe(n);
    }
  });
  for (let crash = 0; crash < 3; crash += 1) {
    const before = next;
    await eventually(() => next).toBeGreaterThan(before + 20);
    await server.deployment.core.crash();
  }
  over.abort();
  await Promise.all(working);
  const all = Array.from({ length: next }, (_, n) => n);
  for (const seen of lists) await eventually(() => sorted(seen.at(-1) ?? [])).toEqual(all);
  expect(server.deployment.core.starts).toBe(4);
  expect(clients.map((client) => client.connectionState().connectionCount)).toEqual([1, 1, 1, 1]);
  await Promise.all(clients.map((client) => client.close()));
  await server.close();
});

test("a server that restarts under 200 clients brings all of them back to the truth", async () => {
  const directory = mkdtempSync(join(tmpdir(), "narrowcast-restart-"));
  const adminKeys = new AdminKeys(Buffer.alloc(32, 1));
  const first = await openDeployment({ directory });
  const http = await startServer({ deployment: first, adminKeys, port: 0, sitePort: 0 });
  const ports = { port: Number(new URL(http.url).port), sitePort: Number(new URL(http.siteUrl).port) };
  const clients = Array.from({ length: 200 }, () => openClient(http.url));
  const lists = clients.map((client, index) => {
    const seen: number[][] = [];
    client.onUpdate(items.list, { tag: `room ${index % 10}` }, (list) => seen.push(list));
    return seen;
  });
  await eventually(() => lists.filter((seen) => seen.length > 0).length).toBe(200);
  // Under way while the server goes: each is answered by the old server or by the new one, and is there once.
  const writing = clients.map((client, n) => client.mutation(items.add, { tag: `room ${n % 10}`, n }));
  await writing[0];
  await http.close();
  await first.close();
  expect(clients.some((client) => client.connectionState().isWebSocketConnected)).toBe(false);

  const second = await startDeployment({
    directory,
    cloudUrl: "http://cloud.test",
    siteUrl: "http://site.test",
    threads: false,
  });
  const again = await startServer({ deployment: second, adminKeys, ...ports });
  const hurry = setInterval(() => clients.forEach((client) => online(client)), 50);
  expect(await Promise.all(writing)).toEqual(Array.from({ length: 200 }, (_, n) => n));
  const room = (index: number): readonly number[] => Array.from({ length: 20 }, (_, i) => (index % 10) + 10 * i);
  for (const [index, seen] of lists.entries()) {
    await eventually(() => sorted(seen.at(-1) ?? [])).toEqual(room(index));
  }
  expect(again.sockets).toBe(200);
  clearInterval(hurry);
  await Promise.all(clients.map((client) => client.close()));
  await eventually(() => again.sockets).toBe(0);
  await again.close();
  await second.close();
  rmSync(directory, { recursive: true, force: true });
});
