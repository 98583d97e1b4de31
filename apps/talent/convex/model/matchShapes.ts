/**
 * What the match readers show: all matches by tier, best first, each with its opportunity.
 */
import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { matchFields } from "./matchFields.ts";
import { matchesOf } from "./matchingRules.ts";
import { profileOf, viewerId } from "./viewer.ts";

const opportunityShown = v.object({
  _id: v.id("opportunities"),
  title: v.string(),
  organization: v.string(),
  location: v.string(),
  isRemote: v.boolean(),
  roleType: v.string(),
  sourceUrl: v.string(),
  deadline: v.optional(v.number()),
});

export const matchShown = v.object({
  _id: v.id("matches"),
  _creationTime: v.number(),
  ...matchFields,
  opportunity: opportunityShown,
});

const list = v.array(matchShown);

export const myMatches = v.nullable(
  v.object({
    matches: v.object({ great: list, good: list, exploring: list }),
    total: v.number(),
    newMatchCount: v.number(),
    /** The oldest of all matches' times, or null without matches. */
    computedAt: v.nullable(v.number()),
  }),
);

export type MatchShown = Infer<typeof matchShown>;
export type MyMatches = Infer<typeof myMatches>;

/** One match with its opportunity, or nothing when that is gone. */
export function showMatch(match: Doc<"matches">, opportunity: Doc<"opportunities"> | null): MatchShown[] {
  if (opportunity === null) return [];
  const { _id, title, organization, location, isRemote, roleType, sourceUrl, deadline } = opportunity;
  const shown = { _id, title, organization, location, isRemote, roleType, sourceUrl };
  return [{ ...match, opportunity: { ...shown, ...(deadline === undefined ? {} : { deadline }) } }];
}

/** The matches of a user: every match, and its opportunity. The same in all forms: each match has an opportunity of its own. */
export async function readMyMatches(ctx: QueryCtx, userId: string | undefined): Promise<MyMatches> {
  const profile = await viewerProfile(ctx, userId);
  if (profile === null) return null;
  const rows = await matchesOf(ctx, profile._id);
  const shown = await Promise.all(
    rows.map(async (match) => showMatch(match, await ctx.db.get("opportunities", match.opportunityId))),
  );
  const sorted = shown.flat().sort((a, b) => b.score - a.score);
  const inTier = (tier: string) => sorted.filter((match) => match.tier === tier);
  return {
    matches: { great: inTier("great"), good: inTier("good"), exploring: inTier("exploring") },
    total: sorted.length,
    newMatchCount: sorted.filter(({ isNew }) => isNew).length,
    computedAt: sorted.length === 0 ? null : Math.min(...sorted.map(({ computedAt }) => computedAt)),
  };
}

/** How many matches are new, by collecting them. */
export async function countNewMatches(ctx: QueryCtx, userId: string | undefined): Promise<number> {
  const profile = await viewerProfile(ctx, userId);
  if (profile === null) return 0;
  const rows = await ctx.db
    .query("matches")
    .withIndex("by_profile_new", (q) => q.eq("profileId", profile._id).eq("isNew", true))
    .collect();
  return rows.length;
}

/** One match of the viewer's own, or null. */
export async function readMatch(
  ctx: QueryCtx,
  id: Id<"matches">,
  userId: string | undefined,
): Promise<MatchShown | null> {
  const profile = await viewerProfile(ctx, userId);
  const match = await ctx.db.get("matches", id);
  if (profile === null || match === null || match.profileId !== profile._id) return null;
  return showMatch(match, await ctx.db.get("opportunities", match.opportunityId))[0] ?? null;
}

/** The profile of whoever asks, or null. */
export async function viewerProfile(ctx: QueryCtx, userId: string | undefined): Promise<Doc<"profiles"> | null> {
  const viewer = await viewerId(ctx, userId);
  return viewer === null ? null : await profileOf(ctx, viewer);
}
