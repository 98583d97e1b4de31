/**
 * Rules of the matching that need no database.
 */
import { expect, test } from "vitest";
import { isRateLimit, ModelError } from "../convex/model/askModel.ts";
import { backoffMs, deduplicateGrowthAreas } from "../convex/model/matchingRules.ts";

test("ten waits are 303 seconds", () => {
  const waits = Array.from({ length: 10 }, (_, retry) => backoffMs(retry));
  expect(waits.reduce((sum, wait) => sum + wait)).toBe(303_000);
});

test("growth areas: themes without regard to case, items by frequency, ten at most, first letter large", () => {
  const many = Array.from({ length: 12 }, (_, index) => `item ${index}`);
  expect(
    deduplicateGrowthAreas([
      { theme: " Skills ", items: ["python", "Writing"] },
      { theme: "skills", items: ["writing "] },
      { theme: "Networks", items: many },
    ]),
  ).toEqual([
    { theme: "Skills", items: ["Writing", "Python"] },
    { theme: "Networks", items: many.slice(0, 10).map((item) => item.replace("item", "Item")) },
  ]);
});

test("a refusal is told by its status or by its words", () => {
  expect(isRateLimit(new ModelError("no", 429))).toBe(true);
  expect(isRateLimit(new Error("Rate limited"))).toBe(true);
  expect(isRateLimit(new Error("status 429"))).toBe(true);
  expect(isRateLimit(new ModelError("no", 500))).toBe(false);
});
