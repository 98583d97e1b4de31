import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TestDeployment } from "@narrowcast/server";
import type { Id } from "../convex/_generated/dataModel.js";
import {
  addSkill,
  addSkills,
  addUser,
  inside,
  openRegistry,
  seedRegistry,
  skillOf,
  START_MS,
} from "../testing/registry.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
let app: TestDeployment;

beforeEach(async () => {
  app = await openRegistry();
});
afterEach(async () => await app.close());

async function record(skillId: Id<"skills">, kinds: readonly string[]): Promise<void> {
  for (const kind of kinds) await app.mutation("engagement:recordEvent", { skillId, kind });
}

const EVENTS = [
  "download",
  "download",
  "star",
  "star",
  "unstar",
  "comment",
  "install_new",
  "install_new",
  "install_deactivate",
  "install_reactivate",
];
const COUNTED = { downloads: 2, stars: 1, comments: 1, versions: 1, installsAllTime: 2, installsCurrent: 2 };

describe("events", () => {
  test("are added to skills and days every five minutes as first written", async () => {
    const skillId = await addSkill(app, { slug: "a" });
    await record(skillId, EVENTS);
    expect(await app.mutation("before/statEvents:processSkillStatEventsInternal", {})).toEqual({
      events: 10,
      written: 1,
    });
    expect(await skillOf(app, skillId)).toMatchObject({ stats: COUNTED, statsDownloads: 2, statsStars: 1 });
    expect(await app.mutation("before/statEvents:processSkillStatEventsInternal", {})).toEqual({
      events: 0,
      written: 0,
    });
  });

  test("are added to days every 15 minutes and to skills every 6 hours, by the clock", async () => {
    const skillId = await addSkill(app, { slug: "a" });
    await app.advance(MINUTE);
    await record(skillId, EVENTS);
    await app.advance(15 * MINUTE);
    expect(await inside(app, async (ctx) => await ctx.db.query("skillDailyStats").collect())).toMatchObject([
      { skillId, day: Math.floor(START_MS / 86_400_000), downloads: 2, installs: 2 },
    ]);
    expect((await skillOf(app, skillId)).stats.downloads).toBe(0);
    await app.advance(6 * HOUR);
    expect(await skillOf(app, skillId)).toMatchObject({ stats: COUNTED, statsDownloads: 2, statsInstallsAllTime: 2 });
    await app.advance(6 * HOUR);
    expect(await skillOf(app, skillId)).toMatchObject({ stats: COUNTED });
  });

  test("that take installs away say how many, and no counter becomes negative", async () => {
    const skillId = await addSkill(app, { slug: "a" });
    await record(skillId, ["install_new", "install_new", "unstar"]);
    await app.mutation("engagement:recordEvent", {
      skillId,
      kind: "install_clear",
      delta: { allTime: 1, current: 2 },
    });
    await app.advance(MINUTE);
    await app.mutation("statEvents:syncSkillStatsInternal", {});
    expect((await skillOf(app, skillId)).stats).toMatchObject({ installsAllTime: 1, installsCurrent: 0, stars: 0 });
  });

  test("of many skills are added 50 skills at a time, each event once", async () => {
    const ids = await addSkills(
      app,
      Array.from({ length: 120 }, (_, at) => ({ slug: `skill-${at}`, version: null })),
    );
    await inside(app, async (ctx) => {
      for (let round = 0; round < 3; round++) {
        for (const skillId of ids) {
          await ctx.db.insert("skillStatEvents", { skillId, kind: "download", occurredAt: START_MS });
        }
      }
    });
    await app.advance(MINUTE);
    expect(await app.mutation("statEvents:syncSkillStatsInternal", {})).toEqual({
      events: 50,
      written: 50,
      isDone: false,
    });
    await app.advance(0);
    const skills = await inside(app, async (ctx) => await ctx.db.query("skills").collect());
    expect(skills.map(({ stats }) => stats.downloads)).toEqual(ids.map(() => 3));
  });

  test("that are younger than ten seconds wait, so that none is passed", async () => {
    const skillId = await addSkill(app, { slug: "a" });
    await record(skillId, ["download"]);
    expect(await app.mutation("statEvents:syncSkillStatsInternal", {})).toMatchObject({ events: 0 });
    await app.advance(11_000);
    expect(await app.mutation("statEvents:syncSkillStatsInternal", {})).toMatchObject({ events: 1 });
  });
});

