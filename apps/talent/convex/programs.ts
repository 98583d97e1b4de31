/**
 * Programs of an organisation and who takes part.
 */
import { ConvexError, v } from "convex/values";
import { mutation, query } from "./_generated/server.js";
import { participationStatus } from "./model/fields.ts";
import { namesOf } from "./model/memberNames.ts";
import {
  countEnrolled,
  participant,
  participationsFor,
  programArguments,
  programShown,
  programsOf,
  setParticipation,
  showParticipant,
  showProgram,
} from "./model/participation.ts";
import { demoViewer, requireOrgAdmin, viewerId } from "./model/viewer.ts";

/** For administrators of the organisation. @throws ConvexError For anybody else. */
export const getProgramParticipants = query({
  args: { ...demoViewer, programId: v.id("programs") },
  returns: v.array(participant),
  handler: async (ctx, { userId, programId }) => {
    const rows = await participationsFor(ctx, programId, userId);
    const names = await namesOf(
      ctx,
      rows.map((row) => row.userId),
    );
    return rows.map((row) => showParticipant(row, names.get(row.userId)));
  },
});

/** With the number of enrolled people, from the program's counter. */
export const getOrgPrograms = query({
  args: programArguments,
  returns: v.array(programShown),
  handler: async (ctx, { userId, orgId, status }) => {
    if ((await viewerId(ctx, userId)) === null) return [];
    const programs = await programsOf(ctx, orgId, status);
    return await Promise.all(
      programs.map(async (row) => showProgram(row, row.enrolledCount ?? (await countEnrolled(ctx, row._id)))),
    );
  },
});

/** Moves somebody to another state; for administrators. */
export const setParticipationStatus = mutation({
  args: { ...demoViewer, participationId: v.id("programParticipation"), status: participationStatus },
  returns: v.null(),
  handler: async (ctx, { userId, participationId, status }) => {
    const row = await ctx.db.get("programParticipation", participationId);
    if (row === null) throw new ConvexError("Cannot change a participation: it is gone; reload the list");
    await requireOrgAdmin(ctx, row.orgId, userId);
    await setParticipation(ctx, row, status);
    return null;
  },
});
