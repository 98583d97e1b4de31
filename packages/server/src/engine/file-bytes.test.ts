/**
 * Readers of files give all bytes asked for, and leave no descriptor behind, however they end.
 */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { FolderFiles } from "./folder-files.ts";
import { SimDisk } from "./testing/sim-disk.ts";
import { FileDamagedError, pieces, readWhole, wholePieces } from "./file-bytes.ts";

const NAME = "0123456789abcdef0123456789abcdef";
const BYTES = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 249));

const FACTS = { size: BYTES.length, sha256: createHash("sha256").update(BYTES).digest("base64") };

async function open() {
  const disk = new SimDisk();
  disk.makeDirectory("/store");
  const store = new FolderFiles("/store/files", "main", disk);
  await store.put(NAME, [BYTES], { bytesMax: BYTES.length });
  return { disk, file: (await store.open(NAME))! };
}

test("pieces of a part are that part, and the file is closed at its end", async () => {
  for (const [start, end] of [
    [0, 200_000],
    [1, 2],
    [70_000, 199_999],
    [5, 5],
  ] as const) {
    const { disk, file } = await open();
    const got: Uint8Array[] = [];
    for await (const piece of pieces(file, start, end)) got.push(piece);
    expect(Buffer.concat(got).equals(BYTES.subarray(start, end))).toBe(true);
    expect(Math.max(0, ...got.map(({ length }) => length))).toBeLessThanOrEqual(65_536);
    expect(disk.openFiles).toBe(0);
  }
});

test("a reader that stops closes the file, before the first piece or after one", async () => {
  for (const taken of [0, 1]) {
    const { disk, file } = await open();
    const reader = pieces(file, 0, BYTES.length);
    for (let i = 0; i < taken; i += 1) await reader.next();
    expect(disk.openFiles).toBe(1);
    await reader.return?.();
    expect([disk.openFiles, (await reader.next()).done]).toEqual([0, true]);
  }
});

test("a file that is shorter than it should be is an error, and is closed", async () => {
  const { disk, file } = await open();
  const reader = pieces(file, 199_000, 201_000);
  await reader.next();
  await expect(reader.next()).rejects.toThrow("it ends at 200000; should go on to 201000");
  expect(disk.openFiles).toBe(0);
});

test("a whole file is all its bytes in memory of its own", async () => {
  const { disk, file } = await open();
  const bytes = await readWhole(file, NAME, FACTS);
  expect([Buffer.from(bytes).equals(BYTES), bytes.buffer.byteLength, disk.openFiles]).toEqual([true, BYTES.length, 0]);
});

test("whoever counts is told once, of the bytes that were given", async () => {
  const told: number[] = [];
  const all = pieces((await open()).file, 10, 100_010, (bytes) => told.push(bytes));
  for await (const piece of all) expect(piece.length).toBeGreaterThan(0);
  await all.return?.();
  const some = pieces((await open()).file, 10, 100_010, (bytes) => told.push(bytes));
  await some.next();
  await some.return?.();
  expect(told).toEqual([100_000, 65_536]);
});

test("a whole file in pieces is all its bytes; of a damaged one the last piece never comes", async () => {
  const { disk, file } = await open();
  const got: Uint8Array[] = [];
  for await (const piece of wholePieces(file, NAME, FACTS)) got.push(piece);
  expect([Buffer.concat(got).equals(BYTES), disk.openFiles]).toEqual([true, 0]);

  const other = { ...FACTS, sha256: createHash("sha256").update("other").digest("base64") };
  const { disk: second, file: damaged } = await open();
  let bytes = 0;
  const read = async (): Promise<void> => {
    for await (const piece of wholePieces(damaged, NAME, other)) bytes += piece.length;
  };
  await expect(read()).rejects.toThrow(FileDamagedError);
  expect([bytes > 0, bytes < BYTES.length, second.openFiles]).toEqual([true, true, 0]);
  for (const facts of [other, { ...FACTS, size: 7 }]) {
    const { disk: third, file: again } = await open();
    await expect(readWhole(again, NAME, facts)).rejects.toThrow(/^Cannot read file .*; restore it from a backup$/u);
    expect(third.openFiles).toBe(0);
  }
});
