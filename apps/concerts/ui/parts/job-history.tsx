/**
 * The latest runs of one job.
 */
import { LoadingRows, RelativeTime, StatusDot } from "@narrowcast/ui";
import { useQuery } from "convex/react";
import type { ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import { statusOf } from "../data/run-status.ts";

const RUNS = 8;

/** Newest first; live. */
export function JobHistory({ name }: { readonly name: string }): ReactElement {
  const runs = useQuery(api.cronSettings.history, { name, limit: RUNS });
  if (runs === undefined) return <LoadingRows rows={3} height={16} label="Loading runs" />;
  return (
    <ul className="runs">
      {runs.map((run) => (
        <li key={`${run.startedAt} ${run.by} ${run.outcome}`}>
          <StatusDot status={statusOf(run)} label={run.outcome ?? "running"} />
          <RelativeTime time={run.startedAt} />
          <span className="nc-muted">{run.by}</span>
          <span className="nc-clip" title={run.note}>
            {run.note}
          </span>
        </li>
      ))}
    </ul>
  );
}
