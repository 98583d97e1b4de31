/**
 * Hole 10: the log of the hand-optimised form makes its queries depend on the time. What happens by the clock on purpose: ended events and
 * engagement scores.
 */
import type { TestDeployment } from "@narrowcast/server";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Id } from "../convex/_generated/dataModel.js";
import {
  addAttendance,
  addEvent,
  addOrganization,
  addPerson,
  change,
  clear,
  insert,
  openNetwork,
  rows,
  type Network,
} from "../testing/network.ts";

const MINUTE_MS = 60_000;

let network: Network;
let app: TestDeployment;
let orgId: Id<"organizations">;
let subject: string;
beforeAll(async () => {
  network = await openNetwork();
  ({ app } = network);
});
afterAll(() => app.close());
beforeEach(async () => {
  await clear(app);
  orgId = await addOrganization(app);
  subject = (await addPerson(app)).userId;
});

describe("10: a query that stamps its log", () => {
  const play = async (form: string) => {
    await addAttendance(app, { userId: subject, eventId: await addEvent(app, orgId), orgId });
    const viewer = app.as({ subject });
    const path = `${form}attendance:getMyAttendanceHistory`;
    await viewer.query(path);
    await app.advance(30_000);
    const { runs } = await app.expectCost(() => viewer.query(path));
    const { entries } = await app.deployment.logs(0, 0);
    const lines = entries.filter((entry) => entry.kind === "completion" && entry.path.startsWith(path));
    return { runs, lines: new Set(lines.slice(-2).map((entry) => entry.lines.map(({ text }) => text).join())) };
  };

  test("is executed again though nothing changed, and no two runs look alike; fixed, it does neither", async () => {
    // The log is kept only while somebody looks at it.
    await app.deployment.logs(0, 0);
    const after = await play("after/");
    expect(after.runs).toBe(1);
    expect(after.lines.size).toBe(2);
    const fixed = await play("");
    expect(fixed.runs).toBe(0);
    expect([...fixed.lines]).toEqual([""]);
  });
});

describe("ended events", () => {
  const ended = async () => await addEvent(app, orgId, { startAt: network.clock.nowMs() - 4 * 3_600_000 });

  test("registered people are asked once, by the cron, within ten minutes; those who answered are not", async () => {
    const eventId = await addEvent(app, orgId, { startAt: network.clock.nowMs() - 2 * 3_600_000 + MINUTE_MS });
    await addAttendance(app, { userId: subject, eventId, orgId, status: "unknown" });
    await addAttendance(app, { userId: "answered", eventId, orgId, status: "attended", respondedAt: 1 });
    expect(await app.mutation("events:checkEndedEvents")).toEqual({ ended: 0, prompts: 0 });
    await app.advance(11 * MINUTE_MS);
    expect(await app.as({ subject }).query("attendance:getPendingPrompts")).toMatchObject([
      { eventId, promptNumber: 1 },
    ]);
    await app.advance(30 * MINUTE_MS);
    expect(await rows(app, "notifications")).toHaveLength(1);
  });

  test("the first form reads all events every time, the fixed one only those that ended since", async () => {
    const reads = async (path: string) => (await app.expectCost(() => app.mutation(path))).convexDocuments;
    for (let number = 0; number < 30; number++) {
      await change(app, await ended(), { promptedAt: 1 });
    }
    expect(await reads("before/events:checkEndedEvents")).toBe(30);
    expect(await reads("events:checkEndedEvents")).toBe(0);
    await ended();
    // The event, by index and for its note that it is done.
    expect(await reads("events:checkEndedEvents")).toBe(2);
  });

  test("more ended events than a step takes are all done", async () => {
    for (let number = 0; number < 45; number++) {
      await addAttendance(app, { userId: subject, eventId: await ended(), orgId, status: "unknown" });
    }
    await app.mutation("events:checkEndedEvents");
    await app.advance(0);
    expect(await rows(app, "notifications")).toHaveLength(45);
    expect((await rows(app, "events")).every(({ promptedAt }) => promptedAt !== undefined)).toBe(true);
  });
});

describe("engagement", () => {
  test("the fixed form gives the first form's scores and looks only at what changed", async () => {
    for (let person = 0; person < 20; person++) {
      const userId = `person ${person}`;
      await insert(app, "orgMemberships", { orgId, userId, role: "member" });
      for (let number = 0; number < 12; number++) {
        const eventId = await addEvent(app, orgId);
        const status = number % 3 === 0 ? "partial" : "attended";
        await addAttendance(app, { userId, eventId, orgId, status, updatedAt: person * 100 + number });
      }
    }
    await app.mutation("engagement:computeEngagementScores");
    await app.advance(0);
    const scores = async () =>
      (await rows(app, "engagementScores"))
        .map(({ userId, score }) => [userId, score] as const)
        .toSorted(([a], [b]) => a.localeCompare(b));
    const fixed = await scores();
    expect(await app.mutation("before/engagement:computeEngagementScores")).toEqual({ scores: 20, changed: 0 });
    expect(await scores()).toEqual(fixed);
    expect(fixed).toHaveLength(20);
    expect(fixed[0]![1]).toBe(4 * 2 + 8 * 3);

    const reads = async (path: string) => (await app.expectCost(() => app.mutation(path))).convexDocuments;
    const eventId = await addEvent(app, orgId);
    await addAttendance(app, { userId: "person 3", eventId, orgId, updatedAt: network.clock.nowMs() });
    const changedReads = await reads("engagement:computeEngagementScores");
    expect(changedReads).toBeLessThan(20 * 2);
    expect(await reads("before/engagement:computeEngagementScores")).toBeGreaterThan(20 * 13);
    expect((await scores()).find(([userId]) => userId === "person 3")![1]).toBe(4 * 2 + 9 * 3);
  });
});

describe("the demo's levers", () => {
  test("are refused without DEMO, and make the model's endpoint busy with it", async () => {
    await expect(app.mutation("demo:makeModelBusy", { seconds: 5 })).rejects.toThrow(/DEMO/);
    expect(await app.query("demo:people")).toEqual([]);
    await app.setEnvironment({ DEMO: "1" });
    await app.mutation("demo:makeModelBusy", { seconds: 5 });
    expect(await app.query("demo:modelBusy")).toBe(network.clock.nowMs() + 5_000);
    expect(await app.query("demo:people")).toMatchObject([{ name: "Mara", userId: subject }]);
  });
});
