/**
 * One message, with its files and, while it streams, a sign that it goes on.
 */
import { CopyAction, Prose, RelativeTime, StatusBadge } from "@narrowcast/ui";
import { IconFileText } from "@tabler/icons-react";
import { memo, type ReactElement } from "react";
import type { Attachment, ShownMessage } from "../../convex/model/fields.ts";
import { fileSize } from "../data/sizes.ts";

/** The message. It is drawn again only when it has changed. */
export const Message = memo(
  function Message({ message }: { readonly message: ShownMessage }): ReactElement {
    const isUser = message.role === "user";
    return (
      <article
        className="message"
        data-role={message.role}
        aria-label={isUser ? "You said" : "The answer"}
        aria-busy={message.status === "streaming"}
      >
        <header className="message-head">
          <b>{isUser ? "You" : "Answer"}</b>
          <RelativeTime time={message.createdAt} />
          {message.status === "streaming" && <StatusBadge status="running" label="writing" />}
          {message.status === "stopped" && <StatusBadge status="blocked" label="stopped" />}
          {message.status === "failed" && <StatusBadge status="failed" label="broken off" />}
          {message.content !== "" && (
            <span className="message-copy">
              <CopyAction text={message.content} label="Copy message" />
            </span>
          )}
        </header>
        {(message.attachments ?? []).length > 0 && (
          <ul className="plain-list attachments" aria-label="Files">
            {message.attachments?.map((attachment) => (
              <li key={attachment.storageId}>
                <AttachmentView attachment={attachment} />
              </li>
            ))}
          </ul>
        )}
        {message.content === "" ? <span className="nc-muted">Thinking…</span> : <Prose text={message.content} />}
      </article>
    );
  },
  (before, after) => JSON.stringify(before.message) === JSON.stringify(after.message),
);

function AttachmentView({ attachment }: { readonly attachment: Attachment }): ReactElement {
  const { url, filename, contentType, size } = attachment;
  if (url === undefined) {
    return (
      <span className="file-chip nc-muted">
        <s className="nc-clip">{filename}</s> deleted
      </span>
    );
  }
  if (contentType.startsWith("image/")) {
    return (
      <a href={url} target="_blank" rel="noreferrer">
        <img className="picture" src={url} alt={filename} />
      </a>
    );
  }
  return (
    <a className="file-chip" href={url} target="_blank" rel="noreferrer">
      <IconFileText size={15} stroke={1.7} aria-hidden="true" />
      <span className="nc-clip">{filename}</span>
      <span className="nc-muted nc-numbers">{fileSize(size)}</span>
    </a>
  );
}
