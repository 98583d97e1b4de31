/**
 * Verbs about assignments and the queue.
 */
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import { zeroCounts } from "../convex/model/counts.ts";
import { title } from "../convex/model/findings.ts";
import type { AssignmentStatus, JobInput } from "../convex/model/fields.ts";
import { ago, fields, table } from "./format.ts";
import { CliError, jobInput, namespaceOf, parseHarness, type Verbs } from "./verbs.ts";

/** Adds the verbs. */
export function addAssignmentVerbs(verbs: Verbs): void {
  for (const add of [
    assignmentsVerb,
    assignmentVerb,
    queueVerb,
    createVerb,
    updateAssignmentVerb,
    completeVerb,
    blockVerb,
    unblockVerb,
    deleteAssignmentVerb,
    checkVerb,
  ])
    add(verbs);
}

function assignmentsVerb({ program, colors, run, now }: Verbs): void {
  program
    .command("assignments")
    .description("list assignments")
    .option("-s, --status <status>", "pending, active, blocked or complete")
    .action((options: { status?: AssignmentStatus }) =>
      run(async (session) => {
        const { _id: namespaceId } = await namespaceOf(session);
        const status = options.status === undefined ? {} : { status: options.status };
        const value = await session.client.query(api.assignments.list, { namespaceId, ...status });
        const rows = value.map((each) => ({
          id: each._id,
          status: each.status,
          alignment: each.alignmentStatus,
          kind: each.independent ? "independent" : `sequential ${each.priority}`,
          changed: ago(each.updatedAt, now()),
          goal: title(each),
        }));
        return {
          value,
          text: table(rows, ["id", "status", "alignment", "kind", "changed", "goal"], colors, "No assignments."),
        };
      }),
    );
}

function assignmentVerb({ program, colors, run }: Verbs): void {
  program
    .command("assignment")
    .description("show one assignment with its groups and jobs")
    .argument("<id>")
    .action((id: Id<"assignments">) =>
      run(async ({ client }) => {
        const value = await client.query(api.assignments.getWithGroups, { id });
        if (value === null) throw new CliError("Cannot show the assignment: it does not exist");
        const head = fields(
          [
            ["status", value.status],
            ["alignment", value.alignmentStatus],
            ["blocked", value.blockedReason],
            ["goal", value.northStar],
            ["decisions", value.decisions],
            ["artifacts", value.artifacts],
          ],
          colors,
        );
        const rows = value.groups.flatMap((group, index) =>
          group.jobs.map((job) => ({
            group: index + 1,
            job: job._id,
            type: job.jobType,
            harness: job.harness,
            status: job.status,
          })),
        );
        return {
          value,
          text: `${head}\n\n${table(rows, ["group", "job", "type", "harness", "status"], colors, "No jobs.")}`,
        };
      }),
    );
}

function queueVerb({ program, colors, run }: Verbs): void {
  program
    .command("queue")
    .description("how many assignments are in which state")
    .action(() =>
      run(async (session) => {
        const counts = (await namespaceOf(session)).assignmentCounts ?? zeroCounts();
        const { pending, active, blocked, complete } = counts;
        const value = { total: pending + active + blocked + complete, pending, active, blocked, complete };
        return { value, text: fields(Object.entries(value), colors) };
      }),
    );
}

function createVerb({ program, run }: Verbs): void {
  program
    .command("create")
    .description("create an assignment, with its first group if jobs are given")
    .argument("<north-star>", "what is to be reached")
    .option("-j, --job <type:context...>", "a job of the first group; may be repeated")
    .option("--harness <harness>", "harness of the jobs", parseHarness)
    .option("-i, --independent", "run beside everything else")
    .option("-p, --priority <number>", "smaller runs first", Number)
    .action((northStar: string, options: CreateOptions) =>
      run(async (session) => {
        const { _id: namespaceId } = await namespaceOf(session);
        const jobs = (options.job ?? []).map((text) => jobInput(session, text, options.harness));
        const id = await session.client.mutation(api.assignments.create, {
          namespaceId,
          northStar,
          ...(options.independent === true ? { independent: true } : {}),
          ...(options.priority === undefined ? {} : { priority: options.priority }),
        });
        const group =
          jobs.length > 0 ? await session.client.mutation(api.jobs.createGroup, { assignmentId: id, jobs }) : undefined;
        return {
          value: { id, ...group },
          text: `created assignment ${id}${group ? ` with ${group.jobIds.length} jobs` : ""}`,
        };
      }),
    );
}

