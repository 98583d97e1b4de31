/**
 * Who takes part in a program: what the queries show, and the only writer of a participation, which keeps the program's counter.
 */
import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { participationFields, programStatus, type ParticipationStatus } from "./fields.ts";
import { demoViewer, requireOrgAdmin } from "./viewer.ts";
import { ConvexError } from "convex/values";

export const participant = v.object({
  _id: v.id("programParticipation"),
  _creationTime: v.number(),
  ...participationFields,
  memberName: v.string(),
  /** Never shown: an address is nobody's business but its owner's. */
  memberEmail: v.null(),
});

export const programShown = v.object({
  _id: v.id("programs"),
  _creationTime: v.number(),
  orgId: v.id("organizations"),
  name: v.string(),
  slug: v.string(),
  summary: v.string(),
  status: programStatus,
  participantCount: v.number(),
});

export const programArguments = { ...demoViewer, orgId: v.id("organizations"), status: v.optional(programStatus) };

export type Participant = Infer<typeof participant>;
export type ProgramShown = Infer<typeof programShown>;

/** The participations of a program, for an administrator of its organisation. */
export async function participationsFor(
  ctx: QueryCtx,
  programId: Id<"programs">,
  userId: string | undefined,
): Promise<Doc<"programParticipation">[]> {
  const program = await ctx.db.get("programs", programId);
  if (program === null) throw new ConvexError("Cannot show participants: there is no such program; choose another");
  await requireOrgAdmin(ctx, program.orgId, userId);
  return await ctx.db
    .query("programParticipation")
    .withIndex("by_program", (q) => q.eq("programId", programId))
    .collect();
}

export function showParticipant(row: Doc<"programParticipation">, name: string | undefined): Participant {
  return { ...row, memberName: name ?? "Unknown", memberEmail: null };
}

/** Programs of an organisation, all or of one status. */
export async function programsOf(
  ctx: QueryCtx,
  orgId: Id<"organizations">,
  status: Doc<"programs">["status"] | undefined,
): Promise<Doc<"programs">[]> {
  const programs = ctx.db.query("programs");
  return status === undefined
    ? await programs.withIndex("by_org", (q) => q.eq("orgId", orgId)).collect()
    : await programs.withIndex("by_org_status", (q) => q.eq("orgId", orgId).eq("status", status)).collect();
}

/** Enrolled people, counted row by row. */
export async function countEnrolled(ctx: Pick<QueryCtx, "db">, programId: Id<"programs">): Promise<number> {
  const rows = await ctx.db
    .query("programParticipation")
    .withIndex("by_program_status", (q) => q.eq("programId", programId).eq("status", "enrolled"))
    .collect();
  return rows.length;
}

export function showProgram(program: Doc<"programs">, participantCount: number): ProgramShown {
  const { enrolledCount: _, ...shown } = program;
  return { ...shown, participantCount };
}

/** Sets where somebody stands in a program. The counter moves with it; a program without one is counted first. */
export async function setParticipation(
  ctx: MutationCtx,
  row: Doc<"programParticipation">,
  status: ParticipationStatus,
): Promise<void> {
  if (row.status === status) return;
  const program = await ctx.db.get("programs", row.programId);
  if (program !== null) {
    const enrolled = program.enrolledCount ?? (await countEnrolled(ctx, program._id));
    const move = Number(status === "enrolled") - Number(row.status === "enrolled");
    await ctx.db.patch("programs", program._id, { enrolledCount: enrolled + move });
  }
  await ctx.db.patch("programParticipation", row._id, { status });
}
