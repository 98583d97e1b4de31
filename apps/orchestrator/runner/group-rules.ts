/**
 * What happens when a group of jobs has ended: the project manager and the guardian.
 *
 *   ordinary group, chain goes on   → nothing; the scheduler has the next group ready
 *   ordinary group, end of chain    → a PM group is inserted; after a failure it is to diagnose and recover
 *   PM group                        → its report goes to the guardian's thread, if there is one, for an evaluation;
 *                                     at the end of the chain the assignment is complete
 */
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import { isFinished, isPmGroup } from "../convex/model/dispatch.ts";
import type { DeploymentClient } from "./client.ts";
import { harnessFor, type Config } from "./config.ts";

/** What a PM is told after a group in which nothing succeeded. */
export const RECOVER_CONTEXT =
  "The group before you failed. Diagnose why from its results, and recover: insert the jobs that put it right, or block the " +
  "assignment with a reason if a person has to decide.";

/** Applies the rules to a group that has ended. Returns what was done, for the log. */
export async function afterGroup(
  client: DeploymentClient,
  config: Pick<Config, "harnessDefaults">,
  groupId: Id<"jobGroups">,
): Promise<string> {
  const group = await client.query(api.jobs.getGroupWithJobs, { id: groupId });
  if (group === null) return "group is gone";
  if (!isPmGroup(group.jobs)) {
    if (group.nextGroupId !== undefined) return "next group is ready";
    const context = group.status === "failed" ? { context: RECOVER_CONTEXT } : {};
    const job = { jobType: "pm", harness: harnessFor(config, "pm"), ...context };
    await client.mutation(api.jobs.insertGroupAfter, { afterGroupId: groupId, jobs: [job] });
    return "inserted a PM group";
  }
  const evaluated = await evaluate(client, group.assignmentId, group.aggregatedResult ?? "The PM left no report.");
  if (group.nextGroupId !== undefined) return evaluated;
  const groups = await client.query(api.jobs.listGroups, { assignmentId: group.assignmentId });
  if (!groups.every(isFinished)) return evaluated;
  await client.mutation(api.assignments.complete, { id: group.assignmentId });
  return `${evaluated}; assignment complete`;
}

/** Finds assignments whose last group ended without its consequence (the runner ended in between) and draws it. */
export async function resumeGroups(
  client: DeploymentClient,
  config: Pick<Config, "harnessDefaults">,
  namespaceId: Id<"namespaces">,
): Promise<string[]> {
  const done: string[] = [];
  for (const { _id } of await client.query(api.assignments.list, { namespaceId, status: "active" })) {
    const chain = await client.query(api.assignments.getGroupChain, { id: _id });
    const last = chain?.groups.at(-1);
    if (last === undefined || !chain!.groups.every(isFinished)) continue;
    done.push(`assignment ${_id}: ${await afterGroup(client, config, last._id)}`);
  }
  return done;
}

async function evaluate(client: DeploymentClient, assignmentId: Id<"assignments">, report: string): Promise<string> {
  const thread = await client.query(api.chatThreads.getGuardianThread, { assignmentId });
  if (thread === null) return "no guardian";
  await client.mutation(api.chatMessages.add, { threadId: thread._id, role: "pm", content: report });
  await client.mutation(api.chatJobs.trigger, { threadId: thread._id, isGuardianEvaluation: true });
  return "guardian asked";
}
