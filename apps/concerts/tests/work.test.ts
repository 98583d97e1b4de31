/**
 * What each job reads and writes at full scale: 1,000 artists, 5,000 shows, 2,000 setlists, 10,000 votes. By Convex's rules, so that the figures are those
 * of the original.
 *
 * And where those rules end the first form: some of its jobs are refused at this scale, others soon after.
 */
import type { Cost, TestDeployment } from "@narrowcast/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { arrange, openConcerts, writeData } from "../testing/open.ts";

const LIMIT_BYTES = 16_777_216;

let app: TestDeployment;
beforeAll(async () => {
  app = await openConcerts({ tracking: "document" });
  await writeData(app, 1);
}, 180_000);
afterAll(async () => app.close());

const costOf = async (path: string, args: Record<string, string | number> = {}): Promise<Cost> =>
  (await app.expectCost(async () => app.mutation(path, args))).functions[path]!;
const root = { by: "operator" };

describe("engagement counts", () => {
  test("before: 17,000 documents a run, 408,000 a day, to find that nothing has changed", async () => {
    const cost = await costOf("before/trending:updateEngagementCounts");
    expect(cost.convexDocuments).toBe(17_000);
    expect(cost.convexDocuments * 24).toBe(408_000);
    expect(cost.documentsWritten).toBe(0);
    // Half of what a transaction may read; at 1 KB a row it would be all of it.
    expect(cost.convexBytes / LIMIT_BYTES).toBeGreaterThan(0.5);
    expect(cost.convexBytes / LIMIT_BYTES).toBeLessThan(0.65);
  });

  test("root: a run verifies 100 shows with what belongs to them", async () => {
    const shows: number[] = [];
    for (let run = 0; run < 10; run++) {
      shows.push((await costOf("trending:updateEngagementCounts", root)).convexDocuments);
    }
    // 100 shows, their setlists and votes, and a few documents of the job's own books.
    expect(Math.max(...shows)).toBeLessThan(720);
    expect(shows.reduce((sum, count) => sum + count, 0) / shows.length).toBeLessThan(400);
  });

  test("root: a vote reads five documents and writes three, the first form writes one", async () => {
    const ids = await arrange(app, async (ctx) => {
      const setlist = (await ctx.db.query("setlists").first())!;
      const userId = await ctx.db.insert("users", { clientKey: "somebody-new", name: "New" });
      return { setlistId: setlist._id, userId: userId };
    });
    const cost = await costOf("votes:submitVote", { ...ids, voteType: "accurate" });
    // Person, setlist, show; a patch reads what it patches.
    expect(cost.convexDocuments).toBe(5);
    expect(cost.documentsWritten).toBe(3);
    const before = await costOf("before/votes:submitVote", { ...ids, voteType: "inaccurate" });
    expect(before.convexDocuments).toBe(4);
    expect(before.documentsWritten).toBe(1);
  });
});

describe("counts of upcoming shows", () => {
  test("before: a query an artist, 7,000 documents, and every artist written", async () => {
    await app.advance(1);
    const cost = await costOf("before/trending:updateArtistShowCounts");
    expect(cost.convexDocuments).toBe(1_000 + 5_000 + 1_000);
    expect(cost.documentsWritten).toBe(1_000);
  });

  test("root: a run verifies 100 artists with their upcoming shows", async () => {
    const cost = await costOf("trending:updateArtistShowCounts", root);
    expect(cost.convexDocuments).toBeLessThan(100 + 300 + 10);
  });

  test("root: a show that changes costs its own artist, and the count is right at once", async () => {
    const show = await arrange(app, async (ctx) => {
      const upcoming = ctx.db.query("shows").withIndex("by_status", (q) => q.eq("status", "upcoming"));
      return (await upcoming.first())!;
    });
    const cost = await costOf("shows:setShowStatus", { showId: show._id, status: "cancelled" });
    expect(cost.convexDocuments).toBe(4);
    expect(cost.documentsWritten).toBe(2);
  });
});

describe("ranks", () => {
  test("artists before: 2,000 documents and 1,000 writes a run", async () => {
    await app.advance(1);
    const cost = await costOf("before/trending:updateArtistTrending");
    expect(cost.convexDocuments).toBe(2_000);
    expect(cost.documentsWritten).toBe(1_000);
  });

  test("artists in the root form: the best hundred and those ranked now, and a write for each that moved", async () => {
    const cost = await costOf("trending:updateArtistTrending", root);
    expect(cost.convexDocuments).toBeLessThanOrEqual(300);
    expect(cost.documentsWritten).toBe(1);
  });

  test("shows before: every upcoming show read twice and written", async () => {
    const cost = await costOf("before/trending:updateShowTrending");
    expect(cost.convexDocuments).toBe(2 * 2_499);
    expect(cost.documentsWritten).toBe(2_499);
  });

  test("shows in the root form: those of the next 30 days and those ranked now", async () => {
    const cost = await costOf("trending:updateShowTrending", root);
    expect(cost.convexDocuments).toBeLessThan(900);
    expect(cost.documentsWritten).toBe(1);
  });
});

