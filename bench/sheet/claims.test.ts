/**
 * The claim: the unoptimised form by our rules costs no more than the form optimised by hand by Convex's. Counted work, no times.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { CLAIMED, EXCUSES, excuseFor } from "./excuses.ts";
import { COMBINATIONS, measure, type SheetRow } from "./measure.ts";
import { SCENARIOS, type SheetSize } from "./scenarios.ts";
import { missesOf } from "./table.ts";
import { rowOf, scenarioNamed, TINY_SIZE } from "./testing/rows.ts";

const SLOW_MS = 180_000;
/** So many groups end that those of two jobs, which the data begins with, do not decide. */
const SIZE: SheetSize = { plays: 4, dayMinutes: 20 };

/** The left side of the comparison by Convex's rules is dear and says nothing about the claim. */
const COMPARED = COMBINATIONS.filter(([form, rules]) => form === "after" || rules === "narrow");

describe.each(["typical", "worst"] as const)("one tick on the %s data", (state) => {
  let rows: SheetRow[];
  beforeAll(async () => {
    rows = await measure(state, scenarioNamed("tick"), TINY_SIZE);
  }, SLOW_MS);

  test("before, by our rules, reads at most three documents from storage", () => {
    expect(rowOf(rows, "before", "narrow").documents).toBeLessThanOrEqual(3);
  });

  test("before, by our rules, sends fewer bytes than after by Convex's", () => {
    expect(rowOf(rows, "before", "narrow").bytesSent).toBeLessThan(rowOf(rows, "after", "convex").bytesSent);
  });

  test("runs one query again, and neither getReadyJobs nor getAllNamespaces", () => {
    const { queries } = rowOf(rows, "before", "narrow");
    expect(queries).toEqual({ "before/scheduler:getAllAssignments": { runs: 1, documents: 1 } });
  });
});

// The worst state is the dearer one for the claim's left side, so it is played whole.
describe("every scenario on the worst data", () => {
  const sheet = new Map<string, SheetRow[]>();
  beforeAll(async () => {
    for (const scenario of SCENARIOS) sheet.set(scenario.name, await measure("worst", scenario, SIZE, COMPARED));
  }, SLOW_MS);

  test.each(SCENARIOS.map(({ name }) => name))(
    "%s: before by our rules costs no more than after by Convex's",
    (name) => {
      const rows = sheet.get(name)!;
      const [narrow, convex] = [rowOf(rows, "before", "narrow"), rowOf(rows, "after", "convex")];
      for (const figure of CLAIMED.filter((each) => excuseFor(name, each) === undefined)) {
        expect(narrow[figure], figure).toBeLessThanOrEqual(convex[figure]);
      }
    },
  );

  test("every exception is one: where the claim holds after all, the list must shrink", () => {
    const missed = new Set(
      missesOf([...sheet.values()].flat()).map(({ scenario, figure }) => `${scenario}: ${figure}`),
    );
    for (const { scenario, figures } of EXCUSES) {
      for (const figure of figures) expect(missed).toContain(`${scenario}: ${figure}`);
    }
  });

  test("rows carry the reason of their exceptions", () => {
    for (const [name, rows] of sheet) {
      const { excused } = rowOf(rows, "before", "narrow");
      expect(excused, name).toBe(EXCUSES.find(({ scenario }) => scenario === name)?.reason);
      expect(rowOf(rows, "after", "narrow").excused).toBeUndefined();
    }
  });

  test("our rules never cost more than Convex's in the optimised form", () => {
    for (const [name, rows] of sheet) {
      const [narrow, convex] = [rowOf(rows, "after", "narrow"), rowOf(rows, "after", "convex")];
      for (const figure of CLAIMED) expect(narrow[figure], `${name}, ${figure}`).toBeLessThanOrEqual(convex[figure]);
    }
  });
});
