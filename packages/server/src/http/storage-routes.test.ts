/**
 * Uploads and downloads as clients do them: `fetch` with a URL that a mutation gave.
 */
import { createHash } from "node:crypto";
import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { openFiles, type FilesWorld } from "../testing/files-app.ts";
import { VirtualClock } from "../protocol/virtual-clock.ts";
import { eventually } from "../sync/testing/eventually.ts";
import { openTestServer, type TestServer } from "../testing/network-server.ts";
import { raw, request } from "../testing/request.ts";

const BYTES = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) % 251));

const LIMIT = 1_000_000;

let world: FilesWorld;
let server: TestServer;
let clock: VirtualClock;
beforeAll(async () => {
  clock = new VirtualClock(1_800_000_000_000);
  world = await openFiles({ clock, limits: { fileBytesMax: LIMIT } });
  server = await openTestServer({ deployment: world.deployment });
});
afterAll(async () => {
  await server.close();
  await world.deployment.close();
});

/** The address of a URL that functions gave, on the port that listens here. */
function here(url: string): string {
  return url.replace("http://cloud.test", server.url);
}

async function upload(body: Uint8Array | string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(here(await world.mutation("uploadUrl")), { method: "POST", body, headers });
  expect(response.status).toBe(200);
  const { storageId } = (await response.json()) as { storageId: string };
  return storageId;
}

async function urlOf(id: string): Promise<string> {
  return here(await world.query("url", { id }));
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

test("a file goes up, is found, comes down, and is gone when it is deleted", async () => {
  const id = await upload(BYTES, { "Content-Type": "image/png" });
  const url = await urlOf(id);
  expect(url).toMatch(/\/api\/storage\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const response = await fetch(url);
  expect(response.status).toBe(200);
  expect(Buffer.from(await response.arrayBuffer()).equals(BYTES)).toBe(true);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "image/png",
    "content-length": "200000",
    "accept-ranges": "bytes",
    "cache-control": "private, max-age=2592000",
    digest: `sha-256=${sha256(BYTES).toString("base64")}`,
    etag: `"${sha256(BYTES).toString("hex")}"`,
  });
  await world.mutation("remove", { id });
  expect(await world.query("url", { id })).toBe(null);
  const gone = await request(url);
  expect(gone).toMatchObject({ status: 404, json: { code: "FileNotFound" } });
  await world.deployment.files.settled();
});

test("an upload URL is good for an hour, and not for one upload only", async () => {
  const url = here(await world.mutation("uploadUrl"));
  const post = () => request(url, { method: "POST", body: "x" });
  expect((await post()).status).toBe(200);
  clock.moveTo(clock.nowMs() + 3_600_000);
  expect((await post()).status).toBe(200);
  clock.moveTo(clock.nowMs() + 1);
  expect(await post()).toMatchObject({ status: 401, json: { code: "StorageTokenExpired" } });
});

test.each([
  ["none", ""],
  ["an empty one", "?token="],
  ["nonsense", "?token=nonsense"],
  ["a later end with an earlier signature", "?token=zzzzzzzzz.c2lnbmF0dXJl"],
])("without a valid token (%s) nothing is stored", async (_name, search) => {
  const before = ((await world.query("rows")) as unknown[]).length;
  const url = `${server.url}/api/storage/upload${search}`;
  expect(await request(url, { body: "x" })).toMatchObject({ status: 401, json: { code: "StorageTokenInvalid" } });
  expect(((await world.query("rows")) as unknown[]).length).toBe(before);
});

test("a changed end makes a token worthless", async () => {
  const url = new URL(here(await world.mutation("uploadUrl")));
  const [end = "", signature] = (url.searchParams.get("token") ?? "").split(".");
  const later = (Number.parseInt(end, 36) + 3_600_000).toString(36);
  url.searchParams.set("token", `${later}.${signature}`);
  expect(await request(url.href, { body: "x" })).toMatchObject({ status: 401, json: { code: "StorageTokenInvalid" } });
});

