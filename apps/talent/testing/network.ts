/**
 * A talent network to test with: a deployment on virtual time, and rows written past the app's functions.
 */
import { openTestDeployment, VirtualClock, type TestDeployment } from "@narrowcast/server";
import { join } from "node:path";
import type { WithoutSystemFields } from "convex/server";
import type { DataModel, Doc, Id, TableNames } from "../convex/_generated/dataModel.js";

/** Monday, 6:07 UTC: eight o'clock in Berlin, when alerts go out. */
export const START_MS = Date.UTC(2026, 4, 4, 6, 7);
const CONVEX_DIR = join(import.meta.dirname, "../convex");

/** The three forms, as prefixes of function paths. */
export const FORMS = ["before/", "after/", ""] as const;

/** A deployment whose time stands still until the test moves it. */
export interface Network {
  readonly app: TestDeployment;
  readonly clock: VirtualClock;
}

/** Opens the app. `directory`: its store lies there and outlives it. */
export async function openNetwork(
  options: { readonly directory?: string; readonly nowMs?: number } = {},
): Promise<Network> {
  const clock = new VirtualClock(options.nowMs ?? START_MS);
  const { directory } = options;
  const app = await openTestDeployment(CONVEX_DIR, { clock, ...(directory === undefined ? {} : { directory }) });
  return { app, clock };
}

/** Writes all steps of generated data. */
export async function seedNetwork({ app, clock }: Network, scale: number): Promise<void> {
  const { steps } = (await app.query("seed:plan", { scale })) as { steps: number };
  for (let number = 0; number < steps; number++) {
    await app.mutation("seed:step", { scale, seed: 1, now: clock.nowMs(), number });
  }
}

/** Inserts one row. */
export async function insert<T extends TableNames>(
  app: TestDeployment,
  table: T,
  fields: WithoutSystemFields<Doc<T>>,
): Promise<Id<T>> {
  return await app.run<Id<T>, DataModel>(async (ctx) => await ctx.db.insert(table, fields));
}

/** Every row of a table. */
export async function rows<T extends TableNames>(app: TestDeployment, table: T): Promise<Doc<T>[]> {
  return await app.run<Doc<T>[], DataModel>(async (ctx) => await ctx.db.query(table).collect());
}

/** Changes one row. */
export async function change<T extends TableNames>(
  app: TestDeployment,
  id: Id<T>,
  fields: Partial<WithoutSystemFields<Doc<T>>>,
): Promise<void> {
  await app.run<null, DataModel>(async (ctx) => {
    await ctx.db.patch(id, fields as never);
    return null;
  });
}

/** Deletes one row. */
export async function remove(app: TestDeployment, id: Id<TableNames>): Promise<void> {
  await app.run<null, DataModel>(async (ctx) => {
    await ctx.db.delete(id);
    return null;
  });
}

/** A user with a profile. */
export async function addPerson(
  app: TestDeployment,
  profile: Partial<WithoutSystemFields<Doc<"profiles">>> = {},
  email: string | null = "person@talent.example",
): Promise<{ readonly userId: string; readonly profileId: Id<"profiles"> }> {
  const userId = profile.userId ?? (await insert(app, "users", email === null ? {} : { email }));
  const times = { createdAt: START_MS, updatedAt: START_MS };
  const profileId = await insert(app, "profiles", { ...times, name: "Mara", ...profile, userId });
  return { userId, profileId };
}

/** An organisation. */
export async function addOrganization(app: TestDeployment, name = "Harbour Institute"): Promise<Id<"organizations">> {
  const slug = name.toLowerCase().replaceAll(" ", "-");
  return await insert(app, "organizations", { name, slug, about: "About us." });
}

/** An event of an organisation; it ends two hours after it starts. */
export async function addEvent(
  app: TestDeployment,
  orgId: Id<"organizations">,
  event: Partial<WithoutSystemFields<Doc<"events">>> = {},
): Promise<Id<"events">> {
  const startAt = event.startAt ?? START_MS - 24 * 3_600_000;
  const usual = { lumaId: "luma", title: "Reading group", description: "Read.", location: "Berlin", isVirtual: false };
  return await insert(app, "events", { ...usual, endAt: startAt + 7_200_000, ...event, startAt, orgId });
}

/** An attendance record. */
export async function addAttendance(
  app: TestDeployment,
  record: Pick<Doc<"attendance">, "userId" | "eventId" | "orgId"> & Partial<WithoutSystemFields<Doc<"attendance">>>,
): Promise<Id<"attendance">> {
  const usual = { status: "attended", showOnProfile: true, showToOtherOrgs: false } as const;
  return await insert(app, "attendance", { ...usual, createdAt: START_MS, updatedAt: START_MS, ...record });
}

/** Open positions, in their order. */
export async function addOpportunities(
  app: TestDeployment,
  count: number,
  fields: Partial<WithoutSystemFields<Doc<"opportunities">>> = {},
): Promise<Id<"opportunities">[]> {
  return await app.run<Id<"opportunities">[], DataModel>(async (ctx) => {
    const ids: Id<"opportunities">[] = [];
    for (let index = 0; index < count; index++) {
      ids.push(
        await ctx.db.insert("opportunities", {
          sourceId: `source-${index}`,
          title: `Opening ${index}`,
          organization: "Harbour Institute",
          description: "What you would do.",
          requirements: ["Python"],
          location: "Berlin",
          isRemote: false,
          roleType: "research",
          sourceUrl: `https://talent.example/openings/${index}`,
          status: "active",
          updatedAt: 0,
          ...fields,
        }),
      );
    }
    return ids;
  });
}

/** A match. */
export async function addMatch(
  app: TestDeployment,
  match: Pick<Doc<"matches">, "profileId" | "opportunityId"> & Partial<WithoutSystemFields<Doc<"matches">>>,
): Promise<Id<"matches">> {
  return await insert(app, "matches", {
    tier: "good",
    score: 70,
    explanation: { strengths: ["Knows the field"] },
    probability: { interviewChance: "possible", ranking: "top 40 %", confidence: "medium" },
    recommendations: [],
    isNew: true,
    computedAt: START_MS,
    modelVersion: "earlier",
    ...match,
  });
}

const TABLES = [
  "attendance",
  "attendanceTotals",
  "cursors",
  "engagementScores",
  "events",
  "mails",
  "matches",
  "matchRuns",
  "modelSettings",
  "notifications",
  "opportunities",
  "organizations",
  "orgMemberships",
  "profiles",
  "programParticipation",
  "programs",
  "stagedMatches",
  "users",
] as const satisfies readonly TableNames[];

/** Deletes every row, takes back what is scheduled, and the demo's permission: the next test starts with nothing. */
export async function clear(app: TestDeployment): Promise<void> {
  await app.setEnvironment({ DEMO: null });
  await app.run<null, DataModel>(async (ctx) => {
    for (const table of TABLES) for (const row of await ctx.db.query(table).collect()) await ctx.db.delete(row._id);
    for (const { _id, state } of await ctx.db.system.query("_scheduled_functions").collect()) {
      if (state.kind === "pending") await ctx.scheduler.cancel(_id);
    }
    return null;
  });
}
