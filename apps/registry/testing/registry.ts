/**
 * The registry on the real engine, and what its tests arrange in it.
 */
import type { FunctionReturnType } from "convex/server";
import { openTestDeployment, VirtualClock, type TestDeployment } from "@narrowcast/server";
import { join } from "node:path";
import type { api } from "../convex/_generated/api.js";
import type { DataModel, Doc, Id } from "../convex/_generated/dataModel.js";
import type { MutationCtx } from "../convex/_generated/server.js";

/** The moment at which tests begin. */
export const START_MS = Date.UTC(2026, 2, 2, 12, 30);

/** A page of the public list. */
export type Page = FunctionReturnType<typeof api.skills.listPublicPageV2>;
/** The lists of both forms. */
export type Form = "skills" | "before/skills";

type Options = Parameters<typeof openTestDeployment>[1];

/** A deployment with the app's functions and no data, on a clock that a test moves. Crons have run for the first time. */
export async function openRegistry(options: Options = {}): Promise<TestDeployment> {
  const clock = new VirtualClock(START_MS);
  const app = await openTestDeployment(join(import.meta.dirname, "../convex"), { clock, ...options });
  await app.advance(0);
  return app;
}

/** Writes the measured data set. */
export async function seedRegistry(app: TestDeployment, scale: number): Promise<void> {
  const { steps } = (await app.query("seed:plan", { scale })) as { steps: number };
  for (let number = 0; number < steps; number++) {
    await app.mutation("seed:step", { scale, seed: 1, now: START_MS, number });
  }
}

/** Runs both backfills to their ends. */
export async function backfillAll(app: TestDeployment): Promise<void> {
  await app.mutation("maintenance:backfillIsSuspiciousInternal", { batchSize: 200 });
  await app.mutation("maintenance:backfillLatestVersionSummaryInternal", { batchSize: 200 });
  await app.advance(0);
}

/** A transaction past the app's functions, with the types of its tables. */
export async function inside<T>(app: TestDeployment, work: (ctx: Pick<MutationCtx, "db">) => Promise<T>): Promise<T> {
  return await app.run<T, DataModel>(async (ctx) => await work(ctx));
}

/** A person. */
export async function addUser(app: TestDeployment, handle: string): Promise<Id<"users">> {
  return await inside(app, async (ctx) => await insertUser(ctx, handle));
}

async function insertUser(ctx: Pick<MutationCtx, "db">, handle: string): Promise<Id<"users">> {
  return await ctx.db.insert("users", { handle, subject: handle, createdAt: START_MS, updatedAt: START_MS });
}

/** What a test says about a skill; the rest is plain. */
export type SkillFields = Partial<Omit<Doc<"skills">, "_id" | "_creationTime">>;
/** What a test says about its version; null for none. */
export type VersionFields = Partial<Omit<Doc<"skillVersions">, "_id" | "_creationTime">> | null;

/** One skill with one version, written as before the derived fields were invented. */
export interface SkillSpec {
  readonly slug: string;
  readonly skill?: SkillFields;
  readonly version?: VersionFields;
}

/** Skills of one owner, in one transaction. @returns Their ids in order. */
export async function addSkills(app: TestDeployment, specs: readonly SkillSpec[]): Promise<Id<"skills">[]> {
  return await inside(app, async (ctx) => {
    const known = await ctx.db
      .query("users")
      .withIndex("by_handle", (q) => q.eq("handle", "owner"))
      .first();
    const ownerUserId = known?._id ?? (await insertUser(ctx, "owner"));
    const ids: Id<"skills">[] = [];
    for (const [at, spec] of specs.entries()) ids.push(await insertSkill(ctx, ownerUserId, at, spec));
    return ids;
  });
}

/** One skill. */
export async function addSkill(app: TestDeployment, spec: SkillSpec): Promise<Id<"skills">> {
  const [id] = await addSkills(app, [spec]);
  return id!;
}

async function insertSkill(
  ctx: Pick<MutationCtx, "db">,
  ownerUserId: Id<"users">,
  at: number,
  { slug, skill = {}, version = {} }: SkillSpec,
): Promise<Id<"skills">> {
  const moment = START_MS - 86_400_000 + at * 1_000;
  const skillId = await ctx.db.insert("skills", {
    slug,
    displayName: slug,
    ownerUserId,
    tags: {},
    moderationStatus: "active",
    statsDownloads: 0,
    statsStars: 0,
    statsInstallsAllTime: 0,
    stats: { downloads: 0, stars: 0, versions: 1, comments: 0 },
    createdAt: moment,
    updatedAt: moment,
    ...skill,
  });
  if (version === null) return skillId;
  const latestVersionId = await ctx.db.insert("skillVersions", {
    skillId,
    version: "1.0.0",
    changelog: `Changes of ${slug}`,
    files: [{ path: "SKILL.md", size: 500, storageId: slug, sha256: hashOf(slug) }],
    parsed: { frontmatter: {} },
    createdBy: ownerUserId,
    createdAt: moment,
    sha256hash: hashOf(slug),
    ...version,
  });
  await ctx.db.patch("skills", skillId, { latestVersionId, tags: { latest: latestVersionId } });
  return skillId;
}

/** A hash that the local scanner calls clean. */
export function hashOf(slug: string): string {
  return `ff${Buffer.from(slug).toString("hex").padEnd(62, "0")}`.slice(0, 64);
}

/** A skill's document as it is. */
export async function skillOf(app: TestDeployment, id: Id<"skills">): Promise<Doc<"skills">> {
  const skill = await inside(app, async (ctx) => await ctx.db.get("skills", id));
  if (skill === null) throw new Error("Cannot read a skill: it is not there");
  return skill;
}

/** Arguments of a list but the page. */
export interface ListArgs {
  readonly sort?: string;
  readonly dir?: string;
  readonly highlightedOnly?: boolean;
  readonly nonSuspiciousOnly?: boolean;
}

/** One page. */
export async function listPage(
  app: TestDeployment,
  form: Form,
  args: ListArgs,
  paginationOpts: { readonly numItems: number; readonly cursor: string | null; readonly endCursor?: string },
): Promise<Page> {
  return (await app.query(`${form}:listPublicPageV2`, {
    ...args,
    paginationOpts: { ...paginationOpts },
  })) as unknown as Page;
}

/** All pages to the end. */
export async function listAll(app: TestDeployment, form: Form, args: ListArgs, numItems: number): Promise<Page[]> {
  const pages: Page[] = [];
  for (let cursor: string | null = null; ;) {
    const page = await listPage(app, form, args, { numItems, cursor });
    pages.push(page);
    if (page.isDone) return pages;
    cursor = page.continueCursor;
  }
}

/** The slugs of pages, in order. */
export function slugsOf(...pages: readonly Page[]): string[] {
  return pages.flatMap(({ page }) => page.map(({ skill }) => skill.slug));
}
