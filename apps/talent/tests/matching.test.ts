/**
 * The chain of the matching: its pace, its retries, what it keeps. Times are virtual; the model is a scripted server.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Id } from "../convex/_generated/dataModel.js";
import { allFit } from "../testing/model-server.ts";
import { gaps, openMatchingStage, RUN_MS, type MatchingStage } from "../testing/matching.ts";
import { addMatch, addOpportunities, addOrganization, change, remove, rows } from "../testing/network.ts";

const CHAINS = ["after/", ""] as const;
const SECOND = 1_000;
/** 303 seconds in all. */
const BACKOFF = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map((seconds) => seconds * SECOND);

let stage: MatchingStage;
let profileId: Id<"profiles">;
beforeAll(async () => {
  stage = await openMatchingStage();
});
afterAll(() => stage.close());
beforeEach(async () => {
  profileId = await stage.begin();
});

test("as first written, one action asks four times, with a second between", async () => {
  const { app, model } = stage;
  await addOpportunities(app, 50);
  model.script = ({ ids }) => allFit(ids);
  const cost = await app.expectCost(async () => {
    expect(await stage.start("before/", profileId)).toEqual({ matchCount: 50 });
  });
  expect(model.asked.map(({ ids }) => ids.length)).toEqual([15, 15, 15, 5]);
  expect(cost.functions["before/matching:saveMatches"]).toMatchObject({ runs: 1 });
  expect(await rows(app, "matches")).toHaveLength(50);
});

test("as first written, an error in the last question loses what the others brought", async () => {
  const { app, model } = stage;
  await addOpportunities(app, 20);
  model.script = ({ ids }, number) => (number === 0 ? allFit(ids) : { status: 500 });
  await expect(stage.start("before/", profileId)).rejects.toThrow(/answered 500/);
  expect(await rows(app, "matches")).toEqual([]);
});

describe.for(CHAINS)("form %s", (form) => {
  test("50 opportunities are four questions, a second apart, each saved before the next", async () => {
    const { app, model } = stage;
    await addOpportunities(app, 50);
    const saved: number[] = [];
    model.script = ({ ids }) => allFit(ids);
    expect(await stage.start(form, profileId)).toEqual({ message: "Matching started", totalBatches: 4 });
    const table = form === "" ? "stagedMatches" : "matches";
    for (let step = 0; step < 4; step++) {
      await app.advance(step === 0 ? 0 : SECOND);
      saved.push((await rows(app, table)).length);
    }
    expect(model.asked.map(({ ids }) => ids.length)).toEqual([15, 15, 15, 5]);
    expect(gaps(model)).toEqual([SECOND, SECOND, SECOND]);
    // The last step of the fixed form moves everything where it belongs.
    expect(saved).toEqual(form === "" ? [15, 30, 45, 0] : [15, 30, 45, 50]);
    expect(await rows(app, "matches")).toHaveLength(50);
  });

  test("a model that answers 429 for ever is asked again after 1, 2, 4 … 60 seconds, ten times, then the next batch", async () => {
    const { app, model } = stage;
    const [first] = await addOpportunities(app, 20);
    model.script = ({ ids }) => (ids.includes(first!) ? { status: 429 } : allFit(ids));
    await stage.start(form, profileId);
    await app.advance(RUN_MS);
    expect(gaps(model)).toEqual([...BACKOFF, SECOND]);
    expect(model.asked.slice(0, 11).every(({ ids }) => ids.length === 15)).toBe(true);
    expect(await rows(app, "matches")).toHaveLength(5);
  });

  test("any other error is tried once more after a second, then the batch is given up", async () => {
    const { app, model } = stage;
    const [first] = await addOpportunities(app, 20);
    model.script = ({ ids }) => (ids.includes(first!) ? { status: 500 } : allFit(ids));
    await stage.start(form, profileId);
    await app.advance(RUN_MS);
    expect(gaps(model)).toEqual([SECOND, SECOND]);
    expect(await rows(app, "matches")).toHaveLength(5);
  });

  test("after a success the next batch has all its retries again", async () => {
    const { app, model } = stage;
    await addOpportunities(app, 20);
    model.script = ({ ids }, number) => (number === 0 || number === 2 ? { status: 429 } : allFit(ids));
    await stage.start(form, profileId);
    await app.advance(RUN_MS);
    expect(gaps(model)).toEqual([SECOND, SECOND, SECOND]);
    expect(await rows(app, "matches")).toHaveLength(20);
  });

  test("ids that the model invents are dropped", async () => {
    const { app, model } = stage;
    const ids = await addOpportunities(app, 3);
    await remove(app, ids[2]!);
    model.script = () => allFit(ids);
    await stage.start(form, profileId);
    await app.advance(RUN_MS);
    const found = (await rows(app, "matches")).map(({ opportunityId }) => opportunityId);
    expect(new Set(found)).toEqual(new Set(ids.slice(0, 2)));
    expect(found).toHaveLength(2);
  });

  test("only open positions count: not closed, not past the deadline, not of an organisation one hides from", async () => {
    const { app, model, clock } = stage;
    const orgId = await addOrganization(app);
    await addOpportunities(app, 1, { organizationId: orgId });
    await addOpportunities(app, 1, { status: "closed" });
    await addOpportunities(app, 1, { deadline: clock.nowMs() - 1 });
    const open = await addOpportunities(app, 1, { deadline: clock.nowMs() + RUN_MS });
    await change(app, profileId, { privacySettings: { defaultVisibility: "public", hiddenFromOrgs: [orgId] } });
    await stage.start(form, profileId);
    await app.advance(RUN_MS / 2);
    expect(model.asked.map(({ ids }) => ids)).toEqual([open]);
  });

  test("without candidates nothing is asked and the list is cleared; a missing profile is an error", async () => {
    const { app, model } = stage;
    const [opportunityId] = await addOpportunities(app, 1, { status: "closed" });
    await addMatch(app, { profileId, opportunityId: opportunityId! });
    const nothing = { matchCount: 0, message: "No opportunities to match" };
    expect(await stage.start(form, profileId)).toEqual(nothing);
    await app.advance(RUN_MS);
    expect(model.asked).toEqual([]);
    expect(await rows(app, "matches")).toEqual([]);
    await remove(app, profileId);
    await expect(stage.start(form, profileId)).rejects.toThrow(/no such profile/);
  });

  test("a match is new when its opportunity was not matched before", async () => {
    const { app, model } = stage;
    const [known, other] = await addOpportunities(app, 2);
    await addMatch(app, { profileId, opportunityId: known! });
    model.script = ({ ids }) => allFit(ids);
    await stage.start(form, profileId);
    await app.advance(RUN_MS);
    const found = new Map((await rows(app, "matches")).map((match) => [match.opportunityId, match.isNew]));
    expect(found).toEqual(
      new Map([
        [known!, false],
        [other!, true],
      ]),
    );
  });
});

