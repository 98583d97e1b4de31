/**
 * When a thread counts as stuck, with the times of a table; and what the platform says of a real thread.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CONVEX_LIMITS } from "@narrowcast/values";
import type { RunKey } from "./run-key.ts";
import { ownThreadMs, ownThreadNumber, threadMs } from "./thread-time.ts";
import { SharedMonitor, WATCH_MS, Watchdog, loadLimit, newWatchMemory, runLimit, type TimeLimit } from "./watchdog.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const RUN: RunKey = { kind: "call", request: 1 };
const FUNCTION = runLimit(CONVEX_LIMITS);
const PUSHED = loadLimit(CONVEX_LIMITS, "push");
const ACCEPTED = loadLimit(CONVEX_LIMITS, "start");

test.each<[string, TimeLimit, { readonly passedMs: number; readonly computedMs: number; readonly isStuck: boolean }]>([
  ["a function within its second", FUNCTION, { passedMs: 1_000, computedMs: 1_000, isStuck: false }],
  ["a function that computed for longer", FUNCTION, { passedMs: 1_600, computedMs: 1_500, isStuck: true }],
  ["a function that waited for a busy machine", FUNCTION, { passedMs: 2_400, computedMs: 600, isStuck: false }],
  ["one that got little for long", FUNCTION, { passedMs: 8_000, computedMs: 350, isStuck: false }],
  ["one that holds up the others of a busy machine", FUNCTION, { passedMs: 2_700, computedMs: 600, isStuck: true }],
  ["one that computes nothing and stays", FUNCTION, { passedMs: 10_200, computedMs: 0, isStuck: true }],
  ["modules that take more than a function may", PUSHED, { passedMs: 9_000, computedMs: 3_900, isStuck: false }],
  ["modules that take more than a push may", PUSHED, { passedMs: 9_000, computedMs: 4_500, isStuck: true }],
  ["modules that were accepted before", ACCEPTED, { passedMs: 90_000, computedMs: 19_000, isStuck: false }],
  ["accepted modules without an end", ACCEPTED, { passedMs: 90_000, computedMs: 21_000, isStuck: true }],
])("%s", (_name, limit, { passedMs, computedMs, isStuck }) => {
  const memory = newWatchMemory();
  const stuck: RunKey[] = [];
  const now = { ms: Number(process.hrtime.bigint() / 1_000_000n), cpuMs: 123 };
  const clock = { nowMs: () => now.ms, threadMs: () => now.cpuMs };
  const watchdog = new Watchdog(
    memory,
    () => true,
    (run) => stuck.push(run),
    clock,
  );
  new SharedMonitor(memory).enter(RUN, limit);
  watchdog.watch();
  vi.advanceTimersByTime(WATCH_MS);
  now.ms += passedMs;
  now.cpuMs += computedMs;
  vi.advanceTimersByTime(WATCH_MS);
  watchdog.stop();
  expect(stuck).toEqual(isStuck ? [RUN] : []);
});

test("a thread tells how large its heap is when it has no more work", () => {
  const memory = newWatchMemory();
  const watchdog = new Watchdog(memory, () => false, vi.fn());
  const monitor = new SharedMonitor(memory);
  monitor.setBusy(true);
  expect(watchdog.state()).toMatchObject({ isBusy: true, heapMb: 0 });
  monitor.setBusy(false);
  expect(watchdog.state().isBusy).toBe(false);
  expect(watchdog.state().heapMb).toBeGreaterThan(1);
});

test("what a thread computed before it entered user code does not count", () => {
  const memory = newWatchMemory();
  const stuck: RunKey[] = [];
  const now = { ms: Number(process.hrtime.bigint() / 1_000_000n), cpuMs: 0 };
  const clock = { nowMs: () => now.ms, threadMs: () => now.cpuMs };
  const watchdog = new Watchdog(
    memory,
    () => true,
    (run) => stuck.push(run),
    clock,
  );
  const monitor = new SharedMonitor(memory);
  watchdog.watch();
  for (let run = 0; run < 40; run += 1) {
    monitor.enter({ kind: "call", request: run }, FUNCTION);
    now.ms += WATCH_MS;
    now.cpuMs += WATCH_MS;
    vi.advanceTimersByTime(WATCH_MS);
    monitor.leave();
  }
  watchdog.stop();
  expect(stuck).toEqual([]);
});

test.runIf(process.platform === "linux")("the processor time of another thread is its own", async () => {
  vi.useRealTimers();
  const worker = new Worker(
    `const { parentPort } = require("node:worker_threads");
     const { readlinkSync } = require("node:fs");
     parentPort.postMessage(Number(readlinkSync("/proc/thread-self").split("/").at(-1)));
     const flag = new Int32Array(new SharedArrayBuffer(4));
     Atomics.wait(flag, 0, 0, 300);
     parentPort.postMessage("waited");
     let x = 0; for (let i = 0; i < 3e8; i += 1) x = (x + i) | 0;
     parentPort.postMessage(x); parentPort.once("message", () => parentPort.close());`,
    { eval: true },
  );
  const [thread] = (await once(worker, "message")) as [number];
  const atFirst = threadMs(thread);
  await once(worker, "message");
  const afterWaiting = threadMs(thread);
  await once(worker, "message");
  const afterComputing = threadMs(thread);
  worker.postMessage("end");
  await once(worker, "exit");
  expect(afterWaiting - atFirst).toBeLessThan(100);
  expect(afterComputing - afterWaiting).toBeGreaterThanOrEqual(50);
});

test("a thread knows its own time", () => {
  const before = ownThreadMs();
  compute(3e8);
  expect(ownThreadMs() - before).toBeGreaterThanOrEqual(50);
  if (process.platform === "linux") expect(threadMs(ownThreadNumber())).toBeGreaterThan(0);
});

function compute(rounds: number): number {
  let x = 0;
  for (let i = 0; i < rounds; i += 1) x = (x + i) | 0;
  return x;
}
