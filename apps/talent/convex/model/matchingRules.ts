/**
 * Constants and rules of the matching that all forms share.
 */
import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import type { GrowthArea, MatchInput } from "./matchFields.ts";

/** Opportunities of one question to the model. */
export const BATCH_SIZE = 15;
/** Retries of one batch that the model refuses with 429. */
export const MAX_RETRIES = 10;
/** Between two questions, and before the one retry after any other error. */
export const RATE_LIMIT_DELAY_MS = 1_000;
/** Opportunities that one run looks at. */
export const CANDIDATES_MAX = 50;

const BACKOFF_MAX_MS = 60_000;
const GROWTH_ITEMS_MAX = 10;

export const computationResult = v.object({
  matchCount: v.optional(v.number()),
  message: v.optional(v.string()),
  totalBatches: v.optional(v.number()),
});
/** What starting a computation says. */
export type MatchComputationResult = Infer<typeof computationResult>;

/** Wait before the next try of a refused batch: 1, 2, 4 … 60 seconds. */
export function backoffMs(retryCount: number): number {
  return Math.min(1_000 * 2 ** retryCount, BACKOFF_MAX_MS);
}

/** Whether an opportunity may be offered: open, not of an organisation that the person hides from, deadline ahead. */
export function isCandidate(opportunity: Doc<"opportunities">, hiddenOrgs: readonly string[], now: number): boolean {
  if (opportunity.status !== "active") return false;
  if (opportunity.organizationId !== undefined && hiddenOrgs.includes(opportunity.organizationId)) return false;
  return opportunity.deadline === undefined || opportunity.deadline > now;
}

/** Themes by their name without case and outer blanks; at most ten items each, the most frequent first. */
export function deduplicateGrowthAreas(areas: readonly GrowthArea[]): GrowthArea[] {
  const themes = new Map<string, Map<string, number>>();
  for (const { theme, items } of areas) {
    const key = theme.toLowerCase().trim();
    const counts = themes.get(key) ?? new Map<string, number>();
    themes.set(key, counts);
    for (const item of items.map((each) => each.toLowerCase().trim())) counts.set(item, (counts.get(item) ?? 0) + 1);
  }
  return [...themes].map(([theme, counts]) => ({
    theme: capital(theme),
    items: [...counts]
      .sort(([, a], [, b]) => b - a)
      .slice(0, GROWTH_ITEMS_MAX)
      .map(([item]) => capital(item)),
  }));
}

/** The model's opinions about opportunities that it was asked about; it may invent others. */
export function onlyAsked(matches: readonly MatchInput[], asked: readonly { readonly _id: string }[]): MatchInput[] {
  const ids = new Set(asked.map(({ _id }) => _id));
  return matches.filter(({ opportunityId }) => ids.has(opportunityId));
}

/** Every match of a profile. */
export async function matchesOf(ctx: Pick<QueryCtx, "db">, profileId: Id<"profiles">): Promise<Doc<"matches">[]> {
  return await ctx.db
    .query("matches")
    .withIndex("by_profile", (q) => q.eq("profileId", profileId))
    .collect();
}

/** Deletes every match of a profile, saved ones too. */
export async function deleteMatches(ctx: MutationCtx, profileId: Id<"profiles">): Promise<void> {
  for (const match of await matchesOf(ctx, profileId)) await ctx.db.delete("matches", match._id);
}

/** Candidates as the two older forms find them: every active opportunity is read, then most are thrown away. */
export async function candidatesByScan(
  ctx: QueryCtx,
  hiddenOrgs: readonly string[],
  limit: number,
): Promise<Doc<"opportunities">[]> {
  const active = await ctx.db
    .query("opportunities")
    .withIndex("by_status", (q) => q.eq("status", "active"))
    .collect();
  return active.filter((each) => isCandidate(each, hiddenOrgs, Date.now())).slice(0, limit);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
