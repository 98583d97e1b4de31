import { expect, test } from "vitest";
import { RunClock } from "./run-clock.ts";

test.each([
  { name: "computed all the time", wallMs: 1_200, cpuMs: 1_200, isOver: true },
  { name: "waited for the machine", wallMs: 5_000, cpuMs: 300, isOver: false },
  { name: "was quick beside busy threads", wallMs: 900, cpuMs: 1_800, isOver: false },
])("isOver() is $isOver for a run that $name", ({ wallMs, cpuMs, isOver }) => {
  const now = { wallMs: 50_000, cpuMs: 7_000 };
  const clock = new RunClock({ wallMs: () => now.wallMs, cpuMs: () => now.cpuMs });
  clock.start();
  now.wallMs += wallMs;
  now.cpuMs += cpuMs;
  expect(clock.isOver(1_000)).toBe(isOver);
  expect(clock.elapsedMs()).toBe(wallMs);
});

test("start() asks for processor time at most every 100 ms", () => {
  let asked = 0;
  let wallMs = 0;
  const clock = new RunClock({ wallMs: () => wallMs, cpuMs: () => (asked += 1) });
  for (wallMs = 0; wallMs < 1_000; wallMs += 10) clock.start();
  expect(asked).toBe(10);
});
