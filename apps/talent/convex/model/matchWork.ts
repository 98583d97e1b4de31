/**
 * Steps of the matching that the two older forms share: what they read for a batch and how they save.
 */
import { v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { askModel, profileText } from "./askModel.ts";
import { growthArea, matchInput, type GrowthArea, type MatchInput } from "./matchFields.ts";
import { deduplicateGrowthAreas, deleteMatches, onlyAsked } from "./matchingRules.ts";

export const saveAllArguments = {
  profileId: v.id("profiles"),
  matches: v.array(matchInput),
  modelVersion: v.string(),
  growthAreas: v.array(growthArea),
};

/** Asks the model about one batch and keeps its opinions about that batch. */
export async function scoreBatch(
  profile: Doc<"profiles">,
  batch: readonly Doc<"opportunities">[],
): Promise<{ matches: MatchInput[]; growthAreas: GrowthArea[]; modelVersion: string }> {
  const answer = await askModel(profileText(profile), batch);
  return { ...answer, matches: onlyAsked(answer.matches, batch) };
}

/** Inserts matches; new are those whose opportunity was not matched before. */
export async function insertMatches(
  ctx: MutationCtx,
  profileId: Id<"profiles">,
  given: {
    readonly matches: readonly MatchInput[];
    readonly modelVersion: string;
    readonly computedAt: number;
    readonly previousOppIds: readonly string[];
  },
): Promise<void> {
  const previous = new Set<string>(given.previousOppIds);
  for (const match of given.matches) {
    await ctx.db.insert("matches", {
      profileId,
      ...match,
      status: "active",
      isNew: !previous.has(match.opportunityId),
      computedAt: given.computedAt,
      modelVersion: given.modelVersion,
    });
  }
}

/** The last thing that became of growth areas in the older forms: a line in the log. */
export function logGrowthAreas(areas: readonly GrowthArea[]): void {
  const found = deduplicateGrowthAreas(areas);
  console.log(`Growth areas: ${found.map(({ theme, items }) => `${theme} (${items.length})`).join(", ")}`);
}

/** Replaces everything that a profile has. */
export async function replaceMatches(
  ctx: MutationCtx,
  profileId: Id<"profiles">,
  given: Parameters<typeof insertMatches>[2],
): Promise<void> {
  await deleteMatches(ctx, profileId);
  await insertMatches(ctx, profileId, given);
}
