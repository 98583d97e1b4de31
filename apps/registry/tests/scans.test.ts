/**
 * What the scan jobs ask: the same answers in both forms, and what they read for them.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestDeployment } from "@narrowcast/server";
import { addSkills, hashOf, inside, openRegistry, seedRegistry, skillOf, START_MS } from "../testing/registry.ts";

const SCALE = 0.05;
const SKILLS = 806;
let app: TestDeployment;

beforeAll(async () => {
  app = await openRegistry();
  await seedRegistry(app, SCALE);
  // So few wait for a scan that a small data set may have none.
  await addSkills(
    app,
    [0, 1, 2].flatMap((at) => [
      { slug: `waiting-${at}`, skill: { moderationStatus: "hidden" as const, moderationReason: "pending.scan" } },
      { slug: `legacy-${at}`, skill: { moderationReason: "pending.scan" } },
    ]),
  );
});
afterAll(async () => await app.close());

type Row = { readonly slug: string; readonly skillId: string };

/** The rows of an answer, whether it is a list or a page. */
function rowsOf(answer: unknown): Row[] {
  const rows = Array.isArray(answer) ? (answer as Row[]) : (answer as { readonly skills: Row[] }).skills;
  return rows.toSorted((a, b) => (a.skillId < b.skillId ? -1 : 1));
}

const LISTS = [
  { name: "getActiveSkillsMissingVTCacheInternal", args: { limit: 100 } },
  { name: "getAllActiveSkillsForRescanInternal", args: {} },
  { name: "getSkillsWithStaleModerationReasonInternal", args: { limit: 100 } },
  { name: "getPendingVTSkillsInternal", args: { limit: 100 } },
  { name: "getLegacyPendingScanSkillsInternal", args: {} },
  { name: "getUnscannedActiveSkillsInternal", args: {} },
  { name: "getSkillsWithNullModerationStatusInternal", args: {} },
  { name: "getPendingScanSkillsInternal", args: { limit: 1_000 } },
];

describe("both forms answer the same", () => {
  test.each(LISTS)("$name", async ({ name, args }) => {
    const before = rowsOf(await app.query(`before/scans:${name}`, args));
    expect(before.length).toBeGreaterThan(0);
    expect(rowsOf(await app.query(`scans:${name}`, args))).toEqual(before);
  });

  test.each(["getActiveSkillBatchForRescanInternal", "getActiveSkillBatchForLlmBackfillInternal"])(
    "%s, walked to its end",
    async (name) => {
      if (name.includes("Llm")) await forgetJudgements();
      const walk = async (form: string): Promise<Row[]> => {
        const rows: Row[] = [];
        for (let cursor: number | null = null, done = false; !done;) {
          const args: { batchSize: number; cursor?: number } = {
            batchSize: 20,
            ...(cursor === null ? {} : { cursor }),
          };
          const page = (await app.query(`${form}:${name}`, args)) as unknown as {
            skills: Row[];
            nextCursor: number | null;
            done: boolean;
          };
          expect(page.skills.length).toBeLessThanOrEqual(20);
          rows.push(...page.skills);
          ({ done, nextCursor: cursor } = page);
        }
        return rows;
      };
      const after = await walk("scans");
      expect(after).toEqual(await walk("before/scans"));
      expect(after.length).toBeGreaterThan(0);
      expect(new Set(after.map(({ skillId }) => skillId)).size).toBe(after.length);
    },
  );
});

/** Every tenth latest version has no judgement of a language model, every twentieth a failed one. */
async function forgetJudgements(): Promise<void> {
  await inside(app, async (ctx) => {
    for (const [at, skill] of (await ctx.db.query("skills").collect()).entries()) {
      if (at % 10 !== 0 || skill.latestVersionId === undefined) continue;
      const failed = { status: "error", checkedAt: START_MS };
      await ctx.db.patch("skillVersions", skill.latestVersionId, { llmAnalysis: at % 20 === 0 ? failed : undefined });
    }
  });
}

