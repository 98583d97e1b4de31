/**
 * Programs as optimised by hand: each participant's profile once. The counts only got a log; they are still one collect each.
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
import { logReads } from "../model/performanceLog.ts";
import { namesOf } from "../model/memberNames.ts";
import { demoViewer, viewerId } from "../model/viewer.ts";

export const getProgramParticipants = query({
  args: { ...demoViewer, programId: v.id("programs") },
  returns: v.array(participant),
  handler: async (ctx, { userId, programId }) => {
    const rows = await participationsFor(ctx, programId, userId);
    const names = await namesOf(
      ctx,
      rows.map((row) => row.userId),
    );
    logReads("getProgramParticipants", { participations: rows.length, users: names.size });
    return rows.map((row) => showParticipant(row, names.get(row.userId)));
  },
});

export const getOrgPrograms = query({
  args: programArguments,
  returns: v.array(programShown),
  handler: async (ctx, { userId, orgId, status }) => {
    if ((await viewerId(ctx, userId)) === null) return [];
    const programs = await programsOf(ctx, orgId, status);
    const shown = await Promise.all(programs.map(async (row) => showProgram(row, await countEnrolled(ctx, row._id))));
    logReads("getOrgPrograms", { programs: programs.length });
    return shown;
  },
});
