/**
 * The frame of an action job: lease, work, history, whatever happens to the work.
 */
import { internal } from "../_generated/api.js";
import type { ActionCtx } from "../_generated/server.js";
import type { RunBy } from "./fields.ts";
import type { JobResult } from "./views.ts";

/** Does `work` under the job's lease; it gives a note for the history. Its error goes into the history and on. */
export async function runLeased(
  ctx: ActionCtx,
  name: string,
  by: RunBy,
  work: () => Promise<string>,
): Promise<JobResult> {
  const runId = await ctx.runMutation(internal.cronRuns.begin, { name, by });
  if (runId === null) return { ran: false, note: "another run was under way, or the registry runs this job" };
  try {
    const note = await work();
    await ctx.runMutation(internal.cronRuns.finish, { runId, outcome: "done", note });
    return { ran: true, note };
  } catch (error) {
    const note = error instanceof Error ? error.message : String(error);
    await ctx.runMutation(internal.cronRuns.finish, { runId, outcome: "failed", note });
    throw error;
  }
}
