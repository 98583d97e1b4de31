/**
 * Forms that make work: an assignment with its first jobs, and a further group of jobs.
 */
import { ActionIcon, Autocomplete, Button, Group, NumberInput, Select, Stack, Switch, Textarea } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState, type FormEvent, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";
import type { JobInput } from "../../convex/model/fields.ts";
import { useAct } from "../data/session.tsx";
import { useTask } from "../data/use-task.ts";
import { TaskError } from "./task-error.tsx";

const JOB_TYPES = ["plan", "implement", "test", "review", "document", "pm"];
const HARNESSES = ["claude", "codex", "gemini"] as const;

/** A row of the job editor; `key` only tells rows apart. */
interface JobRow {
  readonly key: number;
  readonly jobType: string;
  readonly harness: JobInput["harness"];
  readonly context: string;
}

interface CreateAssignmentProps {
  readonly namespaceId: Id<"namespaces">;
  readonly onCreated: (id: Id<"assignments">) => void;
}

/** Makes an assignment and, if jobs are given, its first group. */
export function CreateAssignment({ namespaceId, onCreated }: CreateAssignmentProps): ReactElement {
  const create = useAct(api.assignments.create);
  const createGroup = useAct(api.jobs.createGroup);
  const task = useTask();
  const [northStar, setNorthStar] = useState("");
  const [isIndependent, setIndependent] = useState(false);
  const [priority, setPriority] = useState<number | string>(10);
  const [rows, setRows] = useState<readonly JobRow[]>([{ key: 0, jobType: "plan", harness: "claude", context: "" }]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void task.run(async () => {
      const id = await create({
        namespaceId,
        northStar: northStar.trim(),
        independent: isIndependent,
        ...(typeof priority === "number" ? { priority } : {}),
      });
      const jobs = toInputs(rows);
      if (jobs.length > 0) await createGroup({ assignmentId: id, jobs });
      onCreated(id);
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Textarea
          label="North star"
          description="What is true when this is done. The first line is its title."
          required
          data-autofocus
          autosize
          minRows={3}
          maxRows={10}
          value={northStar}
          onChange={(event) => setNorthStar(event.currentTarget.value)}
        />
        <Group gap="lg" align="flex-end">
          <NumberInput
            label="Priority"
            description="Smaller runs first"
            w={130}
            value={priority}
            onChange={setPriority}
            disabled={isIndependent}
          />
          <Switch
            label="Independent: runs beside everything else"
            checked={isIndependent}
            onChange={(event) => setIndependent(event.currentTarget.checked)}
            mb={8}
          />
        </Group>
        <JobRows legend="First jobs, side by side" rows={rows} onChange={setRows} />
        <TaskError task={task} />
        <Button
          type="submit"
          loading={task.isBusy}
          disabled={northStar.trim() === ""}
          style={{ alignSelf: "flex-end" }}
        >
          Create assignment
        </Button>
      </Stack>
    </form>
  );
}

/** Adds a group behind another one, or the first one. */
export function AddGroup({
  assignmentId,
  afterGroupId,
  onDone,
}: {
  readonly assignmentId: Id<"assignments">;
  readonly afterGroupId: Id<"jobGroups"> | undefined;
  readonly onDone: () => void;
}): ReactElement {
  const createGroup = useAct(api.jobs.createGroup);
  const insertAfter = useAct(api.jobs.insertGroupAfter);
  const task = useTask();
  const [rows, setRows] = useState<readonly JobRow[]>([
    { key: 0, jobType: "implement", harness: "claude", context: "" },
  ]);
  const jobs = toInputs(rows);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const isDone = await task.run(() =>
      afterGroupId === undefined ? createGroup({ assignmentId, jobs }) : insertAfter({ afterGroupId, jobs }),
    );
    if (isDone) onDone();
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="md">
        <JobRows legend="Jobs, side by side" rows={rows} onChange={setRows} />
        <TaskError task={task} />
        <Button type="submit" loading={task.isBusy} disabled={jobs.length === 0} style={{ alignSelf: "flex-end" }}>
          Add jobs
        </Button>
      </Stack>
    </form>
  );
}

function JobRows({
  legend,
  rows,
  onChange,
}: {
  readonly legend: string;
  readonly rows: readonly JobRow[];
  readonly onChange: (rows: readonly JobRow[]) => void;
}): ReactElement {
  const set = (key: number, changes: Partial<JobRow>) =>
    onChange(rows.map((row) => (row.key === key ? { ...row, ...changes } : row)));
  const add = () => {
    const key = Math.max(-1, ...rows.map((row) => row.key)) + 1;
    onChange([...rows, { key, jobType: "implement", harness: "claude", context: "" }]);
  };
  return (
    <fieldset className="plain-fieldset">
      <legend>{legend}</legend>
      <Stack gap="xs">
        {rows.map((row, index) => (
          <div key={row.key} className="job-row">
            <Autocomplete
              aria-label={`Type of job ${index + 1}`}
              placeholder="Type"
              data={JOB_TYPES}
              value={row.jobType}
              onChange={(jobType) => set(row.key, { jobType })}
            />
            <Select
              aria-label={`Harness of job ${index + 1}`}
              data={HARNESSES}
              allowDeselect={false}
              value={row.harness}
              onChange={(harness) => harness !== null && set(row.key, { harness })}
            />
            <Textarea
              className="job-row-task"
              aria-label={`Task of job ${index + 1}`}
              placeholder="What to do"
              autosize
              minRows={1}
              maxRows={6}
              value={row.context}
              onChange={(event) => set(row.key, { context: event.currentTarget.value })}
            />
            <ActionIcon
              aria-label={`Remove job ${index + 1}`}
              size={34}
              onClick={() => onChange(rows.filter((each) => each.key !== row.key))}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </div>
        ))}
        <Button variant="subtle" leftSection={<IconPlus size={14} />} onClick={add} style={{ alignSelf: "flex-start" }}>
          Another job
        </Button>
      </Stack>
    </fieldset>
  );
}

function toInputs(rows: readonly JobRow[]): JobInput[] {
  return rows
    .filter((row) => row.jobType.trim() !== "")
    .map(({ jobType, harness, context }) => ({
      jobType: jobType.trim(),
      harness,
      ...(context.trim() === "" ? {} : { context: context.trim() }),
    }));
}
