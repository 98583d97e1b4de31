/**
 * One chat: its messages as they come, and the field to write in.
 *
 * The newest page of messages is subscribed to, older ones on demand; an answer that streams is one message of it that grows.
 */
import { ActionIcon, Button, ScrollArea, Text, Tooltip } from "@mantine/core";
import { EmptyState, LoadingRows, useTask } from "@narrowcast/ui";
import { IconTrash } from "@tabler/icons-react";
import { useMutation, usePaginatedQuery, useQuery } from "convex/react";
import { useEffect, useRef, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";
import type { ShownMessage } from "../../convex/model/fields.ts";
import { Composer } from "./composer.tsx";
import { Message } from "./message.tsx";

const PAGE_MESSAGES = 20;
/** A reader who is closer to the end than this follows it. */
const FOLLOW_PX = 160;

/** What {@link ChatView} takes. */
export interface ChatViewProps {
  readonly userId: Id<"users">;
  readonly chatId: Id<"chats">;
  readonly onLeave: () => void;
}

/** The chat. */
export function ChatView({ userId, chatId, onLeave }: ChatViewProps): ReactElement {
  const chat = useQuery(api.chats.get, { userId, chatId });
  const ask = useMutation(api.answers.ask);
  const stop = useMutation(api.messages.stop);
  const messages = usePaginatedQuery(api.messages.page, chat === null ? "skip" : { userId, chatId }, {
    initialNumItems: PAGE_MESSAGES,
  });
  const newestFirst = messages.results as unknown as readonly ShownMessage[];
  const streaming = newestFirst.find((message) => message.status === "streaming");
  if (chat === undefined) return <LoadingRows rows={5} height={56} label="Loading the chat" />;
  if (chat === null) {
    return (
      <EmptyState title="This chat is gone" action={<Button onClick={onLeave}>New chat</Button>}>
        It was deleted, or it is not yours. Deleted chats wait in the bin.
      </EmptyState>
    );
  }
  return (
    <section className="chat" aria-label={chat.title}>
      <ChatHead userId={userId} chatId={chatId} title={chat.title} count={chat.messageCount} onLeave={onLeave} />
      <Conversation messages={newestFirst} status={messages.status} onOlder={() => messages.loadMore(PAGE_MESSAGES)} />
      <Composer
        userId={userId}
        chatFor={async () => chatId}
        onSend={async (id, content, attachments) => void (await ask({ userId, chatId: id, content, attachments }))}
        onStop={streaming && (async () => await stop({ userId, chatId, messageId: streaming._id }))}
      />
    </section>
  );
}

interface ConversationProps {
  readonly messages: readonly ShownMessage[];
  readonly status: "LoadingFirstPage" | "CanLoadMore" | "LoadingMore" | "Exhausted";
  readonly onOlder: () => void;
}

function Conversation({ messages, status, onOlder }: ConversationProps): ReactElement {
  const viewport = useRef<HTMLDivElement>(null);
  const isFollowing = useRef(true);
  const newest = messages[0];
  useEffect(() => {
    if (isFollowing.current) viewport.current?.scrollTo({ top: viewport.current.scrollHeight });
  }, [newest?._id, newest?.content, newest?.status]);
  if (status === "LoadingFirstPage") return <LoadingRows rows={5} height={56} label="Loading messages" />;
  if (messages.length === 0) {
    return (
      <div className="fill chat-empty">
        <EmptyState title="Nothing said yet">Write the first message below.</EmptyState>
      </div>
    );
  }
  return (
    <ScrollArea
      className="fill"
      type="auto"
      scrollbarSize={8}
      viewportRef={viewport}
      onScrollPositionChange={({ y }) => {
        const { scrollHeight = 0, clientHeight = 0 } = viewport.current ?? {};
        isFollowing.current = scrollHeight - clientHeight - y < FOLLOW_PX;
      }}
    >
      <div className="messages" role="log" aria-label="Messages">
        {status !== "Exhausted" && (
          <Button variant="subtle" color="gray" loading={status === "LoadingMore"} onClick={onOlder}>
            Show older messages
          </Button>
        )}
        {messages.toReversed().map((message) => (
          <Message key={message._id} message={message} />
        ))}
      </div>
    </ScrollArea>
  );
}

interface ChatHeadProps {
  readonly userId: Id<"users">;
  readonly chatId: Id<"chats">;
  readonly title: string;
  readonly count: number | undefined;
  readonly onLeave: () => void;
}

function ChatHead({ userId, chatId, title, count, onLeave }: ChatHeadProps): ReactElement {
  const remove = useMutation(api.chats.remove);
  const task = useTask();
  return (
    <header className="chat-head">
      <h2>{title}</h2>
      {count !== undefined && (
        <Text component="span" size="xs" className="nc-muted nc-numbers" style={{ whiteSpace: "nowrap" }}>
          {count === 1 ? "1 message" : `${count} messages`}
        </Text>
      )}
      {task.error !== undefined && (
        <Text size="xs" c="red" role="alert">
          {task.error}
        </Text>
      )}
      <Tooltip label="Into the bin">
        <ActionIcon
          aria-label="Delete this chat"
          loading={task.isBusy}
          style={{ marginLeft: "auto" }}
          onClick={() =>
            void task.run(async () => {
              await remove({ userId, chatId });
              onLeave();
            })
          }
        >
          <IconTrash size={17} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
    </header>
  );
}
