/** Copies of a store that is being written to: those that the engine makes are sound, those that others make are refused or sound. */
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { TornBaseError } from "./base-admission.ts";
import { problemOfPages } from "./base-pages.ts";
import { Base } from "./base.ts";
import { checkStore } from "./check.ts";
import { DiskEngine } from "./disk-engine.ts";
import type { DiskEngineOptions } from "./disk-engine.ts";
import { openDiskEngine } from "./open-disk-engine.ts";
import { movesOf, testCodec } from "./testing/test-rows.ts";
import type { TestRow } from "./testing/test-rows.ts";

const root = mkdtempSync(join(tmpdir(), "narrowcast-copy-"));
let stores = 0;
afterAll(() => rmSync(root, { recursive: true, force: true }));

const PAGE_BYTES = 4096;

function optionsFor(directory: string): DiskEngineOptions<TestRow> {
  return { directory, codec: testCodec, segmentBytes: 64 * 1024, checkpointDelayMs: Infinity, memoryBytes: 0 };
}

function nextDirectory(): string {
  stores += 1;
  return join(root, String(stores));
}

/** One commit over rows here and there; some are large, so that they get pages of their own. */
function commit(engine: DiskEngine<TestRow>, round: number): void {
  for (let at = 0; at < 40; at += 1) {
    const key = `row${(round * 37 + at * 11) % 900}`;
    const text = "t".repeat((round + at) % 50 === 0 ? 9_000 : 100 + (round % 60));
    const value = (round + at) % 7 === 0 ? undefined : { a: (round * 13 + at) % 200, text };
    engine.put({ collection: 1, key, value, moves: movesOf(key, engine.get(1, key), value) });
  }
  engine.commit(engine.head + 1, "");
}

function rowsOf(engine: DiskEngine<TestRow>): readonly [string, TestRow][] {
  const rows: [string, TestRow][] = [];
  const cursor = engine.scan(1, 0, { start: "", end: undefined }, "asc");
  while (cursor.next()) rows.push([cursor.key, cursor.value()]);
  return rows;
}

test("a copy made under load is the store at a commit at or behind all that was acknowledged before, and is sound", async () => {
  const engine = openDiskEngine(optionsFor(nextDirectory()));
  const states = new Map<number, readonly [string, TestRow][]>();
  let round = 0;
  const load = { isOver: false };
  const write = async (): Promise<void> => {
    while (!load.isOver) {
      commit(engine, (round += 1));
      states.set(engine.head, rowsOf(engine));
      await (round % 5 === 0 ? engine.checkpoint() : engine.flush());
    }
  };
  const writing = write();
  for (let copy = 0; copy < 4; copy += 1) {
    while (engine.durable < copy * 30 + 20) await new Promise((resolve) => setImmediate(resolve));
    const [acknowledged, trimmedFrom] = [engine.durable, engine.counters.checkpoints];
    const directory = nextDirectory();
    await engine.copyTo(directory);
    expect(engine.counters.checkpoints).toBeGreaterThanOrEqual(trimmedFrom);
    expect(await checkStore(directory)).toEqual([]);
    const copied = openDiskEngine(optionsFor(directory));
    expect(copied.head).toBeGreaterThanOrEqual(acknowledged);
    expect(rowsOf(copied)).toEqual(states.get(copied.head));
    // It goes on as a store of its own.
    commit(copied, 1);
    await copied.checkpoint();
    await copied.close();
    expect(await checkStore(directory)).toEqual([]);
  }
  load.isOver = true;
  await writing;
  await engine.close();
});

test("an empty store can be copied", async () => {
  const engine = openDiskEngine(optionsFor(nextDirectory()));
  const directory = nextDirectory();
  await engine.copyTo(directory);
  await engine.close();
  expect(await checkStore(directory)).toEqual([]);
});

