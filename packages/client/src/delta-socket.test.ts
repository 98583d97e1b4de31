import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ConvexError, type Value } from "convex/values";
import { ConvexClient } from "convex/browser";
import { WebSocket } from "ws";
import { CONVEX_LIMITS } from "@narrowcast/values";
import { CuttingProxy } from "@narrowcast/server/testing";
import { deltaSocket } from "./delta-socket.ts";
import {
  OPTIONS,
  online,
  openHttpClient,
  openLeanClient,
  openRowsServer,
  resultsOf,
  rows,
  type Row,
  type RowsServer,
} from "./testing/rows-server.ts";

let server: RowsServer;
let tags = 0;

beforeAll(async () => {
  server = await openRowsServer();
});
afterAll(() => server.close());

function newTag(): string {
  tags += 1;
  return `tag ${tags}`;
}

type Step =
  | { readonly kind: "add"; readonly name: string; readonly rank: number }
  | { readonly kind: "patch"; readonly place: number; readonly fields: object }
  | { readonly kind: "remove"; readonly place: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), name: fc.string({ maxLength: 5 }), rank: fc.nat(9) }),
  fc.record({
    kind: fc.constant("patch" as const),
    place: fc.nat(99),
    fields: fc.oneof(
      fc.record({ name: fc.string({ unit: "binary", maxLength: 5 }) }),
      fc.record({ rank: fc.nat(9) }),
      fc.record({ extra: fc.oneof(fc.constant(NaN), fc.double(), fc.array(fc.nat(), { maxLength: 3 })) }),
      fc.record({ tags: fc.array(fc.string(), { maxLength: 3 }) }),
    ),
  }),
  fc.record({ kind: fc.constant("remove" as const), place: fc.nat(99) }),
);

function play(client: ConvexClient, tag: string, { kind, ...args }: Step): Promise<unknown> {
  return client.mutation(
    rows[kind] as typeof rows.patch,
    { tag, ...args } as { tag: string; place: number; fields: object },
  );
}

/** Everything the app shows of a tag, as the lean client has it. */
function watch(client: ConvexClient, tag: string) {
  const paginationOpts = { numItems: 4, cursor: null };
  return {
    list: resultsOf<Row[]>((ok, no) => client.onUpdate(rows.list, { tag }, ok, no)),
    summary: resultsOf<Value>((ok, no) => client.onUpdate(rows.summary, { tag }, ok, no)),
    fails: resultsOf<Row[]>((ok, no) => client.onUpdate(rows.failsWhenOdd, { tag }, ok, no)),
    page: resultsOf<{ page: Row[] }>((ok, no) => client.onUpdate(rows.page, { tag, paginationOpts }, ok, no)),
  };
}

const FULL = Number(process.env["SIMS"] ?? 12);

test("after any mutations a client with deltas has what is true", { timeout: 120_000 }, async () => {
  const http = openHttpClient(server.url);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const tag = newTag();
      const { client } = openLeanClient(server.url);
      const plain = new ConvexClient(server.url, OPTIONS);
      const seen = watch(client, tag);
      const usual = watch(plain, tag);
      for (const one of [{ kind: "add", name: "first", rank: 5 } as const, ...steps]) {
        await play(client, tag, one);
        // Its own write is shown by now.
        expect(seen.list.at(-1)).toEqual(await http.query(rows.list, { tag }));
        expect(seen.summary.at(-1)).toEqual(await http.query(rows.summary, { tag }));
        const now = await http
          .query(rows.failsWhenOdd, { tag })
          .catch((error: unknown) => (error as ConvexError<Value>).data);
        const shown = seen.fails.at(-1);
        expect(shown instanceof ConvexError ? (shown.data as unknown) : shown).toEqual(now);
      }
      await expect.poll(() => usual.list.at(-1)).toEqual(seen.list.at(-1));
      await expect.poll(() => usual.page.at(-1)).toEqual(seen.page.at(-1));
      expect(Object.keys((seen.list.at(-1) as Row[])[0] ?? {})).toEqual(
        Object.keys((usual.list.at(-1) as Row[])[0] ?? {}),
      );
      await Promise.all([client.close(), plain.close()]);
    }),
    { numRuns: FULL },
  );
});

test("a change of one field costs bytes for that field, and a plain client gets the whole list", async () => {
  const tag = newTag();
  const { client, socket } = openLeanClient(server.url);
  const lists = resultsOf<Row[]>((ok) => client.onUpdate(rows.list, { tag }, ok));
  await client.mutation(rows.fill, { tag, count: 200 });
  const before = { ...socket.stats };
  for (let n = 0; n < 10; n++) await client.mutation(rows.patch, { tag, place: 100, fields: { name: `name ${n}` } });
  expect((lists.at(-1) as Row[])[100]?.name).toBe("name 9");
  expect(socket.stats.deltas - before.deltas).toBe(10);
  expect(socket.stats.values - before.values).toBe(0);
  const bytes = socket.stats.bytes - before.bytes;
  // Answers and transitions are most of it.
  expect(bytes).toBeLessThan(10 * 700);
  expect(socket.stats.plainBytes - before.plainBytes).toBeGreaterThan(10 * 60_000);
  await client.close();
});

