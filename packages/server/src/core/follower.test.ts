/**
 * Goal: a core that sees nothing but the log's records has the state, and gives the answers, of the core that wrote them.
 *
 * Method: random histories of writes, pushes, changes of schema and variables, scheduled functions, crons, files, time and crashes; after each step
 * both cores are compared. Then each part of the fold and each observer is left out, and the comparison must notice.
 *
 * `SEED=n npx vitest run follower` repeats one history.
 */
import { beforeAll, expect, test } from "vitest";
import { bundleTexts } from "../kit/text-app.ts";
import { appVersion, FollowerWorld } from "../testing/follower-world.ts";
import type { CodePackage } from "../app/types.ts";
import type { Core } from "./core.ts";

const HISTORIES = 200;
const STEPS = 6;
/** So many histories are tried to notice a part that is missing. */
const TRIES = 40;

let versions: readonly CodePackage[];
beforeAll(async () => {
  versions = await Promise.all([1, 2, 3, 4].map((version) => bundleTexts(appVersion(version))));
});

const seeds =
  process.env["SEED"] === undefined
    ? Array.from({ length: HISTORIES }, (_, at) => at + 1)
    : [Number(process.env["SEED"])];

test(`${HISTORIES} histories: the follower equals the writer after every step`, { timeout: 300_000 }, async () => {
  for (const seed of seeds) {
    await new FollowerWorld(seed, versions).play(STEPS).catch((error: unknown) => {
      throw new Error(`SEED=${seed}`, { cause: error });
    });
  }
});

/** Leaves out what the commits say of a table. */
const without =
  (table: string) =>
  ({ state }: Core): void => {
    const apply = state.apply.bind(state);
    state.apply = ({ changes }) => apply({ changes: changes.filter((change) => change.table !== table) });
  };

test.each<readonly [string, (core: Core) => void]>([
  ...["_environment", "_modules", "_secrets", "_scheduled_functions", "_cron_jobs", "_sessions"].map(
    (table) => [`the fold of ${table}`, without(table)] as const,
  ),
  ["what queries are answered from", ({ nodes }) => (nodes.apply = () => undefined)],
  ["who asks again after a commit", ({ reactor }) => (reactor.applyCommit = () => 0)],
  ["who asks again after a push", ({ reactor }) => (reactor.invalidateAll = () => 0)],
  ["who tells main what is active", (core) => Object.defineProperty(core, "active", { value: undefined })],
])("%s is missed when it is left out", { timeout: 120_000 }, async (_part, leaveOut) => {
  let noticed: unknown;
  for (let seed = 1; seed <= TRIES && noticed === undefined; seed += 1) {
    await new FollowerWorld(seed, versions, leaveOut).play(STEPS).catch((error: unknown) => (noticed = error));
  }
  expect(noticed).toBeDefined();
});