test("a skill that was flagged says so in its batch", async () => {
  const { skills } = (await app.query("scans:getActiveSkillBatchForRescanInternal", { batchSize: 1_000 })) as {
    skills: { slug: string; wasFlagged: boolean }[];
  };
  const flagged = await inside(app, async (ctx) =>
    (await ctx.db.query("skills").collect())
      .filter((skill) => skill.moderationReason === "scanner.vt.suspicious" && skill.moderationStatus === "active")
      .map(({ slug }) => slug),
  );
  expect(skills.filter(({ wasFlagged }) => wasFlagged).map(({ slug }) => slug)).toEqual(flagged);
});

describe("the queue's health", () => {
  const name = "getScanQueueHealthInternal";

  test("counts what waits for an hour and for a day, the same in both forms", async () => {
    const queue = await openRegistry();
    const waiting = (slug: string, ageMinutes: number) => ({
      slug,
      skill: {
        moderationStatus: "hidden" as const,
        moderationReason: "pending.scan",
        createdAt: START_MS - ageMinutes * 60_000,
      },
      version: null,
    });
    expect(await queue.query(`scans:${name}`, {})).toEqual({
      queueSize: 0,
      staleCount: 0,
      veryStaleCount: 0,
      oldestAgeMinutes: 0,
      healthy: true,
    });
    await addSkills(queue, [waiting("new", 5), waiting("stale", 90)]);
    expect(await queue.query(`scans:${name}`, {})).toMatchObject({ queueSize: 2, staleCount: 1, healthy: true });
    await addSkills(queue, [waiting("old", 1_500)]);
    const health = await queue.query(`scans:${name}`, {});
    expect(health).toEqual({ queueSize: 3, staleCount: 2, veryStaleCount: 1, oldestAgeMinutes: 1_500, healthy: false });
    expect(await queue.query(`before/scans:${name}`, {})).toEqual(health);
    await addSkills(
      queue,
      Array.from({ length: 50 }, (_, at) => waiting(`many-${at}`, 1)),
    );
    expect(await queue.query(`scans:${name}`, {})).toMatchObject({ queueSize: 53, healthy: false });
    await queue.close();
  });

  test("costs the whole table as first written, and what waits by the index", async () => {
    const before = await app.expectCost(() => app.query(`before/scans:${name}`, {}));
    const after = await app.expectCost(() => app.query(`scans:${name}`, {}));
    expect(before.convexDocuments).toBe(SKILLS);
    expect(after.convexDocuments).toBeLessThan(10);
  });
});

test.each(LISTS.filter(({ name }) => !/NullModeration|AllActive|PendingScanSkills/u.test(name)))(
  "$name reads a tenth of what it read at first, or less",
  async ({ name }) => {
    // A limit that nobody has asked for yet: an answer that is known costs nothing.
    const args = { limit: 101 };
    const before = await app.expectCost(() => app.query(`before/scans:${name}`, args));
    const after = await app.expectCost(() => app.query(`scans:${name}`, args));
    expect(before.convexDocuments).toBeGreaterThanOrEqual(SKILLS);
    expect(after.convexDocuments).toBeLessThan(before.convexDocuments / 10);
  },
);

