import { afterEach, beforeEach, expect, test } from "vitest";
import type { TestDeployment } from "@narrowcast/server";
import { SUSPICIOUS_FLAG } from "../convex/model/rules.ts";
import { addSkills, backfillAll, inside, listPage, openRegistry, skillOf, START_MS } from "../testing/registry.ts";

const SUSPICIOUS = "maintenance:backfillIsSuspiciousInternal";
const SUMMARY = "maintenance:backfillLatestVersionSummaryInternal";
let app: TestDeployment;

beforeEach(async () => {
  app = await openRegistry();
});
afterEach(async () => await app.close());

async function addMany(count: number): Promise<void> {
  await addSkills(
    app,
    Array.from({ length: count }, (_, at) => ({
      slug: `skill-${at}`,
      skill: at % 10 === 0 ? { moderationFlags: [SUSPICIOUS_FLAG] } : {},
    })),
  );
}

async function status(): Promise<{ isSuspicious: object; latestVersionSummary: object }> {
  return (await app.query("maintenance:backfillStatusInternal", {})) as never;
}

test.each([
  { name: SUSPICIOUS, batchSize: undefined, scanned: 100 },
  { name: SUSPICIOUS, batchSize: 1, scanned: 10 },
  { name: SUSPICIOUS, batchSize: 5_000, scanned: 200 },
  { name: SUMMARY, batchSize: undefined, scanned: 50 },
  { name: SUMMARY, batchSize: 3, scanned: 10 },
  { name: SUMMARY, batchSize: 5_000, scanned: 200 },
])("$name with batch size $batchSize looks at $scanned skills a step and goes on by itself", async (step) => {
  await addMany(230);
  const args = step.batchSize === undefined ? {} : { batchSize: step.batchSize };
  expect(await app.mutation(step.name, args)).toEqual({ patched: step.scanned, isDone: false, scanned: step.scanned });
  await app.advance(0);
  const field = step.name === SUMMARY ? "latestVersionSummary" : "isSuspicious";
  const lacking = await inside(app, async (ctx) =>
    (await ctx.db.query("skills").collect()).filter((skill) => skill[field] === undefined),
  );
  expect(lacking).toEqual([]);
  expect((await status())[field]).toMatchObject({ isComplete: true, scanned: 230, completedAt: START_MS });
});

test("a second run finds nothing to do", async () => {
  await addMany(30);
  await backfillAll(app);
  expect(await app.mutation(SUSPICIOUS, { batchSize: 200 })).toEqual({ patched: 0, isDone: true, scanned: 30 });
  expect(await app.mutation(SUMMARY, { batchSize: 200 })).toEqual({ patched: 0, isDone: true, scanned: 30 });
});

test("a run that begins in the middle repairs, but proves nothing", async () => {
  await addMany(60);
  const middle = await inside(
    app,
    async (ctx) => (await ctx.db.query("skills").paginate({ cursor: null, numItems: 40 })).continueCursor,
  );
  expect(await app.mutation(SUSPICIOUS, { cursor: middle })).toEqual({ patched: 20, isDone: true, scanned: 20 });
  expect((await status()).isSuspicious).toMatchObject({ isComplete: false });
});

test("starting again takes the proof away until the run is through", async () => {
  await addMany(150);
  await backfillAll(app);
  await app.mutation(SUSPICIOUS, { batchSize: 50 });
  expect((await status()).isSuspicious).toMatchObject({ isComplete: false });
  await app.advance(0);
  expect((await status()).isSuspicious).toMatchObject({ isComplete: true });
});

test("the summary's backfill works for skills without a version and with one that is gone", async () => {
  const summary = { version: "0.1.0", createdAt: 1, changelog: "of a version that is gone" };
  const [none, gone] = await addSkills(app, [
    { slug: "none", version: null },
    { slug: "gone", skill: { latestVersionSummary: summary } },
  ]);
  await inside(app, async (ctx) => {
    const { latestVersionId } = (await ctx.db.get("skills", gone!))!;
    await ctx.db.delete("skillVersions", latestVersionId!);
  });
  expect(await app.mutation(SUMMARY, {})).toEqual({ patched: 1, isDone: true, scanned: 2 });
  expect((await skillOf(app, gone!)).latestVersionSummary).toBeUndefined();
  const { page } = await listPage(app, "skills", {}, { numItems: 5, cursor: null });
  expect(page.map(({ latestVersion }) => latestVersion)).toEqual([null, null]);
  expect((await skillOf(app, none!)).latestVersionId).toBeUndefined();
});

test("what is published while a backfill runs has its fields from the beginning", async () => {
  await addMany(120);
  await app.mutation(SUSPICIOUS, { batchSize: 50 });
  const ownerUserId = (await inside(app, async (ctx) => await ctx.db.query("users").first()))!._id;
  await app.mutation("skills:insertVersion", {
    ownerUserId,
    slug: "meanwhile",
    displayName: "Meanwhile",
    version: "1.0.0",
    changelog: "First",
    files: [],
    parsed: { frontmatter: {} },
  });
  await app.advance(0);
  await app.mutation(SUMMARY, { batchSize: 200 });
  await app.advance(0);
  expect(await app.query("maintenance:auditDerivedFieldsInternal", {})).toMatchObject({ wrong: [] });
});
