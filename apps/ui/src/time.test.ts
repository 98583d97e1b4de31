import { expect, test } from "vitest";
import { compactNumber, duration, relativeTime } from "./time.tsx";

const MINUTE = 60_000;

test.each([
  { passed: 0, text: "now" },
  { passed: 44_000, text: "now" },
  { passed: -44_000, text: "now" },
  { passed: MINUTE, text: "1 min ago" },
  { passed: -5 * MINUTE, text: "in 5 min" },
  { passed: 59 * MINUTE, text: "59 min ago" },
  { passed: 60 * MINUTE, text: "1 h ago" },
  { passed: -3 * 60 * MINUTE, text: "in 3 h" },
  { passed: 26 * 60 * MINUTE, text: "1 d ago" },
])("relativeTime is $text when $passed ms have passed", ({ passed, text }) => {
  expect(relativeTime(1_000_000_000_000, 1_000_000_000_000 + passed)).toBe(text);
});

test("duration writes hours only when there are some, and never less than nothing", () => {
  expect([duration(59_999), duration(3_723_000), duration(-5)]).toEqual(["0:59", "1:02:03", "0:00"]);
});

test("compactNumber keeps three digits", () => {
  expect([0, 999, 1_240, 99_949, 240_000, 1_300_000].map(compactNumber)).toEqual([
    "0",
    "999",
    "1.2k",
    "99.9k",
    "240k",
    "1.3M",
  ]);
});
