/**
 * One assignment: where it stands, what it wants, what came of it, and its chain of jobs.
 *
 * Two kinds of subscription: the chain without any job, and the jobs of each group (`job-chain.tsx`). A heartbeat moves
 * one group's jobs and nothing else.
 */
import {
  ActionIcon,
  Badge,
  Button,
  Group,
  Menu,
  Modal,
  ScrollArea,
  Spoiler,
  Stack,
  Text,
  Textarea,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { EmptyState, ErrorNotice, LoadingRows, Prose, RelativeTime, StatusBadge } from "@narrowcast/ui";
import { IconBan, IconCheck, IconDots, IconPlayerPlay, IconTrash } from "@tabler/icons-react";
import { useState, type FormEvent, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Doc, Id } from "../../convex/_generated/dataModel.js";
import { title } from "../../convex/model/findings.ts";
import { goTo } from "../data/route.ts";
import { useAct, useLive } from "../data/session.tsx";
import { useTask } from "../data/use-task.ts";
import { JobChain } from "./job-chain.tsx";
import { TaskError } from "./task-error.tsx";

/** What {@link AssignmentPane} takes. */
export interface AssignmentPaneProps {
  readonly id: Id<"assignments">;
  readonly namespaceId: Id<"namespaces">;
}

/** The pane. */
export function AssignmentPane({ id, namespaceId }: AssignmentPaneProps): ReactElement {
  const chain = useLive(api.assignments.getGroupChain, { id });
  if (chain.status === "failed") return <ErrorNotice title="The assignment cannot be read" message={chain.message} />;
  if (chain.status !== "ready") return <LoadingRows rows={5} label="Loading the assignment" />;
  if (chain.value === null) return <EmptyState title="This assignment is gone">It was removed.</EmptyState>;
  const { groups, ...assignment } = chain.value;
  return (
    <>
      <PaneHeader assignment={assignment} namespaceId={namespaceId} />
      <ScrollArea className="fill" type="auto" scrollbarSize={8}>
        <div className="pane-body">
          <About assignment={assignment} />
          <JobChain assignmentId={id} groups={groups} />
        </div>
      </ScrollArea>
    </>
  );
}

function PaneHeader({
  assignment,
  namespaceId,
}: {
  readonly assignment: Doc<"assignments">;
  readonly namespaceId: Id<"namespaces">;
}): ReactElement {
  const task = useTask();
  const [isBlocking, blocking] = useDisclosure(false);
  const [isRemoving, removal] = useDisclosure(false);
  const complete = useAct(api.assignments.complete);
  const unblock = useAct(api.assignments.unblock);
  const { _id: id, status } = assignment;
  return (
    <header className="column-head">
      <Group gap="sm" wrap="nowrap" style={{ flex: 1, minWidth: 0 }}>
        <StatusBadge status={status} />
        {assignment.alignmentStatus !== undefined && <StatusBadge status={assignment.alignmentStatus} />}
        {assignment.independent && <Badge color="gray">independent</Badge>}
      </Group>
      <Text size="xs">
        <RelativeTime time={assignment.updatedAt} />
      </Text>
      <Menu>
        <Menu.Target>
          <ActionIcon aria-label="More about this assignment" loading={task.isBusy}>
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {status === "blocked" ? (
            <Menu.Item leftSection={<IconPlayerPlay size={15} />} onClick={() => void task.run(() => unblock({ id }))}>
              Unblock
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<IconBan size={15} />} onClick={blocking.open} disabled={status === "complete"}>
              Block
            </Menu.Item>
          )}
          <Menu.Item
            leftSection={<IconCheck size={15} />}
            disabled={status === "complete"}
            onClick={() => void task.run(() => complete({ id }))}
          >
            Mark complete
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item c="red" leftSection={<IconTrash size={15} />} onClick={removal.open}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={isBlocking} onClose={blocking.close} title="Block the assignment">
        <BlockForm id={id} onDone={blocking.close} />
      </Modal>
      <Modal opened={isRemoving} onClose={removal.close} title="Delete the assignment?">
        <DeleteForm id={id} onKept={removal.close} onDeleted={() => goTo({ namespaceId })} />
      </Modal>
    </header>
  );
}

