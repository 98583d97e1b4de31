/**
 * The beginning of a chat: its first message makes it and gives it its title.
 */
import { EmptyState } from "@narrowcast/ui";
import { IconMessages } from "@tabler/icons-react";
import { useMutation } from "convex/react";
import { useRef, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";
import { Composer } from "./composer.tsx";

const TITLE_CHARS = 60;

/** What {@link NewChat} takes. */
export interface NewChatProps {
  readonly userId: Id<"users">;
  readonly onMade: (chatId: Id<"chats">) => void;
}

/** An empty chat with the field to write in. */
export function NewChat({ userId, onMade }: NewChatProps): ReactElement {
  const create = useMutation(api.chats.create);
  const ask = useMutation(api.answers.ask);
  /** A chat whose first message was refused is used by the next attempt. */
  const made = useRef<Id<"chats">>(undefined);
  const chatFor = async (text: string) => {
    made.current ??= (await create({ userId, title: titleOf(text) })).chatId;
    return made.current;
  };
  return (
    <section className="chat" aria-label="New chat">
      <div className="fill chat-empty">
        <EmptyState icon={<IconMessages size={28} stroke={1.4} />} title="What is on your mind?">
          Answers come from a small script inside the app, piece by piece, so you can watch them arrive. Open a second
          window to see that it follows.
        </EmptyState>
      </div>
      <Composer
        userId={userId}
        chatFor={chatFor}
        onSend={async (chatId, content, attachments) => {
          await ask({ userId, chatId, content, attachments });
          onMade(chatId);
        }}
      />
    </section>
  );
}

function titleOf(text: string): string {
  const line = text.trim().split("\n")[0]!;
  return line.length <= TITLE_CHARS ? line : `${line.slice(0, TITLE_CHARS - 1).trimEnd()}…`;
}
