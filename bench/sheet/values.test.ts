/**
 * What the sheet counts was also right: after a day, every client holds what a run from scratch gives.
 */
import { expect, test } from "vitest";
import { factsOf } from "./facts.ts";
import { PAGE_PARTS, RUNNER_PARTS } from "./forms.ts";
import { COMBINATIONS } from "./measure.ts";
import { Player } from "./player.ts";
import { HeldValues } from "./testing/held-values.ts";
import { scenarioNamed, TINY_SIZE } from "./testing/rows.ts";
import { World } from "./world.ts";

const SLOW_MS = 120_000;

test.each(COMBINATIONS)(
  "%s, %s: page and runner hold what a run from scratch gives",
  async (form, rules) => {
    const world = await World.open("typical", rules);
    const [page, runner] = [new HeldValues(), new HeldValues()];
    const watch = { page: page.receive, runner: runner.receive };
    const player = new Player(world, form, await factsOf("typical"), PAGE_PARTS, watch);
    await player.subscribe(RUNNER_PARTS);
    await scenarioNamed("day").play(player, TINY_SIZE);
    await player.nextAssignment();
    await player.tick();
    player.close();
    await world.close();

    const fresh = await World.openOn(world.engine);
    for (const [held, socket] of [
      [page, player.page],
      [runner, player.runner],
    ] as const) {
      expect(socket.questions.size).toBeGreaterThan(0);
      for (const [queryId, { path, args }] of socket.questions) {
        expect(held.values.get(queryId), path).toEqual(await fresh.call("query", path, args));
      }
    }
    expect(page.deltas > 0).toBe(rules === "narrow");
    await fresh.close();
  },
  SLOW_MS,
);
