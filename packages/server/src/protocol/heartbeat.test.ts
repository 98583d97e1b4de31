/**
 * When a thread is asked for a sign of life, and what main sees, with a clock that the test moves.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Heartbeat, heartOf, newHeartMemory, type Pulse } from "./heartbeat.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** A thread whose work and answers the test decides. */
function world() {
  const memory = newHeartMemory();
  const beat = heartOf(memory);
  const now = { ms: 0, cpuMs: 0 };
  const seen = { asked: 0, isAwaited: false, pulses: [] as Pulse[] };
  const heart = new Heartbeat({
    memory,
    ask: () => void (seen.asked += 1),
    isAwaited: () => seen.isAwaited,
    onLook: (pulse) => void seen.pulses.push(pulse),
    clock: { nowMs: () => now.ms, threadMs: () => now.cpuMs },
  });
  const pass = (ms: number, share: number): void => {
    for (let at = 0; at < ms; at += 50) {
      now.ms += 50;
      now.cpuMs += 50 * share;
      vi.advanceTimersByTime(50);
    }
  };
  return { beat, seen, heart, pass };
}

test("an idle thread is looked at once a second and not asked", () => {
  const { seen, pass, heart } = world();
  pass(10_000, 0);
  expect(seen.asked).toBe(0);
  expect(seen.pulses.length).toBe(10);
  heart.stop();
  pass(10_000, 1);
  expect(seen.pulses.length).toBe(10);
});

test("a thread that begins to compute by itself is asked, and its silence is measured until it answers", () => {
  const { seen, pass, beat } = world();
  pass(3_000, 0);
  pass(2_500, 1);
  expect(seen.asked).toBe(1);
  const { silentMs = 0, silentCpuMs } = seen.pulses.at(-1) ?? {};
  expect(silentMs).toBeGreaterThan(1_000);
  expect(silentCpuMs).toBe(silentMs);
  beat();
  pass(100, 0);
  expect(seen.pulses.at(-1)).toMatchObject({ silentMs: 0, silentCpuMs: 0 });
  expect(seen.asked).toBe(1);
});

test("a thread that somebody waits for is asked once a second, whatever it computes", () => {
  const { seen, pass, beat, heart } = world();
  seen.isAwaited = true;
  heart.watch();
  pass(1_200, 0);
  expect(seen.asked).toBe(1);
  beat();
  pass(5_000, 0);
  expect(seen.asked).toBe(2);
  expect(seen.pulses.at(-1)?.silentMs).toBeGreaterThan(3_000);
});
