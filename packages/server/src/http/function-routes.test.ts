import { CONVEX_LIMITS, tsFromWire, tsToWire } from "@narrowcast/values";
import { ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import { ConvexError } from "convex/values";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { items } from "../sync/testing/clients.ts";
import { openTestServer, type TestServer } from "../testing/network-server.ts";
import { request, type Reply } from "../testing/request.ts";

/** A token that is read and not verified: nobody issues it. */
const UNSIGNED = [{ alg: "RS256" }, { iss: "https://issuer.example", sub: "s" }, "signature"]
  .map((part) => Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url"))
  .join(".");

let server: TestServer;
let tag: string;
let tags = 0;

beforeAll(async () => {
  server = await openTestServer();
});
beforeEach(() => {
  tags += 1;
  tag = `tag ${tags}`;
});
afterAll(() => server.close());

function post(path: string, body: unknown, headers: { [name: string]: string } = {}): Promise<Reply> {
  return request(`${server.url}${path}`, { body, headers });
}

function admin(): { [name: string]: string } {
  return { authorization: `Convex ${server.adminKey}` };
}

test("queries, mutations and actions are called", async () => {
  expect((await post("/api/mutation", { path: "items:add", args: { tag, n: 1 } })).text).toBe(
    `{"status":"success","value":1}`,
  );
  expect((await post("/api/mutation", { path: "items.js:add", args: [{ tag, n: 2 }] })).json).toMatchObject({
    value: 2,
  });
  expect((await post("/api/query", { path: "items:list", args: { tag } })).text).toBe(
    `{"status":"success","value":[1,2]}`,
  );
  expect((await post("/api/action", { path: "items:addByAction", args: { tag, n: 3 } })).text).toBe(
    `{"status":"success","value":3}`,
  );
  const query = new URLSearchParams({ path: "items:list", args: JSON.stringify({ tag }), format: "json" });
  expect((await request(`${server.url}/api/query?${query.toString()}`)).text).toBe(
    `{"status":"success","value":[1,2,3]}`,
  );
});

test("answers are JSON and say so", async () => {
  const reply = await post("/api/query", { path: "items:list", args: { tag } });
  expect(reply.status).toBe(200);
  expect(reply.headers.get("content-type")).toBe("application/json");
});

test("failures of functions are answers, with their log lines and data", async () => {
  const refused = await post("/api/mutation", { path: "items:refuse", args: { n: 3 } });
  expect(refused.status).toBe(200);
  expect(refused.json).toEqual({
    status: "error",
    errorMessage: expect.stringMatching(/^\[Request ID: [0-9a-f]{16}\] Server Error\nUncaught ConvexError: /),
    errorData: { code: "refused", n: 3 },
  });
  expect((await post("/api/query", { path: "items:broken", args: { n: 3 } })).json).toEqual({
    status: "error",
    errorMessage: expect.stringContaining("Uncaught Error: broken 3\n    at "),
  });
  expect((await post("/api/query", { path: "items:logged", args: {} })).json).toEqual({
    status: "success",
    value: { $integer: "AQAAAAAAAAA=" },
    logLines: ["[LOG] 'hi'", "[WARN] { a: 1 }"],
  });
  expect((await post("/api/query", { path: "items:gone", args: {} })).json).toMatchObject({
    errorMessage: expect.stringContaining("Could not find public function for 'items:gone'"),
  });
  expect((await post("/api/query", { path: "items:count", args: { tag: 1 } })).json).toMatchObject({
    errorMessage: expect.stringContaining("ArgumentValidationError"),
  });
});

test.each([
  {
    format: "convex_encoded_json",
    value: {
      big: { $integer: "BwAAAAAAAAA=" },
      bytes: { $bytes: "AQI=" },
      nan: { $float: "AAAAAAAA+H8=" },
      zero: { $float: "AAAAAAAAAIA=" },
    },
  },
  {
    format: "convex_json",
    value: {
      big: { $integer: "BwAAAAAAAAA=" },
      bytes: { $bytes: "AQI=" },
      nan: { $float: "AAAAAAAA+H8=" },
      zero: { $float: "AAAAAAAAAIA=" },
    },
  },
  { format: "json", value: { big: "7", bytes: "AQI=", nan: "NaN", zero: 0 } },
  { format: "convex_clean_json", value: { big: "7", bytes: "AQI=", nan: "NaN", zero: 0 } },
])("values are written as $format", async ({ format, value }) => {
  const args = { big: { $integer: "BwAAAAAAAAA=" }, bytes: { $bytes: "AQI=" } };
  expect((await post("/api/query", { path: "items:typed", args, format })).json).toEqual({ status: "success", value });
});

test("/api/run names the function by its path, and writes plain JSON", async () => {
  expect((await post("/api/run/items/add", { args: { tag, n: 4 } })).json).toEqual({ status: "success", value: 4 });
  const args = { big: { $integer: "BwAAAAAAAAA=" }, bytes: { $bytes: "" } };
  expect((await post("/api/run/items/typed", { args })).json).toMatchObject({ value: { big: "7" } });
  expect((await post("/api/run/items/double", { args: { n: 4 } })).json).toMatchObject({ value: 8 });
  expect((await post("/api/run/items/secret", { args: {} })).json).toMatchObject({ status: "error" });
  expect((await post("/api/run/items/%E0%A4%A", { args: {} })).json).toMatchObject({ code: "BadRequest" });
});

test("/api/function calls anything, for admins", async () => {
  const body = { path: "items:secret", args: {} };
  expect(await post("/api/function", body)).toMatchObject({ status: 403, json: { code: "Forbidden" } });
  expect((await post("/api/function", body, admin())).json).toEqual({ status: "success", value: "secret" });
  expect((await post("/api/function", { path: "items:double", args: { n: 1 } }, admin())).json).toMatchObject({
    value: 2,
  });
  expect((await post("/api/function", { path: "items:add", args: { tag, n: 1 } }, admin())).json).toMatchObject({
    value: 1,
  });
  expect(
    (await request(`${server.url}/api/function?adminKey=${encodeURIComponent(server.adminKey)}`, { body })).json,
  ).toMatchObject({ value: "secret" });
});

test("a batch is answered at one ts, each in its format", async () => {
  await post("/api/mutation", { path: "items:add", args: { tag, n: 5 } });
  const queries = [
    { path: "items:list", args: { tag } },
    { path: "items:refuses", args: { n: 1 } },
    { path: "items:logged", args: {}, format: "json" },
  ];
  expect((await post("/api/query_batch", { queries })).json).toEqual({
    results: [
      { status: "success", value: [5] },
      { status: "error", errorMessage: expect.any(String), errorData: { n: 1 } },
      { status: "success", value: "1", logLines: expect.any(Array) },
    ],
  });
  expect((await post("/api/query_batch", { queries: [] })).json).toEqual({ results: [] });
});

test("queries at a ts see its state while others commit, through Convex's own client", async () => {
  const add = async (n: number) => (await post("/api/mutation", { path: "items:add", args: { tag, n } })).json;
  await add(1);
  const client = new ConvexHttpClient(server.url);
  const list = () => client.consistentQuery(anyApi["items"]!["list"] as never, { tag } as never) as Promise<number[]>;
  const count = () => client.consistentQuery(anyApi["items"]!["count"] as never, { tag } as never) as Promise<number>;
  expect(await list()).toEqual([1]);
  for (const n of [2, 3]) expect(await add(n)).toMatchObject({ status: "success" });
  expect([await count(), await list(), await count()]).toEqual([1, [1], 1]);
  // Nothing of it stays: neither for others nor for what is written next.
  expect((await post("/api/query", { path: "items:list", args: { tag } })).json).toMatchObject({ value: [1, 2, 3] });
  await add(4);
  const later = new ConvexHttpClient(server.url);
  expect(await later.consistentQuery(anyApi["items"]!["list"] as never, { tag } as never)).toEqual([1, 2, 3, 4]);
  expect(await list()).toEqual([1]);
});

test("a query at a ts that is too old, or was never given, says so", async () => {
  const { ts } = (await post("/api/query_ts", {})).json as { ts: string };
  await post("/api/mutation", { path: "items:add", args: { tag, n: 5 } });
  const at = (text: string) => post("/api/query_at_ts", { path: "items:count", args: { tag }, ts: text });
  expect((await at(ts)).json).toMatchObject({ status: "success", value: 0 });
  for (const other of [tsToWire(1), tsToWire(tsFromWire(ts) + 1e12)])
    expect(await at(other)).toMatchObject({ status: 503, json: { code: "OutOfRetention" } });
  // A state before a change of variables cannot be read any more.
  await server.deployment.setEnvironment([{ name: "PAST", value: "x" }]);
  expect(await at(ts)).toMatchObject({ status: 503, json: { code: "OutOfRetention" } });
});

test("an admin acts as a user, by key and claims in base64", async () => {
  const claims = { subject: "s", issuer: "https://i.example" };
  const base64 = Buffer.from(JSON.stringify(claims)).toString("base64");
  const body = { path: "items:whoAmI", args: {} };
  for (const key of [server.adminKey, `prod:${server.adminKey}`]) {
    const reply = await post("/api/query", body, { authorization: `Convex ${key}:${base64}` });
    expect(reply.json).toEqual({ status: "success", value: "https://i.example|s" });
  }
  expect((await post("/api/query", body, admin())).json).toEqual({ status: "success", value: null });
});

const CLAIMS = (json: string): string => Buffer.from(json).toString("base64");

test.each([
  { name: "a wrong key", header: () => "Convex narrowcast|00", status: 401, code: "BadAdminKey" },
  { name: "the key of another instance", header: (key: string) => `Convex x${key}`, status: 401, code: "BadAdminKey" },
  {
    name: "a key without a name",
    header: (key: string) => `Convex ${key.split("|")[1] ?? ""}`,
    status: 401,
    code: "BadAdminKey",
  },
  { name: "no token", header: () => "Bearer a.b.c", status: 401, code: "InvalidAuthHeader" },
  { name: "a token of nobody", header: () => `Bearer ${UNSIGNED}`, status: 401, code: "NoAuthProvider" },
  { name: "another scheme", header: () => "Basic YTpi", status: 401, code: "InvalidAuthHeader" },
  {
    name: "claims that are no JSON",
    header: (key: string) => `Convex ${key}:%%%`,
    status: 401,
    code: "InvalidAuthHeader",
  },
  {
    name: "claims that are no object",
    header: (key: string) => `Convex ${key}:${CLAIMS("5")}`,
    status: 401,
    code: "InvalidAuthHeader",
  },
  {
    name: "claims of nobody",
    header: (key: string) => `Convex ${key}:${CLAIMS("{}")}`,
    status: 400,
    code: "InvalidIdentity",
  },
])("$name is refused", async ({ header, status, code }) => {
  const reply = await post(
    "/api/query",
    { path: "items:whoAmI", args: {} },
    { authorization: header(server.adminKey) },
  );
  expect(reply).toMatchObject({ status, json: { code, message: expect.any(String) } });
});

test.each([
  { name: "no JSON", path: "/api/query", body: "{", status: 400, code: "BadJsonBody" },
  { name: "no object", path: "/api/mutation", body: "[]", status: 400, code: "BadJsonBody" },
  { name: "nothing", path: "/api/action", body: "", status: 400, code: "BadJsonBody" },
  { name: "no path", path: "/api/query", body: { args: {} }, status: 400, code: "BadRequest" },
  {
    name: "two arguments",
    path: "/api/query",
    body: { path: "items:list", args: [{}, {}] },
    status: 400,
    code: "InvalidArguments",
  },
  {
    name: "arguments that are no object",
    path: "/api/query",
    body: { path: "items:list", args: 4 },
    status: 400,
    code: "InvalidArguments",
  },
  {
    name: "arguments that are no values",
    path: "/api/query",
    body: { path: "items:list", args: { $a: 1 } },
    status: 400,
    code: "InvalidArguments",
  },
  {
    name: "an unknown format",
    path: "/api/query",
    body: { path: "items:list", format: "constructor" },
    status: 400,
    code: "BadRequest",
  },
  {
    name: "a component",
    path: "/api/query",
    body: { path: "items:list", componentPath: { a: 1 } },
    status: 400,
    code: "BadRequest",
  },
  { name: "no list of queries", path: "/api/query_batch", body: { queries: 1 }, status: 400, code: "BadRequest" },
  {
    name: "queries that are none",
    path: "/api/query_batch",
    body: { queries: [null, 1] },
    status: 400,
    code: "BadRequest",
  },
  { name: "no ts", path: "/api/query_at_ts", body: { path: "items:list" }, status: 400, code: "BadRequest" },
  {
    name: "a ts that is none",
    path: "/api/query_at_ts",
    body: { path: "items:list", ts: "?" },
    status: 400,
    code: "BadRequest",
  },
])("$name in a body for $path is a bad request", async ({ path, body, status, code }) => {
  expect(await post(path, body)).toMatchObject({ status, json: { code, message: expect.any(String) } });
});

test("a body that is too long is refused, and said so", async () => {
  const body = Buffer.alloc(CONVEX_LIMITS.httpBodyBytesMax + 1, " ");
  expect(await post("/api/mutation", body)).toMatchObject({ status: 413, json: { code: "RequestTooLarge" } });
  const chunked = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (let i = 0; i < 20; i += 1) controller.enqueue(Buffer.alloc(1_048_576, " "));
      controller.close();
    },
  });
  const response = await fetch(`${server.url}/api/mutation`, {
    method: "POST",
    body: chunked,
    duplex: "half",
  });
  expect(response.status).toBe(413);
});

