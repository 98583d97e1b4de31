/**
 * The core's side of file storage on a simulated disk: what main is told, when, and what a crash leaves.
 */
import { expect, test } from "vitest";
import { FileAddresses, fileNameOf } from "../functions/file-addresses.ts";
import { World } from "../testing/core-world.ts";
import { filesApp } from "../testing/files-app.ts";

const FACTS = { size: 3, sha256: "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", contentType: null };
const NAME = "00112233445566778899aabbccddeeff";
const slot = (serial: string) => ({ kind: "slot", slot: 0, serial }) as const;

async function open(): Promise<World> {
  const world = await World.open(null);
  await world.push(await filesApp());
  return world;
}

function commitFile(world: World, serial: string, name = NAME): Promise<string> {
  return world.request<"commitFile">({ type: "commitFile", name, facts: FACTS, dedupe: slot(serial) });
}

function loose(world: World, names: readonly string[]): Promise<readonly string[]> {
  return world.request<"looseFiles">({ type: "looseFiles", names });
}

test("main is told to remove bytes only when the deletion is durable", async () => {
  const world = await open();
  const id = await commitFile(world, "1");
  world.disk.stall();
  const removed = world.mutation("files:remove", { id });
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(world.filesDeleted).toEqual([]);
  world.disk.release();
  await removed;
  expect(world.filesDeleted).toEqual([NAME]);
});

test("a crash before a deletion is durable leaves the file, its row and its bytes", async () => {
  const world = await open();
  const id = await commitFile(world, "1");
  world.disk.stall();
  void world.mutation("files:remove", { id });
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
  await world.restart();
  world.disk.release();
  expect(await world.value("files:url", { id })).toMatch(/^http:\/\/cloud\/api\/storage\//);
  expect([await loose(world, [NAME]), world.filesDeleted]).toEqual([[], []]);
});

test("a row that is asked for again after a crash is one row, and does not come back when it was deleted meanwhile", async () => {
  const world = await open();
  const id = await commitFile(world, "1");
  await world.restart();
  expect(await commitFile(world, "1")).toBe(id);
  expect(await world.value("files:rows")).toMatchObject([{ _id: id }]);
  await world.mutation("files:remove", { id });
  expect(await commitFile(world, "1")).toBe(id);
  expect(await world.value("files:rows")).toEqual([]);
  expect(await loose(world, [NAME])).toEqual([NAME]);
});

test("a deletion by an action that is asked for again after a crash has happened once", async () => {
  const world = await open();
  const id = await commitFile(world, "1");
  const remove = (serial: string) =>
    world.request<"storage">({ type: "storage", method: "delete", storageId: id, dedupe: slot(serial) });
  expect(await remove("2")).toBe("null");
  await world.restart();
  expect(await remove("2")).toBe("null");
  await expect(remove("3")).rejects.toThrow(`storage id ${id} not found`);
});

test("loose are names without a row, and no others", async () => {
  const world = await open();
  await commitFile(world, "1");
  const other = NAME.replace("0011", "1100");
  expect(await loose(world, [other, NAME])).toEqual([other]);
});

test("bytes of a mutation that failed or was undone are removed; those of one that is there stay", async () => {
  const world = await open();
  await world.mutation("files:storeAndFail", { text: "never" });
  await world.mutation("files:storeNested", { text: "never" });
  await world.idle();
  expect(await world.files.list()).toEqual([]);
  const kept = await world.mutation("files:store", { text: "kept" });
  await world.idle();
  expect(kept.ok && (await world.files.list())).toEqual([
    fileNameOf(kept.ok ? (JSON.parse(kept.value) as string) : ""),
  ]);
});

test("a mutation that is lost in a crash leaves bytes that are loose then", async () => {
  const world = await open();
  world.disk.stall();
  void world.mutation("files:store", { text: "lost" });
  for (let i = 0; i < 50 && (await world.files.list()).length === 0; i += 1)
    await new Promise((resolve) => setImmediate(resolve));
  const names = await world.files.list();
  expect(names.length).toBe(1);
  await world.restart();
  world.disk.release();
  expect(await loose(world, names)).toEqual(names);
  expect(await world.value("files:rows")).toEqual([]);
});

test("tokens and URLs outlive the core", async () => {
  const world = await open();
  const id = await commitFile(world, "1");
  const url = await world.value("files:url", { id });
  const made = await world.mutation("files:uploadUrl");
  const token = new URL(JSON.parse(made.ok ? made.value : "") as string).searchParams.get("token") ?? "";
  const check = () => world.request<"checkUpload">({ type: "checkUpload", token });
  await world.restart();
  expect([await check(), await world.value("files:url", { id })]).toEqual(["good", url]);
  await world.advance(3_600_001);
  expect(await check()).toBe("expired");
});

test("every deployment has a secret of its own: neither tokens nor names of one are worth anything to another", async () => {
  const [a, b] = [new FileAddresses(new Uint8Array(32).fill(1)), new FileAddresses(new Uint8Array(32).fill(2))];
  const token = a.tokenUntil(10);
  expect([a.checkToken(token, 10), a.checkToken(token, 11), b.checkToken(token, 10)]).toEqual([
    "good",
    "expired",
    "invalid",
  ]);
  const world = await open();
  const id = await commitFile(world, "1");
  expect(a.uuidOf(id)).not.toBe(b.uuidOf(id));
  expect(Buffer.from(a.internalOf(a.uuidOf(id).toUpperCase()) ?? []).toString("hex")).toBe(NAME);
  expect(Buffer.from(b.internalOf(a.uuidOf(id)) ?? []).toString("hex")).not.toBe(NAME);
  for (const text of ["", id, NAME, `${a.uuidOf(id)}0`]) expect(a.internalOf(text)).toBe(undefined);
});

test("system tables that hold secrets are nobody's to read", async () => {
  const world = await open();
  const outcome = await world.query("files:secrets");
  expect(outcome).toMatchObject({
    ok: false,
    errorMessage: expect.stringContaining("is not a public system table"),
  });
});
