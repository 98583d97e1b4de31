/**
 * The claim: the unoptimised form by our rules costs no more than the form optimised by hand by Convex's. Counted work, no times.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { CLAIMED, EXCUSES, excuseFor } from "./excuses.ts";
import { factsOf } from "./facts.ts";
import { RUNNER_PARTS } from "./forms.ts";
import { COMBINATIONS, measure, type SheetRow } from "./measure.ts";
import { Player } from "./player.ts";
import { SCENARIOS, type SheetSize } from "./scenarios.ts";
import { missesOf } from "./table.ts";
import { rowOf, scenarioNamed, TINY_SIZE } from "./testing/rows.ts";
import { World } from "./world.ts";

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

test(
  "heartbeats do not wake getReadyJobs for good once it has returned jobs whole",
  async () => {
    const world = await World.open("typical", "narrow");
    const player = new Player(world, "before", await factsOf("typical"), []);
    await player.subscribe(RUNNER_PARTS);
    // Five jobs are ready in between: of the new assignment and of one that nobody works on.
    await player.nextAssignment();
    const before = await runsOf(world, "before/scheduler:getReadyJobs");
    for (let tick = 0; tick < 30; tick++) await player.tick();
    expect((await runsOf(world, "before/scheduler:getReadyJobs")) - before).toBeLessThanOrEqual(1);
    player.close();
    await world.close();
  },
  SLOW_MS,
);

async function runsOf(world: World, path: string): Promise<number> {
  const report = await world.deployment.ledger({ recentMax: 0 });
  return report!.functions.rows.find(({ name }) => name === path)!.account.reruns;
}
