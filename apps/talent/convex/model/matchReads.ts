/**
 * Reads and deletions of the matching that are the same function in several forms.
 */
import { v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { opportunityFields } from "./fields.ts";
import { matchFields } from "./matchFields.ts";
import { CANDIDATES_MAX, candidatesByScan, deleteMatches, matchesOf } from "./matchingRules.ts";
import { profileFields } from "./profileFields.ts";

const ofProfile = { profileId: v.id("profiles") };
type OfProfile = { readonly profileId: Id<"profiles"> };

export const matchDoc = v.object({ _id: v.id("matches"), _creationTime: v.number(), ...matchFields });
export const opportunityDoc = v.object({
  _id: v.id("opportunities"),
  _creationTime: v.number(),
  ...opportunityFields,
});
export const profileDoc = v.object({ _id: v.id("profiles"), _creationTime: v.number(), ...profileFields });

/** Arguments of every `getCandidateOpportunities`. */
export const candidateArguments = { hiddenOrgs: v.array(v.id("organizations")), limit: v.optional(v.number()) };

/** `getFullProfile` */
export const fullProfile = {
  args: ofProfile,
  returns: v.nullable(profileDoc),
  handler: async (ctx: QueryCtx, { profileId }: OfProfile): Promise<Doc<"profiles"> | null> =>
    await ctx.db.get("profiles", profileId),
};

/** `getExistingMatches` */
export const existingMatches = {
  args: ofProfile,
  returns: v.array(matchDoc),
  handler: async (ctx: QueryCtx, { profileId }: OfProfile): Promise<Doc<"matches">[]> =>
    await matchesOf(ctx, profileId),
};

/** `getCandidateOpportunities` of the two older forms. */
export const scannedCandidates = {
  args: candidateArguments,
  returns: v.array(opportunityDoc),
  handler: async (
    ctx: QueryCtx,
    { hiddenOrgs, limit = CANDIDATES_MAX }: { readonly hiddenOrgs: Id<"organizations">[]; readonly limit?: number },
  ): Promise<Doc<"opportunities">[]> => await candidatesByScan(ctx, hiddenOrgs, limit),
};

/** `clearMatchesForProfile` of the two older forms: what somebody saved goes too. */
export const clearAll = {
  args: ofProfile,
  returns: v.null(),
  handler: async (ctx: MutationCtx, { profileId }: OfProfile): Promise<null> => {
    await deleteMatches(ctx, profileId);
    return null;
  },
};
