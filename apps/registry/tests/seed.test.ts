import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestDeployment } from "@narrowcast/server";
import type { TableNames } from "../convex/_generated/dataModel.js";
import { inside, openRegistry, seedRegistry } from "../testing/registry.ts";

let app: TestDeployment;

beforeAll(async () => {
  app = await openRegistry();
  await seedRegistry(app, 0.1);
});
afterAll(async () => await app.close());

/** Number and mean size of a table's documents, by what one reading costs. */
async function measure(table: TableNames): Promise<{ readonly documents: number; readonly bytes: number }> {
  let documents = 0;
  let bytes = 0;
  let cursor: string | null = null;
  do {
    let next: string | null = null;
    const start: string | null = cursor;
    const cost = await app.expectCost(async () => {
      const page = await inside(
        app,
        async (ctx) => await ctx.db.query(table).paginate({ cursor: start, numItems: 1_000 }),
      );
      documents += page.page.length;
      next = page.isDone ? null : page.continueCursor;
    });
    bytes += cost.convexBytes;
    cursor = next;
  } while (cursor !== null);
  return { documents, bytes: Math.round(bytes / documents) };
}

test("the data set has the counts and sizes of the registry at scale 0.1", async () => {
  const skills = await measure("skills");
  expect(skills.documents).toBe(1_600);
  expect(skills.bytes).toBeGreaterThan(900);
  expect(skills.bytes).toBeLessThan(1_048);
  const versions = await measure("skillVersions");
  expect(versions.documents / 1_600).toBeCloseTo(2.2, 1);
  expect(versions.bytes / 6_400).toBeCloseTo(1, 1);
  expect((await measure("users")).documents).toBe(600);
  expect((await measure("users")).bytes / 500).toBeCloseTo(1, 0.5);
  expect((await measure("skillBadges")).documents).toBe(8);
  const daily = await measure("skillDailyStats");
  expect(daily.documents / 7 / 450).toBeCloseTo(1, 1);
  expect(daily.bytes).toBeLessThan(200);
});

test("its states have the shares of the registry", async () => {
  const shares = await inside(app, async (ctx) => {
    const skills = await ctx.db.query("skills").collect();
    const share = (of: (skill: (typeof skills)[number]) => boolean) => skills.filter(of).length / skills.length;
    return {
      active: share(
        ({ moderationStatus, softDeletedAt }) => moderationStatus === "active" && softDeletedAt === undefined,
      ),
      hidden: share(
        ({ moderationStatus, softDeletedAt }) => moderationStatus === "hidden" && softDeletedAt === undefined,
      ),
      deleted: share(({ softDeletedAt }) => softDeletedAt !== undefined),
      suspicious: share(({ moderationReason }) => moderationReason?.endsWith(".suspicious") === true),
      derived: share(({ isSuspicious, latestVersionSummary }) => (isSuspicious ?? latestVersionSummary) !== undefined),
    };
  });
  expect(shares.active).toBeCloseTo(0.9, 1);
  expect(shares.hidden).toBeCloseTo(0.02, 1);
  expect(shares.deleted).toBeCloseTo(0.04, 1);
  expect(shares.suspicious).toBeGreaterThan(0.03);
  expect(shares.suspicious).toBeLessThan(0.06);
  expect(shares.derived).toBe(0);
});

test("a step gives the same documents each time", async () => {
  const again = await openRegistry();
  await seedRegistry(again, 0.01);
  const other = await openRegistry();
  await seedRegistry(other, 0.01);
  const names = async (of: TestDeployment) =>
    await inside(of, async (ctx) =>
      (await ctx.db.query("skills").collect()).map(({ slug, summary }) => [slug, summary]),
    );
  expect(await names(again)).toEqual(await names(other));
  await again.close();
  await other.close();
});

test("the demo loads once, derives everything and builds its leaderboard", async () => {
  const small = await openRegistry();
  expect(await small.action("seed:demo", {})).toEqual({ loaded: true });
  await small.advance(0);
  expect(await small.action("seed:demo", {})).toEqual({ loaded: false });
  expect(await small.query("maintenance:auditDerivedFieldsInternal", {})).toMatchObject({ wrong: [], isDone: true });
  expect(await small.query("maintenance:backfillStatusInternal", {})).toMatchObject({
    isSuspicious: { isComplete: true },
    latestVersionSummary: { isComplete: true },
  });
  expect((await small.query("leaderboards:trending", { limit: 5 })) as unknown[]).toHaveLength(5);
  expect(await small.query("globalStats:activeSkills", {})).toBe(36);
  await small.close();
});
