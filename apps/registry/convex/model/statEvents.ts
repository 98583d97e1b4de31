/**
 * Stat events: what happened to a skill is appended, and added up later, so that a download does not write the skill.
 */
import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import type { SkillStats, StatEventKind } from "./fields.ts";
import type { SkillWrites } from "./skillWrites.ts";

const DAY_MS = 86_400_000;
/** Longer than any mutation takes. */
const SETTLE_MS = 10_000;

export const skillDelta = v.object({
  skillId: v.id("skills"),
  downloads: v.number(),
  stars: v.number(),
  comments: v.number(),
  installsCurrent: v.number(),
  installsAllTime: v.number(),
});
/** What some events change on one skill. */
export type SkillDelta = Infer<typeof skillDelta>;

/** What some events add to one skill's day. */
export interface DayDelta {
  readonly skillId: Id<"skills">;
  readonly day: number;
  readonly downloads: number;
  readonly installs: number;
}

/** The whole day that a time lies in. */
export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS);
}

/** Appends one event. */
export async function appendEvent(ctx: MutationCtx, skillId: Id<"skills">, kind: StatEventKind): Promise<void> {
  await ctx.db.insert("skillStatEvents", { skillId, kind, occurredAt: Date.now() });
}

/** The change of every skill that some events are about, in the order of their first event. */
export function sumBySkill(events: readonly Doc<"skillStatEvents">[]): SkillDelta[] {
  const sums = new Map<Id<"skills">, SkillDelta>();
  for (const event of events) {
    const sum = sums.get(event.skillId) ?? emptyDelta(event.skillId);
    sums.set(event.skillId, addEvent(sum, event));
  }
  return [...sums.values()];
}

type Counts = Omit<SkillDelta, "skillId">;
const NOTHING: Counts = { downloads: 0, stars: 0, comments: 0, installsCurrent: 0, installsAllTime: 0 };

/** What one event of a kind does; an `install_clear` says itself what it takes away. */
const EFFECTS: Record<Exclude<StatEventKind, "install_clear">, Partial<Counts>> = {
  download: { downloads: 1 },
  star: { stars: 1 },
  unstar: { stars: -1 },
  comment: { comments: 1 },
  uncomment: { comments: -1 },
  install_new: { installsCurrent: 1, installsAllTime: 1 },
  install_reactivate: { installsCurrent: 1 },
  install_deactivate: { installsCurrent: -1 },
};

function emptyDelta(skillId: Id<"skills">): SkillDelta {
  return { skillId, ...NOTHING };
}

function addEvent(sum: SkillDelta, { kind, delta }: Doc<"skillStatEvents">): SkillDelta {
  const cleared = { installsCurrent: -(delta?.current ?? 0), installsAllTime: -(delta?.allTime ?? 0) };
  const effect: Counts = { ...NOTHING, ...(kind === "install_clear" ? cleared : EFFECTS[kind]) };
  return {
    skillId: sum.skillId,
    downloads: sum.downloads + effect.downloads,
    stars: sum.stars + effect.stars,
    comments: sum.comments + effect.comments,
    installsCurrent: sum.installsCurrent + effect.installsCurrent,
    installsAllTime: sum.installsAllTime + effect.installsAllTime,
  };
}

/** What some events add to days: downloads and new installs, nothing else. */
export function sumByDay(events: readonly Doc<"skillStatEvents">[]): DayDelta[] {
  const sums = new Map<string, DayDelta>();
  for (const { skillId, kind, occurredAt } of events) {
    if (kind !== "download" && kind !== "install_new") continue;
    const day = dayOf(occurredAt);
    const key = `${skillId} ${day}`;
    const sum = sums.get(key) ?? { skillId, day, downloads: 0, installs: 0 };
    const isDownload = kind === "download";
    sums.set(key, {
      ...sum,
      downloads: sum.downloads + (isDownload ? 1 : 0),
      installs: sum.installs + (isDownload ? 0 : 1),
    });
  }
  return [...sums.values()];
}

/** Adds to the rows of days. */
export async function addToDays(ctx: MutationCtx, deltas: readonly DayDelta[]): Promise<void> {
  const now = Date.now();
  for (const { skillId, day, downloads, installs } of deltas) {
    const row = await ctx.db
      .query("skillDailyStats")
      .withIndex("by_skill_day", (q) => q.eq("skillId", skillId).eq("day", day))
      .unique();
    if (row === null) {
      await ctx.db.insert("skillDailyStats", { skillId, day, downloads, installs, updatedAt: now });
      continue;
    }
    await ctx.db.patch("skillDailyStats", row._id, {
      downloads: row.downloads + downloads,
      installs: row.installs + installs,
      updatedAt: now,
    });
  }
}

/** Adds to the counters of skills; a skill whose counters do not change is not written. */
export async function addToSkills(
  ctx: MutationCtx,
  writes: SkillWrites,
  deltas: readonly SkillDelta[],
): Promise<number> {
  let written = 0;
  for (const delta of deltas) {
    const { skillId, ...changes } = delta;
    if (Object.values(changes).every((change) => change === 0)) continue;
    const skill = await ctx.db.get("skills", skillId);
    if (skill === null) continue;
    const stats = addDelta(skill.stats, delta);
    await writes.patch(ctx, skill, {
      stats,
      statsDownloads: stats.downloads,
      statsStars: stats.stars,
      statsInstallsCurrent: stats.installsCurrent,
      statsInstallsAllTime: stats.installsAllTime,
    });
    written += 1;
  }
  return written;
}

function addDelta(stats: SkillStats, delta: SkillDelta): Required<SkillStats> {
  const sum = (value: number | undefined, change: number): number => Math.max(0, (value ?? 0) + change);
  return {
    downloads: sum(stats.downloads, delta.downloads),
    stars: sum(stats.stars, delta.stars),
    comments: sum(stats.comments, delta.comments),
    versions: stats.versions,
    installsCurrent: sum(stats.installsCurrent, delta.installsCurrent),
    installsAllTime: sum(stats.installsAllTime, delta.installsAllTime),
  };
}

/** The two readers of the events: each has its own place in the table. */
export type StatCursor = "daily_stats" | "skill_stats";

/** The creation time of the last event that a reader has taken in. */
export async function readCursor(ctx: QueryCtx, key: StatCursor): Promise<number> {
  return (await cursorRow(ctx, key))?.cursorCreationTime ?? 0;
}

/** Moves a reader on. */
export async function writeCursor(ctx: MutationCtx, key: StatCursor, cursorCreationTime: number): Promise<void> {
  const row = await cursorRow(ctx, key);
  const fields = { key, cursorCreationTime, updatedAt: Date.now() };
  if (row === null) await ctx.db.insert("skillStatUpdateCursors", fields);
  else await ctx.db.patch("skillStatUpdateCursors", row._id, fields);
}

async function cursorRow(ctx: QueryCtx, key: StatCursor): Promise<Doc<"skillStatUpdateCursors"> | null> {
  return await ctx.db
    .query("skillStatUpdateCursors")
    .withIndex("by_key", (q) => q.eq("key", key))
    .unique();
}

/**
 * The next events behind a reader's place, the youngest left for next time: where mutations run side by side, one that began earlier may still
 * add an event in front of them, and a reader that had passed would never see it.
 */
export async function eventsBehind(ctx: QueryCtx, cursor: number, limit: number): Promise<Doc<"skillStatEvents">[]> {
  const settled = Date.now() - SETTLE_MS;
  return await ctx.db
    .query("skillStatEvents")
    .withIndex("by_creation_time", (q) => q.gt("_creationTime", cursor).lt("_creationTime", settled))
    .take(limit);
}