test.each([
  { sharesValues: true, shared: 19 },
  { sharesValues: false, shared: 0 },
])("rows that did not change are the same objects: $sharesValues", async ({ sharesValues, shared }) => {
  const tag = newTag();
  const { client } = openLeanClient(server.url, sharesValues);
  const lists = resultsOf<Row[]>((ok) => client.onUpdate(rows.list, { tag }, ok));
  await client.mutation(rows.fill, { tag, count: 20 });
  const before = lists.at(-1) as Row[];
  await client.mutation(rows.patch, { tag, place: 7, fields: { rank: -1 } });
  const after = lists.at(-1) as Row[];
  expect(after.filter((row) => before.includes(row))).toHaveLength(shared);
  expect(after[0]).toEqual({ ...before[7], rank: -1 });
  // Inside of the row that changed, what did not change.
  expect(after[0]?.tags === before[7]?.tags).toBe(sharesValues);
  await client.close();
});

function byName(a: Row, b: Row): number {
  return a.name < b.name ? 1 : -1;
}

test("a list that the app sorts in place does not disturb the next one", async () => {
  const tag = newTag();
  const { client } = openLeanClient(server.url);
  const lists = resultsOf<Row[]>((ok) => client.onUpdate(rows.list, { tag }, (list) => ok(list.sort(byName))));
  await client.mutation(rows.fill, { tag, count: 10 });
  await client.mutation(rows.patch, { tag, place: 3, fields: { name: "changed" } });
  const truth = await openHttpClient(server.url).query(rows.list, { tag });
  expect(lists.at(-1)).toEqual(truth.sort(byName));
  await client.close();
});

test("a restarted server goes on, and rows keep their identity across it", async () => {
  const own = await openRowsServer();
  const tag = newTag();
  const { client, socket } = openLeanClient(own.url);
  const lists = resultsOf<Row[]>((ok) => client.onUpdate(rows.list, { tag }, ok));
  await client.mutation(rows.fill, { tag, count: 20 });
  const before = lists.at(-1) as Row[];
  await own.restart();
  const writer = openHttpClient(own.url);
  await writer.mutation(rows.patch, { tag, place: 4, fields: { name: "after" } });
  await expect.poll(() => (online(client), (lists.at(-1) as Row[])[4]?.name), { timeout: 10_000 }).toBe("after");
  expect((lists.at(-1) as Row[]).filter((row) => before.includes(row))).toHaveLength(19);
  const { deltas } = socket.stats;
  await client.mutation(rows.patch, { tag, place: 4, fields: { name: "later" } });
  expect((lists.at(-1) as Row[])[4]?.name).toBe("later");
  expect(socket.stats.deltas).toBe(deltas + 1);
  await client.close();
  await own.close();
});

test("connections that break anywhere lead to what is true", { timeout: 60_000 }, async () => {
  const budgets = fc.sample(fc.integer({ min: 400, max: 30_000 }), { numRuns: 8, seed: 7 });
  const proxy = await CuttingProxy.open(server.url, () => budgets.shift() ?? 1e9);
  const tag = newTag();
  const { client } = openLeanClient(proxy.url);
  const lists = resultsOf<Row[]>((ok) => client.onUpdate(rows.list, { tag }, ok));
  const http = openHttpClient(server.url);
  await http.mutation(rows.fill, { tag, count: 20 });
  for (let n = 0; n < 60; n++) {
    await http.mutation(rows.patch, { tag, place: n, fields: { name: `name ${n}`, rank: (n * 7) % 20 } });
    online(client);
  }
  const truth = await http.query(rows.list, { tag });
  await expect.poll(() => (online(client), lists.at(-1)), { timeout: 30_000 }).toEqual(truth);
  expect(proxy.cuts).toBeGreaterThan(2);
  await client.close();
  proxy.close();
});

test.each([
  { name: "in pieces", options: { limits: { ...CONVEX_LIMITS, transitionChunkBytes: 500 } }, speaks: true },
  { name: "compressed", options: { compresses: true }, speaks: true },
  { name: "redacted", options: { redacts: true }, speaks: true },
  { name: "with no memory for deltas", options: { deltaBytesMax: 2_000 }, speaks: false },
  { name: "by a server that speaks no deltas", options: { deltaBytesMax: 0 }, speaks: false },
])("values that are sent $name arrive", async ({ options, speaks }) => {
  const own = await openRowsServer(options);
  const tag = newTag();
  const { client, socket } = openLeanClient(own.url);
  const lists = resultsOf<Row[]>((ok) => client.onUpdate(rows.list, { tag }, ok));
  await client.mutation(rows.fill, { tag, count: 30 });
  for (let n = 0; n < 5; n++) {
    await client.mutation(rows.patch, { tag, place: n, fields: { name: `${n}é`, note: "n".repeat(600) } });
    expect((lists.at(-1) as Row[])[n]?.name).toBe(`${n}é`);
  }
  expect(socket.stats.deltas).toBe(speaks ? 5 : 0);
  await client.close();
  await own.close();
});

