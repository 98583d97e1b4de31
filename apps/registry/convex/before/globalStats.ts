/**
 * The number of public skills, as first written: counted every hour, in one go.
 */
import { v } from "convex/values";
import { internalMutation, query } from "../_generated/server.js";
import { readGlobalStats, setActiveSkills } from "../model/activeSkills.ts";
import { isPublic } from "../model/rules.ts";

export const activeSkills = query({
  args: {},
  returns: v.nullable(v.number()),
  handler: async (ctx) => (await readGlobalStats(ctx))?.activeSkillsCount ?? null,
});

export const recountActiveSkillsInternal = internalMutation({
  args: {},
  returns: v.object({ activeSkillsCount: v.number() }),
  handler: async (ctx) => {
    const skills = await ctx.db.query("skills").collect();
    const activeSkillsCount = skills.filter((skill) => isPublic(skill)).length;
    await setActiveSkills(ctx, activeSkillsCount);
    return { activeSkillsCount };
  },
});
