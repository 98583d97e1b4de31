/**
 * A job at a glance; while it runs, its meters: time left, silence left, tool calls, tokens, subagents.
 */
import { compactNumber, duration, Meter, StatusBadge, useSeconds } from "@narrowcast/ui";
import { IconCoins, IconRobot, IconTool } from "@tabler/icons-react";
import type { ReactElement, ReactNode } from "react";
import type { Doc, Id } from "../../convex/_generated/dataModel.js";

/** What a runner allows unless it is configured otherwise. */
export const TIMEOUT_MS = 60 * 60_000;
export const IDLE_TIMEOUT_MS = 10 * 60_000;

/** Below this share of what is left, a meter warns. */
const WARN_BELOW = 0.2;

/** The card; a click anywhere on it opens the job. Meters are beside the button, not in it, where nobody would hear them. */
export function JobCard({
  job,
  onOpen,
}: {
  readonly job: Doc<"jobs">;
  readonly onOpen: (id: Id<"jobs">) => void;
}): ReactElement {
  const name = `${job.jobType} job, ${job.status}`;
  return (
    <article className="job-card" data-state={job.status} aria-label={name}>
      <span className="card-line">
        <button type="button" className="job-open nc-clip" aria-label={name} onClick={() => onOpen(job._id)}>
          {job.jobType}
        </button>
        <span className="nc-muted job-sub">
          <Elapsed job={job} />
        </span>
      </span>
      <span className="card-line job-sub">
        <StatusBadge status={job.status} />
        <span className="nc-muted">{job.harness}</span>
      </span>
      {job.status === "pending" && job.context !== undefined && (
        <span className="job-text nc-muted">{job.context.replaceAll(/^#+\s*/gmu, "")}</span>
      )}
      {job.status === "running" && <LiveMeters job={job} />}
      {job.status !== "pending" && <Counters job={job} />}
    </article>
  );
}

/** Meters of a running job, to the second. */
export function LiveMeters({ job }: { readonly job: Doc<"jobs"> }): ReactElement {
  const now = useSeconds();
  const startedAt = job.startedAt ?? now;
  const timeLeft = Math.max(0, startedAt + TIMEOUT_MS - now);
  // The runner's clock may be ahead of this one's last tick.
  const silentFor = Math.max(0, now - (job.lastEventAt ?? startedAt));
  const silenceLeft = Math.max(0, IDLE_TIMEOUT_MS - silentFor);
  return (
    <span className="meters">
      <Meter
        label="Time left"
        value={timeLeft / TIMEOUT_MS}
        text={duration(timeLeft)}
        color={meterColor(timeLeft / TIMEOUT_MS)}
      />
      <Meter
        label="Silence left"
        value={silenceLeft / IDLE_TIMEOUT_MS}
        text={silenceLeft === 0 ? "no sign of life" : duration(silenceLeft)}
        color={meterColor(silenceLeft / IDLE_TIMEOUT_MS)}
      />
    </span>
  );
}

/** Tool calls, tokens, subagents; what is not known or zero is left out. */
export function Counters({ job }: { readonly job: Doc<"jobs"> }): ReactElement | null {
  const { toolCallCount = 0, totalTokens = 0, subagentCount = 0 } = job;
  if (toolCallCount + totalTokens + subagentCount === 0) return null;
  return (
    <span className="counters nc-numbers">
      <Counter label="tool calls" value={toolCallCount} icon={<IconTool size={13} stroke={1.8} />} />
      <Counter label="tokens" value={totalTokens} icon={<IconCoins size={13} stroke={1.8} />} />
      <Counter label="subagents" value={subagentCount} icon={<IconRobot size={13} stroke={1.8} />} />
    </span>
  );
}

function Counter({
  label,
  value,
  icon,
}: {
  readonly label: string;
  readonly value: number;
  readonly icon: ReactNode;
}): ReactElement | null {
  if (value === 0) return null;
  return (
    <span className="counter" title={`${value} ${label}`} role="img" aria-label={`${value} ${label}`}>
      {icon}
      {compactNumber(value)}
    </span>
  );
}

function Elapsed({ job }: { readonly job: Doc<"jobs"> }): ReactElement | null {
  if (job.startedAt === undefined) return null;
  if (job.status === "running") return <RunningFor since={job.startedAt} />;
  return job.completedAt === undefined ? null : (
    <span className="nc-numbers">{duration(job.completedAt - job.startedAt)}</span>
  );
}

function RunningFor({ since }: { readonly since: number }): ReactElement {
  return <span className="nc-numbers">{duration(useSeconds() - since)}</span>;
}

function meterColor(left: number): string {
  if (left <= 0) return "var(--nc-failed)";
  return left < WARN_BELOW ? "var(--nc-waiting)" : "var(--nc-running)";
}