test("compression is negotiated only with a server that wants it", async () => {
  for (const compresses of [true, false]) {
    const own = await openRowsServer({ compresses });
    const socket = new WebSocket(`${own.url.replace("http", "ws")}/api/1.48.0/sync`);
    await new Promise((resolve) => socket.once("open", resolve));
    expect(socket.extensions).toBe(compresses ? "permessage-deflate" : "");
    socket.close();
    await own.close();
  }
});

test("what nobody holds any more is not kept by the server", async () => {
  const own = await openRowsServer();
  const tag = newTag();
  const first = openLeanClient(own.url);
  const second = openLeanClient(own.url);
  const stop = first.client.onUpdate(rows.list, { tag }, () => undefined);
  second.client.onUpdate(rows.list, { tag }, () => undefined);
  await first.client.mutation(rows.fill, { tag, count: 5 });
  await expect.poll(() => own.http.deltas?.values).toBe(1);
  stop();
  await second.client.close();
  await expect.poll(() => own.http.deltas?.bytes).toBe(0);
  await first.client.close();
  await own.close();
});

test("clients share differences, also of results that come from another thread", async () => {
  const own = await openRowsServer({}, true);
  const tag = newTag();
  const clients = Array.from({ length: 5 }, () => openLeanClient(own.url).client);
  const http = openHttpClient(own.url);
  await http.mutation(rows.fill, { tag, count: 9 });
  const all = clients.map((client) => resultsOf<Row[]>((ok) => client.onUpdate(rows.list, { tag }, ok)));
  const names = (): unknown[] => all.map((lists) => (lists.at(-1) as Row[] | undefined)?.[3]?.name);
  await expect.poll(names).toEqual(Array<string>(5).fill("row 3"));
  for (let n = 0; n < 3; n++) {
    await http.mutation(rows.patch, { tag, place: 3, fields: { name: `name ${n}` } });
    await expect.poll(names).toEqual(Array<string>(5).fill(`name ${n}`));
  }
  expect(own.http.deltas).toMatchObject({ values: 1, computed: 3, parsedWhole: 1 });
  await Promise.all(clients.map((client) => client.close()));
  await own.close();
});

test("an optimistic update gives way to the server's value", async () => {
  const tag = newTag();
  const { client } = openLeanClient(server.url);
  const lists = resultsOf<Row[]>((ok) => client.onUpdate(rows.list, { tag }, ok));
  await client.mutation(rows.fill, { tag, count: 3 });
  const before = lists.at(-1) as Row[];
  const guess: Row = { ...(before[1] as Row), name: "guessed" };
  await client.mutation(
    rows.patch,
    { tag, place: 1, fields: { name: "patched" } },
    { optimisticUpdate: (store) => store.setQuery(rows.list, { tag }, before.with(1, guess)) },
  );
  const names = lists.map((list) => (list as Row[])[1]?.name);
  expect([...new Set(names)].slice(-3)).toEqual(["row 1", "guessed", "patched"]);
  expect((lists.at(-1) as Row[])[0]).toBe(before[0]);
  await client.close();
});

test.each(["", "?deltas=2", "?delta=1"])("nothing of deltas is said to a socket that asks %j", async (query) => {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/api/1.48.0/sync${query}`);
  const frames: string[] = [];
  socket.on("message", (data: Buffer) => frames.push(data.toString()));
  await new Promise((resolve) => socket.once("open", resolve));
  const tag = newTag();
  const query1 = { type: "Add", queryId: 0, udfPath: "rows:list", args: [{ tag }] };
  const say = (message: object): void => socket.send(JSON.stringify(message));
  say({ type: "Connect", sessionId: crypto.randomUUID(), connectionCount: 0, lastCloseReason: null });
  say({ type: "ModifyQuerySet", baseVersion: 0, newVersion: 1, modifications: [query1] });
  const http = openHttpClient(server.url);
  await http.mutation(rows.fill, { tag, count: 9 });
  await http.mutation(rows.patch, { tag, place: 3, fields: { name: "changed" } });
  await expect.poll(() => frames.at(-1)).toContain('"changed"');
  expect(frames.join("")).not.toMatch(/DeltasOn|QueryDelta/);
  expect(frames.at(-1)).toContain('"row 8"');
  socket.close();
});

test("a host without WebSocket must be given one", () => {
  expect(() => deltaSocket({ webSocket: null })).toThrow(
    "Cannot make a socket: this host has no WebSocket; should be given as option webSocket",
  );
});
