/**
 * The chats of a user, the one that changed last first; below them the bin and the deployment's counters.
 */
import { Button, ScrollArea, Text } from "@mantine/core";
import { EmptyState, ErrorBoundary, LoadingRows, RelativeTime } from "@narrowcast/ui";
import { IconMessagePlus } from "@tabler/icons-react";
import { useQuery } from "convex/react";
import { useState, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";
import { Bin } from "./bin.tsx";
import { DeploymentStats } from "./deployment-stats.tsx";

/** Chats that are listed at first, and how many more on demand; a list has at most 200. */
const STEP = 50;
const LIST_MAX = 200;

/** What {@link ChatSidebar} takes; `onOpen` without a chat means a new one. */
export interface ChatSidebarProps {
  readonly userId: Id<"users">;
  readonly openId: Id<"chats"> | undefined;
  readonly onOpen: (chatId: Id<"chats"> | undefined) => void;
}

/** The sidebar. */
export function ChatSidebar({ userId, openId, onOpen }: ChatSidebarProps): ReactElement {
  return (
    <>
      <div className="sidebar-head">
        <Button
          fullWidth
          variant="default"
          leftSection={<IconMessagePlus size={16} stroke={1.7} />}
          onClick={() => onOpen(undefined)}
        >
          New chat
        </Button>
      </div>
      <ScrollArea className="fill" type="auto" scrollbarSize={8}>
        <ChatList userId={userId} openId={openId} onOpen={onOpen} />
        <Bin userId={userId} onRestored={onOpen} />
      </ScrollArea>
      <ErrorBoundary title="The counters cannot be shown">
        <DeploymentStats userId={userId} />
      </ErrorBoundary>
    </>
  );
}

function ChatList({ userId, openId, onOpen }: ChatSidebarProps): ReactElement {
  const [limit, setLimit] = useState(STEP);
  const list = useQuery(api.chats.list, { userId, limit });
  if (list === undefined) return <LoadingRows rows={5} height={40} label="Loading chats" />;
  if (list.chats.length === 0) return <EmptyState title="No chats yet">Ask something to begin one.</EmptyState>;
  return (
    <nav aria-label="Your chats">
      <ul className="plain-list chat-list">
        {list.chats.map((chat) => (
          <li key={chat._id}>
            <a
              className="chat-link"
              href={`#${chat._id}`}
              aria-current={chat._id === openId ? "page" : undefined}
              onClick={(event) => {
                event.preventDefault();
                onOpen(chat._id);
              }}
            >
              <span className="nc-clip">{chat.title}</span>
              <Text component="span" size="xs">
                <RelativeTime time={chat.updatedAt} />
              </Text>
            </a>
          </li>
        ))}
      </ul>
      {list.nextCursor !== null && limit < LIST_MAX && (
        <Button variant="subtle" color="gray" fullWidth onClick={() => setLimit(Math.min(LIST_MAX, limit + STEP))}>
          Show older chats
        </Button>
      )}
    </nav>
  );
}