describe("the number of public skills", () => {
  const BEFORE = "before/globalStats:recountActiveSkillsInternal";
  const RECOUNT = "globalStats:recountActiveSkillsAction";
  const number = async () => await app.query("globalStats:activeSkills", {});

  test("is the same in both forms, and pages of 1,000 read every skill once", async () => {
    await seedRegistry(app, 0.15);
    const { activeSkillsCount } = (await app.mutation(BEFORE, {})) as { activeSkillsCount: number };
    const cost = await app.expectCost(async () => {
      expect(await app.action(RECOUNT, {})).toEqual({ activeSkillsCount, attempts: 1 });
    });
    expect(cost.functions["globalStats:countPageInternal"]).toMatchObject({ runs: 3, convexDocuments: 2_400 });
    expect(await number()).toBe(activeSkillsCount);
  });

  test("one go fails at the size of the registry in May, under Convex's limits", async () => {
    await addSkillsOfBytes(25, 800);
    await expect(app.mutation(BEFORE, {})).rejects.toThrow(/too many bytes read|bytes/iu);
    expect(await app.action(RECOUNT, {})).toEqual({ activeSkillsCount: 25 * 800, attempts: 1 });
  });

  test("follows every write from the first count on", async () => {
    const [one, two] = await addSkills(app, [{ slug: "one" }, { slug: "two" }]);
    await app.action(RECOUNT, {});
    expect(await number()).toBe(2);
    const { ownerUserId } = await skillOf(app, one!);
    await app.mutation("moderation:applyBanToOwnedSkillsBatch", { ownerUserId, bannedAt: START_MS });
    expect(await number()).toBe(0);
    await app.mutation("moderation:restoreOwnedSkillsForUnbanBatch", { ownerUserId, bannedAt: START_MS });
    expect(await number()).toBe(2);
    await app.mutation("moderation:updateSkillModerationReason", { skillId: two!, reason: "scanner.vt.clean" });
    expect(await number()).toBe(2);
  });

  test("is not overwritten by a count that a write has overtaken", async () => {
    await addSkills(app, [{ slug: "one" }, { slug: "two" }]);
    await app.action(RECOUNT, {});
    const changes = await app.mutation("globalStats:beginCountInternal", {});
    const { ownerUserId } = (await inside(app, async (ctx) => await ctx.db.query("skills").first()))!;
    await app.mutation("moderation:applyBanToOwnedSkillsBatch", { ownerUserId, bannedAt: START_MS });
    expect(await app.mutation("globalStats:endCountInternal", { activeSkillsCount: 2, changes })).toBe(false);
    expect(await number()).toBe(0);
  });

  /** Skills of 1 KB, in as many transactions as it takes. */
  async function addSkillsOfBytes(rounds: number, skills: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      await addSkills(
        app,
        Array.from({ length: skills }, (_, at) => ({
          slug: `skill-${round}-${at}`,
          skill: { summary: "x".repeat(500) },
          version: null,
        })),
      );
    }
  }
});

