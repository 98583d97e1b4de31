/**
 * What every function reads, by form: the formulas of the original app's documents, counted by Convex's rules.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestDeployment } from "@narrowcast/server";
import type { Id } from "../convex/_generated/dataModel.js";
import {
  addAttendance,
  addEvent,
  addOrganization,
  addPerson,
  change,
  FORMS,
  insert,
  openNetwork,
  seedNetwork,
  START_MS,
  type Network,
} from "../testing/network.ts";

type Form = (typeof FORMS)[number];
type Arguments = NonNullable<Parameters<TestDeployment["query"]>[1]>;

let network: Network;

/** Documents that one call reads by Convex's rules. */
async function reads(path: string, args: Arguments, app: TestDeployment, subject?: string): Promise<number> {
  const caller = subject === undefined ? app : app.as({ subject });
  const { convexDocuments } = await app.expectCost(() => caller.query(path, args));
  return convexDocuments;
}

async function withNetwork(work: (app: TestDeployment) => Promise<void>): Promise<void> {
  const { app } = await openNetwork();
  try {
    await work(app);
  } finally {
    await app.close();
  }
}

async function inAllForms(count: (form: Form) => Promise<number>): Promise<readonly number[]> {
  return [await count("before/"), await count("after/"), await count("")];
}

describe("attendance of somebody with 60 records, at 10 events of 3 organisations", () => {
  let app: TestDeployment;
  let subject: string;
  beforeAll(async () => {
    ({ app } = await openNetwork());
    subject = (await addPerson(app)).userId;
    const orgs: Id<"organizations">[] = [];
    for (const name of ["One", "Two", "Three"]) orgs.push(await addOrganization(app, name));
    const events: [Id<"events">, Id<"organizations">][] = [];
    for (let number = 0; number < 10; number++) {
      const orgId = orgs[number % 3]!;
      events.push([await addEvent(app, orgId), orgId]);
    }
    for (let number = 0; number < 60; number++) {
      const [eventId, orgId] = events[number % 10]!;
      await addAttendance(app, { userId: subject, eventId, orgId });
    }
    for (let number = 0; number < 5; number++) {
      const [eventId, orgId] = events[number % 2]!;
      const prompt = { userId: subject, type: "attendance_prompt", eventId, orgId, title: "?", body: "?" };
      await insert(app, "notifications", { ...prompt, read: false, createdAt: START_MS });
    }
    for (let number = 0; number < 4; number++) {
      const other = { userId: subject, type: "welcome", title: "Hello", body: "Hello", read: false };
      await insert(app, "notifications", { ...other, createdAt: START_MS });
    }
  });

  afterAll(() => app.close());

  test("history of 50: two look-ups a row before, distinct events and organisations after", async () => {
    const found = await inAllForms((form) => reads(`${form}attendance:getMyAttendanceHistory`, {}, app, subject));
    expect(found).toEqual([50 + 2 * 50, 50 + 10 + 3, 50 + 10 + 3]);
  });

  test("pending prompts: two look-ups a prompt before, distinct ones after, and no other notifications when fixed", async () => {
    const found = await inAllForms((form) => reads(`${form}attendance:getPendingPrompts`, {}, app, subject));
    expect(found).toEqual([9 + 2 * 5, 9 + 2 + 2, 5 + 2 + 2]);
  });

  test("summary: all rows and the last three again, before and after; from counters when fixed", async () => {
    const byCounting = await inAllForms((form) => reads(`${form}attendance:getMyAttendanceSummary`, {}, app, subject));
    expect(byCounting.slice(0, 2)).toEqual([60 + 3 + 6, 60 + 3 + 6]);
    await insert(app, "attendanceTotals", { userId: subject, total: 60, attended: 60 });
    expect(await reads("attendance:getMyAttendanceSummary", {}, app, subject)).toBe(1 + 3 + 6);
  });

  test("privacy defaults: one document", async () => {
    const found = await inAllForms((form) => reads(`${form}attendance:getAttendancePrivacyDefaults`, {}, app, subject));
    expect(found).toEqual([1, 1, 1]);
  });
});

