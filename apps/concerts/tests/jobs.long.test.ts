/**
 * The jobs that talk to the services outside, and housekeeping: what they do, in both forms, and what becomes of refusals.
 */
import { openTestServer, type TestDeployment } from "@narrowcast/server";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { arrange, callsOf, NOW, openConcerts } from "../testing/open.ts";
import { servicePeer, type ServicePeer } from "../testing/service-peer.ts";

const DAY_MS = 86_400_000;

let peer: ServicePeer;
let refuses = (_path: string): boolean => false;
let app: TestDeployment;
beforeAll(async () => {
  peer = await servicePeer((path) => refuses(path));
});
afterAll(async () => peer.close());
beforeEach(async () => {
  refuses = () => false;
  app = await openConcerts({ services: peer.url });
  await app.action("seed:demo");
});
afterEach(async () => app.close());

/** Ends the first `count` shows. */
const complete = async (count: number): Promise<void> =>
  await arrange(app, async (ctx) => {
    for (const show of await ctx.db.query("shows").take(count))
      await ctx.db.patch("shows", show._id, { status: "completed" });
  });
const importsIn = async (status: "pending" | "importing" | "completed" | "failed"): Promise<number> =>
  await arrange(app, async (ctx) => {
    const shows = ctx.db.query("shows").withIndex("by_import_status", (q) => q.eq("importStatus", status));
    return (await shows.collect()).length;
  });
const root = { by: "operator" };

describe.each([
  ["root", "", root],
  ["before", "before/", {}],
] as const)("imports, %s form", (_form, prefix, args) => {
  test("shows that are over are queued once, then fetched five a scan, and setlists learn how right they were", async () => {
    await complete(7);
    await app.action(`${prefix}setlistfm:checkCompletedShows`, args);
    expect(await importsIn("pending")).toBe(7);
    await app.action(`${prefix}setlistfm:checkCompletedShows`, args);
    for (const left of [2, 0]) {
      await app.action(`${prefix}setlistfm:scanPendingImports`, args);
      await app.advance(0);
      expect(await importsIn("pending")).toBe(left);
    }
    expect(await importsIn("importing")).toBe(0);
    expect((await importsIn("completed")) + (await importsIn("failed"))).toBe(7);
    const known = await arrange(app, async (ctx) => {
      const show = (await ctx.db
        .query("shows")
        .withIndex("by_import_status", (q) => q.eq("importStatus", "completed"))
        .first())!;
      return (await ctx.db
        .query("setlists")
        .withIndex("by_show", (q) => q.eq("showId", show._id))
        .first())!;
    });
    const predicted = new Set(known.songs.map(({ title }) => title));
    const hits = known.actualSetlist!.filter((title) => predicted.has(title)).length;
    expect(known.accuracy).toBe(hits / known.actualSetlist!.length);
  });

  test("a show that the site refuses is failed, and not asked for again", async () => {
    refuses = (path) => path.startsWith("/setlists");
    await complete(2);
    await app.action(`${prefix}setlistfm:checkCompletedShows`, args);
    await app.action(`${prefix}setlistfm:scanPendingImports`, args);
    await app.advance(0);
    expect(await importsIn("failed")).toBe(2);
    await app.action(`${prefix}setlistfm:checkCompletedShows`, args);
    expect(await importsIn("pending")).toBe(0);
  });
});

test("an import that was lost on the way is made again after an hour, by the root form", async () => {
  await complete(2);
  await app.action("setlistfm:checkCompletedShows", root);
  await app.mutation("setlistfm:claimPending", { pauseMs: DAY_MS });
  await arrange(app, async (ctx) => {
    const jobs = await ctx.db.system.query("_scheduled_functions").collect();
    for (const job of jobs.filter(({ name }) => name === "setlistfm:importShow")) await ctx.scheduler.cancel(job._id);
  });
  await app.advance(3_600_000);
  expect(await importsIn("importing")).toBe(1);
  await app.advance(1_800_000);
  expect(await importsIn("importing")).toBe(0);
});

test("between two questions to the site the root form waits on the scheduler: no action sleeps", async () => {
  await app.setEnvironment({ SETLIST_PAUSE_MS: "2000" });
  await complete(3);
  await app.action("setlistfm:checkCompletedShows", root);
  await app.action("setlistfm:scanPendingImports", root);
  const asked = () => peer.asked.get("/setlists/show") ?? 0;
  await app.advance(0);
  const first = asked();
  await app.advance(1_999);
  expect(asked()).toBe(first);
  await app.advance(1);
  expect(asked()).toBe(first + 1);
  await app.advance(2_000);
  expect(asked()).toBe(first + 2);
});

