/**
 * Holes of the hand-optimised matching, each played in that form, where it shows, and in the fixed one, where it does not.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { DataModel, Id } from "../convex/_generated/dataModel.js";
import { allFit } from "../testing/model-server.ts";
import { openMatchingStage, RUN_MS, type ChainForm, type MatchingStage } from "../testing/matching.ts";
import { addMatch, addOpportunities, change, remove, rows } from "../testing/network.ts";

const SECOND = 1_000;

let stage: MatchingStage;
let profileId: Id<"profiles">;
beforeAll(async () => {
  stage = await openMatchingStage();
});
afterAll(() => stage.close());
beforeEach(async () => {
  profileId = await stage.begin();
});

/** Plays one scenario in both chains, each in an empty deployment. */
async function inBoth<T>(play: (form: ChainForm) => Promise<T>): Promise<{ after: T; fixed: T }> {
  const after = await play("after/");
  profileId = await stage.begin();
  return { after, fixed: await play("") };
}

async function finish(form: ChainForm): Promise<void> {
  await stage.start(form, profileId);
  await stage.app.advance(RUN_MS);
}

/** How many rows there are more than opportunities matched. */
async function duplicates(): Promise<number> {
  const matches = await rows(stage.app, "matches");
  return matches.length - new Set(matches.map(({ opportunityId }) => opportunityId)).size;
}

test("1: a batch 0 without matches leaves the old list, and the later batches double it", async () => {
  const { after, fixed } = await inBoth(async (form) => {
    const ids = await addOpportunities(stage.app, 20);
    await addMatch(stage.app, { profileId, opportunityId: ids[0]! });
    await addMatch(stage.app, { profileId, opportunityId: ids[17]! });
    stage.model.script = ({ ids: asked }) => (asked.length === 15 ? allFit([]) : allFit(asked));
    await finish(form);
    return { duplicates: await duplicates(), total: (await rows(stage.app, "matches")).length };
  });
  expect(after).toEqual({ duplicates: 1, total: 7 });
  expect(fixed).toEqual({ duplicates: 0, total: 5 });
});

test("2: a batch that is saved again is there twice", async () => {
  const { app, model } = stage;
  const [opportunityId] = await addOpportunities(app, 20);
  const [match] = (allFit([opportunityId!]).input as { matches: object[] }).matches;
  const step = { profileId, batchIndex: 1, previousOppIds: [], accumulatedGrowthAreas: [], runTimestamp: 1 };
  for (let round = 0; round < 2; round++) {
    const args = { ...step, matches: [match], modelVersion: "m", isLastBatch: false };
    await app.mutation("after/matching:saveBatchResults", args as never);
  }
  expect(await duplicates()).toBe(1);

  profileId = await stage.begin();
  const ids = await addOpportunities(app, 20);
  model.script = ({ ids: asked }) => allFit(asked);
  await stage.start("", profileId);
  await app.advance(0);
  const [run] = await rows(app, "matchRuns");
  const again = { runId: run!._id, batchIndex: 0, attempt: 1, matches: (allFit(ids).input as { matches: [] }).matches };
  expect(await app.mutation("matching:saveBatchResults", { ...again, growthAreas: [], modelVersion: "m" })).toEqual({
    savedCount: 0,
  });
  // The whole step once more, as a second delivery of its action would be.
  await app.action("matching:processMatchBatch", { runId: run!._id, batchIndex: 0, attempt: 1 });
  expect(model.asked).toHaveLength(1);
  // And one that counts: two answers for one batch are one row for each opportunity.
  await app.advance(RUN_MS);
  expect(model.asked).toHaveLength(2);
  expect(await duplicates()).toBe(0);
  expect(await rows(app, "matches")).toHaveLength(20);
});

