/**
 * The thirteen jobs: what each is, when it ran, what it did; and with the operator's key, its interval, its switch, and "run now". All live.
 */
import { LoadingRows } from "@narrowcast/ui";
import { useQuery } from "convex/react";
import type { ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import { JobCard } from "./job-card.tsx";

/** The board. Without a key it only shows. */
export function JobBoard({ adminKey }: { readonly adminKey: string }): ReactElement {
  const jobs = useQuery(api.cronSettings.list, {});
  const running = jobs?.filter(({ lastRun }) => lastRun !== null && lastRun.endedAt === undefined).length ?? 0;
  const managed = jobs?.filter(({ isManaged }) => isManaged).length ?? 0;
  return (
    <div className="scroll board">
      <header className="board-head">
        <h2>Jobs</h2>
        <p className="nc-muted">
          {jobs === undefined
            ? "Loading"
            : `${jobs.length} jobs, ${managed} edited, ${running === 0 ? "none running" : `${running} running`}. Nothing polls: each waits for its own moment.`}
        </p>
      </header>
      {jobs === undefined ? (
        <LoadingRows rows={8} height={84} label="Loading jobs" />
      ) : (
        <ul className="job-grid">
          {jobs.map((job) => (
            <li key={job.name}>
              <JobCard job={job} adminKey={adminKey} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
