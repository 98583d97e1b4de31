/**
 * Writes the steps of the generated data. Rows of earlier steps are found by natural keys: addresses, slugs, source ids.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { countEnrolled } from "./participation.ts";
import { PROMPT } from "./fields.ts";
import { isAttended } from "./attendanceShapes.ts";
import {
  ATTENDANCE_PER_PERSON,
  endedEvents,
  MATCH_BYTES,
  MATCHES_PER_PERSON,
  OPPORTUNITY_BYTES,
  PARTICIPANTS_PER_PROGRAM,
  PROMPTS_PER_PERSON,
  type SeedSizes,
  type SeedStep,
} from "./seedPlan.ts";
import { emailOf, profileOfPerson, zoneOffsets } from "./seedPeople.ts";
import { between, personName, pick, pickSome, PLACES, prose, ROLE_TYPES, ROLES, SKILLS, TOPICS } from "./seedText.ts";
import type { Random } from "./seedText.ts";

const DAY_MS = 24 * 3_600_000;
const ORGANIZATIONS = ["Harbour Institute", "Open Evaluations", "Northlight", "Field Notes", "Civic Lab"];
const PROGRAM_STATUSES = ["active", "active", "planning", "completed"] as const;

/** What a step needs to know. */
export interface Seeding {
  readonly sizes: SeedSizes;
  readonly now: number;
  readonly random: Random;
}

/** Writes one step. */
export async function writeStep(ctx: MutationCtx, { kind, from, to }: SeedStep, seeding: Seeding): Promise<void> {
  switch (kind) {
    case "base":
      return await writeBase(ctx, seeding);
    case "opportunities":
      for (let index = from; index < to; index++) await writeOpportunity(ctx, index, seeding);
      return;
    case "people":
      return await writePeople(ctx, from, to, seeding);
    case "records":
      return await writeRecords(ctx, from, to, seeding);
    case "participation":
      return await writeParticipation(ctx, seeding);
  }
}

async function writeBase(ctx: MutationCtx, { sizes, now, random }: Seeding): Promise<void> {
  const orgIds: Id<"organizations">[] = [];
  for (const [index, name] of ORGANIZATIONS.entries()) {
    const slug = `org-${index}`;
    const logoUrl = `https://talent.example/logos/${slug}.svg`;
    orgIds.push(await ctx.db.insert("organizations", { name, slug, logoUrl, about: prose(random, 600) }));
  }
  const ended = endedEvents(sizes);
  for (let index = 0; index < sizes.events; index++) {
    // In the order of their dates; those that ended were asked about.
    const isAhead = index >= ended;
    const daysAway = isAhead ? ((index - ended + 1) * 24) / (sizes.events - ended) : (index - ended) * 1.5;
    const startAt = now + daysAway * DAY_MS;
    const place = pick(random, PLACES);
    await ctx.db.insert("events", {
      orgId: orgIds[index % orgIds.length]!,
      lumaId: `luma-${index}`,
      title: `${place} ${pick(random, TOPICS)} ${index + 1}`,
      description: prose(random, 800),
      location: place,
      isVirtual: index % 3 === 0,
      startAt,
      endAt: startAt + 2 * 3_600_000,
      ...(isAhead ? {} : { promptedAt: startAt + 3 * 3_600_000 }),
    });
  }
  for (let index = 0; index < sizes.programs; index++) {
    await ctx.db.insert("programs", {
      orgId: orgIds[index % orgIds.length]!,
      name: `${pick(random, ROLES)} programme ${index + 1}`,
      slug: `program-${index}`,
      summary: prose(random, 300),
      status: PROGRAM_STATUSES[Math.floor(index / orgIds.length) % PROGRAM_STATUSES.length]!,
    });
  }
}

async function writeOpportunity(ctx: MutationCtx, index: number, { now, random }: Seeding): Promise<void> {
  const place = pick(random, PLACES);
  const name = pick(random, ORGANIZATIONS);
  const organization = await organizationBySlug(ctx, ORGANIZATIONS.indexOf(name));
  await ctx.db.insert("opportunities", {
    sourceId: `source-${index}`,
    title: `${pick(random, ROLES)}, ${place}`,
    organization: name,
    organizationId: organization._id,
    description: prose(random, between(random, OPPORTUNITY_BYTES[0], OPPORTUNITY_BYTES[1]) - 500),
    requirements: pickSome(random, SKILLS, 3),
    location: place,
    isRemote: random() < 0.4,
    roleType: pick(random, ROLE_TYPES),
    experienceLevel: pick(random, ["entry", "mid", "senior"]),
    sourceUrl: `https://talent.example/openings/${index}`,
    ...(index % 4 === 0 ? { deadline: now + between(random, 5, 90) * DAY_MS } : {}),
    status: index % 8 === 7 ? "closed" : "active",
    updatedAt: now - between(random, 0, 60) * DAY_MS,
  });
}

async function writePeople(ctx: MutationCtx, from: number, to: number, { now, random }: Seeding): Promise<void> {
  const orgs = await Promise.all(ORGANIZATIONS.map((_, index) => organizationBySlug(ctx, index)));
  const orgIds = orgs.map(({ _id }) => _id);
  const offsets = zoneOffsets(now);
  for (let index = from; index < to; index++) {
    const userId = await ctx.db.insert("users", { name: personName(index), email: emailOf(index) });
    await ctx.db.insert("profiles", profileOfPerson(index, { userId, orgIds, now, random, offsets }));
    // The first five people administer an organisation each.
    const orgId = orgIds[index % orgIds.length]!;
    await ctx.db.insert("orgMemberships", { orgId, userId, role: index < orgIds.length ? "admin" : "member" });
  }
}

