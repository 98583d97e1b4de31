/**
 * The field to write in, with files, and the button that sends or, while an answer streams, stops it.
 */
import { ActionIcon, CloseButton, FileButton, Text, Textarea, Tooltip } from "@mantine/core";
import { useTask } from "@narrowcast/ui";
import { IconPaperclip, IconPlayerStopFilled, IconSend2 } from "@tabler/icons-react";
import { useState, type KeyboardEvent, type ReactElement } from "react";
import type { Id } from "../../convex/_generated/dataModel.js";
import { fileSize } from "../data/sizes.ts";
import { useUpload, type UploadedFile } from "../data/use-upload.ts";

const ACCEPTED =
  "image/png,image/jpeg,image/gif,image/webp,image/svg+xml,text/plain,text/markdown,.md,.txt,application/pdf";

/** What {@link Composer} takes. */
export interface ComposerProps {
  readonly userId: Id<"users">;
  /** The chat that a message goes to; a new one may have to be made for it. */
  readonly chatFor: (text: string) => Promise<Id<"chats">>;
  readonly onSend: (chatId: Id<"chats">, content: string, attachments: UploadedFile[]) => Promise<void>;
  /** Given while an answer streams. */
  readonly onStop?: (() => Promise<unknown>) | undefined;
}

/** The composer. */
export function Composer({ userId, chatFor, onSend, onStop }: ComposerProps): ReactElement {
  const upload = useUpload(userId);
  const task = useTask();
  const [text, setText] = useState("");
  const [files, setFiles] = useState<readonly File[]>([]);
  const content = text.trim();
  const send = async () => {
    if (content === "" || task.isBusy || onStop !== undefined) return;
    const isSent = await task.run(async () => {
      const chatId = await chatFor(content);
      const attachments: UploadedFile[] = [];
      for (const file of files) attachments.push(await upload(file, chatId));
      await onSend(chatId, content, attachments);
    });
    if (!isSent) return;
    setText("");
    setFiles([]);
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
      <Chosen files={files} onRemove={(file) => setFiles(files.filter((each) => each !== file))} />
      <div className="composer-line">
        <FileButton multiple accept={ACCEPTED} onChange={(chosen) => setFiles([...files, ...chosen])}>
          {(props) => (
            <Tooltip label="Attach a picture or a text">
              <ActionIcon {...props} size={36} aria-label="Attach a file">
                <IconPaperclip size={18} />
              </ActionIcon>
            </Tooltip>
          )}
        </FileButton>
        <Textarea
          aria-label="Message"
          placeholder="Ask something…"
          autosize
          minRows={1}
          maxRows={8}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          style={{ flex: 1 }}
        />
        <SendOrStop task={task} isEmpty={content === ""} onStop={onStop} />
      </div>
    </form>
  );
}

interface SendOrStopProps {
  readonly task: ReturnType<typeof useTask>;
  readonly isEmpty: boolean;
  readonly onStop: ComposerProps["onStop"];
}

/** Sends; while an answer streams, stops it. */
function SendOrStop({ task, isEmpty, onStop }: SendOrStopProps): ReactElement {
  return onStop === undefined ? (
    <Tooltip label="Send (Enter)">
      <ActionIcon
        type="submit"
        aria-label="Send"
        variant="filled"
        color="tide"
        size={36}
        loading={task.isBusy}
        disabled={isEmpty}
      >
        <IconSend2 size={18} />
      </ActionIcon>
    </Tooltip>
  ) : (
    <Tooltip label="Stop the answer">
      <ActionIcon
        aria-label="Stop the answer"
        variant="light"
        color="red"
        size={36}
        onClick={() => void task.run(onStop)}
      >
        <IconPlayerStopFilled size={16} />
      </ActionIcon>
    </Tooltip>
  );
}

interface ChosenProps {
  readonly files: readonly File[];
  readonly onRemove: (file: File) => void;
}

/** Files that will go with the message. */
function Chosen({ files, onRemove }: ChosenProps): ReactElement | null {
  if (files.length === 0) return null;
  return (
    <ul className="plain-list chosen" aria-label="Files to send">
      {files.map((file, index) => (
        <li key={`${index} ${file.name}`} className="file-chip">
          <span className="nc-clip">{file.name}</span>
          <span className="nc-muted nc-numbers">{fileSize(file.size)}</span>
          <CloseButton size="xs" aria-label={`Remove ${file.name}`} onClick={() => onRemove(file)} />
        </li>
      ))}
    </ul>
  );
}
