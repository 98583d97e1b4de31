/**
 * Votes: counters of the root form are what counting gives, whatever people do; what went round them is found and repaired; readers get both forms alike.
 */
import type { TestDeployment } from "@narrowcast/server";
import { beforeEach, describe, expect, test } from "vitest";
import type { Id } from "../convex/_generated/dataModel.js";
import { seededRandom } from "../convex/model/random.ts";
import { arrange, openConcerts } from "../testing/open.ts";

const PEOPLE = 6;

interface Setlist {
  readonly _id: string;
  readonly showId: string;
  readonly upvotes: number;
  readonly downvotes: number;
  readonly songs: readonly { readonly title: string; readonly votes: number }[];
}

let app: TestDeployment;
let people: Id<"users">[];
let showId: Id<"shows">;
let setlistId: Id<"setlists">;
beforeEach(async () => {
  app = await openConcerts();
  await app.action("seed:demo");
  await app.advance(1_000);
  people = [];
  for (let index = 0; index < PEOPLE; index++) {
    people.push((await app.mutation("users:ensure", { clientKey: `tester-number-${index}` })) as Id<"users">);
  }
  const setlist = await arrange(app, async (ctx) => (await ctx.db.query("setlists").first())!);
  showId = setlist.showId;
  setlistId = setlist._id;
  return async () => app.close();
});

const shown = async (form = ""): Promise<Setlist> =>
  ((await app.query(`${form}setlists:getByShow`, { showId })) as unknown as Setlist[])[0]!;
const voteCount = async (): Promise<number | undefined> =>
  await arrange(app, async (ctx) => (await ctx.db.get("shows", showId))!.voteCount);
const vote = async (person: number, voteType: string, form = "") =>
  await app.mutation(`${form}votes:submitVote`, { userId: people[person]!, setlistId, voteType });
const songVote = async (person: number, songTitle: string, form = "") =>
  await app.mutation(`${form}votes:submitSongVote`, { userId: people[person]!, setlistId, songTitle });

describe("counters", () => {
  test("are what counting gives, after any votes in any order", async () => {
    const random = seededRandom(7);
    const { songs } = await shown();
    for (let turn = 0; turn < 60; turn++) {
      const person = Math.floor(random() * PEOPLE);
      if (random() < 0.5) await vote(person, random() < 0.5 ? "accurate" : "inaccurate");
      else await songVote(person, songs[Math.floor(random() * 4)]!.title);
    }
    const counted = await shown("before/");
    expect(await shown()).toEqual(counted);
    expect(await voteCount()).toBe(counted.upvotes + counted.downvotes);
  });

  test("a vote twice is one vote, and a change of mind moves it", async () => {
    const before = await shown();
    await vote(0, "accurate");
    await vote(0, "accurate");
    expect(await shown()).toMatchObject({ upvotes: before.upvotes + 1, downvotes: before.downvotes });
    await vote(0, "inaccurate");
    expect(await shown()).toMatchObject({ upvotes: before.upvotes, downvotes: before.downvotes + 1 });
  });

  test("a song wanted twice is wanted no longer", async () => {
    const { title, votes } = (await shown()).songs[3]!;
    expect(await songVote(0, title)).toBe(true);
    expect((await shown()).songs[3]).toMatchObject({ votes: votes + 1 });
    expect(await app.query("votes:mine", { userId: people[0]!, setlistId })).toEqual({
      voteType: null,
      songs: [title],
    });
    expect(await songVote(0, title)).toBe(false);
    expect((await shown()).songs[3]).toMatchObject({ votes });
  });

  test("of rows that were never counted are made with the first vote, and contain it once", async () => {
    await arrange(app, async (ctx) => {
      const setlist = (await ctx.db.get(setlistId)) as unknown as { songs: { title: string }[] };
      const songs = setlist.songs.map(({ title }) => ({ title }));
      await ctx.db.patch(setlistId, { upvotes: undefined, downvotes: undefined, songs });
      await ctx.db.patch(showId, { voteCount: undefined });
    });
    const { songs } = await shown("before/");
    await vote(0, "accurate");
    await songVote(0, songs[0]!.title);
    const counted = await shown("before/");
    const kept = await shown();
    expect(kept).toMatchObject({ upvotes: counted.upvotes, downvotes: counted.downvotes });
    expect(kept.songs[0]!.votes).toBe(counted.songs[0]!.votes);
    expect(await voteCount()).toBe(counted.upvotes + counted.downvotes);
  });

  test("votes of the before form leave them alone, and an operator's pass repairs that, page after page", async () => {
    for (let person = 0; person < PEOPLE; person++) await vote(person, "accurate", "before/");
    const counted = await shown("before/");
    expect((await shown()).upvotes).toBe(counted.upvotes - PEOPLE);
    await app.mutation("trending:recountEngagement");
    await app.advance(5_000);
    expect(await shown()).toMatchObject({ upvotes: counted.upvotes, downvotes: counted.downvotes });
    expect(await voteCount()).toBe(counted.upvotes + counted.downvotes);
  });
});

