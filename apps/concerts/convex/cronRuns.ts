/**
 * The books of action jobs: an action has no transaction of its own, so it takes and gives back its lease by these two.
 */
import { v } from "convex/values";
import { internalMutation } from "./_generated/server.js";
import { runBy } from "./model/fields.ts";
import { beginRun, finishRun } from "./model/runs.ts";

/** The run's id, or null when the job must not run now. */
export const begin = internalMutation({
  args: { name: v.string(), by: runBy },
  returns: v.nullable(v.id("cronRuns")),
  handler: async (ctx, { name, by }) => await beginRun(ctx, name, by),
});

export const finish = internalMutation({
  args: { runId: v.id("cronRuns"), outcome: v.union(v.literal("done"), v.literal("failed")), note: v.string() },
  returns: v.null(),
  handler: async (ctx, { runId, outcome, note }) => {
    await finishRun(ctx, runId, outcome, note);
    return null;
  },
});
