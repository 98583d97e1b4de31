/**
 * The claim: the unoptimised form by our rules costs no more than the form optimised by hand by Convex's. Counted work, no times.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { measure, type SheetRow } from "../../measure.ts";
import type { SheetSize } from "../../size.ts";
import { claimsContract } from "../../testing/claims.contract.ts";
import { openStage, rowOf, scenarioNamed, TINY_SIZE } from "../../testing/rows.ts";
import type { World } from "../../world.ts";
import { RUNNER_PARTS } from "./forms.ts";
import { Player } from "./player.ts";
import { ORCHESTRATOR } from "./system.ts";

const SLOW_MS = 180_000;
/** So many groups end that those of two jobs, which the data begins with, do not decide. */
const SIZE: SheetSize = { plays: 4, dayMinutes: 20, isQuick: false };

describe.each(["typical", "worst"] as const)("one tick on the %s data", (state) => {
  let rows: SheetRow[];
  beforeAll(async () => {
    rows = await measure(ORCHESTRATOR, state, scenarioNamed(ORCHESTRATOR, "tick"), TINY_SIZE);
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
claimsContract(ORCHESTRATOR, "worst", SIZE);

test(
  "heartbeats do not wake getReadyJobs for good once it has returned jobs whole",
  async () => {
    const stage = await openStage(ORCHESTRATOR, "typical", "before", "narrow");
    const { world } = stage;
    const player = new Player(stage, []);
    await player.subscribe(RUNNER_PARTS);
    // Five jobs are ready in between: of the new assignment and of one that nobody works on.
    await player.nextAssignment();
    const before = await runsOf(world, "before/scheduler:getReadyJobs");
    for (let tick = 0; tick < 30; tick++) await player.tick();
    expect((await runsOf(world, "before/scheduler:getReadyJobs")) - before).toBeLessThanOrEqual(1);
    stage.close();
    await world.close();
  },
  SLOW_MS,
);

async function runsOf(world: World, path: string): Promise<number> {
  const report = await world.deployment.ledger({ recentMax: 0 });
  return report!.functions.rows.find(({ name }) => name === path)!.account.reruns;
}
