/**
 * `messages.send` and `messages.streamUpsert` of the forms *before* and *after*: the same steps, with each form's own counting.
 */
import { v, type Infer } from "convex/values";
import type { Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { liveChat } from "./access.ts";
import { messageInput, messageStatus } from "./fields.ts";
import { upsertMessage, type MessageRules } from "./upsert.ts";

/** Arguments of `messages.send`. */
export const sendArgs = {
  chatId: v.id("chats"),
  userId: v.id("users"),
  userMessage: messageInput,
  assistantMessage: v.optional(messageInput),
};
const sendObject = v.object(sendArgs);
export type SendArgs = Infer<typeof sendObject>;

export const sendResult = v.object({
  ok: v.boolean(),
  userMessageId: v.optional(v.id("messages")),
  assistantMessageId: v.optional(v.id("messages")),
});
export type SendResult = Infer<typeof sendResult>;

/** Arguments of `messages.streamUpsert`; the status is `streaming` unless said. */
export const streamArgs = {
  chatId: v.id("chats"),
  userId: v.id("users"),
  messageId: v.optional(v.id("messages")),
  role: v.string(),
  ...messageInput.fields,
  status: v.optional(messageStatus),
};
const streamObject = v.object(streamArgs);
export type StreamArgs = Infer<typeof streamObject>;

export const streamResult = v.object({ ok: v.boolean(), messageId: v.optional(v.id("messages")) });
export type StreamResult = Infer<typeof streamResult>;

/** What a form does about a chat's counters. */
export type RulesOf = (ctx: MutationCtx, chatId: Id<"chats">) => MessageRules;

/** Up to two messages, then the chat's own times. */
export async function sendMessages(ctx: MutationCtx, args: SendArgs, rulesOf: RulesOf): Promise<SendResult> {
  const { chatId, userId, userMessage, assistantMessage } = args;
  await liveChat(ctx, chatId, userId);
  const rules = rulesOf(ctx, chatId);
  const userMessageId = await upsertMessage(ctx, { chatId, userId, role: "user", ...userMessage }, rules);
  const assistantMessageId =
    assistantMessage === undefined
      ? undefined
      : await upsertMessage(ctx, { chatId, userId, role: "assistant", ...assistantMessage }, rules);
  await touchChat(ctx, chatId);
  return { ok: true, userMessageId, ...(assistantMessageId === undefined ? {} : { assistantMessageId }) };
}

/** One message as far as it has come; the chat moves to the top when it is complete. */
export async function streamMessage(ctx: MutationCtx, args: StreamArgs, rulesOf: RulesOf): Promise<StreamResult> {
  const { status = "streaming", ...write } = args;
  await liveChat(ctx, args.chatId, args.userId);
  const messageId = await upsertMessage(ctx, { ...write, status }, rulesOf(ctx, args.chatId));
  if (status === "completed") await touchChat(ctx, args.chatId);
  return { ok: true, messageId };
}

async function touchChat(ctx: MutationCtx, chatId: Id<"chats">): Promise<void> {
  const now = Date.now();
  await ctx.db.patch("chats", chatId, { updatedAt: now, lastMessageAt: now });
}
