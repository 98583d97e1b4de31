/**
 * Programs as first written: one profile look-up for every participation, one collect for every count.
 */
import { v } from "convex/values";
import { query } from "../_generated/server.js";
import {
  countEnrolled,
  participant,
  participationsFor,
  programArguments,
  programShown,
  programsOf,
  showParticipant,
  showProgram,
} from "../model/participation.ts";
import { demoViewer, profileOf, viewerId } from "../model/viewer.ts";

export const getProgramParticipants = query({
  args: { ...demoViewer, programId: v.id("programs") },
  returns: v.array(participant),
  handler: async (ctx, { userId, programId }) => {
    const rows = await participationsFor(ctx, programId, userId);
    return await Promise.all(rows.map(async (row) => showParticipant(row, (await profileOf(ctx, row.userId))?.name)));
  },
});

export const getOrgPrograms = query({
  args: programArguments,
  returns: v.array(programShown),
  handler: async (ctx, { userId, orgId, status }) => {
    if ((await viewerId(ctx, userId)) === null) return [];
    const programs = await programsOf(ctx, orgId, status);
    return await Promise.all(programs.map(async (row) => showProgram(row, await countEnrolled(ctx, row._id))));
  },
});
