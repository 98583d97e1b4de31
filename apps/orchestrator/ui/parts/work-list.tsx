/**
 * Threads or assignments of a namespace.
 *
 * A thread with an assignment subscribes to that one assignment for its badges: a change of another one, or a heartbeat
 * of a job, concerns nobody here.
 */
import { ActionIcon, Modal, ScrollArea, Tabs, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { EmptyState, ErrorNotice, LoadingRows, RelativeTime, StatusDot } from "@narrowcast/ui";
import { IconEye, IconFlame, IconMessageCircle, IconPlus, IconTarget } from "@tabler/icons-react";
import type { ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Doc, Id } from "../../convex/_generated/dataModel.js";
import { title } from "../../convex/model/findings.ts";
import { formatRoute, goTo, type Route } from "../data/route.ts";
import { useAct, useLive } from "../data/session.tsx";
import { useTask } from "../data/use-task.ts";
import { CreateAssignment } from "./create-assignment.tsx";

/** Which of the two lists. */
export type ListTab = "threads" | "assignments";

/** What {@link WorkList} takes. */
export interface WorkListProps {
  readonly namespaceId: Id<"namespaces">;
  readonly route: Route;
  readonly tab: ListTab;
  readonly onTab: (tab: ListTab) => void;
}

/** The list with its tabs. */
export function WorkList({ namespaceId, route, tab, onTab }: WorkListProps): ReactElement {
  const createThread = useAct(api.chatThreads.create);
  const task = useTask();
  const [isCreating, { open, close }] = useDisclosure(false);
  const startThread = () =>
    void task.run(async () => goTo({ namespaceId, threadId: await createThread({ namespaceId }) }));
  const newLabel = tab === "threads" ? "New thread" : "New assignment";
  return (
    <Tabs
      value={tab}
      onChange={(value) => onTab(value === "assignments" ? "assignments" : "threads")}
      className="tabs"
      keepMounted={false}
    >
      <div className="column-head">
        <Tabs.List style={{ flex: 1 }}>
          <Tabs.Tab value="threads">Threads</Tabs.Tab>
          <Tabs.Tab value="assignments">Assignments</Tabs.Tab>
        </Tabs.List>
        <Tooltip label={newLabel}>
          <ActionIcon
            aria-label={newLabel}
            variant="default"
            size={28}
            loading={task.isBusy}
            onClick={tab === "threads" ? startThread : open}
          >
            <IconPlus size={16} />
          </ActionIcon>
        </Tooltip>
      </div>
      {task.error !== undefined && <ErrorNotice title="The thread was not created" message={task.error} />}
      <Tabs.Panel value="threads" className="panel">
        <ThreadList namespaceId={namespaceId} selectedId={route.threadId} />
      </Tabs.Panel>
      <Tabs.Panel value="assignments" className="panel">
        <AssignmentList namespaceId={namespaceId} selectedId={route.assignmentId} />
      </Tabs.Panel>
      <Modal opened={isCreating} onClose={close} title="New assignment" size="lg">
        <CreateAssignment
          namespaceId={namespaceId}
          onCreated={(assignmentId) => {
            close();
            goTo({ namespaceId, assignmentId });
          }}
        />
      </Modal>
    </Tabs>
  );
}

interface ListProps<T extends string> {
  readonly namespaceId: Id<"namespaces">;
  readonly selectedId: T | undefined;
}

function ThreadList({ namespaceId, selectedId }: ListProps<Id<"chatThreads">>): ReactElement {
  const threads = useLive(api.chatThreads.list, { namespaceId });
  if (threads.status === "failed") return <ErrorNotice title="Threads cannot be read" message={threads.message} />;
  if (threads.status !== "ready") return <LoadingRows rows={5} height={44} label="Loading threads" />;
  if (threads.value.length === 0) {
    return (
      <EmptyState icon={<IconMessageCircle size={26} stroke={1.4} />} title="No threads yet">
        Start one with the plus above.
      </EmptyState>
    );
  }
  return (
    <ScrollArea className="fill" type="auto" scrollbarSize={8}>
      <ul className="plain-list item-list">
        {threads.value.map((thread) => (
          <ThreadItem key={thread._id} thread={thread} isSelected={thread._id === selectedId} />
        ))}
      </ul>
    </ScrollArea>
  );
}

const MODE_ICONS = { jam: IconMessageCircle, cook: IconFlame, guardian: IconEye } as const;

/** One thread, with the badges of its own assignment. */
function ThreadItem({
  thread,
  isSelected,
}: {
  readonly thread: Doc<"chatThreads">;
  readonly isSelected: boolean;
}): ReactElement {
  const assignment = useLive(
    api.assignments.get,
    thread.assignmentId === undefined ? "skip" : { id: thread.assignmentId },
  );
  const linked = assignment.status === "ready" ? assignment.value : null;
  const Icon = MODE_ICONS[thread.mode];
  return (
    <li>
      <a
        className="item-link"
        href={formatRoute({ namespaceId: thread.namespaceId, threadId: thread._id })}
        aria-current={isSelected ? "true" : undefined}
      >
        <span className="card-line">
          <Text component="span" size="sm" fw={530} className="nc-clip">
            {thread.title}
          </Text>
          <Text component="span" size="xs">
            <RelativeTime time={thread.updatedAt} />
          </Text>
        </span>
        <span className="item-meta nc-muted">
          <Icon size={13} stroke={1.8} aria-hidden="true" /> {thread.mode}
          <span className="dots">
            {linked !== null && <StatusDot status={linked.status} label={`Assignment ${linked.status}`} />}
            {linked?.alignmentStatus !== undefined && (
              <StatusDot status={linked.alignmentStatus} label={`Direction ${linked.alignmentStatus}`} />
            )}
          </span>
        </span>
      </a>
    </li>
  );
}

const STATUS_ORDER = ["active", "pending", "blocked", "complete"] as const;

function AssignmentList({ namespaceId, selectedId }: ListProps<Id<"assignments">>): ReactElement {
  const assignments = useLive(api.assignments.list, { namespaceId });
  if (assignments.status === "failed")
    return <ErrorNotice title="Assignments cannot be read" message={assignments.message} />;
  if (assignments.status !== "ready") return <LoadingRows rows={5} height={44} label="Loading assignments" />;
  if (assignments.value.length === 0) {
    return (
      <EmptyState icon={<IconTarget size={26} stroke={1.4} />} title="No assignments yet">
        An assignment is a goal with a chain of jobs. Create one with the plus above.
      </EmptyState>
    );
  }
  return (
    <ScrollArea className="fill" type="auto" scrollbarSize={8}>
      {STATUS_ORDER.map((status) => {
        const group = assignments.value
          .filter((each) => each.status === status)
          .toSorted((a, b) => b.updatedAt - a.updatedAt);
        return group.length === 0 ? null : (
          <section key={status} aria-label={`${status} assignments`}>
            <h2 className="list-heading" data-state={status}>
              {status} <span className="nc-muted nc-numbers">{group.length}</span>
            </h2>
            <ul className="plain-list item-list">
              {group.map((assignment) => (
                <AssignmentItem
                  key={assignment._id}
                  assignment={assignment}
                  isSelected={assignment._id === selectedId}
                />
              ))}
            </ul>
          </section>
        );
      })}
    </ScrollArea>
  );
}

function AssignmentItem({
  assignment,
  isSelected,
}: {
  readonly assignment: Doc<"assignments">;
  readonly isSelected: boolean;
}): ReactElement {
  const { _id, namespaceId, status, alignmentStatus, independent, priority, updatedAt } = assignment;
  return (
    <li>
      <a
        className="item-link"
        href={formatRoute({ namespaceId, assignmentId: _id })}
        aria-current={isSelected ? "true" : undefined}
      >
        <span className="card-line">
          <Text component="span" size="sm" fw={530} className="nc-clip">
            {title(assignment)}
          </Text>
          <Text component="span" size="xs">
            <RelativeTime time={updatedAt} />
          </Text>
        </span>
        <span className="item-meta nc-muted">
          {independent ? "independent" : `priority ${priority}`}
          <span className="dots">
            <StatusDot status={status} />
            {alignmentStatus !== undefined && (
              <StatusDot status={alignmentStatus} label={`Direction ${alignmentStatus}`} />
            )}
          </span>
        </span>
      </a>
    </li>
  );
}
