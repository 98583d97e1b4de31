import type { ConvexClient } from "convex/browser";
import { ConvexError } from "convex/values";
import { WebSocket } from "ws";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { items, openClient, openReactClient, resultsOf, setAdmin } from "./testing/clients.ts";
import { openTestServer, type TestServer } from "../testing/network-server.ts";
import { eventually } from "./testing/eventually.ts";

let server: TestServer;
let client: ConvexClient;
let tag: string;
let tags = 0;

beforeAll(async () => {
  server = await openTestServer();
});
beforeEach(() => {
  tags += 1;
  tag = `tag ${tags}`;
  client = openClient(server.url);
});
afterEach(() => client.close());
afterAll(() => server.close());

test("a client reads its own writes as soon as they are answered", async () => {
  const lists = resultsOf<number[]>((callback) => client.onUpdate(items.list, { tag }, callback));
  for (let n = 0; n < 5; n += 1) {
    expect(await client.mutation(items.add, { tag, n })).toBe(n);
    expect(lists.at(-1)?.at(-1)).toBe(n);
  }
});

test("a mutation is answered with nothing subscribed", async () => {
  expect(await client.mutation(items.nothing, {})).toBeNull();
  expect(await client.mutation(items.add, { tag, n: 1 })).toBe(1);
});

test("what one client writes another sees, in order", async () => {
  const other = openClient(server.url);
  const lists = resultsOf<number[]>((callback) => other.onUpdate(items.list, { tag }, callback));
  const sent = Array.from({ length: 30 }, (_, n) => n);
  await Promise.all(sent.map((n) => client.mutation(items.add, { tag, n })));
  await eventually(() => lists.at(-1)).toEqual(sent);
  for (const list of lists) expect(list).toEqual(sent.slice(0, list.length));
  await other.close();
});

test("queries that are asked together are shown at one moment", async () => {
  const seen: { readonly list: number; readonly count: number }[] = [];
  const base = client.client;
  base.subscribe("items:list", { tag });
  base.subscribe("items:count", { tag });
  base.addOnTransitionHandler(() => {
    const list = base.localQueryResult("items:list", { tag }) as number[] | undefined;
    const count = base.localQueryResult("items:count", { tag }) as number | undefined;
    if (list !== undefined && count !== undefined) seen.push({ list: list.length, count });
  });
  for (let n = 0; n < 20; n += 1) await client.mutation(items.add, { tag, n });
  await eventually(() => seen.at(-1)?.count).toBe(20);
  for (const { list, count } of seen) expect(list).toBe(count);
});

test("an optimistic update gives way to the result without a step back", async () => {
  const react = openReactClient(server.url);
  const watch = react.watchQuery(items.list, { tag });
  const lists: (number[] | undefined)[] = [];
  watch.onUpdate(() => lists.push(watch.localQueryResult()));
  await eventually(() => lists.at(-1)).toEqual([]);
  for (let n = 1; n <= 10; n += 1) {
    await react.mutation(
      items.add,
      { tag, n },
      {
        optimisticUpdate: (store, args) =>
          store.setQuery(items.list, { tag }, [...(store.getQuery(items.list, { tag }) ?? []), args.n]),
      },
    );
  }
  const sizes = lists.map((list) => list?.length ?? -1);
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  expect(lists.at(-1)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  await react.close();
});

test("an optimistic update of a mutation that fails is taken back", async () => {
  const react = openReactClient(server.url);
  const watch = react.watchQuery(items.count, { tag });
  const counts: (number | undefined)[] = [];
  watch.onUpdate(() => counts.push(watch.localQueryResult()));
  await eventually(() => counts.at(-1)).toBe(0);
  const refused = react.mutation(
    items.refuse,
    { n: 1 },
    { optimisticUpdate: (store) => store.setQuery(items.count, { tag }, 99) },
  );
  await expect(refused).rejects.toThrow();
  expect(counts).toEqual([0, 99, 0]);
  await react.close();
});

test("pages are loaded one by one and stay true", async () => {
  for (let n = 0; n < 10; n += 1) await client.mutation(items.add, { tag, n });
  const pages = resultsOf<{ results: number[]; status: string; loadMore: (count: number) => boolean }>((callback) =>
    client.onPaginatedUpdate_experimental(
      items.page as never,
      { tag } as never,
      { initialNumItems: 3 },
      callback as never,
    ),
  );
  await eventually(() => pages.at(-1)).toMatchObject({ results: [0, 1, 2], status: "CanLoadMore" });
  pages.at(-1)?.loadMore(4);
  await eventually(() => pages.at(-1)).toMatchObject({ results: [0, 1, 2, 3, 4, 5, 6], status: "CanLoadMore" });
  pages.at(-1)?.loadMore(10);
  await eventually(() => pages.at(-1)).toMatchObject({ results: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], status: "Exhausted" });
  await client.mutation(items.add, { tag, n: 10 });
  await eventually(() => pages.at(-1)?.results.at(-1)).toBe(10);
});

