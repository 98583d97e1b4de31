import { ConvexClient } from "convex/browser";
import { anyApi } from "convex/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LedgerReport } from "../protocol/ledger-report.ts";
import { openTestServer, type TestServer } from "../testing/network-server.ts";
import { request } from "../testing/request.ts";

let server: TestServer;
let headers: { authorization: string };

beforeAll(async () => {
  server = await openTestServer();
  headers = { authorization: `Convex ${server.adminKey}` };
});
afterAll(() => server.close());

async function ledger(query = ""): Promise<LedgerReport> {
  const reply = await request(`${server.url}/api/narrowcast/ledger${query}`, { headers });
  expect(reply.status).toBe(200);
  return reply.json as LedgerReport;
}

test("the ledger accounts for a client's subscription, its mutation, the bytes it was sent, and an action", async () => {
  const client = new ConvexClient(server.url, { unsavedChangesWarning: false, logger: false });
  const { items } = anyApi;
  const seen: unknown[] = [];
  client.onUpdate(items!["list"]!, { tag: "metered" }, (value) => void seen.push(value));
  await expect.poll(() => seen.length).toBe(1);
  await client.mutation(items!["add"]!, { tag: "metered", n: 7 });
  await expect.poll(() => seen.length).toBe(2);
  await client.action(items!["double"]!, { n: 2 });
  await client.close();
  const { functions, subscriptions, pairs, totals } = await ledger();
  const line = (name: string) => functions.rows.find((row) => row.name === name)?.account;
  expect(line("items:list")).toMatchObject({ runs: 2, firstRuns: 1, reruns: 1, sends: 2, convexCalls: 2 });
  expect(line("items:add")).toMatchObject({ runs: 1, documentsWritten: 1 });
  expect(line("items:double")).toMatchObject({ runs: 1, documents: 0 });
  const subscription = subscriptions.rows.find(({ name }) => name === 'items:list {"tag":"metered"}');
  // `[]` and `[7.0]` with the frame around them; no deltas were asked for.
  expect(subscription?.account.bytesSent).toBeGreaterThan(100);
  expect(subscription?.account.bytesSent).toBe(subscription?.account.convexBytesSent);
  expect(pairs.rows).toContainEqual(
    expect.objectContaining({ name: "items:add → items:list", causePaths: { "items.by_tag (insert)": 1 } }),
  );
  expect(totals.bytesSent).toBeGreaterThan(subscription?.account.bytesSent ?? Infinity);
});

test("lines and recent runs are bounded on request", async () => {
  const report = await ledger("?rows=1&recent=1");
  expect(report.functions.rows).toHaveLength(1);
  expect(report.recent).toHaveLength(1);
  expect((await ledger("?recent=0")).recent).toEqual([]);
  const refused = await request(`${server.url}/api/narrowcast/ledger?rows=-1`, { headers });
  expect(refused).toMatchObject({ status: 400, json: { code: "BadRequest" } });
});

test("the ledger is for admins; metrics give totals to everybody and names to admins", async () => {
  expect(await request(`${server.url}/api/narrowcast/ledger`)).toMatchObject({ status: 403 });
  const open = await request(`${server.url}/metrics`);
  expect(open.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(open.text).toMatch(/^narrowcast_runs_total [1-9]/m);
  expect(open.text).not.toContain("items");
  const named = await request(`${server.url}/metrics`, { headers });
  expect(named.text).toMatch(/^narrowcast_function_calls_total\{function="items:list",rules="convex"\} 2$/m);
  expect(named.text).toMatch(/^narrowcast_table_documents_written_total\{table="items"\} 1$/m);
});

test("metrics are text that Prometheus reads", async () => {
  const { text } = await request(`${server.url}/metrics`, { headers });
  const typed = new Set<string>();
  for (const line of text.trimEnd().split("\n")) {
    const [, type] = /^# TYPE (\S+) counter$/.exec(line) ?? [];
    if (type !== undefined) {
      expect(typed).not.toContain(type);
      typed.add(type);
    } else if (!line.startsWith("# HELP ")) {
      const [, name] = /^([a-z_]+)(?:\{[a-z]+="(?:[^"\\\n]|\\.)*"(?:,[a-z]+="[^"]*")*\})? [0-9.e+-]+$/.exec(line) ?? [];
      expect(typed, line).toContain(name);
    }
  }
});

test("a deployment without metering says so", async () => {
  const bare = await openTestServer({}, { isMetered: false });
  try {
    const reply = await request(`${bare.url}/metrics`);
    expect(reply).toMatchObject({ status: 404, json: { code: "MeteringOff" } });
  } finally {
    await bare.close();
  }
});