function updateAssignmentVerb({ program, run }: Verbs): void {
  program
    .command("update-assignment")
    .description("change artifacts, decisions, status or alignment")
    .argument("<id>")
    .option("--artifacts <json>")
    .option("--decisions <json>")
    .option("-s, --status <status>", "pending, active, blocked or complete")
    .option("--alignment <status>", "aligned, uncertain or misaligned")
    .action((id: Id<"assignments">, { alignment, ...changes }: UpdateOptions) =>
      run(async ({ client }) => {
        if (alignment === undefined && Object.keys(changes).length === 0) {
          throw new CliError("Cannot update the assignment: nothing to change was given");
        }
        const alignmentStatus = alignment === undefined ? {} : { alignmentStatus: alignment };
        await client.mutation(api.assignments.update, { id, ...changes, ...alignmentStatus });
        return { value: { id }, text: `updated ${id}` };
      }),
    );
}

function completeVerb({ program, run }: Verbs): void {
  program
    .command("complete")
    .description("mark an assignment complete")
    .argument("<id>")
    .action((id: Id<"assignments">) =>
      run(async ({ client }) => {
        await client.mutation(api.assignments.complete, { id });
        return { value: { id }, text: `completed ${id}` };
      }),
    );
}

function blockVerb({ program, run }: Verbs): void {
  program
    .command("block")
    .description("block an assignment")
    .argument("<id>")
    .argument("<reason...>")
    .action((id: Id<"assignments">, reason: string[]) =>
      run(async ({ client }) => {
        await client.mutation(api.assignments.block, { id, reason: reason.join(" ") });
        return { value: { id }, text: `blocked ${id}` };
      }),
    );
}

function unblockVerb({ program, run }: Verbs): void {
  program
    .command("unblock")
    .description("make a blocked assignment active again")
    .argument("<id>")
    .action((id: Id<"assignments">) =>
      run(async ({ client }) => {
        await client.mutation(api.assignments.unblock, { id });
        return { value: { id }, text: `unblocked ${id}` };
      }),
    );
}

function deleteAssignmentVerb({ program, run }: Verbs): void {
  program
    .command("delete-assignment")
    .description("delete an assignment with its groups and jobs")
    .argument("<id>")
    .action((id: Id<"assignments">) =>
      run(async ({ client }) => {
        const value = await client.mutation(api.assignments.remove, { id });
        if (!value.deleted) throw new CliError("Cannot delete the assignment: it does not exist");
        return { value, text: `deleted ${id} with ${value.groupsDeleted} groups and ${value.jobsDeleted} jobs` };
      }),
    );
}

function checkVerb({ program, colors, run }: Verbs): void {
  program
    .command("check")
    .description("look for counters that drifted and jobs that can never start")
    .option("--repair", "repair what can be repaired")
    .action((options: { repair?: boolean }) =>
      run(async (session) => {
        const { _id: namespaceId } = await namespaceOf(session);
        if (options.repair === true) await session.client.mutation(api.checks.repair, { namespaceId });
        const value = await session.client.query(api.checks.namespace, { namespaceId });
        const text = value
          .map(({ kind, text, remedy }) => `${colors.yellow(kind)}: ${text}\n  ${colors.dim(remedy)}`)
          .join("\n");
        return { value, text: value.length === 0 ? colors.green("Nothing is wrong.") : text };
      }),
    );
}

interface CreateOptions {
  readonly job?: string[];
  readonly harness?: JobInput["harness"];
  readonly independent?: boolean;
  readonly priority?: number;
}

interface UpdateOptions {
  readonly artifacts?: string;
  readonly decisions?: string;
  readonly status?: AssignmentStatus;
  readonly alignment?: "aligned" | "uncertain" | "misaligned";
}
