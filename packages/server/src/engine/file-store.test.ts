/**
 * Both file stores by the contract, and what only the folder has: unfinished files, power loss, disks that fail.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { bytesOf, fileStoreContract, newName, slowly } from "./file-store.contract.ts";
import { FolderFiles } from "./folder-files.ts";
import type { LogFs } from "./log-fs.ts";
import { MemoryFiles } from "./memory-files.ts";
import { faultyDisk } from "./testing/faulty-disk.ts";
import { seededRandom, SimDisk } from "./testing/sim-disk.ts";

const RULES = { bytesMax: 1_000_000 };
const FOLDER = "/store/files";
const root = mkdtempSync(join(tmpdir(), "narrowcast-files-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
function newFolder(): string {
  folders += 1;
  return join(root, String(folders), "files");
}

fileStoreContract("MemoryFiles", () => new MemoryFiles());
fileStoreContract("FolderFiles", () => new FolderFiles(newFolder(), "main"));
fileStoreContract("FolderFiles on a simulated disk", () => onSimDisk(new SimDisk()));

/** A store in a folder whose parent is there. */
function onSimDisk(disk: LogFs): FolderFiles {
  disk.makeDirectory(dirname(FOLDER));
  return new FolderFiles(FOLDER, "main", disk);
}

test("unfinished files are no files; a writer removes its own of earlier times, and no others", async () => {
  const folder = newFolder();
  const [main, core] = [new FolderFiles(folder, "main"), new FolderFiles(folder, "core")];
  const [whole, ofMain, ofCore, coming] = [newName(), newName(), newName(), newName()];
  await main.put(whole, [Buffer.from("abc")], RULES);
  for (const file of [`${ofMain}.main`, `${ofCore}.core`, `${coming}.main`]) writeFileSync(join(folder, file), "half");
  expect(await main.list()).toEqual([whole]);
  expect(await main.open(ofMain)).toBe(undefined);
  await main.removeUnfinished(new Set([coming]));
  expect(readdirSync(folder).toSorted()).toEqual([whole, `${ofCore}.core`, `${coming}.main`].toSorted());
  await core.removeUnfinished(new Set());
  expect(readdirSync(folder).toSorted()).toEqual([whole, `${coming}.main`].toSorted());
});

test("a store whose folder was never made is empty", async () => {
  const store = new FolderFiles(newFolder(), "main");
  await store.removeUnfinished(new Set());
  await store.delete(newName());
  expect([await store.list(), await store.open(newName())]).toEqual([[], undefined]);
});

test("no descriptor stays open", async () => {
  const disk = new SimDisk();
  const store = onSimDisk(disk);
  const name = newName();
  await store.put(name, slowly([Buffer.from("abc")]), RULES);
  await bytesOf(store, name);
  await expect(store.put(newName(), slowly([], new Error("gone")), RULES)).rejects.toThrow("gone");
  const file = (await store.open(name))!;
  const reading = file.read(0, 3);
  file.close();
  file.close();
  expect(String(Buffer.from(await reading))).toBe("abc");
  await expect(file.read(0, 3)).rejects.toThrow("it was closed");
  expect(disk.openFiles).toBe(0);
});

test("a piece is asked for when the one before is written: memory holds one", async () => {
  const disk = new SimDisk();
  const store = onSimDisk(disk);
  const name = newName();
  const unwritten: number[] = [];
  async function* watched(): AsyncGenerator<Uint8Array> {
    for (let n = 0; n < 20; n += 1) {
      unwritten.push(n * 1_000 - disk.bytesOf(join(FOLDER, `${name}.main`)).length);
      yield Buffer.alloc(1_000);
    }
  }
  await store.put(name, watched(), RULES);
  expect(unwritten).toEqual(Array.from({ length: 20 }, () => 0));
});