describe("programs", () => {
  /** The program and the membership that gives the right to see it. */
  const RIGHTS = 2;

  /** A program with 25 participations of so many people. */
  async function fill(app: TestDeployment, distinct: number) {
    const orgId = await addOrganization(app);
    const admin = (await addPerson(app)).userId;
    await insert(app, "orgMemberships", { orgId, userId: admin, role: "admin" });
    const program = { orgId, name: "Fellowship", slug: "fellowship", summary: "A year.", status: "active" } as const;
    const programId = await insert(app, "programs", program);
    const people: string[] = [];
    for (let number = 0; number < distinct; number++) people.push((await addPerson(app)).userId);
    for (let number = 0; number < 25; number++) {
      const row = { programId, orgId, userId: people[number % distinct]!, status: "enrolled", enrolledAt: 0 } as const;
      await insert(app, "programParticipation", row);
    }
    return { orgId, programId, admin };
  }

  test("25 participants who all differ cost the same in every form; who comes again is looked up once after", async () => {
    for (const distinct of [25, 5]) {
      await withNetwork(async (app) => {
        const { programId, admin } = await fill(app, distinct);
        const path = "programs:getProgramParticipants";
        const found = await inAllForms((form) => reads(`${form}${path}`, { programId }, app, admin));
        expect(found).toEqual([25 + 25 + RIGHTS, 25 + distinct + RIGHTS, 25 + distinct + RIGHTS]);
      });
    }
  });

  test("a list of programs collects the enrolled of each, but for the counter of the fixed form", async () => {
    await withNetwork(async (app) => {
      const { orgId, programId } = await fill(app, 5);
      await change(app, programId, { enrolledCount: 25 });
      const found = await inAllForms((form) => reads(`${form}programs:getOrgPrograms`, { orgId }, app, "ann"));
      expect(found).toEqual([1 + 25, 1 + 25, 1]);
    });
  });
});

describe("a network of a hundred people", () => {
  beforeAll(async () => {
    network = await openNetwork();
    await seedNetwork(network, 1);
  });
  afterAll(() => network.app.close());

  test.for([
    ["getUsersForMatchAlertBatch", { targetLocalHour: 8 }],
    ["getUsersForWeeklyDigestBatch", {}],
    ["getUsersForDailyEventDigestBatch", { targetLocalHour: 8 }],
    ["getUsersForWeeklyEventDigestBatch", {}],
  ] as const)("%s reads all profiles and the due users after, and the due alone when fixed", async ([name, args]) => {
    const { app: seeded } = network;
    const [before, after, fixed] = await inAllForms((form) => reads(`${form}emails/send:${name}`, args, seeded));
    const due = ((await seeded.query(`emails/send:${name}`, args)) as readonly unknown[]).length;
    expect(due).toBeGreaterThan(0);
    // The users of the due are walked to, half of the table each on average.
    expect(before).toBeGreaterThan(100 + due * 40);
    expect(before).toBeLessThan(100 + due * 60);
    expect(after).toBe(100 + due);
    expect(fixed).toBe(due + due);
    if (name === "getUsersForMatchAlertBatch")
      expect({ due, after, fixed }).toEqual({ due: 20, after: 120, fixed: 40 });
  });

  test("candidates: the older forms read every open position, the fixed one only as many as it takes", async () => {
    const { app: seeded } = network;
    const path = "matching:getCandidateOpportunities";
    const args = { hiddenOrgs: [] };
    const [before, after, fixed] = await inAllForms((form) => reads(`${form}${path}`, args, seeded));
    expect([before, after]).toEqual([700, 700]);
    expect(fixed).toBeLessThanOrEqual(51);
    const ids = async (form: Form) =>
      ((await seeded.query(`${form}${path}`, args)) as { _id: string }[]).map(({ _id }) => _id);
    expect(await ids("")).toEqual(await ids("after/"));
  });
});

test("10,000 people, 400 of them due: the first form cannot, after reads 10,400, fixed 800", async () => {
  const path = "emails/send:getUsersForMatchAlertBatch";
  await withNetwork(async (app) => {
    await manyPeople(app, 10_000, 400);
    await expect(app.query(`before/${path}`, { targetLocalHour: 8 })).rejects.toThrow(/too many documents/i);
    expect(await reads(`after/${path}`, { targetLocalHour: 8 }, app)).toBe(10_400);
    expect(await reads(path, { targetLocalHour: 8 }, app)).toBe(800);
  });
});

/** People in Berlin who want alerts, spread over others in New York, where it is night. Their profiles are short. */
async function manyPeople(app: TestDeployment, count: number, due: number): Promise<void> {
  const chunk = 2_500;
  for (let start = 0; start < count; start += chunk) {
    await app.run(async (ctx) => {
      for (let index = start; index < start + chunk; index++) {
        const userId = await ctx.db.insert("users", { email: `m${index}@talent.example` });
        const isDue = index % (count / due) === 0;
        const timezone = isDue ? "Europe/Berlin" : "America/New_York";
        await ctx.db.insert("profiles", {
          userId,
          notificationPreferences: { matchAlerts: { enabled: true }, weeklyDigest: { enabled: false }, timezone },
          utcOffsetMinutes: isDue ? 120 : -240,
          utcOffsetUntil: START_MS + 1_000_000,
          createdAt: 0,
          updatedAt: 0,
        });
      }
      return null;
    });
  }
}
