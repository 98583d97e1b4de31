import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { CONVEX_LIMITS } from "@narrowcast/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestServer, type TestServer } from "../testing/network-server.ts";
import { request, type Reply } from "../testing/request.ts";

const LIMITS = { ...CONVEX_LIMITS, httpBodyBytesMax: 4_000, jsonNestingMax: 5, jsonElementsMax: 50, jsonNamesMax: 20 };

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer({ limits: LIMITS });
});
afterAll(() => server.close());

const CALL = { path: "items:count", args: { tag: "none" } };

function post(body: unknown, coding?: string): Promise<Reply> {
  return request(`${server.url}/api/query`, {
    body,
    headers: coding === undefined ? {} : { "content-encoding": coding },
  });
}

test.each([
  { coding: "br", compress: brotliCompressSync },
  { coding: "gzip", compress: gzipSync },
  { coding: "X-GZIP", compress: gzipSync },
  { coding: "deflate", compress: deflateSync },
  { coding: "identity", compress: (text: string) => Buffer.from(text) },
])("a body in $coding is read, and bounded by what is in it", async ({ coding, compress }) => {
  expect(await post(compress(JSON.stringify(CALL)), coding)).toMatchObject({ json: { status: "success", value: 0 } });
  const most = `${JSON.stringify(CALL)}${" ".repeat(LIMITS.httpBodyBytesMax - JSON.stringify(CALL).length)}`;
  expect(await post(compress(most), coding)).toMatchObject({ status: 200 });
  expect(await post(compress(`${most} `), coding)).toMatchObject({ status: 413, json: { code: "RequestTooLarge" } });
});

test("a coding that is not known, and bytes that are not in it, are refused", async () => {
  expect(await post("{}", "zstd")).toMatchObject({
    status: 415,
    json: { message: expect.stringContaining('Content-Encoding "zstd": known are br, gzip, ') },
  });
  expect(await post("{}", "gzip")).toMatchObject({ status: 400, json: { code: "BadBody" } });
});

test.each([
  { name: "levels", args: { a: [[[[0]]]] }, message: "it is nested more than 5 levels deep" },
  { name: "elements", args: { a: Array.from({ length: 51 }, () => 0) }, message: "it has more than 50 elements" },
  {
    name: "names",
    args: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`n${n}`, 0])),
    message: "it has more than 20 different names of fields",
  },
])("a body with too many $name is refused before it is parsed", async ({ args, message }) => {
  const reply = await post(JSON.stringify({ ...CALL, args }));
  expect(reply).toMatchObject({
    status: 400,
    json: { code: "BadJsonBody", message: expect.stringContaining(message) },
  });
  const query = new URLSearchParams({ path: CALL.path, args: JSON.stringify({ b: args }) });
  expect(await request(`${server.url}/api/query?${query.toString()}`)).toMatchObject({
    status: 400,
    json: { code: "InvalidArguments", message: expect.stringContaining(message) },
  });
});

test("/echo takes what other routes take", async () => {
  const echo = `${server.url}/echo`;
  expect(await request(echo, { body: "x".repeat(LIMITS.httpBodyBytesMax) })).toMatchObject({ status: 200 });
  expect(await request(echo, { body: "x".repeat(LIMITS.httpBodyBytesMax + 1) })).toMatchObject({ status: 413 });
});
