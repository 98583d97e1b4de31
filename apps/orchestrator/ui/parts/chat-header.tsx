/**
 * A thread's title, mode and link.
 */
import {
  ActionIcon,
  Button,
  Group,
  Menu,
  Modal,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
  Tooltip,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDots, IconLink, IconLinkOff, IconPencil, IconTrash } from "@tabler/icons-react";
import { useState, type FormEvent, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Doc, Id } from "../../convex/_generated/dataModel.js";
import { title } from "../../convex/model/findings.ts";
import type { ChatMode } from "../../convex/model/fields.ts";
import { useAct, useLive } from "../data/session.tsx";
import { useTask } from "../data/use-task.ts";
import { TaskError } from "./task-error.tsx";

/** The header. */
export function ChatHeader({
  thread,
  onRemoved,
}: {
  readonly thread: Doc<"chatThreads">;
  readonly onRemoved: () => void;
}): ReactElement {
  const [isEditing, edit] = useDisclosure(false);
  const [isLinking, link] = useDisclosure(false);
  const [isRemoving, removal] = useDisclosure(false);
  const unlink = useAct(api.chatThreads.linkAssignmentRaw);
  const task = useTask();
  return (
    <header className="column-head chat-head">
      {isEditing ? (
        <TitleForm thread={thread} onDone={edit.close} />
      ) : (
        <Group gap={4} wrap="nowrap" style={{ minWidth: 0, flex: 1 }}>
          <Text component="h2" size="md" fw={620} m={0} lh={1.3}>
            {thread.title}
          </Text>
          <Tooltip label="Rename">
            <ActionIcon aria-label="Rename the thread" size="sm" onClick={edit.open}>
              <IconPencil size={15} />
            </ActionIcon>
          </Tooltip>
        </Group>
      )}
      <ModeSwitch thread={thread} />
      <Menu>
        <Menu.Target>
          <ActionIcon aria-label="More about this thread" loading={task.isBusy}>
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconLink size={15} />} onClick={link.open}>
            {thread.assignmentId === undefined ? "Link an assignment" : "Link another assignment"}
          </Menu.Item>
          {thread.assignmentId !== undefined && (
            <Menu.Item
              leftSection={<IconLinkOff size={15} />}
              onClick={() => void task.run(() => unlink({ threadId: thread._id }))}
            >
              Unlink the assignment
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item c="red" leftSection={<IconTrash size={15} />} onClick={removal.open}>
            Remove the thread
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={isLinking} onClose={link.close} title="Link an assignment">
        <LinkForm thread={thread} onDone={link.close} />
      </Modal>
      <Modal opened={isRemoving} onClose={removal.close} title="Remove the thread?">
        <RemoveForm thread={thread} onKept={removal.close} onRemoved={onRemoved} />
      </Modal>
    </header>
  );
}

function RemoveForm({
  thread,
  onKept,
  onRemoved,
}: {
  readonly thread: Doc<"chatThreads">;
  readonly onKept: () => void;
  readonly onRemoved: () => void;
}): ReactElement {
  const remove = useAct(api.chatThreads.remove);
  const task = useTask();
  const confirm = () =>
    void task.run(async () => {
      await remove({ id: thread._id });
      onRemoved();
    });
  return (
    <Stack gap="sm">
      <Text size="sm">Its messages go with it. The assignment stays.</Text>
      <TaskError task={task} />
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onKept}>
          Keep it
        </Button>
        <Button color="red" loading={task.isBusy} onClick={confirm}>
          Remove
        </Button>
      </Group>
    </Stack>
  );
}

function TitleForm({
  thread,
  onDone,
}: {
  readonly thread: Doc<"chatThreads">;
  readonly onDone: () => void;
}): ReactElement {
  const update = useAct(api.chatThreads.updateTitle);
  const task = useTask();
  const [text, setText] = useState(thread.title);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const wanted = text.trim();
    if (wanted === "" || wanted === thread.title) return onDone();
    if (await task.run(() => update({ id: thread._id, title: wanted }))) onDone();
  };
  return (
    <form onSubmit={(event) => void submit(event)} style={{ flex: 1, minWidth: 0 }}>
      <TextInput
        aria-label="Title of the thread"
        size="xs"
        autoFocus
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={(event) => event.currentTarget.form?.requestSubmit()}
        onKeyDown={(event) => event.key === "Escape" && onDone()}
        error={task.error}
        disabled={task.isBusy}
      />
    </form>
  );
}

const MODES: readonly { readonly value: ChatMode; readonly label: string }[] = [
  { value: "jam", label: "Jam" },
  { value: "cook", label: "Cook" },
  { value: "guardian", label: "Guardian" },
];

/** A guardian needs an assignment to watch; switching it on also marks that assignment as aligned. */
function ModeSwitch({ thread }: { readonly thread: Doc<"chatThreads"> }): ReactElement {
  const updateMode = useAct(api.chatThreads.updateMode);
  const enableGuardian = useAct(api.chatThreads.enableGuardianMode);
  const task = useTask();
  const { _id, assignmentId, mode } = thread;
  const choose = (wanted: ChatMode) =>
    void task.run(() =>
      wanted === "guardian" && assignmentId !== undefined
        ? enableGuardian({ threadId: _id, assignmentId })
        : updateMode({ id: _id, mode: wanted }),
    );
  const hint =
    assignmentId === undefined
      ? "A guardian watches an assignment; link one first"
      : "How the agent takes your messages";
  return (
    <Tooltip label={task.error ?? hint}>
      <SegmentedControl
        aria-label="Mode"
        value={mode}
        onChange={(value) => choose(value)}
        disabled={task.isBusy}
        data={MODES.map((each) => ({
          ...each,
          disabled: each.value === "guardian" && assignmentId === undefined && mode !== "guardian",
        }))}
      />
    </Tooltip>
  );
}

function LinkForm({
  thread,
  onDone,
}: {
  readonly thread: Doc<"chatThreads">;
  readonly onDone: () => void;
}): ReactElement {
  const assignments = useLive(api.assignments.list, { namespaceId: thread.namespaceId });
  const link = useAct(api.chatThreads.linkAssignment);
  const task = useTask();
  const [chosen, setChosen] = useState<string | null>(thread.assignmentId ?? null);
  const data = assignments.status === "ready" ? assignments.value.toReversed() : [];
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (chosen === null) return;
    if (await task.run(() => link({ threadId: thread._id, assignmentId: chosen as Id<"assignments"> }))) onDone();
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <Select
          label="Assignment"
          placeholder={assignments.status === "loading" ? "Loading" : "Choose one"}
          searchable
          data-autofocus
          nothingFoundMessage="No assignment found"
          data={data.map((each) => ({ value: each._id, label: `${title(each)} (${each.status})` }))}
          value={chosen}
          onChange={setChosen}
          error={task.error ?? (assignments.status === "failed" ? assignments.message : undefined)}
        />
        <Button type="submit" loading={task.isBusy} disabled={chosen === null} style={{ alignSelf: "flex-end" }}>
          Link
        </Button>
      </Stack>
    </form>
  );
}
