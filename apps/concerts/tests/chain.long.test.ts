/**
 * The chain reaction: two functions that order each other at once, held critical by a service that refuses 97.7 % of the questions.
 *
 * 20 artists of whose tracks none is usable, with 44 shows each. A synchronisation that gets through orders 44 more, one in 43 gets through: each
 * orders 1.02 on average, and it never ends. Here the service refuses everything once the reaction has come to about 10,000 calls.
 */
import type { TestDeployment, WorkCost } from "@narrowcast/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CAST_ARTISTS, CAST_SHOWS } from "../convex/model/seedPlan.ts";
import { callsOf, NOW, openConcerts } from "../testing/open.ts";
import { ANSWERED_EACH, servicePeer, type ServicePeer } from "../testing/service-peer.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Shows that one run of the setlist job looks at: what starts it. */
const SPARKS = 60;
/** Each link of the chain is five calls. */
const QUESTIONS_MAX = 2_000;

describe("as first written, by Convex's rules", () => {
  let app: TestDeployment;
  let peer: ServicePeer;
  let minute: WorkCost;
  let calls: Record<string, number>;
  beforeAll(async () => {
    peer = await servicePeer((_path, question) => question > QUESTIONS_MAX || question % ANSWERED_EACH !== 0);
    app = await openConcerts({ timers: "before", tracking: "document", services: peer.url });
    await app.mutation("seed:casts", { now: NOW });
    minute = await app.expectCost(async () => {
      await app.mutation("before/setlists:refreshMissingAutoSetlists", { limit: SPARKS });
      await app.advance(MINUTE_MS);
    });
    calls = callsOf(minute.functions);
  });
  afterAll(async () => {
    await app.close();
    await peer.close();
  });

  test("60 shows without a setlist become 10,000 calls before a minute has gone by", () => {
    expect(minute.convexCalls).toBeGreaterThan(10_000);
  });

  test("it grows: when the service stops answering, more orders are under way than it began with", () => {
    const underWay = peer.asked.get("/music/artist")! - QUESTIONS_MAX;
    expect(underWay).toBeGreaterThan(SPARKS);
  });

  test("calls per function show it: five functions in equal parts, and nothing else", () => {
    const five = [
      "before/setlists:autoGenerateSetlist",
      "before/spotify:syncArtistCatalog",
      "before/artists:getByIdInternal",
      "before/songs:getByArtistInternal",
      "before/setlists:getByShow",
    ];
    expect(Object.keys(calls).slice(0, 5).toSorted()).toEqual(five.toSorted());
    const share = five.reduce((sum, path) => sum + calls[path]!, 0) / minute.calls;
    expect(share).toBeGreaterThan(0.98);
    const links = calls["before/spotify:syncArtistCatalog"]!;
    for (const path of five) expect(calls[path]! / links).toBeCloseTo(1, 0);
  });

  test("branching times survival is one: 44 orders for each of the 2.3 % that get through", () => {
    const completed = calls["before/shows:getAllByArtistInternal"]!;
    expect(completed).toBe(Math.floor(QUESTIONS_MAX / ANSWERED_EACH));
    expect(calls["before/setlists:getByShow"]! / completed).toBe(CAST_SHOWS);
    expect(completed / QUESTIONS_MAX).toBeCloseTo(0.023, 3);
    expect((completed * CAST_SHOWS) / QUESTIONS_MAX).toBeCloseTo(1, 1);
  });

  test("the same function with the same arguments, hundreds of times in a minute", async () => {
    const orders = await app.run(async (ctx) => {
      const rows = await ctx.db.system.query("_scheduled_functions").collect();
      return rows
        .filter(({ name }) => name.startsWith("before/spotify"))
        .map(({ args }) => (args[0] as { artistId: string }).artistId);
    });
    const byArtist = new Map<string, number>();
    for (const artistId of orders) byArtist.set(artistId, (byArtist.get(artistId) ?? 0) + 1);
    expect(orders.length).toBeGreaterThan(QUESTIONS_MAX);
    expect(byArtist.size).toBeLessThanOrEqual(CAST_ARTISTS);
    expect(Math.max(...byArtist.values())).toBeGreaterThan(200);
  });

  test("it reads little: a scan is not what one would find", () => {
    expect(minute.convexBytes / minute.convexCalls).toBeLessThan(2_000);
  });
});

describe.each([
  ["while the service refuses as before", (question: number) => question % ANSWERED_EACH !== 0],
  ["while the service answers everything", () => false],
  ["while the service refuses everything", () => true],
])("made right, %s", (_name, refuses) => {
  let app: TestDeployment;
  let peer: ServicePeer;
  beforeAll(async () => {
    peer = await servicePeer((_path, question) => refuses(question));
    app = await openConcerts({ services: peer.url });
    await app.mutation("seed:casts", { now: NOW });
  });
  afterAll(async () => {
    await app.close();
    await peer.close();
  });

  test("at most one synchronisation an artist and day, and it comes to an end", { timeout: 60_000 }, async () => {
    for (let day = 0; day < 3; day++) {
      const cost = await app.expectCost(async () => {
        for (let look = 0; look < 4; look++) {
          await app.mutation("setlists:refreshMissingAutoSetlists", { limit: 200, by: "operator" });
          await app.advance(DAY_MS / 4);
        }
      });
      const calls = callsOf(cost.functions);
      expect(calls["spotify:syncArtistCatalog"] ?? 0).toBeLessThanOrEqual(CAST_ARTISTS);
      // Each show gets one placeholder on the first days, and is then not missing any more.
      if (day === 2) expect(calls["setlists:autoGenerateSetlist"] ?? 0).toBe(0);
    }
    const placeholders = await app.run(async (ctx) => await ctx.db.query("setlists").collect());
    expect(placeholders).toHaveLength(CAST_ARTISTS * CAST_SHOWS);
    expect(placeholders.every(({ songs }) => songs.length === 0)).toBe(true);
  });
});

test("songs that were imported fill ten shows of the artist, one every five seconds, and the job does the rest", async () => {
  const peer = await servicePeer();
  const app = await openConcerts({ services: peer.url });
  await app.mutation("seed:casts", { now: NOW, artists: 1, shows: 14 });
  await app.run(async (ctx) => {
    const artist = (await ctx.db.query("artists").first())!;
    await ctx.db.patch(artist._id, { spotifyId: "music-of-a-band" });
  });
  const withSongs = async () =>
    await app.run(
      async (ctx) => (await ctx.db.query("setlists").collect()).filter(({ songs }) => songs.length > 0).length,
    );
  await app.mutation("setlists:refreshMissingAutoSetlists", { limit: 1, by: "operator" });
  await app.advance(10_000);
  expect(await withSongs()).toBe(1);
  await app.advance(22_000);
  expect(await withSongs()).toBe(5);
  await app.advance(5 * MINUTE_MS);
  expect(await withSongs()).toBe(10);
  await app.mutation("setlists:refreshMissingAutoSetlists", { limit: 20, by: "operator" });
  await app.advance(5 * MINUTE_MS);
  expect(await withSongs()).toBe(14);
  await app.close();
  await peer.close();
});