/** Copies a file from the beginning on, as `cp` and `tar` do, with `between` every few pages. */
async function copySlowly(from: string, to: string, between: () => Promise<void>): Promise<void> {
  const fd = openSync(from, "r");
  const pieces: Buffer[] = [];
  for (let at = 0; ; at += 8 * PAGE_BYTES) {
    const piece = Buffer.alloc(8 * PAGE_BYTES);
    const got = readSync(fd, piece, 0, piece.length, at);
    if (got === 0) break;
    pieces.push(piece.subarray(0, got));
    await between();
  }
  closeSync(fd);
  writeFileSync(to, Buffer.concat(pieces));
}

test("a base that was copied while it was written is refused with a sentence, and never opened torn", async () => {
  const directory = nextDirectory();
  const engine = openDiskEngine(optionsFor(directory));
  let round = 0;
  for (; round < 60; round += 1) commit(engine, round);
  await engine.checkpoint();
  const file = join(directory, "base", "data.mdb");
  let refused = 0;
  for (let copy = 0; copy < 8; copy += 1) {
    const target = nextDirectory();
    mkdirSync(target);
    await copySlowly(file, join(target, "data.mdb"), async () => {
      commit(engine, (round += 1));
      await engine.checkpoint();
    });
    if (problemOfPages(join(target, "data.mdb")) === undefined) continue;
    refused += 1;
    expect(() => new Base(target)).toThrow(TornBaseError);
    expect(() => new Base(target)).toThrow(
      /^Cannot open base .*; it is damaged, or was copied while a server was writing it\./u,
    );
  }
  await engine.close();
  expect(refused).toBeGreaterThan(4);
});

test("every base is found whole, whatever was done to it, and is read whole only where it came from elsewhere", async () => {
  const directory = nextDirectory();
  const engine = openDiskEngine(optionsFor(directory));
  const base = join(directory, "base");
  for (let round = 0; round < 200; round += 1) {
    commit(engine, round);
    if (round % 10 !== 0) continue;
    if (round % 50 === 0) engine.dropIndex(1, 2);
    await engine.checkpoint();
    expect(problemOfPages(join(base, "data.mdb"))).toBeUndefined();
  }
  engine.dropCollection(1);
  await engine.checkpoint();
  expect(problemOfPages(join(base, "data.mdb"))).toBeUndefined();
  await engine.close();
  // The note of the original does not speak for a copy.
  const copy = nextDirectory();
  cpSync(base, copy, { recursive: true });
  const bytes = readFileSync(join(copy, "data.mdb"));
  bytes.fill(0, 5 * PAGE_BYTES);
  writeFileSync(join(copy, "data.mdb"), bytes);
  expect(() => new Base(copy)).toThrow(TornBaseError);
});

test("a page that is in use and listed as free is found, before a write ends the process over it", async () => {
  const directory = nextDirectory();
  const engine = openDiskEngine(optionsFor(directory));
  for (let round = 0; round < 20; round += 1) {
    commit(engine, round);
    await engine.checkpoint();
  }
  await engine.close();
  const file = join(directory, "base", "data.mdb");
  const bytes = readFileSync(file);
  // Places of the layout: see `base-pages.ts`.
  const [transactionAt, freeRootAt, mainRootAt, pageHead, entryHead] = [152, 88, 136, 24, 16];
  const meta =
    bytes.readBigUInt64LE(transactionAt) > bytes.readBigUInt64LE(PAGE_BYTES + transactionAt) ? 0 : PAGE_BYTES;
  const mainRoot = bytes.readBigUInt64LE(meta + mainRootAt);
  const leaf = Number(bytes.readBigUInt64LE(meta + freeRootAt)) * PAGE_BYTES;
  const list = leaf + pageHead + bytes.readUInt16LE(leaf + pageHead) + entryHead;
  const listed = Number(bytes.readBigUInt64LE(list));
  expect(listed).toBeGreaterThan(0);
  for (let at = 1; at <= listed; at += 1) bytes.writeBigUInt64LE(at === listed ? mainRoot : 0n, list + at * 8);
  writeFileSync(file, bytes);
  const problem = `page ${mainRoot} is in use, but listed as free`;
  expect(problemOfPages(file)).toBe(problem);
  expect(await checkStore(directory)).toEqual([{ place: join(directory, "base"), message: problem }]);
});