describe("the check of counters", () => {
  const drift = async () =>
    await arrange(app, async (ctx) => {
      for (const show of await ctx.db.query("shows").collect()) await ctx.db.patch(show._id, { voteCount: 999 });
    });
  const wrong = async () =>
    await app.run(
      async (ctx) => (await ctx.db.query("shows").collect()).filter((show) => show.voteCount === 999).length,
    );

  test("goes through the shows a page a run, resumes, and begins again at the end", async () => {
    await drift();
    const all = await wrong();
    const left = [];
    while ((await wrong()) > 0) {
      await app.mutation("trending:updateEngagementCounts", { by: "operator", batchSize: 10 });
      left.push(await wrong());
    }
    expect(left.slice(0, 2)).toEqual([all - 10, all - 20]);
    await drift();
    // A page that ends with the table leaves an empty one after it.
    for (let run = 0; run < 2; run++) {
      await app.mutation("trending:updateEngagementCounts", { by: "operator", batchSize: 10 });
    }
    expect(await wrong()).toBeLessThan(all);
  });

  test("an operator's pass that is begun again replaces the one under way", async () => {
    await app.mutation("trending:recountEngagement");
    await app.mutation("trending:recountEngagement");
    await app.advance(5_000);
    const sweep = await arrange(app, async (ctx) =>
      (await ctx.db.query("sweeps").collect()).find(({ name }) => name === "engagement")!,
    );
    const shows = await arrange(app, async (ctx) => (await ctx.db.query("shows").collect()).length);
    expect(sweep).toMatchObject({ generation: 2, checked: shows });
  });

  test("the count of an artist's shows is found and repaired too, and its score with it", async () => {
    await arrange(app, async (ctx) => {
      for (const artist of await ctx.db.query("artists").collect()) {
        await ctx.db.patch(artist._id, { upcomingShowsCount: 99, trendingScore: 99 });
      }
    });
    await app.mutation("trending:recountArtists");
    await app.advance(5_000);
    const artists = await arrange(app, async (ctx) => await ctx.db.query("artists").collect());
    expect(
      artists.every(({ upcomingShowsCount = 99, trendingScore = 99 }) => upcomingShowsCount < 99 && trendingScore < 99),
    ).toBe(true);
  });
});

describe("refusals", () => {
  test.each([
    [
      "a song that is not on the setlist",
      "votes:submitSongVote",
      { songTitle: "Never Written" },
      /is not on the setlist/,
    ],
    ["a third opinion", "votes:submitVote", { voteType: "perhaps" }, /voteType/],
  ])("%s", async (_what, path, args, reason) => {
    await expect(app.mutation(path, { userId: people[0]!, setlistId, ...args })).rejects.toThrow(reason);
  });

  test("somebody who is not there", async () => {
    await arrange(app, async (ctx) => await ctx.db.delete(people[0]!));
    await expect(vote(0, "accurate")).rejects.toThrow("User not found");
    await expect(vote(0, "accurate", "before/")).rejects.toThrow("User not found");
  });

  test("a key that is short enough to guess, and a crowd that is too large", async () => {
    await expect(app.mutation("users:ensure", { clientKey: "short" })).rejects.toThrow(/short enough to guess/);
    await expect(app.mutation("votes:crowd", { setlistId, people: 21 })).rejects.toThrow(/choose 1 to 20/);
  });
});

describe("pages that are open", () => {
  test("a vote runs the show's setlist again and no trending list; in the first form every vote of the setlist is read again", async () => {
    const list = await app.subscribe("trending:getTrendingShows", { limit: 20 });
    await app.subscribe("setlists:getByShow", { showId });
    const cost = await app.expectCost(async () => vote(1, "accurate"));
    expect(cost.functions["setlists:getByShow"]).toMatchObject({ reruns: 1 });
    expect(cost.functions["trending:getTrendingShows"]).toBeUndefined();
    expect(list.updates).toBe(1);

    await app.subscribe("before/setlists:getByShow", { showId });
    const { upvotes, downvotes, songs } = await shown("before/");
    const first = await app.expectCost(async () => vote(2, "accurate", "before/"));
    const votesOfSongs = songs.reduce((sum, song) => sum + song.votes, 0);
    expect(first.functions["before/setlists:getByShow"]).toMatchObject({
      reruns: 1,
      convexDocuments: 1 + upvotes + downvotes + 1 + votesOfSongs,
    });
  });

  test("a crowd votes one after another, each as anybody does", async () => {
    const before = await shown();
    await app.mutation("votes:crowd", { setlistId, people: 10 });
    await app.advance(4_000);
    const after = await shown();
    expect(after.upvotes + after.downvotes).toBe(before.upvotes + before.downvotes + 10);
    expect(after).toEqual(await shown("before/"));
  });
});