test("the Digest that a client announces is checked", async () => {
  const right = `sha-256=${sha256(BYTES).toString("base64")}`;
  await upload(BYTES, { Digest: right });
  await upload(BYTES, { Digest: `md5=abc, ${right.replace("sha-256", "SHA-256")}` });
  await upload(BYTES, { Digest: "md5=abc" });
  const refused = async (digest: string) =>
    request(here(await world.mutation("uploadUrl")), { body: "other", headers: { Digest: digest } });
  expect(await refused(right)).toMatchObject({ status: 400, json: { code: "Sha256Mismatch" } });
  expect(await refused("sha-256=abc")).toMatchObject({ status: 400, json: { code: "InvalidDigest" } });
});

test("a file over the limit is refused, announced or not, and nothing stays of it", async () => {
  const names = async () => world.deployment.fileStore.list();
  const before = await names();
  const url = here(await world.mutation("uploadUrl"));
  const { pathname, search, host } = new URL(url);
  const announced = `POST ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${LIMIT + 1}\r\n\r\n`;
  expect(await raw(url, announced)).toMatch(/^HTTP\/1\.1 413 /);
  expect(await request(url, { body: Buffer.alloc(LIMIT + 1) })).toMatchObject({
    status: 413,
    json: { code: "FileTooLarge", message: `File is too large (limit: ${LIMIT} bytes)` },
  });
  const stream = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(100_000)) });
  const endless = await fetch(url, { method: "POST", body: stream, duplex: "half" }).then(
    ({ status }) => status,
    // The connection may end before the client has looked for the answer.
    () => 413,
  );
  expect(endless).toBe(413);
  await upload(Buffer.alloc(LIMIT));
  expect((await names()).length).toBe(before.length + 1);
});

test("a client that goes away in the middle leaves nothing", async () => {
  const before = await world.deployment.fileStore.list();
  const url = here(await world.mutation("uploadUrl"));
  const { pathname, search, host } = new URL(url);
  const head = `POST ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 100000\r\n\r\n`;
  await raw(url, `${head}${"x".repeat(50_000)}`, { waitMs: 100 });
  await eventually(() => world.deployment.fileStore.list()).toEqual(before);
  expect(((await world.query("rows")) as unknown[]).length).toBe(before.length);
  expect(server.errors).toEqual([]);
});

test("parts of a file can be asked for", async () => {
  const url = await urlOf(await upload(BYTES, { "Content-Type": "video/mp4" }));
  const part = async (range: string) => {
    const response = await fetch(url, { headers: { Range: range } });
    const body = Buffer.from(await response.arrayBuffer());
    return { status: response.status, range: response.headers.get("content-range"), body };
  };
  const size = BYTES.length;
  const cases: readonly (readonly [string, number, number])[] = [
    ["bytes=0-0", 0, 1],
    ["bytes=100000-169999", 100_000, 170_000],
    ["bytes=199000-", 199_000, size],
    ["bytes=199000-999999", 199_000, size],
    ["bytes=-5", size - 5, size],
    ["bytes=-999999", 0, size],
  ];
  for (const [range, start, end] of cases) {
    const { body, ...rest } = await part(range);
    expect(rest, range).toEqual({ status: 206, range: `bytes ${start}-${end - 1}/${size}` });
    expect(body.equals(BYTES.subarray(start, end)), range).toBe(true);
  }
  for (const range of ["bytes=200000-", "bytes=-0"])
    expect(await part(range), range).toMatchObject({ status: 416, range: `bytes */${size}` });
  // What is no single range of bytes counts as none.
  for (const range of ["bytes=0-1,5-6", "bytes=5-3", "lines=1-2", "bytes=-"])
    expect(await part(range), range).toMatchObject({ status: 200, range: null });
});

test("an empty file comes down empty, and has no parts", async () => {
  const url = await urlOf(await upload(""));
  expect(await request(url)).toMatchObject({ status: 200, text: "" });
  expect((await request(url, { headers: { Range: "bytes=0-" } })).status).toBe(200);
});

test("HEAD tells about a file without its bytes", async () => {
  const url = await urlOf(await upload(BYTES, { "Content-Type": "image/png" }));
  const reply = await request(url, { method: "HEAD" });
  expect(reply).toMatchObject({ status: 200, text: "" });
  expect(reply.headers.get("content-length")).toBe("200000");
  expect(reply.headers.get("content-type")).toBe("image/png");
});

