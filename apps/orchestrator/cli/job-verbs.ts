/**
 * Verbs about groups and jobs.
 */
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import type { JobInput, WorkStatus } from "../convex/model/fields.ts";
import { fields, table } from "./format.ts";
import { CliError, jobInput, parseHarness, type Verbs } from "./verbs.ts";

/** Adds the verbs. */
export function addJobVerbs(verbs: Verbs): void {
  for (const add of [
    groupsVerb,
    groupVerb,
    jobsVerb,
    jobVerb,
    insertJobVerb,
    startJobVerb,
    completeJobVerb,
    failJobVerb,
  ])
    add(verbs);
}

function groupsVerb({ program, colors, run }: Verbs): void {
  program
    .command("groups")
    .description("list job groups")
    .option("-a, --assignment <id>", "of one assignment")
    .option("-s, --status <status>", "pending, running, complete or failed")
    .action((options: { assignment?: Id<"assignments">; status?: WorkStatus }) =>
      run(async ({ client }) => {
        const { assignment, status } = options;
        const value = await client.query(api.jobs.listGroups, {
          ...(assignment === undefined ? {} : { assignmentId: assignment }),
          ...(status === undefined ? {} : { status }),
        });
        const rows = value.map((group) => ({ id: group._id, status: group.status, assignment: group.assignmentId }));
        return { value, text: table(rows, ["id", "status", "assignment"], colors, "No groups.") };
      }),
    );
}

function groupVerb({ program, colors, run }: Verbs): void {
  program
    .command("group")
    .description("show one group with its jobs")
    .argument("<id>")
    .action((id: Id<"jobGroups">) =>
      run(async ({ client }) => {
        const value = await client.query(api.jobs.getGroupWithJobs, { id });
        if (value === null) throw new CliError("Cannot show the group: it does not exist");
        const rows = value.jobs.map((job) => ({
          id: job._id,
          type: job.jobType,
          harness: job.harness,
          status: job.status,
        }));
        const result = value.aggregatedResult === undefined ? "" : `\n\n${value.aggregatedResult}`;
        return { value, text: `${table(rows, ["id", "type", "harness", "status"], colors, "No jobs.")}${result}` };
      }),
    );
}

function jobsVerb({ program, colors, run }: Verbs): void {
  program
    .command("jobs")
    .description("list jobs")
    .option("-g, --group <id>", "of one group")
    .option("-s, --status <status>", "pending, running, complete or failed")
    .action((options: { group?: Id<"jobGroups">; status?: WorkStatus }) =>
      run(async ({ client }) => {
        const { group, status } = options;
        const value = await client.query(api.jobs.list, {
          ...(group === undefined ? {} : { groupId: group }),
          ...(status === undefined ? {} : { status }),
        });
        const rows = value.map((job) => ({
          id: job._id,
          type: job.jobType,
          harness: job.harness,
          status: job.status,
          tools: job.toolCallCount,
          tokens: job.totalTokens,
        }));
        return { value, text: table(rows, ["id", "type", "harness", "status", "tools", "tokens"], colors, "No jobs.") };
      }),
    );
}

function jobVerb({ program, colors, run }: Verbs): void {
  program
    .command("job")
    .description("show one job")
    .argument("<id>")
    .action((id: Id<"jobs">) =>
      run(async ({ client }) => {
        const value = await client.query(api.jobs.get, { id });
        if (value === null) throw new CliError("Cannot show the job: it does not exist");
        const { status, jobType, harness, toolCallCount, subagentCount, totalTokens, context, prompt, result } = value;
        const entries = {
          status,
          type: jobType,
          harness,
          tools: toolCallCount,
          subagents: subagentCount,
          tokens: totalTokens,
          context,
          prompt,
          result,
        };
        return { value, text: fields(Object.entries(entries), colors) };
      }),
    );
}

function insertJobVerb({ program, run }: Verbs): void {
  program
    .command("insert-job")
    .description("add a group of jobs behind another group, or the first one to an assignment")
    .argument("<type:context...>", "the jobs")
    .option("--after <group>", "the group before it (default: WORKFLOW_GROUP_ID)", process.env.WORKFLOW_GROUP_ID)
    .option("-a, --assignment <id>", "the assignment, for its first group")
    .option("--harness <harness>", "harness of the jobs", parseHarness)
    .action((texts: string[], options: InsertOptions) =>
      run(async (session) => {
        const jobs = texts.map((text) => jobInput(session, text, options.harness));
        const { assignment, after } = options;
        if (assignment === undefined && after === undefined) {
          throw new CliError("Cannot insert jobs: neither --after nor --assignment is given; name one");
        }
        const value =
          assignment === undefined
            ? await session.client.mutation(api.jobs.insertGroupAfter, { afterGroupId: after!, jobs })
            : await session.client.mutation(api.jobs.createGroup, { assignmentId: assignment, jobs });
        return { value, text: `created group ${value.groupId} with ${value.jobIds.length} jobs` };
      }),
    );
}

function startJobVerb({ program, run }: Verbs): void {
  program
    .command("start-job")
    .description("claim a pending job")
    .argument("<id>")
    .option("--prompt <text>")
    .action((id: Id<"jobs">, options: { prompt?: string }) =>
      run(async ({ client }) => {
        await client.mutation(api.jobs.start, { id, ...options });
        return { value: { id }, text: `started ${id}` };
      }),
    );
}

function completeJobVerb({ program, run }: Verbs): void {
  program
    .command("complete-job")
    .description("finish a job with a result")
    .argument("<id>")
    .argument("<result...>")
    .action((id: Id<"jobs">, result: string[]) =>
      run(async ({ client }) => {
        const value = await client.mutation(api.jobs.complete, { id, result: result.join(" ") });
        return { value, text: `completed ${id}; its group is ${value?.status ?? "gone"}` };
      }),
    );
}

function failJobVerb({ program, run }: Verbs): void {
  program
    .command("fail-job")
    .description("mark a job failed")
    .argument("<id>")
    .argument("[reason...]")
    .action((id: Id<"jobs">, reason: string[]) =>
      run(async ({ client }) => {
        const result = reason.length === 0 ? {} : { result: reason.join(" ") };
        const value = await client.mutation(api.jobs.fail, { id, ...result });
        return { value, text: `failed ${id}; its group is ${value?.status ?? "gone"}` };
      }),
    );
}

interface InsertOptions {
  readonly after?: Id<"jobGroups">;
  readonly assignment?: Id<"assignments">;
  readonly harness?: JobInput["harness"];
}
