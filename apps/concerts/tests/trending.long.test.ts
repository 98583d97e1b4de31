/**
 * What trends: both forms give the same ranks, readers of the root form find them, and nothing is written that did not change.
 */
import type { TestDeployment } from "@narrowcast/server";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Doc } from "../convex/_generated/dataModel.js";
import { artistScore, rankShows, showScore } from "../convex/model/scores.ts";
import { NOW, openConcerts, writeData } from "../testing/open.ts";

const SCALE = 0.2;

describe("scores", () => {
  test.each([
    [{}, 1],
    [{ upcomingShowsCount: 3 }, 3],
    [{ upcomingShowsCount: 3, followers: 2_999_999, popularity: 59 }, 10],
  ])("an artist with %j has %i", (facts, score) => expect(artistScore(facts)).toBe(score));

  test.each([
    ["today, nobody cares yet", { date: "2026-01-12" }, 1],
    ["in 15 days, ten points of engagement", { date: "2026-01-27", voteCount: 6, setlistCount: 2 }, 1],
    ["in 30 days", { date: "2026-02-11", voteCount: 100 }, 0],
    ["in a year", { date: "2027-01-12", voteCount: 100 }, 0],
    ["no date", { date: "soon" }, undefined],
    ["a date that no calendar has", { date: "2026-02-31" }, undefined],
  ])("a show %s", (_what, show, score) => expect(showScore(show, NOW)).toBe(score));

  test("a show's score changes at midnight and not in between", () => {
    const at = (hours: number) => showScore({ date: "2026-01-20", voteCount: 3 }, NOW + hours * 3_600_000);
    expect(at(14)).toBe(at(0));
    expect(at(16)).toBeGreaterThan(at(0)!);
  });

  test("shows rank by score, then by date; those without a date are left out", () => {
    const shows = ["2026-03-02", "never", "2026-03-01", "2026-01-13"].map((date) => ({ date }));
    expect(rankShows(shows, NOW).map(({ show }) => show.date)).toEqual(["2026-01-13", "2026-03-01", "2026-03-02"]);
  });
});

