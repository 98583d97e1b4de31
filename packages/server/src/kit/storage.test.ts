/**
 * File storage by the functions of an app, in every kind of function: in memory without threads, and on disk with them.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemoryFiles } from "../engine/memory-files.ts";
import { fileNameOf } from "../functions/file-addresses.ts";
import { eventually } from "../sync/testing/eventually.ts";
import { NOBODY } from "../testing/app-harness.ts";
import { openFiles, type FilesWorld } from "../testing/files-app.ts";

const directory = mkdtempSync(join(tmpdir(), "narrowcast-storage-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const hexOf = (text: string) => createHash("sha256").update(text).digest("hex");
const base64Of = (text: string) => createHash("sha256").update(text).digest("base64");

/** Whether the bytes of `id` are in the store. */
async function hasBytes({ deployment }: FilesWorld, id: string): Promise<boolean> {
  return (await deployment.fileStore.list()).includes(fileNameOf(id));
}

/** Soon nothing is stored that has no row. */
async function expectNoLooseBytes(world: FilesWorld): Promise<void> {
  const rows = (await world.query("rows")) as readonly { readonly _id: string }[];
  const named = rows.map(({ _id }) => fileNameOf(_id)).toSorted();
  await eventually(async () => [...(await world.deployment.fileStore.list())].toSorted()).toEqual(named);
}