test("actions run, and what they write is shown", async () => {
  const counts = resultsOf<number>((callback) => client.onUpdate(items.count, { tag }, callback));
  expect(await client.action(items.double, { n: 4 })).toBe(8);
  expect(await client.action(items.addByAction, { tag, n: 1 })).toBe(1);
  await eventually(() => counts.at(-1)).toBe(1);
});

test("errors arrive as they were thrown, with their data", async () => {
  const refused = await client.mutation(items.refuse, { n: 5 }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ConvexError);
  expect((refused as ConvexError<{ n: number }>).data).toEqual({ code: "refused", n: 5 });
  await expect(client.action(items.refuseByAction, {})).rejects.toThrow("ConvexError");
  const query = await client.query(items.refuses, { n: 6 }).catch((error: unknown) => error);
  expect((query as ConvexError<{ n: number }>).data).toEqual({ n: 6 });
  await expect(client.query(items.secret, {})).rejects.toThrow("Could not find public function for 'items:secret'");
  await expect(client.mutation(items.add, { tag, n: "x" as never })).rejects.toThrow("ArgumentValidationError");
  expect(await client.mutation(items.add, { tag, n: 1 })).toBe(1);
});

test("an admin sees what is internal, and acts as a user", async () => {
  setAdmin(client, server.adminKey);
  expect(await client.query(items.secret, {})).toBe("secret");
  setAdmin(client, server.adminKey, { subject: "s", issuer: "https://i.example", tokenIdentifier: "t" });
  expect(await client.query(items.whoAmI, {})).toBe("t");
});

test("a wrong admin key leaves a client that works as nobody", async () => {
  const counts = resultsOf<number>((callback) => client.onUpdate(items.count, { tag }, callback));
  setAdmin(client, "narrowcast|wrong");
  expect(await client.mutation(items.add, { tag, n: 1 })).toBe(1);
  await eventually(() => counts.at(-1)).toBe(1);
  await expect(client.query(items.secret, {})).rejects.toThrow("Could not find public function");
});

test("a token that nobody can check is given up, and the client works as nobody", async () => {
  const changes: boolean[] = [];
  const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString("base64url");
  const token = `${part({ alg: "RS256" })}.${part({ sub: "s", iat: 1, exp: 9_999_999_999 })}.sig`;
  client.setAuth(
    async () => token,
    (isAuthenticated) => changes.push(isAuthenticated),
  );
  await eventually(() => changes.at(-1)).toBe(false);
  expect(await client.mutation(items.add, { tag, n: 1 })).toBe(1);
  expect(await client.query(items.whoAmI, {})).toBeNull();
});

test("a transition over 5 MB arrives in parts", async () => {
  const types: string[] = [];
  class Watched extends WebSocket {
    constructor(url: string) {
      super(url);
      this.on("message", (data: Buffer) => types.push((JSON.parse(data.toString()) as { type: string }).type));
    }
  }
  const watched = openClient(server.url, { webSocketConstructor: Watched as never });
  const texts = resultsOf<string>((callback) => watched.onUpdate(items.text, { tag }, callback));
  // In JSON and UTF-8 this is 7 bytes.
  const unit = 'ä"\\x';
  await watched.mutation(items.setText, { tag, unit, times: 900_000 });
  expect(texts.at(-1)).toBe(unit.repeat(900_000));
  expect(types.filter((type) => type === "TransitionChunk")).toHaveLength(4);
  await watched.close();
});

test("no defect was met on the way", () => {
  expect(server.errors).toEqual([]);
});