async function writeRecords(ctx: MutationCtx, from: number, to: number, seeding: Seeding): Promise<void> {
  for (let index = from; index < to; index++) {
    const user = await userByEmail(ctx, index);
    const profile = await ctx.db
      .query("profiles")
      .withIndex("by_user", (q) => q.eq("userId", user._id))
      .unique();
    await writeAttendance(ctx, user._id, index, seeding);
    await writeMatches(ctx, profile!._id, index, seeding);
  }
}

async function writeAttendance(ctx: MutationCtx, userId: string, person: number, seeding: Seeding): Promise<void> {
  const { sizes, now, random } = seeding;
  let attended = 0;
  for (let number = 0; number < ATTENDANCE_PER_PERSON; number++) {
    const event = await eventByNumber(ctx, (person * 7 + number) % endedEvents(sizes));
    const status = pick(random, ["attended", "attended", "attended", "partial", "not_attended"] as const);
    const at = now - (ATTENDANCE_PER_PERSON - number) * DAY_MS;
    if (isAttended({ status })) attended += 1;
    await ctx.db.insert("attendance", {
      userId,
      eventId: event._id,
      orgId: event.orgId,
      status,
      respondedAt: at,
      ...(number % 4 === 0
        ? { feedbackRating: between(random, 2, 5), feedbackText: prose(random, 120), feedbackSubmittedAt: at }
        : {}),
      showOnProfile: true,
      showToOtherOrgs: false,
      createdAt: at,
      updatedAt: at,
    });
  }
  await ctx.db.insert("attendanceTotals", { userId, total: ATTENDANCE_PER_PERSON, attended });
  const prompts = between(random, PROMPTS_PER_PERSON[0], PROMPTS_PER_PERSON[1]);
  for (let number = 0; number < prompts; number++) {
    const event = await eventByNumber(ctx, (person * 7 + ATTENDANCE_PER_PERSON + number) % endedEvents(sizes));
    await ctx.db.insert("notifications", {
      userId,
      type: PROMPT,
      eventId: event._id,
      orgId: event.orgId,
      title: `Did you attend ${event.title}?`,
      body: "Your answer helps the organisers, and keeps your history right.",
      read: false,
      createdAt: now - number * 3_600_000,
      promptNumber: 1,
    });
  }
}

async function writeMatches(
  ctx: MutationCtx,
  profileId: Id<"profiles">,
  person: number,
  { sizes, now, random }: Seeding,
): Promise<void> {
  for (let number = 0; number < Math.min(MATCHES_PER_PERSON, sizes.opportunities); number++) {
    const opportunity = await opportunityByNumber(ctx, (person * 13 + number * 3) % sizes.opportunities);
    const score = between(random, 40, 97);
    await ctx.db.insert("matches", {
      profileId,
      opportunityId: opportunity._id,
      tier: score >= 78 ? "great" : score >= 60 ? "good" : "exploring",
      score,
      status: number % 10 === 4 ? "saved" : "active",
      explanation: { strengths: [prose(random, 180), prose(random, 160)], gap: prose(random, 120) },
      probability: { interviewChance: "possible", ranking: "top 40 %", confidence: "medium" },
      recommendations: [{ type: "skill", action: prose(random, MATCH_BYTES * 0.14), priority: "medium" }],
      isNew: number < 3,
      computedAt: now - DAY_MS,
      modelVersion: "by-rule-1",
    });
  }
}

async function writeParticipation(ctx: MutationCtx, { sizes, now, random }: Seeding): Promise<void> {
  for (let index = 0; index < sizes.programs; index++) {
    const org = await organizationBySlug(ctx, index % ORGANIZATIONS.length);
    const program = await ctx.db
      .query("programs")
      .withIndex("by_org_slug", (q) => q.eq("orgId", org._id).eq("slug", `program-${index}`))
      .unique();
    for (let number = 0; number < Math.min(PARTICIPANTS_PER_PROGRAM, sizes.people); number++) {
      const user = await userByEmail(ctx, (index * 11 + number) % sizes.people);
      await ctx.db.insert("programParticipation", {
        programId: program!._id,
        userId: user._id,
        orgId: org._id,
        status: pick(random, ["enrolled", "enrolled", "enrolled", "pending", "completed", "withdrawn"] as const),
        enrolledAt: now - between(random, 1, 200) * DAY_MS,
      });
    }
    await ctx.db.patch("programs", program!._id, { enrolledCount: await countEnrolled(ctx, program!._id) });
  }
}

async function organizationBySlug(ctx: MutationCtx, index: number): Promise<Doc<"organizations">> {
  const slug = `org-${index}`;
  return found(
    await ctx.db
      .query("organizations")
      .withIndex("by_slug", (q) => q.eq("slug", slug))
      .first(),
    slug,
  );
}

async function eventByNumber(ctx: MutationCtx, index: number): Promise<Doc<"events">> {
  const lumaId = `luma-${index}`;
  return found(
    await ctx.db
      .query("events")
      .withIndex("by_luma_id", (q) => q.eq("lumaId", lumaId))
      .first(),
    lumaId,
  );
}

async function opportunityByNumber(ctx: MutationCtx, index: number): Promise<Doc<"opportunities">> {
  const sourceId = `source-${index}`;
  return found(
    await ctx.db
      .query("opportunities")
      .withIndex("by_source_id", (q) => q.eq("sourceId", sourceId))
      .first(),
    sourceId,
  );
}

async function userByEmail(ctx: MutationCtx, index: number): Promise<Doc<"users">> {
  const email = emailOf(index);
  return found(
    await ctx.db
      .query("users")
      .withIndex("email", (q) => q.eq("email", email))
      .first(),
    email,
  );
}

function found<T>(row: T | null, key: string): T {
  if (row === null) throw new Error(`Cannot write the seed data: "${key}" is missing; run the earlier steps first`);
  return row;
}