test("files keep at most two threads of the disk busy, and a large one is synced as it comes", async () => {
  const disk = new SimDisk();
  let atOnce = 0;
  let most = 0;
  let syncs = 0;
  const counting = new Proxy(disk, {
    get(target, property) {
      const method: unknown = Reflect.get(target, property);
      if (typeof method !== "function") return method;
      return (...rest: unknown[]): unknown => {
        const given = method.apply(target, rest) as unknown;
        if (property === "syncData") syncs += 1;
        if (!(given instanceof Promise)) return given;
        atOnce += 1;
        most = Math.max(most, atOnce);
        return given.finally(() => (atOnce -= 1));
      };
    },
  });
  const store = onSimDisk(counting);
  const rules = { bytesMax: 100_000_000 };
  const piece = Buffer.alloc(1_000_000);
  const names = Array.from({ length: 8 }, newName);
  await Promise.all(names.map((name) => store.put(name, [piece.subarray(0, 10), piece.subarray(0, 10)], rules)));
  await Promise.all(names.map((name) => bytesOf(store, name, 3)));
  await Promise.all(names.map((name) => store.delete(name)));
  expect([most, syncs]).toEqual([2, 0]);
  await store.put(
    newName(),
    Array.from({ length: 20 }, () => piece),
    rules,
  );
  expect(syncs).toBe(2);
});

/** Powers off after each disk call in turn, some of the unsynced bytes and names being lost. */
test("power loss at any moment leaves whole files or none, and keeps those whose put has resolved", async () => {
  const content = (n: number) => Buffer.alloc(1_500 + n * 700, n + 1);
  let halves = 0;
  for (let seed = 0; seed < 300; seed += 1) {
    const disk = new SimDisk();
    disk.makeDirectory("/store");
    const random = seededRandom(seed);
    const names = [newName(), newName(), newName()];
    const kept = new Set<string>();
    let crashed: SimDisk | undefined;
    let callsLeft = Math.floor(random() * 40);
    const counting = new Proxy(disk, {
      get(target, property) {
        const method: unknown = Reflect.get(target, property);
        if (typeof method !== "function") return method;
        return (...rest: unknown[]): unknown => {
          if (callsLeft === 0) crashed ??= disk.crash(random);
          callsLeft -= 1;
          return method.apply(target, rest) as unknown;
        };
      },
    });
    const store = new FolderFiles(FOLDER, "main", counting);
    for (const [n, name] of names.entries()) {
      const bytes = content(n);
      await store.put(name, [bytes.subarray(0, 1_000), bytes.subarray(1_000)], RULES);
      if (crashed === undefined) kept.add(name);
    }
    crashed ??= disk.crash(random);
    crashed.makeDirectory(FOLDER);
    halves += crashed.list(FOLDER).filter((file) => file.endsWith(".main")).length;
    const after = new FolderFiles(FOLDER, "main", crashed);
    await after.removeUnfinished(new Set());
    for (const [n, name] of names.entries()) {
      const bytes = await bytesOf(after, name);
      if (bytes === undefined) expect(kept.has(name), `seed ${seed}`).toBe(false);
      else expect(bytes.equals(content(n)), `seed ${seed}`).toBe(true);
    }
    expect((await after.list()).length).toBe(crashed.list(FOLDER).length);
  }
  // Files are cut off in the middle: else this proves nothing.
  expect(halves).toBeGreaterThan(20);
});

test("a disk call that fails fails the put, and leaves no name and no descriptor", async () => {
  const clean = faultyDisk(new SimDisk(), { at: Infinity, isPersistent: false });
  await onSimDisk(clean.disk).put(newName(), [Buffer.from("abc")], RULES);
  for (let at = 1; at < clean.calls.length; at += 1) {
    const disk = new SimDisk();
    const faulty = faultyDisk(disk, { at, isPersistent: false });
    const store = onSimDisk(faulty.disk);
    const name = newName();
    await expect(store.put(name, [Buffer.from("abc")], RULES), `call ${at}`).rejects.toThrow("EIO");
    expect([disk.openFiles, await store.list()], `call ${at} of ${clean.calls.join(" ")}`).toEqual([0, []]);
    // The store is not broken by it.
    await store.put(name, [Buffer.from("abc")], RULES);
    expect(String(await bytesOf(store, name))).toBe("abc");
  }
});
