/**
 * The statistics: events are added up into days every 15 minutes and into skills every 6 hours.
 *
 * A skill that is written makes every list that shows it run again, for all who look. Days are read by the leaderboard alone, so
 * the frequent job writes only those.
 */
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation } from "./_generated/server.js";
import { derivingWrites } from "./model/skillWrites.ts";
import {
  addToDays,
  addToSkills,
  eventsBehind,
  readCursor,
  sumByDay,
  sumBySkill,
  writeCursor,
} from "./model/statEvents.ts";

/** Events that one transaction takes in. */
const EVENTS_MAX = 1_000;
/** Skills that one transaction writes: each wakes its readers, and conflicts with every other write of the skill. */
const SKILLS_MAX = 50;

const result = v.object({ events: v.number(), written: v.number(), isDone: v.boolean() });
interface Result {
  readonly events: number;
  readonly written: number;
  readonly isDone: boolean;
}

/** Adds new events to their days; goes on by itself until none is left. */
export const processDailyStatsInternal = internalMutation({
  args: {},
  returns: result,
  handler: async (ctx): Promise<Result> => {
    const events = await eventsBehind(ctx, await readCursor(ctx, "daily_stats"), EVENTS_MAX);
    const last = events.at(-1);
    if (last === undefined) return { events: 0, written: 0, isDone: true };
    const days = sumByDay(events);
    await addToDays(ctx, days);
    await writeCursor(ctx, "daily_stats", last._creationTime);
    const isDone = events.length < EVENTS_MAX;
    if (!isDone) await ctx.scheduler.runAfter(0, internal.statEvents.processDailyStatsInternal, {});
    return { events: events.length, written: days.length, isDone };
  },
});

/** Adds new events to their skills, at most `SKILLS_MAX` a transaction; goes on by itself until none is left. */
export const syncSkillStatsInternal = internalMutation({
  args: {},
  returns: result,
  handler: async (ctx): Promise<Result> => {
    const ahead = await eventsBehind(ctx, await readCursor(ctx, "skill_stats"), EVENTS_MAX);
    const skillIds = new Set<string>();
    const tooMany = ahead.findIndex(({ skillId }) => skillIds.add(skillId).size > SKILLS_MAX);
    const events = tooMany < 0 ? ahead : ahead.slice(0, tooMany);
    const last = events.at(-1);
    if (last === undefined) return { events: 0, written: 0, isDone: true };
    const written = await addToSkills(ctx, derivingWrites, sumBySkill(events));
    await writeCursor(ctx, "skill_stats", last._creationTime);
    const isDone = tooMany < 0 && ahead.length < EVENTS_MAX;
    if (!isDone) await ctx.scheduler.runAfter(0, internal.statEvents.syncSkillStatsInternal, {});
    console.log(`Skill counters: ${events.length} events, ${written} skills written`);
    return { events: events.length, written, isDone };
  },
});
