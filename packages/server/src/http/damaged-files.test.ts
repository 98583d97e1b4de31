/** Stored files whose bytes on disk were changed are never served as whole. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { fileNameOf } from "../functions/file-addresses.ts";
import { SMALL_BYTES } from "../host/sound-files.ts";
import { openFiles, type FilesWorld } from "../testing/files-app.ts";
import { openTestServer, type TestServer } from "../testing/network-server.ts";

const directory = mkdtempSync(join(tmpdir(), "narrowcast-damaged-"));
let world: FilesWorld;
let server: TestServer;
beforeAll(async () => {
  world = await openFiles({ directory });
  server = await openTestServer({ deployment: world.deployment });
});
afterAll(async () => {
  await server.close();
  await world.deployment.close();
  rmSync(directory, { recursive: true, force: true });
});

const pathOf = (id: string): string => join(directory, "files", fileNameOf(id));

/** Stores a file and changes the byte in its middle. */
async function damaged(
  size: number,
): Promise<{ readonly id: string; readonly url: string; readonly mend: () => void }> {
  const id = await world.upload(Buffer.alloc(size, "abc"));
  const url = ((await world.query("url", { id })) as string).replace("http://cloud.test", server.url);
  const bytes = readFileSync(pathOf(id));
  const changed = Buffer.from(bytes);
  changed.writeUInt8(0, size >> 1);
  writeFileSync(pathOf(id), changed);
  return { id, url, mend: () => writeFileSync(pathOf(id), bytes) };
}

test("a small one is refused before its first byte, to clients and to functions", async () => {
  const { id, url, mend } = await damaged(1_000);
  for (const headers of [{}, { Range: "bytes=0-9" }]) {
    const response = await fetch(url, { headers });
    expect([response.status, await response.json()]).toEqual([
      500,
      {
        code: "FileDamaged",
        message: expect.stringMatching(/its SHA-256 is .* instead of .*; restore it from a backup/u),
      },
    ]);
  }
  for (const call of [world.mutation("read", { id }), world.action("actRead", { id })]) {
    await expect(call).rejects.toThrow();
  }
  mend();
  expect(Buffer.from(await (await fetch(url)).arrayBuffer())).toEqual(Buffer.alloc(1_000, "abc"));
  expect(await world.mutation("read", { id })).toMatchObject({ bytes: 1_000 });
});

test("where failures are hidden, clients learn that it is damaged, and the server's log why", async () => {
  const hiding = await openTestServer({ deployment: world.deployment, redacts: true });
  const { id, url, mend } = await damaged(2_000);
  const told = vi.spyOn(console, "error").mockImplementation(() => undefined);
  try {
    const response = await fetch(url.replace(server.url, hiding.url));
    expect([response.status, await response.json()]).toEqual([
      500,
      { code: "FileDamaged", message: "Cannot read the file: its bytes are not those that were stored" },
    ]);
    expect(told.mock.calls.join()).toMatch(/its SHA-256 is .* instead of/u);
    const refused = await fetch(`${hiding.url}/api/storage/upload?token=${id}`, { method: "POST", body: "x" });
    expect([refused.status, await refused.text()]).toEqual([401, expect.not.stringContaining(id)]);
    expect(hiding.errors).toEqual([]);
  } finally {
    told.mockRestore();
    mend();
    await hiding.close();
  }
});

test("the connection of a large one is torn, and no part of it is given", async () => {
  const size = SMALL_BYTES + 100_000;
  const { url, mend } = await damaged(size);
  const response = await fetch(url);
  expect(response.headers.get("content-length")).toBe(String(size));
  await expect(response.arrayBuffer()).rejects.toThrow();
  expect((await fetch(url, { headers: { Range: "bytes=5-9" } })).status).toBe(500);
  expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
  mend();
  expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(size);
  const part = await fetch(url, { headers: { Range: "bytes=5-9" } });
  expect([part.status, await part.text()]).toEqual([206, "cabca"]);
});

test("one that was cut short is refused, too", async () => {
  const { id, url } = await damaged(SMALL_BYTES + 5);
  writeFileSync(pathOf(id), "short");
  const response = await fetch(url);
  expect([response.status, await response.json()]).toMatchObject([500, { code: "FileDamaged" }]);
});
