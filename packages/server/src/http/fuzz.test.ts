/**
 * Requests that say anything, on every route: an answer as Convex's, never a crash. `FUZZ=…` for longer runs, `SEED=…` for the same
 * run again.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { SeededRandom } from "../isolate/seeded-random.ts";
import { openTestServer, type TestServer } from "../testing/network-server.ts";
import { ROUTES } from "./routes.ts";
import { raw, request } from "../testing/request.ts";

const RUNS = Number(process.env["FUZZ"] ?? "12");
const SEED = Number(process.env["SEED"] ?? "1");
const PATHS = [
  ...Object.keys(ROUTES),
  "/api/run/items/list",
  "/api/run/items/add/x",
  "/http/hello",
  "/http/echo/a",
  "/nowhere",
  "/api/run/",
  "/%",
];
const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"];

let server: TestServer;
let random: SeededRandom;

beforeAll(async () => {
  server = await openTestServer();
  random = new SeededRandom(SEED);
});
afterAll(() => server.close());

function pick<T>(from: readonly T[]): T {
  return from[Math.floor(random.float() * from.length)] as T;
}

const BODIES: readonly (() => string | undefined)[] = [
  () => undefined,
  () => "",
  () => "{",
  () => "null",
  () => "[]",
  () => '"x"',
  () => "\u0000\ufffd",
  () =>
    JSON.stringify({
      path: pick(["items:list", "items:add", "", ":", "a/../b", "_system/x", "items:list:x", "%", 5, null]),
      args: pick([{}, [{}], [], [1], null, "x", { tag: "a" }, { $x: 1 }, [{ tag: { $integer: "z" } }]]),
      format: pick([undefined, "json", "x", 5, "__proto__"]),
    }),
  () => JSON.stringify({ queries: pick([[], [{}], [null], 5, [{ path: "items:list", args: { tag: "a" } }]]) }),
  () => JSON.stringify({ path: "items:list", args: { tag: "a" }, ts: pick(["AAAAAAAAAAA=", "//////////8=", "x", 5]) }),
  () => JSON.stringify({ changes: pick([[], [{ name: "A", value: "1" }], [{ name: "", value: "1" }], [null], "x"]) }),
  () => "[".repeat(50_000),
  () => `{"path":"items:list","args":{"tag":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`,
];

function headers(): { [name: string]: string } {
  const made: { [name: string]: string } = {};
  if (random.float() < 0.5) {
    made["authorization"] = pick([
      `Convex ${server.adminKey}`,
      "Convex x",
      "Convex",
      "Bearer x",
      "Basic x",
      `Convex ${server.adminKey}:e30=`,
      `Convex ${server.adminKey}:!!`,
      "é",
    ]);
  }
  if (random.float() < 0.3) made["origin"] = pick(["https://a.example", "null", "x"]);
  if (random.float() < 0.3) made["content-type"] = pick(["application/json", "text/plain", ";;;"]);
  if (random.float() < 0.2) made["x-forwarded-proto"] = pick(["https", "ftp", "javascript", ","]);
  if (random.float() < 0.2) made["convex-client"] = pick(["npm-1.0.0", "", "x"]);
  return made;
}

test.each(PATHS)("%s answers anything", async (path) => {
  for (let run = 0; run < RUNS; run += 1) {
    for (const method of METHODS) {
      const body = method === "GET" || method === "HEAD" ? undefined : pick(BODIES)();
      const query = pick([
        "",
        "?",
        "?path=items:list&args={}",
        "?path=items:list&args={",
        "?adminKey=x",
        "?cursor=-1",
        "?%",
      ]);
      // A long poll is meant to wait: it is asked for what is there already.
      const url = `${server.url}${path}${path.includes("stream_function_logs") ? "?cursor=x" : query}`;
      const made = headers();
      const reply = await request(url, { method, headers: made, body });
      const seen = `${method} ${url} ${JSON.stringify(made)} ${body?.slice(0, 100) ?? ""}: ${reply.status} ${reply.text.slice(0, 200)}`;
      expect([200, 201, 204, 400, 401, 403, 404, 405, 413, 503], seen).toContain(reply.status);
      if (reply.status >= 400 && method !== "HEAD" && !path.startsWith("/http")) {
        expect(reply.json, seen).toEqual({ code: expect.any(String), message: expect.any(String) });
      }
    }
  }
  expect(server.errors).toEqual([]);
});

test("bytes that are no HTTP", async () => {
  for (let run = 0; run < RUNS * 5; run += 1) {
    const bytes = Buffer.alloc(1 + Math.floor(random.float() * 300));
    random.fillBytes(bytes);
    const start = pick([
      "",
      "GET / HTTP/1.1\r\n",
      "POST /api/query HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: ",
    ]);
    await raw(server.url, Buffer.concat([Buffer.from(start), bytes, Buffer.from("\r\n\r\n")]), { waitMs: 20 });
  }
  expect(server.errors).toEqual([]);
  expect(await request(`${server.url}/version`)).toMatchObject({ status: 200 });
});

test("requests that are cut off, and lengths that lie", async () => {
  const whole = JSON.stringify({ path: "items:list", args: { tag: "a" } });
  for (const length of [whole.length + 10, 16_777_217_000, "x", "-1"]) {
    const head = `POST /api/query HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;
    const reply = await raw(server.url, head + whole, { waitMs: 200 });
    expect(reply).toMatch(/^$|^HTTP\/1\.1 (400|413) /);
  }
  const chunked = `POST /api/query HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`;
  expect(await raw(server.url, chunked, { waitMs: 200 })).toMatch(/^$|^HTTP\/1\.1 400 /);
  expect(server.errors).toEqual([]);
  expect(await request(`${server.url}/api/query`, { body: whole })).toMatchObject({ json: { value: [] } });
});