describe("the fixed form", () => {
  test("an answer of the wrong shape is an error of the batch, not of the run", async () => {
    const { app, model } = stage;
    await addOpportunities(app, 20);
    model.script = ({ ids }) =>
      ids.length === 15 ? { input: { matches: [{ opportunityId: ids[0], score: "high" }] } } : allFit(ids);
    await stage.start("", profileId);
    await app.advance(RUN_MS);
    expect(await rows(app, "matchRuns")).toMatchObject([{ status: "finished", givenUp: [0], matchCount: 5 }]);
  });

  test("a viewer sees the run go on: batches, retries, the next try, what was found", async () => {
    const { app, model, clock } = stage;
    await addOpportunities(app, 20);
    model.script = ({ ids }, number) => (number === 1 ? { status: 429 } : allFit(ids));
    const [{ userId } = { userId: "" }] = await rows(app, "profiles");
    const viewer = app.as({ subject: userId });
    const progress = await viewer.subscribe("matches:getProgress");
    const list = await viewer.subscribe("matches:getMyMatches");
    expect(progress.value).toBeNull();
    await viewer.action("matches:triggerMatchComputation");
    await app.advance(0);
    expect(progress.value).toMatchObject({ status: "running", totalBatches: 2, batchIndex: 1, candidateCount: 20 });
    expect((progress.value as { found: unknown[] }).found).toHaveLength(15);
    await app.advance(SECOND);
    const nextAttemptAt = clock.nowMs() + SECOND;
    expect(progress.value).toMatchObject({
      batchIndex: 1,
      retryCount: 1,
      nextAttemptAt,
      lastError: "The model answered 429",
    });
    expect(list.value).toMatchObject({ total: 0, computedAt: null });
    await app.advance(SECOND);
    expect(progress.value).toMatchObject({ status: "finished", batchIndex: 2, matchCount: 20, found: [] });
    expect(list.value).toMatchObject({ total: 20, newMatchCount: 20, matches: { great: [], exploring: [] } });
    // The list changes once, in the swap, not with every batch.
    expect(list.updates).toBe(2);
    list.close();
    progress.close();
  });

  test("readers: grouped by tier, best first, the oldest time, and only one's own", async () => {
    const { app } = stage;
    const ids = await addOpportunities(app, 4);
    const match = async (index: number, fields: object) =>
      await addMatch(app, { profileId, opportunityId: ids[index]!, ...fields });
    const good = await match(0, { score: 61, computedAt: 5 });
    const better = await match(1, { score: 75, computedAt: 7, isNew: false });
    const great = await match(2, { tier: "great", score: 90, computedAt: 6 });
    await match(3, {});
    await remove(app, ids[3]!);
    const [{ userId } = { userId: "" }] = await rows(app, "profiles");
    const viewer = app.as({ subject: userId });
    for (const form of ["before/", "after/", ""]) {
      expect(await viewer.query(`${form}matches:getMyMatches`)).toMatchObject({
        matches: {
          great: [{ _id: great, opportunity: { title: "Opening 2" } }],
          good: [{ _id: better }, { _id: good }],
          exploring: [],
        },
        total: 3,
        newMatchCount: 2,
        computedAt: 5,
      });
      expect(await viewer.query(`${form}matches:getNewMatchCount`)).toBe(3);
      expect(await viewer.query(`${form}matches:getMatchById`, { matchId: great })).toMatchObject({ _id: great });
      expect(await app.as({ subject: "ann" }).query(`${form}matches:getMatchById`, { matchId: great })).toBeNull();
      expect(await app.query(`${form}matches:getMyMatches`)).toBeNull();
    }
    await viewer.mutation("matches:setStatus", { matchId: great, status: "saved" });
    expect(await viewer.query("matches:getMatchById", { matchId: great })).toMatchObject({
      status: "saved",
      isNew: false,
    });
    const theft = app.as({ subject: "ann" }).mutation("matches:setStatus", { matchId: great, status: "saved" });
    await expect(theft).rejects.toThrow(/not yours/);
  });
});