function DeleteForm({
  id,
  onKept,
  onDeleted,
}: {
  readonly id: Id<"assignments">;
  readonly onKept: () => void;
  readonly onDeleted: () => void;
}): ReactElement {
  const remove = useAct(api.assignments.remove);
  const task = useTask();
  const confirm = () =>
    void task.run(async () => {
      await remove({ id });
      onDeleted();
    });
  return (
    <Stack gap="sm">
      <Text size="sm">Its groups and jobs go with it, results included. Threads stay and lose their link.</Text>
      <TaskError task={task} />
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onKept}>
          Keep it
        </Button>
        <Button color="red" loading={task.isBusy} onClick={confirm}>
          Delete
        </Button>
      </Group>
    </Stack>
  );
}

function BlockForm({ id, onDone }: { readonly id: Id<"assignments">; readonly onDone: () => void }): ReactElement {
  const block = useAct(api.assignments.block);
  const task = useTask();
  const [reason, setReason] = useState("");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await task.run(() => block({ id, reason: reason.trim() }))) onDone();
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <Textarea
          label="Reason"
          description="Jobs that run go on; no further one starts"
          required
          data-autofocus
          autosize
          minRows={2}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <TaskError task={task} />
        <Button type="submit" loading={task.isBusy} disabled={reason.trim() === ""} style={{ alignSelf: "flex-end" }}>
          Block
        </Button>
      </Stack>
    </form>
  );
}

function About({ assignment }: { readonly assignment: Doc<"assignments"> }): ReactElement {
  const { northStar, status, blockedReason, artifacts, decisions } = assignment;
  const [heading, ...rest] = northStar.split("\n");
  const body = rest.join("\n").trim();
  return (
    <div className="about">
      <h2>{heading}</h2>
      {status === "blocked" && blockedReason !== undefined && (
        <div className="callout" data-state="blocked" role="note">
          <b>Blocked.</b> {blockedReason}
        </div>
      )}
      <WaitingNotice assignment={assignment} />
      {body !== "" && (
        <Spoiler maxHeight={120} showLabel="Show all" hideLabel="Show less" className="north-star">
          <Prose text={body} />
        </Spoiler>
      )}
      <Notes label="Decisions" json={decisions} />
      <Notes label="Artifacts" json={artifacts} />
    </div>
  );
}

/** Sequential assignments run one at a time: a second active one waits, which nobody would see otherwise. */
function WaitingNotice({ assignment }: { readonly assignment: Doc<"assignments"> }): ReactElement | null {
  const { namespaceId, status, independent } = assignment;
  const active = useLive(
    api.assignments.list,
    status === "active" && !independent ? { namespaceId, status: "active" } : "skip",
  );
  if (active.status !== "ready") return null;
  const served = active.value.find((each) => !each.independent);
  if (served === undefined || served._id === assignment._id) return null;
  return (
    <div className="callout" data-state="blocked" role="note">
      <b>Waiting.</b> Sequential assignments run one at a time, and “{title(served)}” was first.
    </div>
  );
}

/** Agents keep lists of `{title, …}` here; anything else is shown as it is. */
function Notes({ label, json }: { readonly label: string; readonly json: string }): ReactElement | null {
  if (json === "" || json === "[]") return null;
  const items = parseNotes(json);
  return (
    <details className="notes">
      <summary>
        {label} {items !== undefined && <span className="nc-muted nc-numbers">{items.length}</span>}
      </summary>
      {items === undefined ? (
        <pre className="nc-pre">{json}</pre>
      ) : (
        <ul>
          {items.map(({ heading, detail }, index) => (
            <li key={index}>
              {heading}
              {detail !== "" && <div className="nc-muted">{detail}</div>}
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

function noteText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? "");
}

function parseNotes(json: string): { heading: string; detail: string }[] | undefined {
  try {
    const value: unknown = JSON.parse(json);
    if (!Array.isArray(value)) return undefined;
    return value.map((item: unknown) => {
      if (typeof item !== "object" || item === null) return { heading: noteText(item), detail: "" };
      const { title: heading, ...rest } = item as Record<string, unknown>;
      return { heading: noteText(heading), detail: Object.values(rest).map(noteText).join(" · ") };
    });
  } catch {
    return undefined;
  }
}