describe("closing past shows", () => {
  test("before: all 2,499 upcoming shows; root: none when none is due", async () => {
    expect((await costOf("before/shows:autoTransitionStatuses")).convexDocuments).toBe(2_499);
    expect((await costOf("shows:autoTransitionStatuses", root)).convexDocuments).toBe(0);
  });
});

describe("missing setlists", () => {
  test("before: every upcoming show, and for each a look at its setlists; root: the twenty that it asks for", async () => {
    const before = await costOf("before/setlists:refreshMissingAutoSetlists", { limit: 0 });
    expect(before.convexDocuments).toBe(2_499);
    const cost = await costOf("setlists:refreshMissingAutoSetlists", { ...root, limit: 20 });
    expect(cost.convexDocuments).toBe(20);
  });
});

describe("where the limits end the first form", () => {
  test.each([
    ["votes", /Too many bytes read/],
    ["songVotes", /Too many bytes read/],
    ["artistSongs", /Too many documents read/],
  ])("orphans of %s: looking up every row's parent is more than a transaction may", async (table, reason) => {
    await expect(app.query("before/maintenance:orphansOf", { table })).rejects.toThrow(reason);
  });

  test("its clean-up goes on without them, so that it never cleans up; the root form's does, page by page", async () => {
    const orphan = await arrange(app, async (ctx) => {
      const vote = (await ctx.db.query("votes").first())!;
      const setlistId = await ctx.db.insert("setlists", {
        showId: (await ctx.db.query("shows").first())!._id,
        songs: [],
        isOfficial: false,
      });
      const id = await ctx.db.insert("votes", {
        userId: vote["userId"],
        setlistId,
        voteType: "accurate",
        createdAt: 0,
      });
      await ctx.db.delete(setlistId);
      return id;
    });
    const isThere = async () => await arrange(app, async (ctx) => (await ctx.db.get(orphan)) !== null);
    expect(await app.action("before/maintenance:cleanupOrphanedRecords")).toBe(0);
    expect(await isThere()).toBe(true);
    expect(await app.action("maintenance:cleanupOrphanedRecords", root)).toMatchObject({ note: "1 rows removed" });
    expect(await isThere()).toBe(false);
  });

  test("5,000 shows, nearly all with a setlist: the weekly job looks each up, more than it may", async () => {
    for (const status of ["upcoming", "completed"] as const) {
      await arrange(app, async (ctx) => {
        const missing = ctx.db
          .query("shows")
          .withIndex("by_status_and_setlist_count", (q) => q.eq("status", status).lt("setlistCount", 1));
        for (const show of await missing.collect()) {
          await ctx.db.insert("setlists", { showId: show._id, songs: [], isOfficial: false, upvotes: 0, downvotes: 0 });
          await ctx.db.patch(show._id, { setlistCount: 1 });
        }
      });
    }
    const args = { limit: 200, includeCompleted: true };
    await expect(app.mutation("before/setlists:refreshMissingAutoSetlists", args)).rejects.toThrow(/Too many reads/);
    expect(await app.mutation("setlists:refreshMissingAutoSetlists", { ...args, ...root })).toMatchObject({
      ran: true,
    });
  });

  test("23,000 votes: the hourly count is over what a transaction may read", async () => {
    await arrange(app, async (ctx) => {
      const [vote] = await ctx.db.query("votes").take(1);
      const { _id, _creationTime, ...fields } = vote!;
      for (let index = 0; index < 13_000; index++) await ctx.db.insert("votes", fields);
    });
    await expect(app.mutation("before/trending:updateEngagementCounts")).rejects.toThrow(/Too many documents read/);
    // The root form's pass goes round the one setlist that nobody can count in a transaction, and reaches the end.
    await app.mutation("trending:recountEngagement");
    await app.advance(60_000);
    const sweep = await arrange(app, async (ctx) =>
      (await ctx.db.query("sweeps").collect()).find(({ name }) => name === "engagement"),
    );
    expect(sweep).toMatchObject({ checked: 5_000, cursor: null });
  });
});