describe("jobs", () => {
  const pending = (slug: string, sha256hash: string) => ({
    slug,
    skill: { moderationStatus: "hidden" as const, moderationReason: "pending.scan" },
    version: { sha256hash },
  });
  const withByte = (byte: string, slug: string) => byte + hashOf(slug).slice(2);

  test("the poll every five minutes answers what waits, by the clock", async () => {
    const live = await openRegistry();
    const [clean, suspicious, malicious, slow] = await addSkills(live, [
      pending("clean", withByte("80", "clean")),
      pending("suspicious", withByte("05", "suspicious")),
      pending("malicious", withByte("01", "malicious")),
      pending("slow", withByte("0c", "slow")),
    ]);
    await live.advance(5 * 60_000);
    expect(await skillOf(live, clean!)).toMatchObject({ moderationStatus: "active", isSuspicious: false });
    expect(await skillOf(live, suspicious!)).toMatchObject({ moderationStatus: "active", isSuspicious: true });
    expect(await skillOf(live, malicious!)).toMatchObject({ moderationStatus: "hidden" });
    expect(await skillOf(live, slow!)).toMatchObject({ moderationStatus: "hidden", scanCheckCount: 1 });
    await live.advance(10 * 60_000);
    expect(await skillOf(live, slow!)).toMatchObject({ moderationStatus: "active", scanCheckCount: 2 });
    await live.close();
  });

  test("a scan that never answers is given up", async () => {
    const live = await openRegistry();
    const [id] = await addSkills(live, [pending("silent", "no hash at all")]);
    for (let time = 0; time < 10; time++) await live.action("vt:pollPendingScans", {});
    expect(await skillOf(live, id!)).toMatchObject({ moderationReason: "pending.scan.stale" });
    expect(await live.action("vt:pollPendingScans", {})).toEqual({ processed: 0, changed: 0 });
    await live.close();
  });

  test.each(["vt", "before/vt"])(
    "%s: results are filled in, bad ones take effect, and the rescan clears",
    async (form) => {
      const live = await openRegistry();
      const llm = { moderationReason: "scanner.llm.clean" };
      const [bad, good, cleared] = await addSkills(live, [
        { slug: "bad", skill: llm, version: { sha256hash: withByte("01", "bad") } },
        { slug: "good", skill: llm, version: { sha256hash: withByte("80", "good") } },
        {
          slug: "cleared",
          skill: { moderationReason: "scanner.vt.suspicious", moderationFlags: ["flagged.suspicious"] },
          version: { sha256hash: withByte("80", "cleared"), vtAnalysis: { status: "suspicious", checkedAt: 1 } },
        },
      ]);
      expect(await live.action(`${form}:backfillActiveSkillsVTCache`, {})).toEqual({ processed: 2, changed: 2 });
      expect(await skillOf(live, bad!)).toMatchObject({
        moderationStatus: "hidden",
        moderationReason: "scanner.vt.malicious",
      });
      expect(await skillOf(live, good!)).toMatchObject({
        moderationStatus: "active",
        moderationReason: "scanner.llm.clean",
      });
      expect(await live.action(`${form}:rescanActiveSkills`, {})).toEqual({ processed: 2, changed: 1 });
      expect(await skillOf(live, cleared!)).toMatchObject({ moderationReason: "scanner.vt.clean" });
      await live.close();
    },
  );

  test.each(["vt", "before/vt"])(
    "%s: jobs by hand give absent statuses and unscanned skills what they lack",
    async (form) => {
      const live = await openRegistry();
      const ids = await inside(live, async (ctx) => {
        const ownerUserId = await ctx.db.insert("users", { handle: "o", createdAt: 0, updatedAt: 0 });
        const stats = { downloads: 0, stars: 0, versions: 0, comments: 0 };
        const skill = { displayName: "n", ownerUserId, tags: {}, stats, createdAt: 0, updatedAt: 0 };
        return await Promise.all([0, 1, 2].map((at) => ctx.db.insert("skills", { ...skill, slug: `none-${at}` })));
      });
      expect(await live.action(`${form}:fixNullModerationStatus`, {})).toEqual({ processed: 3, changed: 3 });
      expect(await skillOf(live, ids[0]!)).toMatchObject({ moderationStatus: "active" });
      const [legacy, unscanned] = await addSkills(live, [
        { slug: "legacy", skill: { moderationReason: "pending.scan" } },
        { slug: "unscanned" },
      ]);
      expect(await live.action(`${form}:scanLegacySkills`, {})).toEqual({ processed: 2, changed: 2 });
      expect(await live.action(`${form}:backfillActiveSkillsVTCache`, {})).toMatchObject({ processed: 2 });
      expect(await live.action(`${form}:syncModerationReasons`, {})).toEqual({ processed: 2, changed: 2 });
      for (const id of [legacy!, unscanned!]) {
        expect(await skillOf(live, id)).toMatchObject({ moderationReason: "scanner.vt.clean" });
      }
      await live.close();
    },
  );
});
