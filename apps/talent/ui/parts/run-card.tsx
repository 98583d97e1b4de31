/**
 * The newest run of the matching: its batches, what it waits for, what it has found, and the levers.
 */
import { Button } from "@mantine/core";
import { ErrorNotice, Meter, RelativeTime, StatusBadge, useSeconds, useTask } from "@narrowcast/ui";
import { IconPlayerPlay, IconSnowflake } from "@tabler/icons-react";
import { useAction, useMutation, useQuery } from "convex/react";
import type { FunctionReturnType } from "convex/server";
import type { ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";

type Run = NonNullable<FunctionReturnType<typeof api.matches.getProgress>>;

/** How long the button makes the model refuse. */
const BUSY_SECONDS = 20;
/** A run that shows no sign of life for so long has lost its step; the watch will notice. */
const DEAD_MS = 10 * 60_000;
/** Found titles that are shown while a run goes on. */
const FOUND_SHOWN = 6;

export function RunCard({ userId }: { readonly userId: string }): ReactElement {
  const run = useQuery(api.matches.getProgress, { userId });
  const trigger = useAction(api.matches.triggerMatchComputation);
  const task = useTask();
  const isRunning = run?.status === "running";
  return (
    <div className="run">
      <div className="run-actions">
        <Button
          size="xs"
          leftSection={<IconPlayerPlay size={14} />}
          loading={task.isBusy}
          onClick={() => void task.run(() => trigger({ userId }))}
        >
          {isRunning ? "Start over" : "Run matching"}
        </Button>
        <ModelLever />
      </div>
      {task.error !== undefined && <ErrorNotice title="The matching did not start" message={task.error} />}
      {run !== undefined && run !== null && <RunState run={run} />}
    </div>
  );
}

/** Makes the model answer 429 for a while, and says how long it still will. */
function ModelLever(): ReactElement {
  const busyUntil = useQuery(api.demo.modelBusy) ?? 0;
  const makeBusy = useMutation(api.demo.makeModelBusy);
  const task = useTask();
  const left = Math.ceil((busyUntil - useSeconds()) / 1_000);
  const isBusy = left > 0;
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconSnowflake size={14} />}
        loading={task.isBusy}
        onClick={() => void task.run(() => makeBusy({ seconds: isBusy ? 0 : BUSY_SECONDS }))}
      >
        {isBusy ? `429 for ${left} s more: end it` : "Make the model answer 429"}
      </Button>
      {task.error !== undefined && <ErrorNotice title="The model stays as it is" message={task.error} />}
    </>
  );
}

function RunState({ run }: { readonly run: Run }): ReactElement {
  const { totalBatches, batchIndex, candidateCount, givenUp, found, matchCount, finishedAt } = run;
  const text = `${batchIndex} of ${totalBatches} batches`;
  return (
    <div className="run-state" aria-live="polite">
      <div className="run-line">
        <RunBadge run={run} />
        <span className="nc-muted small">
          {run.status === "finished" && finishedAt !== undefined ? (
            <>
              {matchCount} matches of {candidateCount} openings, <RelativeTime time={finishedAt} />
            </>
          ) : (
            `${candidateCount} openings, ${found.length} found so far`
          )}
        </span>
      </div>
      <Meter label="Progress" value={batchIndex / totalBatches} text={text} />
      {run.status === "running" && <Retry run={run} />}
      {givenUp.length > 0 && (
        <p className="small nc-muted">
          {givenUp.length === 1 ? "One batch was" : `${givenUp.length} batches were`} given up: {run.lastError}. Earlier
          matches of these openings stay.
        </p>
      )}
      {found.length > 0 && (
        <ul className="found" aria-label="Found so far">
          {found
            .toSorted((a, b) => b.score - a.score)
            .slice(0, FOUND_SHOWN)
            .map(({ title, score, batchIndex: batch }, index) => (
              // Titles can repeat; the place in the list tells them apart.
              // oxlint-disable-next-line react/no-array-index-key
              <li key={`${batch} ${title} ${index}`}>
                <span className="nc-numbers">{score}</span> {title}
              </li>
            ))}
        </ul>
      )}
    </div>
  );
}

function RunBadge({ run }: { readonly run: Run }): ReactElement {
  const now = useSeconds();
  if (run.status === "finished") return <StatusBadge status="complete" label="Finished" />;
  if (run.status === "superseded") return <StatusBadge status="pending" label="Superseded" />;
  if (now - Math.max(run.progressAt, run.nextAttemptAt) > DEAD_MS) {
    return <StatusBadge status="failed" label="No sign of life" />;
  }
  return run.retryCount > 0 ? (
    <StatusBadge status="blocked" label="Waiting for the model" />
  ) : (
    <StatusBadge status="running" label="Matching" />
  );
}

/** "Retry 3 of batch 2 in 4 s". */
function Retry({ run }: { readonly run: Run }): ReactElement | null {
  const now = useSeconds();
  if (run.retryCount === 0) return null;
  const left = Math.max(0, Math.ceil((run.nextAttemptAt - now) / 1_000));
  return (
    <p className="small retry">
      Retry {run.retryCount} of batch {run.batchIndex + 1} {left === 0 ? "now" : `in ${left} s`}
      {run.lastError !== undefined && <span className="nc-muted">. {run.lastError}</span>}
    </p>
  );
}
