/**
 * The leaderboard of a week: most installs first, then most downloads.
 */
import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { leaderboardItem, type LeaderboardItem } from "./fields.ts";
import { buildEntries, type ListEntry } from "./listEntries.ts";
import { isPublic } from "./rules.ts";
import { dayOf } from "./statEvents.ts";

/** What the leaderboard is called. */
export const TRENDING = "trending";
/** Days that it covers, today included. */
export const TRENDING_DAYS = 7;
/** Skills that it keeps. */
export const TRENDING_LIMIT = 200;
const KEPT_BOARDS = 3;
const SHOWN = 25;

export const dayTotal = v.object({ skillId: v.id("skills"), downloads: v.number(), installs: v.number() });
export const rebuildArgs = { limit: v.optional(v.number()) };
export const rebuildResult = v.object({ count: v.number() });
export const boardArgs = {
  rangeStartDay: v.number(),
  rangeEndDay: v.number(),
  items: v.array(leaderboardItem),
};

/** One skill's part of a day. */
export type DayTotal = Infer<typeof dayTotal>;

/** First and last day of the range that ends today. */
export function trendingRange(now: number): { readonly rangeStartDay: number; readonly rangeEndDay: number } {
  const rangeEndDay = dayOf(now);
  return { rangeStartDay: rangeEndDay - TRENDING_DAYS + 1, rangeEndDay };
}

/** Adds days to what a skill has so far. */
export function addTotals(
  sums: Map<Id<"skills">, { downloads: number; installs: number }>,
  totals: readonly DayTotal[],
): void {
  for (const { skillId, downloads, installs } of totals) {
    const sum = sums.get(skillId);
    if (sum === undefined) {
      sums.set(skillId, { downloads, installs });
      continue;
    }
    sum.downloads += downloads;
    sum.installs += installs;
  }
}

/** The best `limit`, best first. A heap of that size: the whole week is never sorted. */
export function topItems(
  sums: ReadonlyMap<Id<"skills">, { readonly downloads: number; readonly installs: number }>,
  limit: number,
): LeaderboardItem[] {
  const heap: LeaderboardItem[] = [];
  for (const [skillId, { installs, downloads }] of sums) {
    const item = { skillId, score: installs, installs, downloads };
    if (heap.length < limit) {
      heap.push(item);
      siftUp(heap, heap.length - 1);
    } else if (heap[0] !== undefined && compare(heap[0], item) < 0) {
      heap[0] = item;
      siftDown(heap);
    }
  }
  return heap.toSorted((a, b) => compare(b, a));
}

/** Negative when `a` is worse; equal scores go by downloads, then by id, so that a board is the same each time. */
function compare(a: LeaderboardItem, b: LeaderboardItem): number {
  return a.score - b.score || a.downloads - b.downloads || (a.skillId < b.skillId ? 1 : -1);
}

function siftUp(heap: LeaderboardItem[], from: number): void {
  for (let at = from; at > 0;) {
    const parent = (at - 1) >> 1;
    if (compare(heap[at]!, heap[parent]!) >= 0) return;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}

function siftDown(heap: LeaderboardItem[]): void {
  for (let at = 0; ;) {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    let worst = at;
    if (left < heap.length && compare(heap[left]!, heap[worst]!) < 0) worst = left;
    if (right < heap.length && compare(heap[right]!, heap[worst]!) < 0) worst = right;
    if (worst === at) return;
    [heap[at], heap[worst]] = [heap[worst]!, heap[at]!];
    at = worst;
  }
}

/** Stores a board and drops all but the newest few. */
export async function storeBoard(
  ctx: MutationCtx,
  board: { readonly rangeStartDay: number; readonly rangeEndDay: number; readonly items: LeaderboardItem[] },
): Promise<{ readonly count: number }> {
  await ctx.db.insert("skillLeaderboards", { kind: TRENDING, generatedAt: Date.now(), ...board });
  const boards = await ctx.db
    .query("skillLeaderboards")
    .withIndex("by_kind", (q) => q.eq("kind", TRENDING))
    .order("desc")
    .take(2 * KEPT_BOARDS);
  for (const { _id } of boards.slice(KEPT_BOARDS)) await ctx.db.delete("skillLeaderboards", _id);
  return { count: board.items.length };
}

/** The newest board, whatever the time is: a query that looks at the clock could not be shared. */
export async function newestBoard(ctx: QueryCtx): Promise<Doc<"skillLeaderboards"> | null> {
  return await ctx.db
    .query("skillLeaderboards")
    .withIndex("by_kind", (q) => q.eq("kind", TRENDING))
    .order("desc")
    .first();
}

/** The first `limit` public skills of the newest board. */
export async function readTrending(
  ctx: QueryCtx,
  limit: number | undefined,
  hasSummaries: boolean,
): Promise<ListEntry[]> {
  const skills: Doc<"skills">[] = [];
  for (const { skillId } of (await newestBoard(ctx))?.items ?? []) {
    if (skills.length >= (limit ?? SHOWN)) break;
    const skill = await ctx.db.get("skills", skillId);
    if (skill !== null && isPublic(skill)) skills.push(skill);
  }
  return await buildEntries(ctx, skills, hasSummaries);
}
