/**
 * The server ends between any two steps of the matching, and within one; after a restart the run goes on from disk.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { allFit, startModelServer, type ModelServer } from "../testing/model-server.ts";
import { addMatch, addOpportunities, addPerson, openNetwork, rows, type Network } from "../testing/network.ts";

const STEP_MS = 1_000;
const BATCHES = 4;

let directory: string;
let model: ModelServer;
let network: Network;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "talent-crash-"));
  network = await openNetwork({ directory });
  model = await startModelServer(() => network.clock.nowMs());
  model.script = ({ ids }) => allFit(ids);
  await network.app.setEnvironment({ MODEL_URL: model.url });
  return async () => {
    await network.app.close();
    await model.close();
    rmSync(directory, { recursive: true, force: true });
  };
});

/** Ends the process's part and starts it again, at the same time of day. */
async function restart(nowMs: number): Promise<void> {
  await network.app.close();
  network = await openNetwork({ directory, nowMs });
}

async function startRun(): Promise<void> {
  const { profileId } = await addPerson(network.app);
  const ids = await addOpportunities(network.app, 50);
  await addMatch(network.app, { profileId, opportunityId: ids[0]!, status: "saved" });
  await network.app.action("matching:computeMatchesForProfile", { profileId });
}

async function expectComplete(): Promise<void> {
  const matches = await rows(network.app, "matches");
  expect(matches).toHaveLength(50);
  expect(new Set(matches.map(({ opportunityId }) => opportunityId)).size).toBe(50);
  expect(matches.filter(({ status }) => status === "saved")).toHaveLength(1);
  expect(await rows(network.app, "stagedMatches")).toEqual([]);
  expect(await rows(network.app, "matchRuns")).toMatchObject([{ status: "finished", matchCount: 50, givenUp: [] }]);
}

test("a restart between any two steps loses none and repeats none", { timeout: 60_000 }, async () => {
  await startRun();
  for (let step = 0; step < BATCHES; step++) {
    // The first step begins at once; each later one waits a second, in which the server ends.
    await network.app.advance(step === 0 ? 0 : STEP_MS - 1);
    await restart(network.clock.nowMs());
    await network.app.advance(1);
    await network.app.advance(0);
  }
  await network.app.advance(2 * STEP_MS);
  expect(model.asked.map(({ ids }) => ids.length)).toEqual([15, 15, 15, 5]);
  await expectComplete();
});

test("a crash of the core while nothing is under way changes nothing", async () => {
  await startRun();
  for (let step = 0; step < BATCHES; step++) {
    await network.app.deployment.core.crash();
    await network.app.advance(step === 0 ? 0 : STEP_MS);
  }
  await network.app.advance(2 * STEP_MS);
  expect(model.asked).toHaveLength(BATCHES);
  await expectComplete();
});

test.for([0, 1, 3])(
  "a server that ends while it asks about batch %i loses the step; the watch does it again",
  { timeout: 60_000 },
  async (lost) => {
    const arrived = new Promise<void>((resolve) => {
      model.script = ({ ids }, number) => {
        if (number !== lost) return allFit(ids);
        resolve();
        return "hang";
      };
    });
    await startRun();
    // It never ends: the question hangs until the server is gone.
    const stuck = network.app.advance(BATCHES * STEP_MS).catch(() => undefined);
    await arrived;
    const nowMs = network.clock.nowMs();
    await restart(nowMs);
    await stuck;
    await network.app.advance(60_000);
    expect(model.asked).toHaveLength(lost + 1);
    await network.app.advance(30 * 60_000);
    // Every batch once, and the lost one twice.
    expect(model.asked).toHaveLength(BATCHES + 1);
    await expectComplete();
  },
);