describe("people", () => {
  test("star, comment and take both back; each is an event, and no skill is written", async () => {
    await addUser(app, "ann");
    const skillId = await addSkill(app, { slug: "a" });
    const ann = app.as({ subject: "ann" });
    const cost = await app.expectCost(async () => {
      expect(await ann.mutation("engagement:toggleStar", { skillId })).toEqual({ isStarred: true });
      const commentId = await ann.mutation("engagement:addComment", { skillId, body: " Good " });
      expect(await app.query("engagement:comments", { skillId })).toMatchObject([{ body: "Good", handle: "ann" }]);
      await ann.mutation("engagement:removeComment", { commentId });
      await ann.mutation("engagement:removeComment", { commentId });
      expect(await ann.mutation("engagement:toggleStar", { skillId })).toEqual({ isStarred: false });
      await app.mutation("engagement:download", { skillId });
    });
    expect(cost.documentsWritten).toBe(4 + 5);
    const kinds = await inside(app, async (ctx) =>
      (await ctx.db.query("skillStatEvents").collect()).map(({ kind }) => kind),
    );
    expect(kinds).toEqual(["star", "comment", "uncomment", "unstar", "download"]);
  });

  test("see their own star at once, before the statistics have taken it in", async () => {
    await addUser(app, "ann");
    await addSkill(app, { slug: "a" });
    const skillId = await addSkill(app, { slug: "b" });
    const ann = app.as({ subject: "ann" });
    const detail = async () => await ann.query("skills:getBySlug", { slug: "b" });
    await ann.mutation("engagement:toggleStar", { skillId });
    expect(await detail()).toMatchObject({ stars: 1, isStarred: true });
    await app.advance(MINUTE);
    await app.mutation("statEvents:syncSkillStatsInternal", {});
    expect(await detail()).toMatchObject({ stars: 1, isStarred: true, entry: { skill: { stats: { stars: 1 } } } });
  });

  test("are refused when nobody knows them, when they are banned, and what is not theirs", async () => {
    const skillId = await addSkill(app, { slug: "a" });
    const star = (subject: string) => app.as({ subject }).mutation("engagement:toggleStar", { skillId });
    await expect(star("stranger")).rejects.toThrow(/Cannot star: nobody known is signed in; sign in first/u);
    const userId = await addUser(app, "ann");
    await expect(app.as({ subject: "ann" }).mutation("skills:updateTags", { skillId, tags: [] })).rejects.toThrow(
      /belongs to somebody else/u,
    );
    await app.mutation("users:banUserInternal", { userId });
    await expect(star("ann")).rejects.toThrow(/banned/u);
    await app.mutation("users:unbanUserInternal", { userId });
    expect(await star("ann")).toEqual({ isStarred: true });
  });

  test.each(["", "before/"])(
    "who are banned lose all skills, 25 a transaction, and get back what the ban hid: %s",
    async (form) => {
      const ids = await addSkills(
        app,
        Array.from({ length: 60 }, (_, at) => ({
          slug: `skill-${at}`,
          version: null,
          ...(at === 7 ? { skill: { softDeletedAt: 5 } } : {}),
        })),
      );
      const { ownerUserId } = await skillOf(app, ids[0]!);
      const cost = await app.expectCost(async () => {
        await app.mutation(`${form}users:banUserInternal`, { userId: ownerUserId });
        await app.advance(0);
      });
      expect(cost.functions[`${form}moderation:applyBanToOwnedSkillsBatch`]).toMatchObject({ runs: 3 });
      expect(await skillOf(app, ids[59]!)).toMatchObject({ moderationReason: "user.banned" });
      await app.mutation(`${form}users:unbanUserInternal`, { userId: ownerUserId });
      await app.advance(0);
      const skills = await inside(app, async (ctx) => await ctx.db.query("skills").collect());
      expect(skills.filter(({ softDeletedAt }) => softDeletedAt !== undefined).map(({ slug }) => slug)).toEqual([
        "skill-7",
      ]);
      expect(skills.filter(({ isSuspicious }) => isSuspicious === false)).toHaveLength(form === "" ? 59 : 0);
    },
  );

  test("who come back write nothing unless something changed", async () => {
    const ann = app.as({ subject: "ann" });
    await ann.mutation("users:ensure", { handle: "ann", displayName: "Ann" });
    const same = await app.expectCost(() => ann.mutation("users:ensure", { handle: "ann", displayName: "Ann" }));
    expect(same.documentsWritten).toBe(0);
    await expect(app.as({ subject: "other" }).mutation("users:ensure", { handle: "ann" })).rejects.toThrow(/taken/u);
    expect(await ann.query("users:me", {})).toMatchObject({ handle: "ann", displayName: "Ann" });
  });

  test.each(["skills", "before/skills"])(
    "publish as a guest where the deployment allows it, and see it once it is scanned: %s",
    async (form) => {
      await addUser(app, "visitor");
      const publication = {
        slug: "my-skill",
        displayName: "My Skill",
        version: "1.0.0",
        changelog: "First",
        files: [],
        parsed: { frontmatter: {} },
        sha256hash: "ff".repeat(32),
      };
      await expect(app.mutation(`${form}:publishVersion`, publication)).rejects.toThrow(/sign in/u);
      await app.setEnvironment({ REGISTRY_GUEST: "visitor" });
      await app.mutation(`${form}:publishVersion`, publication);
      expect(await app.query(`${form}:getBySlug`, { slug: "my-skill" })).toBeNull();
      await app.advance(0);
      expect(await app.query(`${form}:getBySlug`, { slug: "my-skill" })).toMatchObject({ isOwn: true });
      await expect(app.mutation(`${form}:publishVersion`, publication)).rejects.toThrow(
        /1\.0\.0 of "my-skill" exists/u,
      );
      const bad = (change: object) => app.mutation(`${form}:publishVersion`, { ...publication, ...change });
      await expect(bad({ slug: "My Skill" })).rejects.toThrow(/is no slug/u);
      await expect(bad({ version: "one" })).rejects.toThrow(/is no version/u);
    },
  );

  test("cannot highlight more skills than a page reads, and a badge given twice is one", async () => {
    const ids = await addSkills(
      app,
      Array.from({ length: 501 }, (_, at) => ({ slug: `skill-${at}`, version: null })),
    );
    const { ownerUserId } = await skillOf(app, ids[0]!);
    const set = (skillId: Id<"skills">, isSet: boolean) =>
      app.mutation("moderation:setBadge", { skillId, kind: "highlighted", byUserId: ownerUserId, isSet });
    await inside(app, async (ctx) => {
      for (const skillId of ids.slice(1, 500)) {
        await ctx.db.insert("skillBadges", { skillId, kind: "highlighted", byUserId: ownerUserId, at: START_MS });
      }
    });
    await set(ids[0]!, true);
    await set(ids[0]!, true);
    await expect(set(ids[500]!, true)).rejects.toThrow(/500 skills are highlighted/u);
    await set(ids[0]!, false);
    expect((await skillOf(app, ids[0]!)).badges).toEqual({});
    await set(ids[500]!, true);
  });
});
