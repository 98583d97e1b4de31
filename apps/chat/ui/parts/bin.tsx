/**
 * Deleted chats, folded away, with the way back.
 */
import { ActionIcon, Text, Tooltip } from "@mantine/core";
import { useTask } from "@narrowcast/ui";
import { IconRestore, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery } from "convex/react";
import type { ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";

/** What {@link Bin} takes. */
export interface BinProps {
  readonly userId: Id<"users">;
  readonly onRestored: (chatId: Id<"chats">) => void;
}

/** The bin; nothing when it is empty. */
export function Bin({ userId, onRestored }: BinProps): ReactElement | null {
  const chats = useQuery(api.chats.listDeleted, { userId });
  const restore = useMutation(api.chats.restore);
  const task = useTask();
  if (chats === undefined || chats.length === 0) return null;
  return (
    <details className="bin">
      <summary>
        <IconTrash size={14} stroke={1.7} aria-hidden="true" /> Bin <span className="nc-muted">{chats.length}</span>
      </summary>
      {task.error !== undefined && (
        <Text size="xs" c="red" role="alert">
          {task.error}
        </Text>
      )}
      <ul className="plain-list chat-list">
        {chats.map((chat) => (
          <li key={chat._id} className="bin-line">
            <span className="nc-clip nc-muted">{chat.title}</span>
            <Tooltip label={chat.isMoving ? "Its messages are being moved" : "Restore"}>
              <ActionIcon
                size="sm"
                aria-label={`Restore ${chat.title}`}
                disabled={chat.isMoving || task.isBusy}
                onClick={() =>
                  void task.run(async () => {
                    await restore({ userId, chatId: chat._id });
                    onRestored(chat._id);
                  })
                }
              >
                <IconRestore size={15} />
              </ActionIcon>
            </Tooltip>
          </li>
        ))}
      </ul>
    </details>
  );
}
