/**
 * Uploads and downloads as clients do them: `fetch` with a URL that a mutation gave.
 */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openFiles, type FilesWorld } from "../runtime/testing/files-app.ts";
import { openTestServer, type TestServer } from "../sync/testing/test-server.ts";
import { request } from "./testing/request.ts";

const BYTES = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) % 251));

let world: FilesWorld;
let server: TestServer;
beforeAll(async () => {
  world = await openFiles();
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
    "cache-control": "private, max-age=2592000, immutable",
    digest: `sha-256=${sha256(BYTES).toString("base64")}`,
    etag: `"${sha256(BYTES).toString("hex")}"`,
  });
  await world.mutation("remove", { id });
  expect(await world.query("url", { id })).toBe(null);
  const gone = await request(url);
  expect(gone).toMatchObject({ status: 404, json: { code: "FileNotFound" } });
  await world.deployment.files.settled();
});
