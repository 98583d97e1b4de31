/**
 * The number of public skills: kept by every write, and counted anew once a day in pages.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalAction, internalMutation, internalQuery, query } from "./_generated/server.js";
import { readGlobalStats, setActiveSkills } from "./model/activeSkills.ts";
import { isPublic } from "./model/rules.ts";

/** Skills that one query counts. */
const PAGE = 1_000;
/** Counts that may be overtaken by a write before the job leaves it for the next day. */
const ATTEMPTS = 5;

/** The kept number, null before the first count. */
export const activeSkills = query({
  args: {},
  returns: v.nullable(v.number()),
  handler: async (ctx) => (await readGlobalStats(ctx))?.activeSkillsCount ?? null,
});

interface CountPage {
  readonly active: number;
  readonly nextCursor: number | null;
}

/** Public skills of one page. It goes by creation time: `updatedAt` would move while the count goes on. */
export const countPageInternal = internalQuery({
  args: { cursor: v.number() },
  returns: v.object({ active: v.number(), nextCursor: v.nullable(v.number()) }),
  handler: async (ctx, { cursor }): Promise<CountPage> => {
    const rows = await ctx.db
      .query("skills")
      .withIndex("by_creation_time", (q) => q.gt("_creationTime", cursor))
      .take(PAGE);
    const active = rows.filter((skill) => isPublic(skill)).length;
    return { active, nextCursor: rows.length < PAGE ? null : (rows.at(-1)?._creationTime ?? null) };
  },
});

/** How often the kept number has been changed; makes the document if there is none, so that changes are noted from now on. */
export const beginCountInternal = internalMutation({
  args: {},
  returns: v.number(),
  handler: async (ctx) => {
    const row = await readGlobalStats(ctx);
    if (row === null) await setActiveSkills(ctx, 0);
    return row?.changes ?? 0;
  },
});

/** Stores a count unless a write has changed the number since `changes` was read. Whether it did. */
export const endCountInternal = internalMutation({
  args: { activeSkillsCount: v.number(), changes: v.number() },
  returns: v.boolean(),
  handler: async (ctx, { activeSkillsCount, changes }) => {
    if (((await readGlobalStats(ctx))?.changes ?? 0) !== changes) return false;
    await setActiveSkills(ctx, activeSkillsCount);
    return true;
  },
});

export const recountActiveSkillsAction = internalAction({
  args: {},
  returns: v.object({ activeSkillsCount: v.nullable(v.number()), attempts: v.number() }),
  handler: async (ctx): Promise<{ activeSkillsCount: number | null; attempts: number }> => {
    for (let attempts = 1; attempts <= ATTEMPTS; attempts++) {
      const changes: number = await ctx.runMutation(internal.globalStats.beginCountInternal, {});
      let active = 0;
      for (let cursor: number | null = -1; cursor !== null;) {
        const page: CountPage = await ctx.runQuery(internal.globalStats.countPageInternal, { cursor });
        active += page.active;
        cursor = page.nextCursor;
      }
      const isStored: boolean = await ctx.runMutation(internal.globalStats.endCountInternal, {
        activeSkillsCount: active,
        changes,
      });
      if (isStored) return { activeSkillsCount: active, attempts };
    }
    console.warn(`The count of public skills was overtaken by writes ${ATTEMPTS} times; the kept number stays`);
    return { activeSkillsCount: null, attempts: ATTEMPTS };
  },
});
