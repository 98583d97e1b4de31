/**
 * Data to measure with and data to look at. Internal: only an administrator can call these.
 *
 *   plan  how many steps a scale takes
 *   step  one bounded write; steps go in order, and the same seed and time give the same documents
 *   demo  a small registry for a first look, written once
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import type { Id } from "./_generated/dataModel.js";
import { internalAction, internalMutation, internalQuery, type MutationCtx } from "./_generated/server.js";
import { mustExist } from "./model/errors.ts";
import { beginDemo, DEMO_STEPS, writeDemoSkills } from "./model/seedDemo.ts";
import { FULL, ownerHandle, seedSteps, sized, STAT_DAYS, type SeedStep } from "./model/seedPlan.ts";
import { seedSkill, seedState, seedUser, seedVersion, versionCount, type SeedInput } from "./model/seedSkills.ts";
import { corpus, hexDigits, seededRandom } from "./model/seedText.ts";
import { plainWrites } from "./model/skillWrites.ts";
import { dayOf } from "./model/statEvents.ts";
import { userByHandle } from "./model/users.ts";

export const plan = internalQuery({
  args: { scale: v.number() },
  returns: v.object({ steps: v.number() }),
  handler: (_ctx, { scale }) => ({ steps: seedSteps(scale).length }),
});

/** Writes step `number`, counted from 0; nothing behind the last. */
export const step = internalMutation({
  args: { scale: v.number(), seed: v.number(), now: v.number(), number: v.number() },
  returns: v.null(),
  handler: async (ctx, { scale, seed, now, number }) => {
    const todo = seedSteps(scale)[number];
    if (todo === undefined) return null;
    const random = seededRandom(seed * 100_003 + number);
    const input = { random, corpus: corpus(random), digits: hexDigits(random), now, total: sized("skills", scale) };
    if (todo.kind === "users") await writeUsers(ctx, todo, input);
    else await writeSkills(ctx, todo, input, scale);
    return null;
  },
});

/** A registry of a few dozen skills, unless there are skills. */
export const demo = internalAction({
  args: {},
  returns: v.object({ loaded: v.boolean() }),
  handler: async (ctx): Promise<{ readonly loaded: boolean }> => {
    const now = Date.now();
    if (!(await ctx.runMutation(internal.seed.demoPeople, { now }))) return { loaded: false };
    for (let step = 0; step < DEMO_STEPS; step++) await ctx.runMutation(internal.seed.demoSkills, { step, now });
    await ctx.runMutation(internal.maintenance.backfillIsSuspiciousInternal, {});
    await ctx.runMutation(internal.maintenance.backfillLatestVersionSummaryInternal, {});
    await ctx.runAction(internal.leaderboards.rebuildTrendingLeaderboardAction, {});
    await ctx.runAction(internal.globalStats.recountActiveSkillsAction, {});
    return { loaded: true };
  },
});

/** The people of the demo; whether there was room for it. */
export const demoPeople = internalMutation({
  args: { now: v.number() },
  returns: v.boolean(),
  handler: async (ctx, { now }) => await beginDemo(ctx, now),
});

/** A few skills of the demo. */
export const demoSkills = internalMutation({
  args: { step: v.number(), now: v.number() },
  returns: v.null(),
  handler: async (ctx, { step, now }) => {
    await writeDemoSkills(ctx, step, now);
    return null;
  },
});

async function writeUsers(ctx: MutationCtx, { first, count }: SeedStep, input: SeedInput): Promise<void> {
  for (let index = first; index < first + count; index++) {
    await ctx.db.insert("users", seedUser(input, index));
  }
}

async function writeSkills(ctx: MutationCtx, { first, count }: SeedStep, input: SeedInput, scale: number) {
  const owners = sized("users", scale);
  const highlightedEvery = Math.floor(input.total / sized("highlighted", scale));
  for (let index = first; index < first + count; index++) {
    const handle = ownerHandle(Math.floor(input.random() * owners));
    const owner = mustExist(await userByHandle(ctx, handle), "Owner");
    const { skillId, isPublished } = await writeSkill(ctx, index, owner._id, input);
    if (index % highlightedEvery === 0) await highlight(ctx, skillId, owner._id, input.now);
    if (isPublished) await writeDays(ctx, skillId, input);
  }
}

async function writeSkill(
  ctx: MutationCtx,
  index: number,
  ownerUserId: Id<"users">,
  input: SeedInput,
): Promise<{ readonly skillId: Id<"skills">; readonly isPublished: boolean }> {
  const state = seedState(input.random);
  const versions = versionCount(input.random);
  const fields = seedSkill(input, index, ownerUserId, state, versions);
  const skillId = await plainWrites.insert(ctx, { ...fields, tags: {} });
  let latestVersionId: Id<"skillVersions"> | undefined;
  for (let at = 0; at < versions; at++) {
    const hasVtAnalysis = state.hasVtAnalysis || at < versions - 1;
    latestVersionId = await ctx.db.insert(
      "skillVersions",
      seedVersion(input, skillId, ownerUserId, {
        version: `1.${at}.0`,
        createdAt: fields.createdAt + at * 60_000,
        hasVtAnalysis,
      }),
    );
  }
  if (latestVersionId !== undefined) {
    const skill = mustExist(await ctx.db.get("skills", skillId), "Skill");
    await plainWrites.patch(ctx, skill, { latestVersionId, tags: { latest: latestVersionId } });
  }
  return { skillId, isPublished: !state.isDeleted };
}

async function highlight(ctx: MutationCtx, skillId: Id<"skills">, byUserId: Id<"users">, at: number): Promise<void> {
  await ctx.db.insert("skillBadges", { skillId, kind: "highlighted", byUserId, at });
  const skill = mustExist(await ctx.db.get("skills", skillId), "Skill");
  await plainWrites.patch(ctx, skill, { badges: { highlighted: { byUserId, at } } });
}

/** A skill that is not deleted has a row on about three days of ten. */
const ROW_CHANCE = FULL.dailyRows / FULL.skills / 0.96;

async function writeDays(ctx: MutationCtx, skillId: Id<"skills">, { random, now }: SeedInput): Promise<void> {
  const today = dayOf(now);
  for (let day = today - STAT_DAYS + 1; day <= today; day++) {
    if (random() > ROW_CHANCE) continue;
    const downloads = Math.floor(200 * random() ** 4);
    await ctx.db.insert("skillDailyStats", {
      skillId,
      day,
      downloads,
      installs: Math.floor(downloads * random() * 0.4),
      updatedAt: now,
    });
  }
}
