/**
 * The data set: how many of everything, and how large, at a tenth of its scale.
 */
import type { TestDeployment } from "@narrowcast/server";
import { getDocumentSize } from "convex/values";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plannedShow, setlistNumber, showOfSetlist, sizesOf, stepsOf } from "../convex/model/seedPlan.ts";
import { openConcerts, writeData } from "../testing/open.ts";

describe("data set", () => {
  let app: TestDeployment;
  beforeAll(async () => {
    app = await openConcerts();
    await writeData(app, 0.1);
  });
  afterAll(async () => app.close());
  const sizes = async (table: string): Promise<number[]> =>
    await app.run(async (ctx) => (await ctx.db.query(table).collect()).map((row) => getDocumentSize(row)));

  test.each([
    ["artists", 100, 3_000],
    ["venues", 50, undefined],
    ["shows", 500, 600],
    ["setlists", 200, 1_500],
    ["votes", 1_000, 300],
    ["songVotes", 2_000, undefined],
    ["songs", 3_010, undefined],
    ["artistSongs", 3_010, undefined],
  ])("%s: %i rows of about %s bytes", async (table, count, bytes) => {
    const all = await sizes(table);
    expect(all).toHaveLength(count);
    if (bytes === undefined) return;
    const mean = all.reduce((sum, size) => sum + size, 0) / all.length;
    expect(mean / bytes).toBeGreaterThan(0.9);
    expect(mean / bytes).toBeLessThan(1.1);
  });

  test("its counters are true: a full pass of both checks repairs nothing", async () => {
    await app.mutation("trending:recountEngagement");
    await app.mutation("trending:recountArtists");
    await app.advance(10_000);
    const sweeps = await app.run(async (ctx) => await ctx.db.query("sweeps").collect());
    const found = (name: string) => sweeps.find((sweep) => sweep.name === name);
    expect(found("engagement")).toMatchObject({ checked: 500, repaired: 0, cursor: null });
    expect(found("artists")).toMatchObject({ checked: 100, repaired: 0, cursor: null });
  });

  test("half of the shows are ahead, and none of a cast's shows has a setlist", async () => {
    const shows = await app.run(async (ctx) => await ctx.db.query("shows").collect());
    expect(shows.filter(({ status }) => status === "upcoming").length / shows.length).toBeCloseTo(0.5, 1);
    expect(shows.slice(0, 88).every(({ setlistCount }) => setlistCount === 0)).toBe(true);
  });
});

test("the plan at scale 1 is the one that the figures are about", () => {
  const sizes = sizesOf(1);
  const shows = Array.from({ length: sizes.shows }, (_, index) => plannedShow(sizes, index));
  expect(shows.filter(({ isUpcoming }) => isUpcoming)).toHaveLength(2_500);
  expect(shows.filter(({ hasSetlist }) => hasSetlist)).toHaveLength(2_000);
  expect(shows.filter(({ artist }) => artist >= 980)).toHaveLength(20 * 44);
  for (const number of [0, 699, 700, 1_999]) expect(setlistNumber(sizes, showOfSetlist(sizes, number))).toBe(number);
  expect(stepsOf(1).length).toBeLessThan(50);
});

test("the demo is written once, and its lists stand", async () => {
  const app = await openConcerts();
  expect(await app.action("seed:demo")).toEqual({ loaded: true });
  expect(await app.action("seed:demo")).toEqual({ loaded: false });
  await app.advance(1_000);
  const { page } = (await app.query("trending:getTrendingShows")) as { page: { score: number }[] };
  expect(page.length).toBeGreaterThan(10);
  expect(page[0]!.score).toBeGreaterThan(page.at(-1)!.score);
  await app.close();
});
