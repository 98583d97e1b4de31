/**
 * Chats on the left, the open one beside them. The address names the open chat, so a window can be opened again where it was.
 */
import { useHash } from "@mantine/hooks";
import { AppFrame, ErrorBoundary } from "@narrowcast/ui";
import type { ReactElement } from "react";
import type { Id } from "../../convex/_generated/dataModel.js";
import { ChatSidebar } from "./chat-sidebar.tsx";
import { ChatView } from "./chat-view.tsx";
import { NewChat } from "./new-chat.tsx";

/** What {@link Workspace} takes. */
export interface WorkspaceProps {
  readonly userId: Id<"users">;
  readonly userName: string;
}

/** The workspace of one user. */
export function Workspace({ userId, userName }: WorkspaceProps): ReactElement {
  const [hash, setHash] = useHash({ getInitialValueInEffect: false });
  const chatId = hash.length > 1 ? (hash.slice(1) as Id<"chats">) : undefined;
  const open = (id: Id<"chats"> | undefined) => setHash(id ?? "");
  return (
    <AppFrame
      title="Chat"
      subtitle={<span className="nc-muted nc-clip user-name">as {userName}</span>}
      sidebarLabel="Chats"
      sidebar={(close) => (
        <ErrorBoundary title="The chats cannot be shown">
          <ChatSidebar
            userId={userId}
            openId={chatId}
            onOpen={(id) => {
              open(id);
              close();
            }}
          />
        </ErrorBoundary>
      )}
    >
      <ErrorBoundary key={chatId ?? "new"} title="The chat cannot be shown">
        {chatId === undefined ? (
          <NewChat userId={userId} onMade={open} />
        ) : (
          <ChatView userId={userId} chatId={chatId} onLeave={() => open(undefined)} />
        )}
      </ErrorBoundary>
    </AppFrame>
  );
}
