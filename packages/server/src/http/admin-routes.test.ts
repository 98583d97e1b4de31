import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { call } from "../sync/testing/call.ts";
import { openTestServer, type TestServer } from "../testing/network-server.ts";
import { startDeployment } from "../host/deployment.ts";
import { AdminKeys } from "./admin-keys.ts";
import { raw, request } from "../testing/request.ts";
import { eventually } from "../sync/testing/eventually.ts";

let server: TestServer;
let headers: { authorization: string };

beforeAll(async () => {
  server = await openTestServer();
  headers = { authorization: `Convex ${server.adminKey}` };
});
afterAll(() => server.close());

test.each([
  { path: "/", text: "This Convex deployment is running. See https://docs.convex.dev/." },
  { path: "/version", text: "1.48.0" },
  { path: "/instance_version", text: "1.48.0" },
  { path: "/instance_name", text: "narrowcast" },
  { path: "/health", text: '{"status":"ok"}' },
  {
    path: "/api/v1/get_canonical_urls",
    text: '{"convexCloudUrl":"http://cloud.test","convexSiteUrl":"http://site.test"}',
  },
])("GET $path tells $text", async ({ path, text }) => {
  expect(await request(`${server.url}${path}`)).toMatchObject({ status: 200, text });
  expect(await request(`${server.url}${path}`, { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
});

test("a deployment without functions is not healthy", async () => {
  const deployment = await startDeployment({ cloudUrl: "http://c", siteUrl: "http://s", threads: false });
  const empty = await openTestServer({ deployment });
  expect(await request(`${empty.url}/health`)).toMatchObject({ status: 503, json: { status: "no functions" } });
  await empty.close();
  await deployment.close();
});

test("a deployment whose disk takes nothing is healthy, and says that it only reads", async () => {
  const reason = "Cannot write: the disk is full (ENOSPC); reads go on";
  vi.spyOn(server.deployment, "obstacle").mockResolvedValueOnce(reason);
  expect(await request(`${server.url}/health`)).toMatchObject({ status: 200, json: { status: "read-only", reason } });
});

test.each([
  ["/api/push_config", /^Cannot push in the way of convex before 1\.13: .*narrowcast dev/u],
  ["/api/export/request/zip", /^Cannot export through the official CLI: .*narrowcast data/u],
  ["/api/import/start_upload", /^Cannot import through the official CLI/u],
  ["/api/perform_import", /^Cannot import through the official CLI/u],
])("POST %s says at once that it is not there, for a client that tries again after a 404", async (path, message) => {
  expect(await request(`${server.url}${path}`, { body: {}, headers })).toMatchObject({
    status: 400,
    json: { code: "NotSupported", message: expect.stringMatching(message) },
  });
});

test("/echo echoes", async () => {
  const reply = await request(`${server.url}/echo`, { body: "ä", headers: { "content-type": "text/x" } });
  expect(reply.text).toBe("ä");
  expect(reply.headers.get("content-type")).toBe("text/x");
});

test("an admin key is checked", async () => {
  const url = `${server.url}/api/check_admin_key`;
  expect(await request(url, { headers })).toMatchObject({
    status: 200,
    json: { success: true, allowedOps: null, isReadOnly: false },
  });
  expect(await request(url)).toMatchObject({ status: 403 });
  expect(await request(url, { headers: { authorization: "Convex narrowcast|x" } })).toMatchObject({ status: 401 });
});

test("environment variables are set, read and removed, all or none", async () => {
  const update = `${server.url}/api/update_environment_variables`;
  const list = async () => (await request(`${server.url}/api/list_environment_variables`, { headers })).json;
  const changes = [
    { name: "A", value: "1" },
    { name: "B", value: "2" },
  ];
  expect(await request(update, { body: { changes }, headers })).toMatchObject({ status: 200, text: "" });
  expect(await list()).toEqual({ environmentVariables: { A: "1", B: "2" } });
  await request(update, { body: { changes: [{ name: "A", value: null }, { name: "B" }] }, headers });
  expect(await list()).toEqual({ environmentVariables: {} });
  const bad = [
    { name: "C", value: "1" },
    { name: "not a name", value: "2" },
  ];
  expect(await request(update, { body: { changes: bad }, headers })).toMatchObject({
    status: 400,
    json: { code: "InvalidEnvironmentVariable" },
  });
  expect(await request(update, { body: { changes: [{ name: 1 }] }, headers })).toMatchObject({ status: 400 });
  expect(await list()).toEqual({ environmentVariables: {} });
  expect(await request(update, { body: { changes } })).toMatchObject({ status: 403 });
  expect(await request(`${server.url}/api/list_environment_variables`)).toMatchObject({ status: 403 });
});

test("the log is followed by a cursor", async () => {
  const read = async (cursor: number) => {
    const reply = await request(`${server.url}/api/stream_function_logs?cursor=${cursor}`, { headers });
    return reply.json as { entries: { [field: string]: unknown }[]; newCursor: number };
  };
  await server.deployment.query(call("logged", {}));
  const first = await read(0);
  expect(first.entries.at(-1)).toEqual({
    kind: "Completion",
    udfType: "Query",
    identifier: "items.js:logged",
    componentPath: null,
    logLines: [
      { messages: ["'hi'"], level: "LOG", timestamp: expect.any(Number), isTruncated: false, systemMetadata: null },
      {
        messages: ["{ a: 1 }"],
        level: "WARN",
        timestamp: expect.any(Number),
        isTruncated: false,
        systemMetadata: null,
      },
    ],
    timestamp: expect.any(Number),
    requestId: expect.stringMatching(/^[0-9a-f]{16}$/),
    executionId: expect.any(String),
    executionTime: expect.any(Number),
    success: {},
    error: null,
    caller: "HttpApi",
    parentExecutionId: null,
    identityType: null,
    environment: "isolate",
    cachedResult: false,
    returnBytes: expect.any(Number),
    usageStats: expect.objectContaining({ databaseReadDocuments: 0 }),
    occInfo: null,
    willRetry: false,
  });
  const waiting = read(first.newCursor);
  await server.deployment.query(call("broken", { n: 1 }));
  const [entry] = (await waiting).entries;
  expect(entry).toMatchObject({ success: null, error: expect.stringContaining("broken 1") });
  await request(`${server.siteUrl}/hello`);
  const http = (await read((await waiting).newCursor)).entries.find(({ udfType }) => udfType === "HttpAction");
  expect(http).toMatchObject({ identifier: "GET /hello", caller: "HttpEndpoint" });
  expect(await request(`${server.url}/api/stream_function_logs?cursor=x`, { headers })).toMatchObject({ status: 400 });
  expect(await request(`${server.url}/api/stream_function_logs`)).toMatchObject({ status: 403 });
});

test("unknown paths and methods are refused as Convex does", async () => {
  expect(await request(`${server.url}/nowhere`)).toMatchObject({ status: 404, json: { code: "NotFound" } });
  expect(await request(`${server.url}/api/mutation`)).toMatchObject({
    status: 405,
    json: { code: "MethodNotAllowed" },
  });
  expect(await request(`${server.url}/version`, { body: "x" })).toMatchObject({ status: 405 });
});

test("pages of any origin may call", async () => {
  const origin = "https://page.example";
  const asked = await request(`${server.url}/api/query`, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization,x-a" },
  });
  expect(asked.status).toBe(200);
  expect(Object.fromEntries(asked.headers)).toMatchObject({
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "authorization,x-a",
    "access-control-max-age": "86400",
    vary: "Origin",
  });
  const failed = await request(`${server.url}/api/query`, { body: "{", headers: { origin } });
  expect(failed.headers.get("access-control-allow-origin")).toBe(origin);
  expect((await request(`${server.url}/version`)).headers.get("access-control-allow-origin")).toBeNull();
});

test("an address that would be read two ways is refused", async () => {
  const reply = await raw(server.url, "GET /version HTTP/1.1\r\nHost: a/api/query?\r\nConnection: close\r\n\r\n");
  expect(reply).toMatch(/^HTTP\/1\.1 400 /);
  expect(await raw(server.url, "GET /a/../version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).toMatch(
    /1\.48\.0$/,
  );
  expect(await raw(server.url, "GET http://a/version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).toMatch(
    /1\.48\.0$/,
  );
});

test("more requests at once than allowed are turned away, but not those that wait for logs", async () => {
  const few = await openTestServer({ deployment: server.deployment, requestsMax: 1 });
  const { entries, newCursor } = (await request(`${few.url}/api/stream_function_logs`, { headers })).json as {
    entries: unknown[];
    newCursor: number;
  };
  expect(entries).toBeDefined();
  const waiting = request(`${few.url}/api/stream_function_logs?cursor=${newCursor}`, { headers });
  const sleeping = request(`${few.url}/api/action`, { body: { path: "items:sleep", args: { ms: 400 } } });
  await eventually(async () => (await request(`${few.url}/version`)).status).toBe(503);
  expect((await request(`${few.url}/version`)).json).toMatchObject({ code: "TooManyConcurrentRequests" });
  expect((await sleeping).json).toMatchObject({ value: 400 });
  expect(await request(`${few.url}/version`)).toMatchObject({ status: 200 });
  await waiting;
  await few.close();
});

test("stopping lets a call end and sends away who waits for logs", async () => {
  const stopping = await openTestServer({ deployment: server.deployment });
  const { newCursor } = (await request(`${stopping.url}/api/stream_function_logs`, { headers })).json as {
    newCursor: number;
  };
  const waiting = request(`${stopping.url}/api/stream_function_logs?cursor=${newCursor}`, { headers });
  const sleeping = request(`${stopping.url}/api/action`, { body: { path: "items:sleep", args: { ms: 300 } } });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await stopping.close();
  expect((await sleeping).json).toMatchObject({ value: 300 });
  expect((await waiting).json).toMatchObject({ entries: [] });
  await expect(request(`${stopping.url}/version`)).rejects.toThrow("fetch failed");
});

test("a port that is taken is an error, and nothing stays open", async () => {
  const { port } = new URL(server.siteUrl);
  await expect(openTestServer({ deployment: server.deployment, sitePort: Number(port) })).rejects.toThrow("EADDRINUSE");
});

test("keys are the same again while the secret is, and only its owner may read that", () => {
  const directory = mkdtempSync(join(tmpdir(), "narrowcast-keys-"));
  try {
    const key = AdminKeys.open(directory).issue();
    expect(key).toMatch(/^narrowcast\|[0-9a-f]{64}$/);
    expect(statSync(join(directory, "admin-key")).mode & 0o777).toBe(0o600);
    expect(AdminKeys.open(directory).issue()).toBe(key);
    expect(AdminKeys.open(directory).check(key)).toBe(true);
    rmSync(join(directory, "admin-key"));
    expect(AdminKeys.open(directory).check(key)).toBe(false);
    writeFileSync(join(directory, "admin-key"), "abc");
    expect(() => AdminKeys.open(directory)).toThrow("should be 32 in hex");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("no defect was met on the way", () => {
  expect(server.errors).toEqual([]);
});