test("3: two runs of one profile mix their matches", async () => {
  const { after, fixed } = await inBoth(async (form) => {
    await addOpportunities(stage.app, 50);
    stage.model.script = ({ ids }) => allFit(ids);
    await stage.start(form, profileId);
    await stage.app.advance(SECOND / 2);
    const secondRun = stage.clock.nowMs();
    await finish(form);
    const times = new Set((await rows(stage.app, "matches")).map(({ computedAt }) => computedAt - secondRun));
    return { duplicates: await duplicates(), times: [...times] };
  });
  expect(after.duplicates).toBe(35);
  expect(after.times).toHaveLength(2);
  expect(fixed).toEqual({ duplicates: 0, times: [0] });
  expect(await rows(stage.app, "matchRuns")).toMatchObject([{ status: "superseded" }, { status: "finished" }]);
  expect(await rows(stage.app, "stagedMatches")).toEqual([]);
});

test("4: when candidates close between batches, the rest is never asked about and the run never ends", async () => {
  const { after, fixed } = await inBoth(async (form) => {
    const ids = await addOpportunities(stage.app, 20);
    stage.model.script = ({ ids: asked }) => allFit(asked);
    await stage.start(form, profileId);
    await stage.app.advance(0);
    for (const id of ids.slice(0, 6)) await change(stage.app, id, { status: "closed" });
    await stage.app.advance(RUN_MS);
    const asked = stage.model.asked.flatMap((question) => question.ids);
    return { unasked: ids.filter((id) => !asked.includes(id)).length, isTwice: new Set(asked).size < asked.length };
  });
  expect(after).toEqual({ unasked: 5, isTwice: false });
  expect(fixed).toEqual({ unasked: 0, isTwice: false });
  expect(await rows(stage.app, "matchRuns")).toMatchObject([{ status: "finished" }]);
});

test("4: when all candidates of a batch are gone, the run goes on without a question", async () => {
  const { app, model } = stage;
  const ids = await addOpportunities(app, 31);
  model.script = ({ ids: asked }) => allFit(asked);
  await stage.start("", profileId);
  await app.advance(0);
  for (const id of ids.slice(15, 30)) await remove(app, id);
  await app.advance(RUN_MS);
  expect(model.asked.map((question) => question.ids.length)).toEqual([15, 1]);
  expect(await rows(app, "matchRuns")).toMatchObject([{ status: "finished", matchCount: 16, givenUp: [] }]);
});

test("5: a model that fails throughout costs a short list everything, and a long one nothing", async () => {
  const { after, fixed } = await inBoth(async (form) => {
    const left: number[] = [];
    for (const count of [10, 20]) {
      profileId = await stage.begin();
      const [opportunityId] = await addOpportunities(stage.app, count);
      await addMatch(stage.app, { profileId, opportunityId: opportunityId! });
      stage.model.script = () => ({ status: 500 });
      await finish(form);
      left.push((await rows(stage.app, "matches")).length);
    }
    return left;
  });
  expect(after).toEqual([0, 1]);
  expect(fixed).toEqual([1, 1]);
  expect(await rows(stage.app, "matchRuns")).toMatchObject([{ status: "finished", givenUp: [0, 1], matchCount: 0 }]);
});

test("6: between batch 0 and the end the list is partial, and what was saved or dismissed is gone", async () => {
  const { after, fixed } = await inBoth(async (form) => {
    const ids = await addOpportunities(stage.app, 20);
    const matched = async (index: number, status: "saved" | "dismissed" | "active") =>
      await addMatch(stage.app, { profileId, opportunityId: ids[index]!, status });
    await matched(0, "saved");
    await matched(1, "dismissed");
    await matched(16, "active");
    const gone = (await addOpportunities(stage.app, 1, { status: "closed" }))[0]!;
    const savedBefore = await addMatch(stage.app, { profileId, opportunityId: gone, status: "saved" });
    stage.model.script = ({ ids: asked }) => allFit(asked);
    await stage.start(form, profileId);
    await stage.app.advance(0);
    const between = (await rows(stage.app, "matches")).length;
    await stage.app.advance(RUN_MS);
    const end = await rows(stage.app, "matches");
    const words = end.filter(({ status }) => status !== "active").map(({ status }) => status);
    return { between, end: end.length, words, isSavedKept: end.some(({ _id }) => _id === savedBefore) };
  });
  expect(after).toEqual({ between: 15, end: 20, words: [], isSavedKept: false });
  expect(fixed).toEqual({ between: 4, end: 21, words: ["saved", "dismissed", "saved"], isSavedKept: true });
});

