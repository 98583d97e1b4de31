/**
 * The claim for the chat, on data that is small enough for every form.
 */
import { expect, test } from "vitest";
import { measure } from "../../measure.ts";
import type { SheetSize } from "../../size.ts";
import { claimsContract } from "../../testing/claims.contract.ts";
import { rowOf, scenarioNamed, TINY_SIZE } from "../../testing/rows.ts";
import { CHAT } from "./system.ts";

const SLOW_MS = 180_000;
const SIZE: SheetSize = { plays: 4, dayMinutes: 20, isQuick: false };

claimsContract(CHAT, "4,000 records", SIZE);

test(
  "the statistics of 10,000 records are more than the first form may read, by either rules, and nothing to the others",
  async () => {
    const rows = await measure(CHAT, "10,000 records", scenarioNamed(CHAT, "statistics"), TINY_SIZE);
    for (const rules of ["convex", "narrow"] as const) {
      expect(rowOf(rows, "before", rules).failed).toMatch(/^Too many bytes read/u);
      for (const form of ["after", "fixed"] as const) {
        expect(rowOf(rows, form, rules).failed).toBeUndefined();
        expect(rowOf(rows, form, rules).documents).toBeLessThanOrEqual(20);
      }
    }
  },
  SLOW_MS,
);
