/**
 * One job in full: prompt, result, metrics. It has a subscription of its own while it is open.
 */
import { Badge, Group, Modal, Tabs, Text } from "@mantine/core";
import { CopyAction, duration, EmptyState, ErrorNotice, KeyValue, LoadingRows, StatusBadge } from "@narrowcast/ui";
import type { ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Doc, Id } from "../../convex/_generated/dataModel.js";
import { useLive } from "../data/session.tsx";
import { LiveMeters } from "./job-card.tsx";

/** The dialog; closed while there is no id. */
export function JobDetail({
  id,
  onClose,
}: {
  readonly id: Id<"jobs"> | undefined;
  readonly onClose: () => void;
}): ReactElement {
  const job = useLive(api.jobs.get, id === undefined ? "skip" : { id });
  const value = job.status === "ready" ? job.value : null;
  const heading =
    value === null ? (
      "Job"
    ) : (
      <Group gap="sm">
        <Text component="span" fw={620}>
          {value.jobType}
        </Text>
        <Badge color="gray">{value.harness}</Badge>
        <StatusBadge status={value.status} />
      </Group>
    );
  return (
    <Modal opened={id !== undefined} onClose={onClose} size="xl" title={heading}>
      {job.status === "failed" && <ErrorNotice title="The job cannot be read" message={job.message} />}
      {job.status === "loading" && <LoadingRows label="Loading the job" />}
      {job.status === "ready" && (value === null ? <EmptyState title="This job is gone" /> : <Detail job={value} />)}
    </Modal>
  );
}

function Detail({ job }: { readonly job: Doc<"jobs"> }): ReactElement {
  const tabs = [
    { value: "result", label: "Result", text: job.result },
    { value: "prompt", label: "Prompt", text: job.prompt },
    { value: "context", label: "Task", text: job.context },
  ].filter((tab) => tab.text !== undefined && tab.text !== "");
  const moment = (time: number | undefined) => (time === undefined ? undefined : new Date(time).toLocaleString());
  const took =
    job.startedAt !== undefined && job.completedAt !== undefined
      ? duration(job.completedAt - job.startedAt)
      : undefined;
  return (
    <div className="detail">
      {job.status === "running" && <LiveMeters job={job} />}
      <KeyValue
        entries={[
          ["Started", moment(job.startedAt)],
          ["Finished", moment(job.completedAt)],
          ["Took", took],
          ["Tool calls", job.toolCallCount?.toLocaleString()],
          ["Tokens", job.totalTokens?.toLocaleString()],
          ["Subagents", job.subagentCount?.toLocaleString()],
        ]}
      />
      {tabs.length > 0 && (
        <Tabs defaultValue={tabs[0]!.value} key={tabs[0]!.value}>
          <Tabs.List>
            {tabs.map((tab) => (
              <Tabs.Tab key={tab.value} value={tab.value}>
                {tab.label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {tabs.map((tab) => (
            <Tabs.Panel key={tab.value} value={tab.value} pt="sm" className="detail-text">
              <span className="detail-copy">
                <CopyAction text={tab.text ?? ""} label={`Copy the ${tab.label.toLowerCase()}`} />
              </span>
              <pre className="nc-pre" tabIndex={0} aria-label={tab.label}>
                {tab.text}
              </pre>
            </Tabs.Panel>
          ))}
        </Tabs>
      )}
    </div>
  );
}
