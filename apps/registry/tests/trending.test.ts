import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestDeployment } from "@narrowcast/server";
import type { Id } from "../convex/_generated/dataModel.js";
import { topItems } from "../convex/model/trending.ts";
import { addSkills, inside, openRegistry, slugsOf, START_MS, type Page } from "../testing/registry.ts";

const TODAY = Math.floor(START_MS / 86_400_000);
/** More than a transaction may read, on seven days. */
const ROWS_A_DAY = 4_600;
/** On one day there are more rows than one query reads. */
const BUSY_DAYS_AGO = 3;
const ROWS_MORE = 4_000;
let app: TestDeployment;

beforeAll(async () => {
  app = await openRegistry();
});
afterAll(async () => await app.close());

const REBUILD_BEFORE = "before/leaderboards:rebuildTrendingLeaderboardInternal";
const REBUILD = "leaderboards:rebuildTrendingLeaderboardAction";

async function addDay(of: TestDeployment, day: number, rows: readonly (readonly [Id<"skills">, number, number])[]) {
  await inside(of, async (ctx) => {
    for (const [skillId, installs, downloads] of rows) {
      await ctx.db.insert("skillDailyStats", { skillId, day, installs, downloads, updatedAt: START_MS });
    }
  });
}

interface Board {
  readonly items: readonly { readonly skillId: string; readonly score: number }[];
}

async function newestBoard(of: TestDeployment): Promise<Board> {
  return (await inside(of, async (ctx) =>
    ctx.db
      .query("skillLeaderboards")
      .withIndex("by_kind", (q) => q.eq("kind", "trending"))
      .order("desc")
      .first(),
  ))!;
}

describe("at the size of the real registry, under Convex's limits", () => {
  beforeAll(async () => {
    const ids = await addSkills(
      app,
      Array.from({ length: ROWS_A_DAY }, (_, at) => ({ slug: `skill-${at}`, version: null })),
    );
    for (let back = 0; back < 7; back++) {
      const rows = ids.map((id, at) => [id, at % 97, at % 13] as const);
      await addDay(app, TODAY - back, rows);
    }
    await addDay(
      app,
      TODAY - BUSY_DAYS_AGO,
      ids.slice(0, ROWS_MORE).map((id) => [id, 1, 0] as const),
    );
  });

  test("5: seven days in one transaction fail, although each is a query of its own", async () => {
    await expect(app.mutation(REBUILD_BEFORE, {})).rejects.toThrow(/too many documents read.*32000/iu);
  });

  test("a query for each day, two for the busy one, and a mutation for the result pass", async () => {
    const cost = await app.expectCost(async () => {
      expect(await app.action(REBUILD, {})).toEqual({ count: 200 });
    });
    expect(cost.functions["leaderboards:getDailyStatsInternal"]).toMatchObject({
      runs: 8,
      convexDocuments: 7 * ROWS_A_DAY + ROWS_MORE,
    });
    expect(cost.functions["leaderboards:storeTrendingInternal"]?.convexDocuments).toBeLessThanOrEqual(6);
    const { items } = await newestBoard(app);
    expect(items).toHaveLength(200);
    expect(items.map(({ score }) => score)).toEqual(items.map(({ score }) => score).toSorted((a, b) => b - a));
    expect(items[0]).toMatchObject({ score: 7 * 96 + 1 });
  });
});

describe("the board", () => {
  let small: TestDeployment;
  let ids: Id<"skills">[];

  beforeAll(async () => {
    small = await openRegistry();
    ids = await addSkills(small, [
      { slug: "few" },
      { slug: "many" },
      { slug: "tie-low" },
      { slug: "tie-high" },
      { slug: "hidden", skill: { moderationStatus: "hidden" } },
      { slug: "last-week" },
    ]);
    const [few, many, low, high, hidden, old] = ids as [Id<"skills">, ...Id<"skills">[]];
    await addDay(small, TODAY, [
      [few, 1, 100],
      [many!, 9, 1],
      [low!, 5, 1],
      [high!, 5, 2],
      [hidden!, 50, 50],
    ]);
    await addDay(small, TODAY - 6, [[many!, 9, 1]]);
    await addDay(small, TODAY - 7, [[old!, 1_000, 1_000]]);
  });
  afterAll(async () => await small.close());

  test.each([
    { form: "before/leaderboards", rebuild: () => small.mutation(REBUILD_BEFORE, {}) },
    { form: "leaderboards", rebuild: () => small.action(REBUILD, {}) },
  ])("$form counts seven days, installs first, then downloads, and shows public skills", async ({ form, rebuild }) => {
    expect(await rebuild()).toEqual({ count: 5 });
    const page = (await small.query(`${form}:trending`, { limit: 3 })) as unknown as Page["page"];
    expect(slugsOf({ page } as Page)).toEqual(["many", "tie-high", "tie-low"]);
    expect((await newestBoard(small)).items[1]).toEqual({ skillId: ids[1], score: 18, installs: 18, downloads: 2 });
  });

  test("keeps three boards, and its readers need no clock", async () => {
    for (let time = 0; time < 4; time++) {
      await small.advance(1_000);
      await small.action(REBUILD, {});
    }
    expect(await inside(small, async (ctx) => (await ctx.db.query("skillLeaderboards").collect()).length)).toBe(3);
    const list = await small.subscribe("leaderboards:trending", {});
    await small.advance(3_600_000);
    const cost = await small.expectCost(() => small.advance(60_000));
    expect(cost.functions["leaderboards:trending"]?.reruns ?? 0).toBe(0);
    list.close();
  });
});

test("topItems gives the best of many in order, as sorting all of them would", () => {
  const sums = new Map<Id<"skills">, { downloads: number; installs: number }>();
  for (let at = 0; at < 1_000; at++) {
    sums.set(`id-${at}` as Id<"skills">, { installs: (at * 7_919) % 50, downloads: (at * 104_729) % 7 });
  }
  const sorted = [...sums]
    .map(([skillId, { installs, downloads }]) => ({ skillId, score: installs, installs, downloads }))
    .toSorted((a, b) => b.score - a.score || b.downloads - a.downloads || (a.skillId < b.skillId ? -1 : 1));
  for (const limit of [1, 10, 200, 2_000]) expect(topItems(sums, limit)).toEqual(sorted.slice(0, limit));
});