describe("7: growth areas", () => {
  /** Bytes of the arguments of each step of what `owner` names, in the order of the steps. */
  const argumentBytes = async (owner: string): Promise<number[]> => {
    const jobs = await stage.app.run<{ name: string; text: string }[], DataModel>(async (ctx) => {
      const all = await ctx.db.system.query("_scheduled_functions").collect();
      return all.map(({ name, args }) => ({ name, text: JSON.stringify(args) }));
    });
    const steps = jobs.filter(({ name, text }) => name.includes("processMatchBatch") && text.includes(owner));
    return steps.map(({ text }) => text.length);
  };
  const theme = { theme: "Skills", items: ["Python", "Statistics", "Writing for people who are in a hurry"] };

  test("travel in the arguments of the chain and grow with every hop; then they are thrown away", async () => {
    const { app, model } = stage;
    await addOpportunities(app, 50);
    model.script = ({ ids }) => allFit(ids, [theme, theme]);
    await stage.start("after/", profileId);
    await app.advance(10 * SECOND);
    const sizes = await argumentBytes(profileId);
    expect(sizes).toHaveLength(4);
    for (const [hop, size] of sizes.entries()) if (hop > 0) expect(size).toBeGreaterThan(sizes[hop - 1]! + 100);
  });

  test("are kept, merged, in the run's row when fixed", async () => {
    const { app, model } = stage;
    await addOpportunities(app, 50);
    model.script = ({ ids }) => allFit(ids, [theme, theme]);
    await stage.start("", profileId);
    const [run] = await rows(app, "matchRuns");
    await app.advance(10 * SECOND);
    const sizes = await argumentBytes(run!._id);
    expect(sizes).toHaveLength(4);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(5);
    const [{ growthAreas } = { growthAreas: [] }] = (await rows(app, "matchRuns")).filter(
      ({ _id }) => _id === run!._id,
    );
    expect(growthAreas).toEqual([theme]);
  });
});

describe("8: a dead chain", () => {
  test("an error outside of the question ends the chain silently, with half a list; fixed, the run comes to its end", async () => {
    const { after, fixed } = await inBoth(async (form) => {
      await addOpportunities(stage.app, 20);
      stage.model.script = ({ ids }) => allFit(ids);
      await stage.start(form, profileId);
      await stage.app.advance(0);
      await remove(stage.app, profileId);
      await stage.app.advance(RUN_MS);
      return { asked: stage.model.asked.length, left: (await rows(stage.app, "matches")).length };
    });
    expect(after).toEqual({ asked: 1, left: 15 });
    expect(fixed).toEqual({ asked: 1, left: 0 });
    expect(await rows(stage.app, "matchRuns")).toMatchObject([{ status: "finished" }]);
  });

  test("a step that is lost stays lost; fixed, the watch does it again, once", async () => {
    const { after, fixed } = await inBoth(async (form) => {
      await addOpportunities(stage.app, 20);
      stage.model.script = ({ ids }) => allFit(ids);
      await stage.start(form, profileId);
      await stage.app.advance(0);
      await loseNextStep();
      await stage.app.advance(RUN_MS);
      return { asked: stage.model.asked.length, total: (await rows(stage.app, "matches")).length };
    });
    expect(after).toEqual({ asked: 1, total: 15 });
    expect(fixed).toEqual({ asked: 2, total: 20 });
  });

  test("the watch leaves a run alone that only waits for the model", async () => {
    const { app, model } = stage;
    await addOpportunities(app, 50);
    model.script = () => ({ status: 429 });
    await stage.start("", profileId);
    await app.advance(RUN_MS);
    expect(model.asked).toHaveLength(44);
    expect(await rows(app, "matchRuns")).toMatchObject([{ status: "finished", givenUp: [0, 1, 2, 3] }]);
  });
});

/** Takes the scheduled step of the chain away, as a server does that ends while the action runs. */
async function loseNextStep(): Promise<void> {
  await stage.app.run<null, DataModel>(async (ctx) => {
    for (const { _id, name, state } of await ctx.db.system.query("_scheduled_functions").collect()) {
      if (name.includes("processMatchBatch") && state.kind === "pending") await ctx.scheduler.cancel(_id);
    }
    return null;
  });
}