describe("both forms on the same data", () => {
  let app: TestDeployment;
  const all = async <Table extends "artists" | "shows">(table: Table): Promise<Doc<Table>[]> =>
    await app.run(async (ctx) => (await ctx.db.query(table).collect()) as unknown as Doc<Table>[]);
  beforeAll(async () => {
    app = await openConcerts({ tracking: "document" });
    await writeData(app, SCALE);
  });
  afterAll(async () => app.close());

  test("the root form gives the ranks that the first form gives, ties included", async () => {
    await app.mutation("trending:updateArtistTrending", { by: "operator" });
    await app.mutation("trending:updateShowTrending", { by: "operator" });
    const ranks = async () => ({
      artists: (await all("artists")).map(({ trendingRank = 0, trendingScore }) => [trendingRank, trendingScore]),
      shows: (await all("shows")).map(({ trendingRank = 0, trendingScore = 0 }) => [trendingRank, trendingScore]),
    });
    const root = await ranks();
    await app.mutation("before/trending:updateArtistTrending");
    await app.mutation("before/trending:updateShowTrending");
    expect(await ranks()).toEqual(root);
  });

  test("counts: what the first form finds by reading everything, the root form has kept", async () => {
    expect(await app.mutation("before/trending:updateEngagementCounts")).toEqual({ checked: 1_000, patched: 0 });
    const counts = (await all("artists")).map(({ upcomingShowsCount }) => upcomingShowsCount);
    await app.mutation("before/trending:updateArtistShowCounts");
    expect((await all("artists")).map(({ upcomingShowsCount }) => upcomingShowsCount)).toEqual(counts);
  });

  test("ranking again writes no artist and no show", async () => {
    const cost = await app.expectCost(async () => {
      await app.mutation("trending:updateArtistTrending", { by: "operator" });
      await app.mutation("trending:updateShowTrending", { by: "operator" });
    });
    // One row of history each.
    expect(cost.documentsWritten).toBe(2);
  });

  test("the first form writes every row, every time", async () => {
    const upcoming = (await all("shows")).filter(({ status }) => status === "upcoming").length;
    await app.advance(1);
    const cost = await app.expectCost(async () => {
      await app.mutation("before/trending:updateArtistShowCounts");
      await app.mutation("before/trending:updateArtistTrending");
      await app.mutation("before/trending:updateShowTrending");
    });
    // The second update of the artists comes in the same millisecond, so its fresh time is the same and nothing changes: no write.
    expect(cost.documentsWritten).toBe(200 + upcoming);
  });

  test("the best-ranked: always none in the first form, all of them in the root form", async () => {
    for (const [name, ranked] of [
      ["getTopRankedArtists", 100],
      ["getTopRankedShows", 200],
    ] as const) {
      expect(await app.query(`before/trending:${name}`, { limit: 50 })).toEqual([]);
      const top = (await app.query(`trending:${name}`, { limit: 50 })) as { trendingRank: number }[];
      expect(top.map(({ trendingRank }) => trendingRank)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
      expect(await app.query(`trending:${name}`, { limit: 1_000 })).toHaveLength(ranked);
    }
  });

  test("so the first form never refreshes its lists, and the root form does", async () => {
    await app.action("before/maintenance:syncTrendingData");
    expect(await app.run(async (ctx) => await ctx.db.query("trendingShows").first())).toBeNull();
    await app.action("maintenance:syncTrendingData", { by: "operator" });
    const shows = (await app.query("trending:getTrendingShows", { limit: 60 })) as {
      page: { score: number; slug: string }[];
    };
    expect(shows.page).toHaveLength(60);
    expect(new Set(shows.page.map(({ slug }) => slug)).size).toBe(60);
    const artists = (await app.query("trending:getTrendingArtists")) as { page: { rank: number }[] };
    expect(artists.page.map(({ rank }) => rank)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  test("readers of both forms agree on lists that are there; the root's reads its lines and joins nothing", async () => {
    const ask = async (name: string) =>
      (await app.query(name, { limit: 20 })) as { page: { slug: string; artistName: string }[]; isDone: boolean };
    const root = await ask("trending:getTrendingShows");
    const first = await ask("before/trending:getTrendingShows");
    expect(first.page.map(({ slug, artistName }) => [slug, artistName])).toEqual(
      root.page.map(({ slug, artistName }) => [slug, artistName]),
    );
    const cost = await app.expectCost(async () => {
      await app.query("trending:getTrendingShows", { limit: 10 });
      await app.query("before/trending:getTrendingShows", { limit: 10 });
    });
    expect(cost.functions["trending:getTrendingShows"]!.convexDocuments).toBe(10);
    // 30 lines, their shows, and of each the artist and the venue.
    expect(cost.functions["before/trending:getTrendingShows"]!.convexDocuments).toBe(120);
  });

  test("the lists are written again only where they differ", async () => {
    const cost = await app.expectCost(async () =>
      app.mutation("maintenance:rewriteTrending", { shows: [], artists: [] }),
    );
    expect(cost.documentsWritten).toBe(0);
  });
});

describe("a show's life", () => {
  let app: TestDeployment;
  beforeEach(async () => {
    app = await openConcerts();
    await app.action("seed:demo");
    await app.advance(1_000);
    return async () => app.close();
  });
  const listed = async () =>
    (
      (await app.query("trending:getTrendingShows", { limit: 100 })) as unknown as {
        page: { slug: string; date: string }[];
      }
    ).page;

  test("cancelled, it leaves the list at once and loses its rank, and its artist counts one show less", async () => {
    const [first] = await listed();
    const show = async () => (await app.query("shows:getBySlug", { slug: first!.slug })) as unknown as Doc<"shows">;
    const { _id, artistId } = await show();
    const artist = async () => await app.run(async (ctx) => (await ctx.db.get(artistId)) as unknown as Doc<"artists">);
    const before = (await artist()).upcomingShowsCount!;
    await app.mutation("shows:setShowStatus", { showId: _id, status: "cancelled" });
    expect((await listed()).some(({ slug }) => slug === first!.slug)).toBe(false);
    expect(await show()).toMatchObject({ trendingRank: 0, status: "cancelled" });
    expect(await artist()).toMatchObject({ upcomingShowsCount: before - 1 });
    expect((await artist()).trendingScore).toBe(artistScore(await artist()));
  });

  test("over, it is closed by the job, waits for its import, and only such shows were read", async () => {
    const due = (await listed()).filter(({ date }) => date < "2026-01-22").length;
    expect(due).toBeGreaterThan(3);
    await app.run(async (ctx) => {
      for (const show of await ctx.db.query("shows").collect()) await ctx.db.patch(show._id, { trendingRank: 0 });
    });
    const cost = await app.expectCost(async () => {
      await app.advance(10 * 24 * 3_600_000 - 1_000);
    });
    const closed = await app.run(
      async (ctx) => (await ctx.db.query("shows").collect()).filter(({ status }) => status === "completed").length,
    );
    expect(closed).toBe(due);
    expect(cost.functions["shows:autoTransitionStatuses"]!.runs).toBe(120);
  });

  test("before the lists are written, visitors see ranked shows, and without ranks the next ones", async () => {
    await app.run(async (ctx) => {
      for (const row of await ctx.db.query("trendingShows").collect()) await ctx.db.delete(row._id);
    });
    const ranked = await listed();
    expect(ranked.length).toBeGreaterThan(10);
    await app.run(async (ctx) => {
      for (const show of await ctx.db.query("shows").collect()) await ctx.db.patch(show._id, { trendingRank: 0 });
    });
    const next = (await listed()).map(({ date }) => date);
    expect(next).toEqual(next.toSorted());
    expect(next).toHaveLength(ranked.length);
  });
});
