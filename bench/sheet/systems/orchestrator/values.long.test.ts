/**
 * What the sheet counts was also right: after a day, every client holds what a run from scratch gives.
 */
import { expect, test } from "vitest";
import type { Combination } from "../../measure.ts";
import { HeldValues } from "../../testing/held-values.ts";
import { openStage, TINY_SIZE } from "../../testing/rows.ts";
import { World } from "../../world.ts";
import { PAGE_PARTS, RUNNER_PARTS } from "./forms.ts";
import { Player } from "./player.ts";
import { day } from "./scenarios.ts";
import { ORCHESTRATOR } from "./system.ts";

const SLOW_MS = 120_000;
const COMBINATIONS: readonly Combination[] = [
  ["before", "convex"],
  ["after", "convex"],
  ["before", "narrow"],
  ["after", "narrow"],
];

test.each(COMBINATIONS)(
  "%s, %s: page and runner hold what a run from scratch gives",
  async (form, rules) => {
    const stage = await openStage(ORCHESTRATOR, "typical", form, rules);
    const { world } = stage;
    const [page, runner] = [new HeldValues(), new HeldValues()];
    const watch = { page: page.receive, runner: runner.receive };
    const player = new Player(stage, PAGE_PARTS, watch);
    await player.subscribe(RUNNER_PARTS);
    await day(player, TINY_SIZE);
    await player.nextAssignment();
    await player.tick();
    stage.close();
    await world.close();

    const fresh = await World.openOn(world.engine, world.clock.nowMs());
    for (const [held, socket] of [
      [page, player.page],
      [runner, player.runner],
    ] as const) {
      expect(socket.requests.size).toBeGreaterThan(0);
      for (const [queryId, { path, args }] of socket.requests) {
        expect(held.values.get(queryId), path).toEqual(await fresh.app.query(path, args));
      }
    }
    expect(page.deltas > 0).toBe(rules === "narrow");
    await fresh.close();
  },
  SLOW_MS,
);
