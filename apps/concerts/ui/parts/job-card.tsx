/**
 * One job: its state, its latest run, and what an operator may do with it.
 */
import { Button, NativeSelect, Switch } from "@mantine/core";
import { RelativeTime, StatusBadge, useSeconds, useTask } from "@narrowcast/ui";
import { IconPlayerPlay, IconRestore } from "@tabler/icons-react";
import { useMutation } from "convex/react";
import type { FunctionReturnType } from "convex/server";
import { useState, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import { everyText, intervalText, untilText } from "../data/dates.ts";
import { JobHistory } from "./job-history.tsx";

type Job = FunctionReturnType<typeof api.cronSettings.list>[number];
type Run = NonNullable<Job["lastRun"]>;

const MINUTE_MS = 60_000;
/** What the list offers, beside the interval of the program. */
const CHOICES_MS = [1, 5, 10, 30, 60, 120, 240, 360, 720, 1_440, 10_080].map((minutes) => minutes * MINUTE_MS);

/** The card. */
export function JobCard({ job, adminKey }: { readonly job: Job; readonly adminKey: string }): ReactElement {
  const [showsHistory, setShowsHistory] = useState(false);
  return (
    <article className="job" aria-label={job.title} data-off={job.enabled ? undefined : ""}>
      <div className="job-line">
        <h3>{job.title}</h3>
        <JobState job={job} />
      </div>
      <p className="nc-muted job-name">
        <code>{job.name}</code> {job.enabled ? everyText(job.intervalMs) : "switched off"}
        {job.isManaged && job.nextRunAt !== null && <NextRun at={job.nextRunAt} />}
      </p>
      <LastRun run={job.lastRun} />
      {adminKey !== "" && <Controls job={job} adminKey={adminKey} />}
      <button
        type="button"
        className="link-button"
        aria-expanded={showsHistory}
        onClick={() => setShowsHistory(!showsHistory)}
      >
        {showsHistory ? "Hide runs" : "Earlier runs"}
      </button>
      {showsHistory && <JobHistory name={job.name} />}
    </article>
  );
}

function JobState({ job: { enabled, lastRun } }: { readonly job: Job }): ReactElement {
  if (lastRun !== null && lastRun.endedAt === undefined) return <StatusBadge status="running" />;
  if (!enabled) return <StatusBadge status="blocked" label="off" />;
  if (lastRun?.outcome === "failed") return <StatusBadge status="failed" />;
  return (
    <StatusBadge status={lastRun === null ? "pending" : "complete"} label={lastRun === null ? "waiting" : "fine"} />
  );
}

function NextRun({ at }: { readonly at: number }): ReactElement {
  return <span className="nc-numbers">, next {untilText(at, useSeconds())}</span>;
}

function LastRun({ run }: { readonly run: Run | null }): ReactElement {
  if (run === null) return <p className="nc-muted job-run">Has not run yet</p>;
  return (
    <p className="job-run" aria-live="polite">
      <RelativeTime time={run.startedAt} /> <span className="nc-clip">{run.note ?? "under way"}</span>
    </p>
  );
}

function Controls({ job, adminKey: key }: { readonly job: Job; readonly adminKey: string }): ReactElement {
  const update = useMutation(api.cronSettings.update);
  const reset = useMutation(api.cronSettings.reset);
  const runNow = useMutation(api.cronSettings.runNow);
  const task = useTask();
  const { name, intervalMs, enabled } = job;
  const choices = [...new Set([...CHOICES_MS, job.defaultIntervalMs, intervalMs])].toSorted((a, b) => a - b);
  return (
    <>
      <div className="job-controls">
        <Switch
          aria-label={`${job.title} enabled`}
          checked={enabled}
          onChange={(event) => {
            const isOn = event.currentTarget.checked;
            void task.run(async () => update({ key, name, intervalMs, enabled: isOn }));
          }}
        />
        <NativeSelect
          aria-label={`Interval of ${job.title}`}
          size="xs"
          value={String(intervalMs)}
          onChange={(event) => {
            const chosen = Number(event.currentTarget.value);
            void task.run(async () => update({ key, name, intervalMs: chosen, enabled }));
          }}
          data={choices.map((ms) => ({ value: String(ms), label: intervalText(ms) }))}
        />
        <Button
          variant="default"
          leftSection={<IconPlayerPlay size={14} stroke={1.7} />}
          loading={task.isBusy}
          onClick={() => void task.run(async () => runNow({ key, name }))}
          aria-label={`Run now: ${job.title}`}
        >
          Run now
        </Button>
        {job.isManaged && (
          <Button
            variant="subtle"
            color="gray"
            leftSection={<IconRestore size={14} stroke={1.7} />}
            onClick={() => void task.run(async () => reset({ key, name }))}
            aria-label={`Reset: ${job.title}`}
          >
            Reset
          </Button>
        )}
      </div>
      {task.error !== undefined && <p role="alert">{task.error}</p>}
    </>
  );
}