describe.each([
  { name: "in memory, without threads", options: { threads: false } },
  { name: "on disk, with threads", options: { threads: true, directory: join(directory, "store") } },
])("$name", ({ options }) => {
  let world: FilesWorld;
  beforeAll(async () => {
    world = await openFiles(options);
  });
  afterAll(() => world.deployment.close());

  test("an upload makes a row of _storage with size, base64 SHA-256 and content type", async () => {
    const id = await world.upload(Buffer.from("hello"), "text/plain");
    const row = await world.query("row", { id });
    expect(row).toEqual({
      _id: id,
      _creationTime: expect.any(Number),
      sha256: base64Of("hello"),
      size: 5,
      contentType: "text/plain",
    });
    expect(await world.query("metadata", { id })).toEqual({
      storageId: new URL(await world.query("url", { id })).pathname.slice("/api/storage/".length),
      sha256: hexOf("hello"),
      size: 5,
      contentType: "text/plain",
    });
    expect(await world.query("rows")).toContainEqual(row);
    expect(String(await world.download(await world.query("url", { id })))).toBe("hello");
  });

  test("a file without a content type has none", async () => {
    const id = await world.upload(Buffer.from("plain"));
    expect(Object.keys(await world.query("row", { id })).toSorted()).toEqual([
      "_creationTime",
      "_id",
      "sha256",
      "size",
    ]);
    expect(await world.query("metadata", { id })).toMatchObject({ contentType: null });
  });

  test("ids are ordinary ids: validators, documents and normalizeId take them, and no others", async () => {
    const id = await world.upload(Buffer.from("x"));
    expect(await world.query("urlOfId", { id })).toMatch(/^http:\/\/cloud\.test\/api\/storage\/[0-9a-f-]{36}$/);
    const message = await world.mutation("attach", { id });
    await expect(world.mutation("attach", { id: message })).rejects.toThrow("ArgumentValidationError");
    expect(await world.query("normalized", { id })).toBe(id);
    expect(await world.query("normalized", { id: message })).toBe(null);
    await expect(world.query("url", { id: message })).rejects.toThrow(
      'is from table "messages"; should be from table "_storage"',
    );
    await expect(world.query("url", { id: "nonsense" })).rejects.toThrow(
      'Invalid argument `storageId` for `storage.getUrl`: Invalid storage ID "nonsense": Unable to decode ID: Invalid ID length 8',
    );
    await expect(world.mutation("remove", { id: 7 })).rejects.toThrow("expected string but got 'number'");
  });

  test("a uuid, as old apps keep them, stands for the id", async () => {
    const id = await world.upload(Buffer.from("old"));
    const { storageId: uuid } = (await world.query("metadata", { id })) as { readonly storageId: string };
    expect(await world.query("url", { id: uuid })).toBe(await world.query("url", { id }));
    expect(await world.action("actRead", { id: uuid })).toBe("old");
    await world.mutation("remove", { id: uuid });
    expect(await world.query("url", { id: uuid })).toBe(null);
    await expect(world.mutation("remove", { id: uuid })).rejects.toThrow(`storage id ${uuid} not found`);
  });

  test("who knows only the id cannot download", async () => {
    const id = await world.upload(Buffer.from("secret"));
    expect(await world.download(id)).toBe(null);
    expect(await world.download(fileNameOf(id))).toBe(null);
    expect(await world.download("00000000-0000-0000-0000-000000000000")).toBe(null);
  });

  test("deleting is transactional, and the bytes go when it is done", async () => {
    const id = await world.upload(Buffer.from("kept"));
    await expect(world.mutation("removeAndFail", { id })).rejects.toThrow("no");
    expect(await world.mutation("removeNested", { id })).toMatch(/^http/);
    expect(String(await world.download(await world.query("url", { id })))).toBe("kept");
    expect(await hasBytes(world, id)).toBe(true);
    const url = await world.query("url", { id });
    await world.mutation("remove", { id });
    expect([
      await world.query("url", { id }),
      await world.query("metadata", { id }),
      await world.query("row", { id }),
    ]).toEqual([null, null, null]);
    expect(await world.download(url)).toBe(null);
    await world.deployment.files.settled();
    expect(await hasBytes(world, id)).toBe(false);
    await expect(world.mutation("remove", { id })).rejects.toThrow(`storage id ${id} not found`);
    await expect(world.action("actRemove", { id })).rejects.toThrow(`storage id ${id} not found`);
  });

  test("a mutation stores and reads, within its transaction", async () => {
    const id = await world.mutation("store", { text: "from a mutation", type: "text/plain" });
    expect(await world.mutation("read", { id })).toEqual({
      text: "from a mutation",
      type: "text/plain",
      files: 1,
      bytes: 15,
    });
    expect(String(await world.download(await world.query("url", { id })))).toBe("from a mutation");
    await world.mutation("remove", { id });
    expect(await world.mutation("read", { id })).toBe(null);
  });

  test("what a mutation stored is gone when it fails or is rolled back, and there when it did not wait", async () => {
    const before = ((await world.query("rows")) as readonly unknown[]).length;
    await expect(world.mutation("storeAndFail", { text: "never" })).rejects.toThrow("no");
    expect(await world.mutation("storeNested", { text: "never" })).toBe(before);
    await world.mutation("storeAndForget", { text: "forgotten" });
    expect(((await world.query("rows")) as readonly unknown[]).length).toBe(before + 1);
    await expectNoLooseBytes(world);
  });

  test("files of mutations count against limits that functions can see", async () => {
    expect(await world.mutation("storeMany", { count: 3, bytes: 100 })).toEqual({
      filesWritten: { used: 3, remaining: 997 },
      fileWriteBytes: { used: 300, remaining: 16_777_216 - 300 },
    });
    await expect(world.mutation("storeMany", { count: 3, bytes: 8_000_000 })).rejects.toThrow(
      "Too many bytes of files written in a single function execution (limit: 16777216)",
    );
    await expectNoLooseBytes(world);
  });

  test("an action stores, reads, asks and deletes", async () => {
    const stored = (await world.action("act", { text: "from an action", type: "text/plain" })) as {
      readonly id: string;
    };
    expect(stored).toMatchObject({ text: "from an action", type: "text/plain", size: 14 });
    expect(await world.query("url", { id: stored.id })).toBe((stored as unknown as { readonly url: string }).url);
    await world.action("actRemove", { id: stored.id });
    expect(await world.action("actRead", { id: stored.id })).toBe(null);
    expect(new URL(await world.action("actUploadUrl")).pathname).toBe("/api/storage/upload");
  });

  test("an announced SHA-256 is compared, in hex or base64", async () => {
    for (const kind of ["mutation", "action"] as const) {
      const store = (sha256: string) => world[kind](kind === "mutation" ? "store" : "act", { text: "abc", sha256 });
      await store(hexOf("abc"));
      await store(base64Of("abc"));
      await expect(store(hexOf("abd"))).rejects.toThrow(`The SHA-256 of the file is ${base64Of("abc")}`);
      await expect(store("abc")).rejects.toThrow("Invalid `sha256`");
    }
    await expectNoLooseBytes(world);
  });

  test("what is no Blob is refused with the library's text", async () => {
    await expect(world.mutation("storeText")).rejects.toThrow(
      "store() expects a Blob. If you are trying to store a Request",
    );
    await expect(world.action("actStoreText")).rejects.toThrow(
      "store() expects a Blob. If you are trying to store a Request",
    );
  });

  test("files of many megabytes go through actions", async () => {
    const bytes = 20_000_000;
    const { id, ...rest } = (await world.action("actBig", { bytes })) as {
      readonly id: string;
      readonly bytes: number;
    };
    expect(rest).toEqual({ bytes });
    expect((await world.download(await world.query("url", { id })))?.equals(Buffer.alloc(bytes, 7))).toBe(true);
  });

  test("an HTTP action stores its request's body and answers with a file", async () => {
    const http = async (method: string, path: string, body: Uint8Array | null) => {
      const headers = [["content-type", "text/x-own"]] as const;
      const request = {
        method,
        url: `http://site.test${path}`,
        headers,
        body,
        identity: NOBODY,
        requestId: "0123456789abcdef",
      };
      const response = await world.deployment.httpAction(request);
      const pieces: Uint8Array[] = [];
      for await (const piece of response.body ?? []) pieces.push(piece);
      return { type: Object.fromEntries(response.headers)["content-type"], text: String(Buffer.concat(pieces)) };
    };
    const { text: id } = await http("POST", "/put", Buffer.from("over http"));
    expect(await http("GET", `/get/${id}`, null)).toEqual({ type: "text/x-own", text: "over http" });
  });

  test("the library's own calls give the same", async () => {
    const id = await world.upload(Buffer.from("library"), "text/plain");
    expect(await world.query("byLibraryUrl", { id })).toBe(await world.query("url", { id }));
    expect(await world.query("byLibraryMetadata", { id })).toEqual(await world.query("metadata", { id }));
    expect(await world.mutation("byLibraryWrite", { text: "t" })).toEqual(["t", "text/plain", "string", null, null]);
    expect(await world.action("byLibraryAct", { text: "t" })).toEqual(["t", "text/plain", 1, "string", "string", null]);
    await expect(world.query("byLibraryWriteInQuery")).rejects.toThrow("Cannot change files in a query");
    await expectNoLooseBytes(world);
  });

  test("a subscriber to a file's URL observes its deletion, and nothing else", async () => {
    const [id, other] = [await world.upload(Buffer.from("a")), await world.upload(Buffer.from("b"))];
    const values: unknown[] = [];
    let heard = (): void => {};
    const link = world.deployment.openSocket(({ changes }) => {
      for (const { result } of changes) if (result?.ok === true) values.push(JSON.parse(result.value));
      heard();
    });
    const next = () =>
      new Promise<void>((resolve) => {
        heard = resolve;
      });
    const first = next();
    link.modifyQueries(
      1,
      [{ queryId: 1, component: "", path: "files:url", args: JSON.stringify({ id }), journal: null }],
      [],
    );
    await first;
    await world.mutation("remove", { id: other });
    await world.upload(Buffer.from("c"));
    const second = next();
    await world.mutation("remove", { id });
    await second;
    link.close();
    expect(values).toEqual([expect.stringMatching(/^http/), null]);
  });

  test("the ledger counts files and their bytes, in and out, whoever moved them", async () => {
    const before = (await world.deployment.ledger())?.files;
    const id = await world.upload(Buffer.alloc(1_000));
    await world.download(await world.query("url", { id }));
    const stored = await world.mutation("store", { text: "0123456789" });
    await world.mutation("read", { id: stored });
    await world.action("act", { text: "01234" });
    const after = (await world.deployment.ledger())?.files;
    expect({ ...after }).toEqual({
      stored: (before?.stored ?? 0) + 3,
      reads: (before?.reads ?? 0) + 3,
      bytesIn: (before?.bytesIn ?? 0) + 1_015,
      bytesOut: (before?.bytesOut ?? 0) + 1_015,
    });
  });

  test("URLs and rows are the same after a restart, and bytes without a row are gone", async () => {
    if (options.directory === undefined) return;
    const id = await world.upload(Buffer.from("stays"), "text/plain");
    const url = await world.query("url", { id });
    await world.deployment.close();
    world = await openFiles(options);
    expect(await world.query("url", { id })).toBe(url);
    expect(String(await world.download(url))).toBe("stays");
    await expectNoLooseBytes(world);
    expect(readdirSync(join(options.directory, "files")).filter((name) => name.includes("."))).toEqual([]);
  });
});

