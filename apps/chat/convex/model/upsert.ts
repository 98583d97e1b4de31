/**
 * Writing one message: the rules that all forms share. How messages are counted, each form says itself (`MessageRules`).
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { mustExist, refuse } from "./errors.ts";
import type { Attachment, MessageInput } from "./fields.ts";
import { checkContent } from "./text.ts";

/** What a form does about counters. */
export interface MessageRules {
  /** Refuses when the chat is full; called before a message is inserted. */
  readonly checkRoom: () => Promise<void>;
  /** Called after. */
  readonly inserted: (messageId: Id<"messages">) => Promise<void>;
}

/** A message to write. */
export interface MessageWrite extends MessageInput {
  readonly chatId: Id<"chats">;
  readonly userId: Id<"users">;
  readonly messageId?: Id<"messages">;
  readonly role: string;
}

/** Writes a message: into the one that `messageId` or `clientMessageId` names when it is there and not deleted, otherwise as a new one. */
export async function upsertMessage(
  ctx: MutationCtx,
  write: MessageWrite,
  rules: MessageRules,
): Promise<Id<"messages">> {
  return await writeMessage(ctx, await findMessage(ctx, write), write, rules);
}

/** The same for a caller who has looked for the message already. */
export async function writeMessage(
  ctx: MutationCtx,
  existing: Doc<"messages"> | null,
  write: MessageWrite,
  rules: MessageRules,
): Promise<Id<"messages">> {
  if (write.role !== "user" && write.role !== "assistant") {
    refuse("keep the message", `its role is "${write.role}"`, 'it should be "user" or "assistant"');
  }
  checkContent(write.content);
  checkContent(write.reasoning ?? "");
  const fields = fieldsOf(write);
  if (existing !== null) {
    await ctx.db.patch("messages", existing._id, fields);
    return existing._id;
  }
  await rules.checkRoom();
  const messageId = await ctx.db.insert("messages", {
    chatId: write.chatId,
    userId: write.userId,
    ...(write.clientMessageId === undefined ? {} : { clientMessageId: write.clientMessageId }),
    ...fields,
    role: write.role,
    content: write.content,
    createdAt: write.createdAt ?? Date.now(),
  });
  await rules.inserted(messageId);
  return messageId;
}

/** The message that a write is about, null for a new one. */
export async function findMessage(
  ctx: MutationCtx,
  { chatId, messageId, clientMessageId }: Pick<MessageWrite, "chatId" | "messageId" | "clientMessageId">,
): Promise<Doc<"messages"> | null> {
  if (messageId !== undefined) {
    const message = await ctx.db.get("messages", messageId);
    return mustExist(message?.chatId === chatId && message.deletedAt === undefined ? message : null, "Message");
  }
  if (clientMessageId === undefined) return null;
  const found = ctx.db
    .query("messages")
    .withIndex("by_client_id", (q) => q.eq("chatId", chatId).eq("clientMessageId", clientMessageId));
  for await (const message of found) if (message.deletedAt === undefined) return message;
  return null;
}

/** Fields that a later write of the same message may change. Addresses of files are made when a message is read. */
function fieldsOf({ role, content, reasoning, thinkingTimeMs, attachments, status }: MessageWrite) {
  return {
    role,
    content,
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(thinkingTimeMs === undefined ? {} : { thinkingTimeMs }),
    ...(attachments === undefined ? {} : { attachments: attachments.map(withoutUrl) }),
    ...(status === undefined ? {} : { status }),
  };
}

function withoutUrl({ url: _url, ...attachment }: Attachment): Attachment {
  return attachment;
}
