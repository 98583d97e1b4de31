/**
 * The claim for the concert site, on all of its data: what the first form writes without need grows with it.
 */
import { expect, test } from "vitest";
import { measure } from "../../measure.ts";
import type { SheetSize } from "../../size.ts";
import { claimsContract } from "../../testing/claims.contract.ts";
import { rowOf, scenarioNamed } from "../../testing/rows.ts";
import { CONCERTS } from "./system.ts";

const SLOW_MS = 120_000;
const SIZE: SheetSize = { plays: 2, dayMinutes: 20, isQuick: false };
const QUICK_SIZE: SheetSize = { ...SIZE, isQuick: true };

claimsContract(CONCERTS, "full", SIZE);

test(
  "the chain reaction is the same by both rules: no engine ends it, and the form made right never begins it",
  async () => {
    const rows = await measure(CONCERTS, "full", scenarioNamed(CONCERTS, "chain reaction"), QUICK_SIZE);
    const calls = (form: "before" | "after", rules: "convex" | "narrow") => rowOf(rows, form, rules).calls;
    expect(calls("before", "narrow")).toBe(calls("before", "convex"));
    // Each of 200 answered or refused questions is a link of five calls; the order that starts them is one, and so on.
    expect(calls("before", "convex")).toBeGreaterThan(1_000);
    expect(calls("after", "convex")).toBeLessThan(calls("before", "convex") / 5);
  },
  SLOW_MS,
);
