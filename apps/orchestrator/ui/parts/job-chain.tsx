/**
 * The chain of groups: jobs of a group side by side, groups under each other, lines that fan out and in between.
 *
 * One subscription a group, however many groups there are. They are asked for in one hook, so their number may change.
 */
import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { EmptyState, ErrorNotice, LoadingRows, StatusBadge } from "@narrowcast/ui";
import { IconPlus } from "@tabler/icons-react";
import { useState, type CSSProperties, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Doc, Id } from "../../convex/_generated/dataModel.js";
import { isStranded } from "../../convex/model/groups.ts";
import { useLiveEach, type Live } from "../data/session.tsx";
import { AddGroup } from "./create-assignment.tsx";
import { JobCard } from "./job-card.tsx";
import { JobDetail } from "./job-detail.tsx";

/** A group as the chain query gives it. */
export type GroupSummary = Pick<Doc<"jobGroups">, "_id" | "status" | "nextGroupId" | "createdAt">;

/** How many jobs are in which state. */
export interface Rollup {
  readonly done: number;
  readonly running: number;
  readonly pending: number;
  readonly failed: number;
}

/** The chain with its rollup. */
export function JobChain({
  assignmentId,
  groups,
}: {
  readonly assignmentId: Id<"assignments">;
  readonly groups: readonly GroupSummary[];
}): ReactElement {
  const args = Object.fromEntries(groups.map((group) => [group._id, { groupId: group._id }]));
  const jobsByGroup = useLiveEach(api.jobs.list, args);
  const [openId, setOpenId] = useState<Id<"jobs">>();
  const [isAdding, { open, close }] = useDisclosure(false);
  const known = groups.flatMap((group) => readyJobs(jobsByGroup[group._id]));
  return (
    <section aria-label="Jobs" className="chain">
      <header className="chain-head">
        <h3>Jobs</h3>
        <RollupLine rollup={rollUp(known)} />
        <Button variant="default" leftSection={<IconPlus size={14} />} onClick={open} ml="auto">
          Add jobs
        </Button>
      </header>
      {groups.length === 0 && (
        <EmptyState title="No jobs yet">Add the first jobs, and a runner will start them.</EmptyState>
      )}
      <ol className="plain-list">
        {groups.map((group, index) => (
          <GroupRow
            key={group._id}
            number={index + 1}
            group={group}
            jobs={jobsByGroup[group._id]}
            onOpen={setOpenId}
            next={laneCount(groups[index + 1], jobsByGroup)}
          />
        ))}
      </ol>
      <Modal
        opened={isAdding}
        onClose={close}
        title={groups.length === 0 ? "First jobs" : "Jobs behind the last group"}
        size="lg"
      >
        <AddGroup assignmentId={assignmentId} afterGroupId={groups.at(-1)?._id} onDone={close} />
      </Modal>
      <JobDetail id={openId} onClose={() => setOpenId(undefined)} />
    </section>
  );
}

/** Counts jobs by what has become of them. */
export function rollUp(jobs: readonly Pick<Doc<"jobs">, "status">[]): Rollup {
  const count = (status: Doc<"jobs">["status"]) => jobs.filter((job) => job.status === status).length;
  return { done: count("complete"), running: count("running"), pending: count("pending"), failed: count("failed") };
}

function RollupLine({ rollup }: { readonly rollup: Rollup }): ReactElement {
  const parts = [
    { status: "complete", label: `${rollup.done} done`, isShown: true },
    { status: "running", label: `${rollup.running} running`, isShown: rollup.running > 0 },
    { status: "pending", label: `${rollup.pending} pending`, isShown: rollup.pending > 0 },
    { status: "failed", label: `${rollup.failed} failed`, isShown: rollup.failed > 0 },
  ] as const;
  return (
    <span className="rollup nc-numbers">
      {parts
        .filter((part) => part.isShown)
        .map(({ status, label }) => (
          <StatusBadge key={status} status={status} label={label} />
        ))}
    </span>
  );
}

interface GroupRowProps {
  readonly number: number;
  readonly group: GroupSummary;
  readonly jobs: Live<Doc<"jobs">[]> | undefined;
  readonly onOpen: (id: Id<"jobs">) => void;
  /** Jobs of the group behind this one; undefined for the last. */
  readonly next: number | undefined;
}

function GroupRow({ number, group, jobs, onOpen, next }: GroupRowProps): ReactElement {
  const list = readyJobs(jobs);
  return (
    <li className="group" aria-label={`Group ${number}, ${group.status}`} data-state={group.status}>
      {jobs?.status === "failed" && <ErrorNotice title="Jobs cannot be read" message={jobs.message} />}
      {(jobs === undefined || jobs.status === "loading") && <LoadingRows rows={1} height={72} label="Loading jobs" />}
      {isStranded(group, list) && (
        <div className="callout" data-state="blocked" role="note">
          <b>Stranded.</b> This group counts as running, but none of its jobs runs. The check in the header repairs it.
        </div>
      )}
      {jobs?.status === "ready" && list.length === 0 && (
        <div className="callout" data-state="blocked" role="note">
          <b>Empty.</b> This group has no jobs, so the chain stops here.
        </div>
      )}
      {list.length > 0 && (
        <div className="lanes" style={laneStyle(list.length)}>
          {list.map((job) => (
            <JobCard key={job._id} job={job} onOpen={onOpen} />
          ))}
        </div>
      )}
      {next !== undefined && <div className="connector" aria-hidden="true" style={connectorStyle(list.length, next)} />}
    </li>
  );
}

/** Lanes side by side: at most so many in a wide pane, and in a narrow one. */
const LANES_WIDE_MAX = 3;
const LANES_NARROW_MAX = 2;

/** Jobs of a group, in as many rows as they need; those of the last row share its whole width. */
function laneStyle(jobs: number): CSSProperties {
  return {
    "--lanes-wide": inFirstRow(jobs, LANES_WIDE_MAX),
    "--lanes-narrow": inFirstRow(jobs, LANES_NARROW_MAX),
  } as CSSProperties;
}

/** Lines from a group's last row to the next group's first. */
function connectorStyle(jobs: number, next: number): CSSProperties {
  return {
    "--lanes-wide": inLastRow(jobs, LANES_WIDE_MAX),
    "--lanes-narrow": inLastRow(jobs, LANES_NARROW_MAX),
    "--next-wide": inFirstRow(next, LANES_WIDE_MAX),
    "--next-narrow": inFirstRow(next, LANES_NARROW_MAX),
  } as CSSProperties;
}

function inFirstRow(jobs: number, max: number): number {
  return Math.max(1, Math.min(jobs, max));
}

function inLastRow(jobs: number, max: number): number {
  return jobs === 0 ? 1 : ((jobs - 1) % max) + 1;
}

function laneCount(
  group: GroupSummary | undefined,
  jobs: Readonly<Record<string, Live<Doc<"jobs">[]>>>,
): number | undefined {
  return group === undefined ? undefined : readyJobs(jobs[group._id]).length;
}

function readyJobs(jobs: Live<Doc<"jobs">[]> | undefined): Doc<"jobs">[] {
  return jobs?.status === "ready" ? jobs.value : [];
}