test("who has the file already is told so", async () => {
  const url = await urlOf(await upload(BYTES));
  const tag = `"${sha256(BYTES).toString("hex")}"`;
  for (const header of [tag, `W/${tag}`, `"other", ${tag}`])
    expect(await request(url, { headers: { "If-None-Match": header } }), header).toMatchObject({
      status: 304,
      text: "",
    });
  expect((await request(url, { headers: { "If-None-Match": '"other"' } })).status).toBe(200);
  expect((await request(url, { headers: { "If-Range": tag, Range: "bytes=0-1" } })).status).toBe(206);
  expect((await request(url, { headers: { "If-Range": '"other"', Range: "bytes=0-1" } })).status).toBe(200);
});

test("pages of any origin may upload and download", async () => {
  const headers = { Origin: "https://app.example", "Content-Type": "text/plain" };
  const url = here(await world.mutation("uploadUrl"));
  const asked = await fetch(url, {
    method: "OPTIONS",
    headers: {
      Origin: "https://app.example",
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "content-type,digest",
    },
  });
  expect(asked.status).toBe(200);
  expect(asked.headers.get("access-control-allow-origin")).toBe("https://app.example");
  expect(asked.headers.get("access-control-allow-headers")).toBe("content-type,digest");
  const uploaded = await request(url, { method: "POST", body: "x", headers });
  expect(uploaded.headers.get("access-control-allow-origin")).toBe("https://app.example");
  const { storageId } = uploaded.json as { readonly storageId: string };
  const downloaded = await request(await urlOf(storageId), { headers });
  expect(downloaded.headers.get("access-control-allow-origin")).toBe("https://app.example");
  const refused = await request(`${server.url}/api/storage/upload`, { method: "POST", body: "x", headers });
  expect(refused.headers.get("access-control-allow-origin")).toBe("https://app.example");
});

test("ids, paths and other methods lead nowhere", async () => {
  const id = await upload("x");
  expect(await request(`${server.url}/api/storage/${id}`)).toMatchObject({
    status: 404,
    json: { code: "FileNotFound", message: `File ${id} not found` },
  });
  expect((await request(`${server.url}/api/storage/..%2fadmin-key`)).status).toBe(404);
  expect((await request(`${server.url}/api/storage/a/b`)).status).toBe(404);
  expect((await request(await urlOf(id), { method: "DELETE" })).status).toBe(405);
  expect((await request(`${server.url}/api/storage/upload?token=x`)).status).toBe(405);
});

test("a client that stops reading disturbs nobody", async () => {
  const url = await urlOf(await upload(Buffer.alloc(LIMIT, 5)));
  const leaving = new AbortController();
  const response = await fetch(url, { signal: leaving.signal });
  await response.body?.getReader().read();
  leaving.abort();
  expect((await fetch(url)).status).toBe(200);
  expect(server.errors).toEqual([]);
});

test("the published clients: ask for a URL, fetch it, save the id, subscribe to the file's address", async () => {
  const ask = new ConvexHttpClient(server.url);
  const client = new ConvexClient(server.url, { webSocketConstructor: WebSocket as never });
  const postUrl = here((await ask.mutation(anyApi["files"]!["uploadUrl"]!, {})) as string);
  const result = await fetch(postUrl, { method: "POST", headers: { "Content-Type": "image/png" }, body: BYTES });
  const { storageId } = (await result.json()) as { readonly storageId: string };
  await ask.mutation(anyApi["files"]!["attach"]!, { id: storageId });
  const urls: (string | null)[] = [];
  client.onUpdate(anyApi["files"]!["url"]!, { id: storageId }, (url) => urls.push(url as string | null));
  await eventually(() => urls.length).toBe(1);
  const image = await fetch(here(urls[0] ?? ""));
  expect(Buffer.from(await image.arrayBuffer()).equals(BYTES)).toBe(true);
  await client.mutation(anyApi["files"]!["remove"]!, { id: storageId });
  await eventually(() => urls).toEqual([urls[0], null]);
  await client.close();
});

test("the metrics tell files and their bytes", async () => {
  const { text } = await request(`${server.url}/metrics`);
  expect(text).toMatch(/^narrowcast_files_total\{op="store"\} [1-9]\d*$/m);
  expect(text).toMatch(/^narrowcast_file_bytes_total\{direction="out"\} [1-9]\d*$/m);
});
