/**
 * One thread: its messages, who is answering, and the field to write in.
 */
import { ActionIcon, Button, ScrollArea, Text, Textarea, Tooltip } from "@mantine/core";
import { CopyAction, EmptyState, ErrorNotice, LoadingRows, Prose, RelativeTime } from "@narrowcast/ui";
import { IconSend2 } from "@tabler/icons-react";
import { memo, useEffect, useRef, useState, type KeyboardEvent, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Doc, Id } from "../../convex/_generated/dataModel.js";
import { useAct, useLive, type Live } from "../data/session.tsx";
import { useTask } from "../data/use-task.ts";
import { ChatHeader } from "./chat-header.tsx";

/** Messages that are drawn at first; older ones on demand. */
const SHOWN_STEP = 60;

/** What {@link ChatView} takes. */
export interface ChatViewProps {
  readonly threadId: Id<"chatThreads">;
  readonly thread: Live<Doc<"chatThreads"> | null>;
  readonly onRemoved: () => void;
}

/** The chat. */
export function ChatView({ threadId, thread, onRemoved }: ChatViewProps): ReactElement {
  if (thread.status === "failed") return <ErrorNotice title="The thread cannot be read" message={thread.message} />;
  if (thread.status !== "ready") return <LoadingRows label="Loading the thread" />;
  if (thread.value === null)
    return <EmptyState title="This thread is gone">It was removed. Choose another one.</EmptyState>;
  return (
    <>
      <ChatHeader thread={thread.value} onRemoved={onRemoved} />
      <Messages threadId={threadId} />
      <Typing threadId={threadId} />
      <Composer thread={thread.value} />
    </>
  );
}

function Messages({ threadId }: { readonly threadId: Id<"chatThreads"> }): ReactElement {
  const messages = useLive(api.chatMessages.list, { threadId });
  const viewport = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState(SHOWN_STEP);
  const count = messages.status === "ready" ? messages.value.length : 0;
  useEffect(() => {
    viewport.current?.scrollTo({ top: viewport.current.scrollHeight });
  }, [count]);
  if (messages.status === "failed") return <ErrorNotice title="Messages cannot be read" message={messages.message} />;
  if (messages.status !== "ready") return <LoadingRows rows={5} height={56} label="Loading messages" />;
  if (count === 0) {
    return (
      <EmptyState title="Nothing said yet">
        In <b>jam</b> mode the agent thinks along, in <b>cook</b> mode it does the work.
      </EmptyState>
    );
  }
  const hidden = Math.max(0, count - shown);
  return (
    <ScrollArea className="fill" type="auto" scrollbarSize={8} viewportRef={viewport}>
      <div className="messages" role="log" aria-label="Messages">
        {hidden > 0 && (
          <Button variant="subtle" color="gray" onClick={() => setShown(shown + SHOWN_STEP)}>
            Show {Math.min(hidden, SHOWN_STEP)} older of {hidden}
          </Button>
        )}
        {messages.value.slice(hidden).map((message) => (
          <Message key={message._id} message={message} />
        ))}
      </div>
    </ScrollArea>
  );
}

const ROLE_NAMES = { user: "You", assistant: "Agent", pm: "Project manager" } as const;

const Message = memo(function Message({ message }: { readonly message: Doc<"chatMessages"> }): ReactElement {
  return (
    <article className="message" data-role={message.role} aria-label={`${ROLE_NAMES[message.role]} said`}>
      <header className="message-head">
        <b>{ROLE_NAMES[message.role]}</b>
        <RelativeTime time={message.createdAt} />
        <span className="message-copy">
          <CopyAction text={message.content} label="Copy message" />
        </span>
      </header>
      <Prose text={message.content} />
    </article>
  );
});

/** Whether somebody answers: one small subscription. */
function Typing({ threadId }: { readonly threadId: Id<"chatThreads"> }): ReactElement {
  const active = useLive(api.chatJobs.getActiveForThread, { threadId });
  const job = active.status === "ready" ? active.value : null;
  return (
    <div className="typing" role="status" aria-live="polite">
      {job !== null && (
        <>
          <span className="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {job.status === "pending" ? "Waiting for a runner" : `${job.harness} is working`}
          {job.toolCallCount !== undefined && job.toolCallCount > 0 && (
            <span className="nc-muted nc-numbers">{job.toolCallCount} tool calls</span>
          )}
        </>
      )}
    </div>
  );
}

const PLACEHOLDERS = {
  jam: "Think along with the agent…",
  cook: "Say what should be done…",
  guardian: "Talk to the guardian…",
} as const;

function Composer({ thread }: { readonly thread: Doc<"chatThreads"> }): ReactElement {
  const add = useAct(api.chatMessages.add);
  const trigger = useAct(api.chatJobs.trigger);
  const task = useTask();
  const [text, setText] = useState("");
  const content = text.trim();
  const send = async () => {
    if (content === "" || task.isBusy) return;
    const isSent = await task.run(async () => {
      await add({ threadId: thread._id, role: "user", content });
      await trigger({ threadId: thread._id });
    });
    if (isSent) setText("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {task.error !== undefined && (
        <Text size="xs" c="red" role="alert">
          Not sent: {task.error}
        </Text>
      )}
      <div className="composer-line">
        <Textarea
          aria-label="Message"
          placeholder={PLACEHOLDERS[thread.mode]}
          autosize
          minRows={1}
          maxRows={8}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          style={{ flex: 1 }}
        />
        <Tooltip label="Send (Enter)">
          <ActionIcon
            type="submit"
            aria-label="Send"
            variant="filled"
            color="tide"
            size={36}
            loading={task.isBusy}
            disabled={content === ""}
          >
            <IconSend2 size={18} />
          </ActionIcon>
        </Tooltip>
      </div>
    </form>
  );
}
