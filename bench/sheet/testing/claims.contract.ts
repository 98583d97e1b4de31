/**
 * The claim for one system: the unoptimised form by our rules costs no more than the form optimised by hand by Convex's. Counted work, no times.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { excuseFor } from "../excuses.ts";
import { measure, type Combination, type SheetRow } from "../measure.ts";
import type { SheetSize } from "../size.ts";
import { CLAIMED, type AnySystem } from "../system.ts";
import { missesOf } from "../table.ts";
import { forgetSeeded } from "../world.ts";
import { rowOf } from "./rows.ts";

const SLOW_MS = 240_000;

/** The left side of the comparison by Convex's rules is dear and says nothing about the claim. */
const COMPARED: readonly Combination[] = [
  ["after", "convex"],
  ["before", "narrow"],
  ["after", "narrow"],
];

/** Holds every scenario of a state to the claim, but for its exceptions, and every exception to being one. */
export function claimsContract(system: AnySystem, state: string, size: SheetSize): void {
  const scenarios = system.scenarios.filter(({ forms = system.forms }) => forms.includes("after"));
  const names = scenarios.map(({ name }) => name);

  describe(`${system.name}, ${state}`, () => {
    const sheet = new Map<string, SheetRow[]>();
    beforeAll(async () => {
      for (const scenario of scenarios) {
        sheet.set(scenario.name, await measure(system, state, scenario, size, COMPARED));
      }
      forgetSeeded(system);
    }, SLOW_MS);

    test.each(names)("%s: before by our rules costs no more than after by Convex's", (name) => {
      const rows = sheet.get(name)!;
      const [narrow, convex] = [rowOf(rows, "before", "narrow"), rowOf(rows, "after", "convex")];
      expect(convex.failed).toBeUndefined();
      // Where the first form meets a limit there is nothing to compare.
      if (narrow.failed !== undefined) return;
      for (const figure of CLAIMED.filter((each) => excuseFor(system, name, each) === undefined)) {
        expect(narrow[figure], figure).toBeLessThanOrEqual(convex[figure]);
      }
    });

    test("every exception is one: where the claim holds after all, the list must shrink", () => {
      const missed = missesOf(system, [...sheet.values()].flat()).map(
        ({ scenario, figure }) => `${scenario}: ${figure}`,
      );
      for (const { scenario, figures } of system.excuses) {
        for (const figure of figures) expect(missed).toContain(`${scenario}: ${figure}`);
      }
    });

    test("rows carry the reason of their exceptions", () => {
      for (const [name, rows] of sheet) {
        const reasons = system.excuses.filter(({ scenario }) => scenario === name).map(({ reason }) => reason);
        const { excused } = rowOf(rows, "before", "narrow");
        expect(excused, name).toBe(reasons.length === 0 ? undefined : reasons.join(" "));
        expect(rowOf(rows, "after", "narrow").excused).toBeUndefined();
      }
    });

    test("our rules never cost more than Convex's in the optimised form", () => {
      for (const [name, rows] of sheet) {
        const [narrow, convex] = [rowOf(rows, "after", "narrow"), rowOf(rows, "after", "convex")];
        for (const figure of CLAIMED) {
          expect(narrow[figure], `${name}, ${figure}`).toBeLessThanOrEqual(convex[figure]);
        }
      }
    });
  });
}