describe("artists with missing fields", () => {
  const incomplete = async (): Promise<number> =>
    await arrange(app, async (ctx) => {
      const artists = ctx.db.query("artists").withIndex("by_spotify_id", (q) => q.eq("spotifyId", undefined));
      return (await artists.collect()).length;
    });
  beforeEach(async () => {
    await arrange(app, async (ctx) => {
      for (const artist of await ctx.db.query("artists").collect()) {
        await ctx.db.patch("artists", artist._id, { spotifyId: undefined });
      }
    });
  });

  test.each([
    ["root", "maintenance:populateMissingFields", root],
    ["before", "before/maintenance:populateMissingFields", {}],
  ])("%s: ten a run", async (_form, path, args) => {
    const all = await incomplete();
    await app.action(path, args);
    expect(await incomplete()).toBe(all - 10);
    await app.action(path, args);
    expect(await incomplete()).toBe(0);
  });

  test("root: those that the service refuses hold nobody up, and the score follows what was filled in", async () => {
    refuses = () => true;
    await app.action("maintenance:populateMissingFields", root);
    refuses = () => false;
    const all = await incomplete();
    await app.action("maintenance:populateMissingFields", root);
    expect(await incomplete()).toBe(all - (all - 10));
    await app.mutation("trending:recountArtists");
    await app.advance(5_000);
    const sweep = await arrange(app, async (ctx) =>
      (await ctx.db.query("sweeps").collect()).find(({ name }) => name === "artists"),
    );
    expect(sweep).toMatchObject({ checked: 14, repaired: 0 });
  });
});

describe("tokens", () => {
  test.each([
    ["root", "spotifyAuth:refreshUserTokens", root],
    ["before", "before/spotifyAuth:refreshUserTokens", {}],
  ])("%s: those that expire within a day are renewed, others are left", async (_form, path, args) => {
    await arrange(app, async (ctx) => {
      const [user] = await ctx.db.query("users").take(1);
      for (const hours of [1, 23, 25]) {
        const token = { refreshToken: `refresh-${hours}`, accessToken: "old", expiresAt: NOW + hours * 3_600_000 };
        await ctx.db.insert("spotifyTokens", { userId: user!._id, ...token });
      }
    });
    await app.action(path, args);
    const tokens = await arrange(app, async (ctx) => await ctx.db.query("spotifyTokens").collect());
    expect(tokens.map(({ accessToken }) => accessToken === "old")).toEqual([false, false, true]);
    expect(tokens[0]!.expiresAt).toBe(NOW + DAY_MS);
  });
});

test.each([
  ["root", "maintenance:cleanupOrphanedRecords", root],
  ["before", "before/maintenance:cleanupOrphanedRecords", {}],
])(
  "clean-up, %s form: a setlist without its show goes, and its votes with it on the way",
  async (_form, path, args) => {
    const gone = await arrange(app, async (ctx) => {
      const setlist = (await ctx.db.query("setlists").first())!;
      await ctx.db.delete("shows", setlist.showId);
      return setlist._id;
    });
    const left = async () =>
      await arrange(app, async (ctx) => ({
        setlist: (await ctx.db.get("setlists", gone)) !== null,
        votes: (
          await ctx.db
            .query("votes")
            .withIndex("by_setlist", (q) => q.eq("setlistId", gone))
            .collect()
        ).length,
        songVotes: (
          await ctx.db
            .query("songVotes")
            .withIndex("by_setlist", (q) => q.eq("setlistId", gone))
            .collect()
        ).length,
      }));
    expect((await left()).votes).toBeGreaterThan(0);
    await app.action(path, args);
    expect(await left()).toEqual({ setlist: false, votes: 0, songVotes: 0 });
  },
);

test("the first form's trending job does the four updates once more; the root's only writes its lists", async () => {
  const before = await app.expectCost(async () => app.action("before/maintenance:syncTrendingData"));
  const updates = Object.keys(callsOf(before.functions)).filter((path) => path.startsWith("before/trending:update"));
  expect(updates).toHaveLength(4);
  const cost = await app.expectCost(async () => app.action("maintenance:syncTrendingData", root));
  expect(Object.keys(callsOf(cost.functions)).filter((path) => path.startsWith("trending:"))).toEqual([]);
});

test("two runs of the first form's trending job at once: the lock lets one through", async () => {
  expect(await app.mutation("before/maintenance:acquireLock")).toBe(true);
  expect(await app.action("before/maintenance:syncTrendingData")).toBe(false);
  await app.advance(3_600_000);
  expect(await app.action("before/maintenance:syncTrendingData")).toBe(true);
  expect(await app.mutation("before/maintenance:acquireLock")).toBe(true);
});

test("unless another address is set, the deployment's own HTTP actions play the services", async () => {
  const server = await openTestServer(join(import.meta.dirname, "../convex"));
  expect(await (await fetch(`${server.siteUrl}/health`)).json()).toEqual({ ok: true });
  expect((await fetch(`${server.siteUrl}/services/unknown`)).status).toBe(404);
  await server.mutation("seed:casts", { now: Date.now(), artists: 1, shows: 1 });
  const artistId = await arrange(server, async (ctx) => {
    const artist = (await ctx.db.query("artists").first())!;
    await ctx.db.patch("artists", artist._id, { spotifyId: "music-of-a-band" });
    return artist._id;
  });
  const { imported } = (await server.action("spotify:syncArtistCatalog", { artistId })) as { imported: number };
  expect(imported).toBeGreaterThan(10);
  expect(await server.action("spotify:syncArtistCatalog", { artistId })).toEqual({ attempted: false, imported: 0 });
  await server.close();
});
