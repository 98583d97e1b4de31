/**
 * The generated data: how much, how large, and the same every time.
 */
import type { TestDeployment } from "@narrowcast/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openNetwork, rows, seedNetwork } from "../testing/network.ts";
import type { TableNames } from "../convex/_generated/dataModel.js";

describe("a tenth", () => {
  let app: TestDeployment;
  beforeAll(async () => {
    const network = await openNetwork();
    ({ app } = network);
    await seedNetwork(network, 0.1);
  });
  afterAll(() => app.close());

  test("has the numbers of its scale", async () => {
    const counts: Partial<Record<TableNames, number>> = {
      users: 10,
      profiles: 10,
      organizations: 5,
      events: 80,
      attendance: 600,
      attendanceTotals: 10,
      programs: 5,
      programParticipation: 50,
      opportunities: 80,
      matches: 300,
    };
    for (const [table, count] of Object.entries(counts)) {
      expect(await rows(app, table as TableNames), table).toHaveLength(count);
    }
    const prompts = (await rows(app, "notifications")).length;
    expect(prompts).toBeGreaterThanOrEqual(20);
    expect(prompts).toBeLessThanOrEqual(50);
  });

  test("has documents of the original's sizes", async () => {
    for (const [table, low, high] of [
      ["profiles", 7_000, 9_500],
      ["opportunities", 2_000, 4_000],
      ["matches", 850, 1_150],
    ] as const) {
      const documents = await rows(app, table);
      const mean = documents.reduce((sum, each) => sum + JSON.stringify(each).length, 0) / documents.length;
      expect(mean, table).toBeGreaterThan(low);
      expect(mean, table).toBeLessThan(high);
    }
  });

  test("has counters that agree with a count", async () => {
    const users = await rows(app, "users");
    for (const { _id: subject } of users) {
      const counted = await app.as({ subject }).query("before/attendance:getMyAttendanceSummary");
      expect(await app.as({ subject }).query("attendance:getMyAttendanceSummary")).toEqual(counted);
    }
    const [program] = await rows(app, "programs");
    const args = { orgId: program!.orgId };
    const counted = await app.as({ subject: users[0]!._id }).query("before/programs:getOrgPrograms", args);
    expect(await app.as({ subject: users[0]!._id }).query("programs:getOrgPrograms", args)).toEqual(counted);
  });
});

test("the same seed gives the same texts; the demo is written once and leaves its first person without matches", async () => {
  const texts: string[][] = [];
  for (let round = 0; round < 2; round++) {
    const network = await openNetwork();
    await seedNetwork(network, 0.02);
    texts.push((await rows(network.app, "profiles")).map(({ enrichmentSummary }) => enrichmentSummary ?? ""));
    await network.app.close();
  }
  expect(texts[1]).toEqual(texts[0]);
  const { app } = await openNetwork();
  expect(await app.action("seed:demo")).toEqual({ loaded: true });
  expect(await app.action("seed:demo")).toEqual({ loaded: false });
  const [first, second] = await rows(app, "profiles");
  const matches = await rows(app, "matches");
  expect(matches.filter(({ profileId }) => profileId === first!._id)).toEqual([]);
  expect(matches.filter(({ profileId }) => profileId === second!._id)).toHaveLength(30);
  await app.close();
});