/** What the client has and its types hide. */
interface AdminClient {
  setAdminAuth(key: string, user: { readonly [claim: string]: string }): void;
  function(reference: unknown, componentPath: undefined, args: object): Promise<unknown>;
}

test("the HTTP client of Convex works", async () => {
  const client = new ConvexHttpClient(server.url) as ConvexHttpClient & AdminClient;
  expect(await client.mutation(items.add, { tag, n: 1 })).toBe(1);
  expect(await client.query(items.list, { tag })).toEqual([1]);
  expect(await client.consistentQuery(items.count, { tag })).toBe(1);
  expect(await client.action(items.double, { n: 3 })).toBe(6);
  const refused = await client.mutation(items.refuse, { n: 9 }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ConvexError);
  expect((refused as ConvexError<{ code: string; n: number }>).data).toEqual({ code: "refused", n: 9 });
  await expect(client.query(items.secret, {})).rejects.toThrow("Could not find public function");
  client.setAdminAuth(server.adminKey, { subject: "s", issuer: "https://i.example", tokenIdentifier: "t" });
  expect(await client.query(items.whoAmI, {})).toBe("t");
  expect(await client.function(items.secret, undefined, {})).toBe("secret");
});

test("messages and logs are hidden from all but admins where that is asked for", async () => {
  const hiding = await openTestServer({ deployment: server.deployment, redacts: true });
  const body = { path: "items:broken", args: { n: 3 } };
  const reply = await request(`${hiding.url}/api/query`, { body });
  expect(reply.json).toEqual({
    status: "error",
    errorMessage: expect.stringMatching(/^\[Request ID: [0-9a-f]{16}\] Server Error$/),
  });
  const shown = await request(`${hiding.url}/api/query`, { body, headers: admin() });
  expect(shown.text).toContain("broken 3");
  await hiding.close();
});