test("a core that dies in the middle costs no file, and makes none twice", async () => {
  const world = await openFiles({ threads: true, directory: join(directory, "dying") });
  const texts = Array.from({ length: 30 }, (_, index) => `file ${index}`);
  const storing = texts.map((text, index) =>
    index % 3 === 0
      ? world.mutation("store", { text })
      : index % 3 === 1
        ? world.upload(Buffer.from(text))
        : actStore(world, text),
  );
  await storing[0];
  await world.deployment.core.crash();
  const ids: readonly string[] = await Promise.all(storing);
  for (const [index, id] of ids.entries())
    expect(String(await world.download(await world.query("url", { id })))).toBe(texts[index]);
  expect(((await world.query("rows")) as readonly unknown[]).length).toBe(texts.length);
  await expectNoLooseBytes(world);
  await world.deployment.close();
});

async function actStore(world: FilesWorld, text: string): Promise<string> {
  return ((await world.action("act", { text })) as { readonly id: string }).id;
}

test("looking for loose bytes spares those whose row is yet to come, and does not spare others", async () => {
  const store = new SlowFiles();
  const world = await openFiles({ home: { files: store } });
  const loose = "0123456789abcdef0123456789abcdef";
  await store.put(loose, [Buffer.from("loose")], { bytesMax: 10 });
  const reached = store.stopAfterPut();
  const upload = world.upload(Buffer.from("coming"));
  const goOn = await reached;
  expect((await store.list()).length).toBe(2);
  world.deployment.files.sweep();
  await world.deployment.files.settled();
  goOn();
  const id = await upload;
  expect(await store.list()).toEqual([fileNameOf(id)]);
  expect(String(await world.download(await world.query("url", { id })))).toBe("coming");
  await world.deployment.close();
});

test("an upload that the end of its deployment comes before is refused, and the next start removes its bytes", async () => {
  const store = new SlowFiles();
  const world = await openFiles({ home: { files: store } });
  const reached = store.stopAfterPut();
  const upload = world.upload(Buffer.from("late"));
  const refused = expect(upload).rejects.toThrow();
  const goOn = await reached;
  await world.deployment.close();
  goOn();
  await refused;
  expect((await store.list()).length).toBe(1);
  const next = await openFiles({ home: { files: store } });
  await next.deployment.files.settled();
  expect(await store.list()).toEqual([]);
  await next.deployment.close();
});

/** Files in memory whose next `put` can be made to wait between its end and the news of it. */
class SlowFiles extends MemoryFiles {
  #gate: { readonly reached: (goOn: () => void) => void } | undefined;

  stopAfterPut(): Promise<() => void> {
    return new Promise((reached) => {
      this.#gate = { reached };
    });
  }

  override async put(...args: Parameters<MemoryFiles["put"]>): ReturnType<MemoryFiles["put"]> {
    const facts = await super.put(...args);
    const gate = this.#gate;
    this.#gate = undefined;
    if (gate !== undefined) await new Promise<void>((resolve) => gate.reached(resolve));
    return facts;
  }
}
