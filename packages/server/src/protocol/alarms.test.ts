/**
 * Alarms: one timer for many deadlines.
 */
import { expect, test } from "vitest";
import { Alarms, systemClock } from "./alarms.ts";
import { START_MS, TestClock } from "../testing/core-world.ts";

test("alarms ring in order of time, each once, on one timer", () => {
  const clock = new TestClock();
  const alarms = new Alarms(clock);
  const rung: string[] = [];
  for (const [name, ms] of [
    ["b", 20],
    ["a", 10],
    ["c", 30],
  ] as const) {
    alarms.set(name, START_MS + ms, () => rung.push(name));
    expect(clock.timers).toBe(1);
  }
  for (let ms = 5; ms <= 100; ms += 5) clock.moveTo(START_MS + ms);
  expect(rung).toEqual(["a", "b", "c"]);
  expect(clock.timers).toBe(0);
});

test("setting a name again replaces its moment, undefined takes it back", () => {
  const clock = new TestClock();
  const alarms = new Alarms(clock);
  const rung: string[] = [];
  alarms.set("a", START_MS + 10, () => rung.push("early"));
  alarms.set("a", START_MS + 20, () => rung.push("late"));
  alarms.set("b", START_MS + 15, () => rung.push("never"));
  alarms.set("b", undefined, () => undefined);
  clock.moveTo(START_MS + 19);
  expect(rung).toEqual([]);
  clock.moveTo(START_MS + 20);
  expect(rung).toEqual(["late"]);
});

test("an alarm that sets itself again rings again", () => {
  const clock = new TestClock();
  const alarms = new Alarms(clock);
  let count = 0;
  const again = (): void =>
    alarms.set("a", clock.nowMs() + 10, () => {
      count += 1;
      again();
    });
  again();
  for (let i = 1; i <= 5; i += 1) clock.moveTo(START_MS + i * 10);
  expect(count).toBe(5);
  alarms.clear();
  expect(clock.timers).toBe(0);
});

test("a deadline beyond the longest platform timer does not ring early", async () => {
  const alarms = new Alarms(systemClock);
  let hasRung = false;
  alarms.set("far", systemClock.nowMs() + 2 ** 40, () => {
    hasRung = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 10));
  alarms.clear();
  expect(hasRung).toBe(false);
});
