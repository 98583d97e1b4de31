import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Base } from "./base.ts";
import { BATCH_ROWS_MAX } from "./checkpointer.ts";
import { DiskEngine } from "./disk-engine.ts";
import { openDiskEngine } from "./open-disk-engine.ts";
import type { DiskEngineOptions } from "./disk-engine.ts";
import { movesOf, testCodec } from "./testing/test-rows.ts";
import type { TestRow } from "./testing/test-rows.ts";

const root = mkdtempSync(join(tmpdir(), "narrowcast-checkpointer-"));
let stores = 0;
afterAll(() => rmSync(root, { recursive: true, force: true }));

function optionsFor(tuning: Partial<DiskEngineOptions<TestRow>> = {}): DiskEngineOptions<TestRow> {
  stores += 1;
  const directory = join(root, String(stores));
  return { directory, codec: testCodec, segmentBytes: 64 * 1024, checkpointDelayMs: Infinity, ...tuning };
}

function write(engine: DiskEngine<TestRow>, from: number, to: number): void {
  for (let at = from; at < to; at += 1) {
    const key = `row${at}`;
    const value = { a: at % 200, text: "t".repeat(100) };
    engine.put({ collection: 1, key, value, moves: movesOf(key, engine.get(1, key), value) });
  }
  engine.commit(engine.head + 1, "");
}

test("a large commit is applied in small transactions, and stays whole for readers", async () => {
  const engine = openDiskEngine(optionsFor({ memoryBytes: 0 }));
  const rows = 10 * BATCH_ROWS_MAX + 1;
  write(engine, 0, rows);
  const done = engine.checkpoint();
  const seen = new Set<number>();
  while (engine.counters.checkpoints < 11) {
    await new Promise((resolve) => setImmediate(resolve));
    const cursor = engine.scan(1, 2, { start: "", end: undefined }, "asc");
    let count = 0;
    while (cursor.next()) count += 1;
    expect([count, engine.count(1)]).toEqual([rows, rows]);
    seen.add(engine.counters.checkpoints);
  }
  await done;
  expect(engine.counters.checkpoints).toBe(11);
  expect(seen.size).toBeGreaterThan(2);
  await engine.close();
});

test("small commits share a transaction", async () => {
  const engine = openDiskEngine(optionsFor());
  for (let at = 0; at < 90; at += 1) write(engine, at, at + 1);
  await engine.checkpoint();
  expect(engine.counters.checkpoints).toBe(1);
  await engine.close();
});

test("the base never has what the log did not make durable", async () => {
  const options = optionsFor({ checkpointBytes: 1 });
  const engine = openDiskEngine(options);
  write(engine, 0, 1);
  const flushed = engine.flush();
  // Sealed while the flush is under way: not part of it.
  write(engine, 1, 2);
  await flushed;
  await expect.poll(() => engine.counters.checkpoints, { timeout: 20_000 }).toBe(1);
  const base = new Base(join(options.directory, "base"));
  expect([base.stats(1)?.rows, engine.counters.checkpoints]).toEqual([1, 1]);
  await base.close();
  await engine.close();
});

test("the log is trimmed once the base is on the disk", async () => {
  const options = optionsFor();
  const engine = openDiskEngine(options);
  const segments = () =>
    readdirSync(join(options.directory, "log")).filter((name) => /^\d|\.log$/.test(name) && !name.endsWith(".tmp"));
  for (let at = 0; at < 20; at += 1) {
    write(engine, at * 50, at * 50 + 50);
    await engine.flush();
  }
  const before = segments().length;
  await engine.checkpoint();
  expect(before).toBeGreaterThan(2);
  expect(segments().length).toBeLessThan(before / 2);
  await engine.close();
  const again = openDiskEngine(options);
  expect(again.count(1)).toBe(1000);
  await again.close();
});

test("a backlog over its limit makes flushes wait for the checkpointer", async () => {
  const engine = openDiskEngine(optionsFor({ backlogBytesMax: 10_000, checkpointBytes: Infinity }));
  write(engine, 0, 10);
  await engine.flush();
  expect(engine.counters.checkpoints).toBe(0);
  write(engine, 10, 200);
  await engine.flush();
  expect(engine.counters.checkpoints).toBeGreaterThan(0);
  await engine.close();
});

test("a small rest is checkpointed after the delay, and then nothing more happens", async () => {
  const engine = openDiskEngine(optionsFor({ checkpointDelayMs: 10 }));
  write(engine, 0, 3);
  await engine.flush();
  while (engine.counters.checkpoints === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await engine.flush();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(engine.counters.checkpoints).toBe(1);
  await engine.close();
});
