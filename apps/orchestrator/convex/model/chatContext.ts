/**
 * What a chat job is given to work with: the thread's whole history, as one JSON text.
 *
 * The text has a limit because a document has one (1 MiB). A history beyond it loses its oldest messages, and
 * `messagesOmitted` says how many.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { ChatMode, ChatRole } from "./fields.ts";

/** Bytes of message text that a context may hold; leaves room for the job's prompt and result in the same document. */
export const CONTEXT_BYTES_MAX = 512 * 1024;

/** The parsed context of a chat job. */
export interface ChatContext {
  readonly threadId: Id<"chatThreads">;
  readonly namespaceId: Id<"namespaces">;
  readonly mode: ChatMode;
  readonly effectivePromptMode: "jam" | "cook";
  readonly lastPromptMode: "jam" | "cook" | null;
  readonly messages: readonly { readonly role: ChatRole; readonly content: string; readonly createdAt: number }[];
  readonly messagesOmitted: number;
  readonly latestUserMessage: string;
  readonly claudeSessionId: string | null;
  readonly assignmentId: Id<"assignments"> | null;
  readonly isGuardianEvaluation: boolean;
}

/** A guardian does things, so it is prompted as `cook`. */
export function effectivePromptMode(mode: ChatMode): "jam" | "cook" {
  return mode === "guardian" ? "cook" : mode;
}

/** Builds the context. `messages` are all of the thread, oldest first. */
export function chatContext(
  thread: Doc<"chatThreads">,
  messages: readonly Doc<"chatMessages">[],
  latestUserMessage: string,
  isGuardianEvaluation: boolean,
): ChatContext {
  const kept = newestWithin(messages, CONTEXT_BYTES_MAX);
  return {
    threadId: thread._id,
    namespaceId: thread.namespaceId,
    mode: thread.mode,
    effectivePromptMode: effectivePromptMode(thread.mode),
    lastPromptMode: thread.lastPromptMode ?? null,
    messages: kept.map(({ role, content, createdAt }) => ({ role, content, createdAt })),
    messagesOmitted: messages.length - kept.length,
    latestUserMessage,
    claudeSessionId: thread.claudeSessionId ?? null,
    assignmentId: thread.assignmentId ?? null,
    isGuardianEvaluation,
  };
}

function newestWithin(messages: readonly Doc<"chatMessages">[], bytesMax: number): readonly Doc<"chatMessages">[] {
  const encoder = new TextEncoder();
  let bytes = 0;
  for (let start = messages.length - 1; start >= 0; start--) {
    bytes += encoder.encode(messages[start]!.content).length;
    if (bytes > bytesMax) return messages.slice(start + 1);
  }
  return messages;
}
