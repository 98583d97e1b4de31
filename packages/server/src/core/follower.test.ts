/**
 * Goal: a core that sees nothing but the log's records has the state, and gives the answers, of the core that wrote them.
 *
 * Method: random histories of writes, pushes, changes of schema and variables, scheduled functions, crons, files, time and crashes; after each step
 * both cores are compared. Then each part of the fold and each observer is left out, and the comparison must notice, and notice it where it should show.
 *
 * `SEED=n npx vitest run packages/server/src/core/follower.test.ts` repeats one history.
 */
import { beforeAll, expect, test } from "vitest";
import { bundleTexts } from "../kit/text-app.ts";
import type { CodePackage } from "../app/types.ts";
import { FOLLOWER_APPS, FOLLOWER_QUERIES } from "../testing/follower-app.ts";
import { FollowerDifference, FollowerWorld, type HistoryCounts } from "../testing/follower-world.ts";
import type { Core } from "./core.ts";

const HISTORIES = 200;
const STEPS = 6;
/** So many of them are played to notice a part that is missing. */
const TRIES = 60;

let versions: readonly CodePackage[];
beforeAll(async () => {
  versions = await Promise.all(FOLLOWER_APPS.map((files) => bundleTexts(files)));
});

const only = process.env["SEED"];
const seeds = only === undefined ? Array.from({ length: HISTORIES }, (_, at) => at + 1) : [Number(only)];

test(`${HISTORIES} histories: the follower equals the writer after every step`, { timeout: 300_000 }, async () => {
  const counts: HistoryCounts = { steps: new Map(), good: 0, updates: 0 };
  for (const seed of seeds) {
    await new FollowerWorld(seed, versions).play(STEPS, counts).catch((error: unknown) => {
      throw new Error(`SEED=${seed}`, { cause: error });
    });
  }
  console.log(counts);
});
