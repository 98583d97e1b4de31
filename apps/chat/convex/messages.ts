/**
 * Messages of a chat, made right: looks are bounded, a send writes the chat's row once, and counters have no window.
 */
import { paginationOptsValidator } from "convex/server";
import { v } from "convex/values";
import type { Doc, Id } from "./_generated/dataModel.js";
import { mutation, query, type MutationCtx } from "./_generated/server.js";
import { incrementStat } from "./lib/dbStats.ts";
import { liveChat, ownChat } from "./model/access.ts";
import { Budget, WALK_BYTES_MAX } from "./model/budget.ts";
import { refuse } from "./model/errors.ts";
import { shownMessage } from "./model/fields.ts";
import { MESSAGES_PER_LIST } from "./model/limits.ts";
import { showMessages } from "./model/reading.ts";
import { sendArgs, sendResult, streamArgs, streamResult } from "./model/sending.ts";
import { checkRoom, countChange, countedChat } from "./model/tally.ts";
import { findMessage, upsertMessage, writeMessage, type MessageRules } from "./model/upsert.ts";

/**
 * The newest messages, oldest first: as many as `limit` says (at most 100), fewer when they are so large that together they pass 4 MB. What is
 * older, `page` gives.
 */
export const list = query({
  args: { chatId: v.id("chats"), userId: v.id("users"), limit: v.optional(v.number()) },
  returns: v.array(shownMessage),
  handler: async (ctx, { chatId, userId, limit = MESSAGES_PER_LIST }) => {
    if (!Number.isInteger(limit) || limit < 1 || limit > MESSAGES_PER_LIST) {
      refuse(
        "list the messages",
        `the limit is ${limit}`,
        `it should be a whole number from 1 to ${MESSAGES_PER_LIST}`,
      );
    }
    await liveChat(ctx, chatId, userId);
    const budget = new Budget(limit, WALK_BYTES_MAX);
    const newest: Doc<"messages">[] = [];
    const messages = ctx.db
      .query("messages")
      .withIndex("by_chat_not_deleted", (q) => q.eq("chatId", chatId).eq("deletedAt", undefined))
      .order("desc");
    for await (const message of messages) {
      newest.push(message);
      budget.spend(message);
      if (budget.isSpent) break;
    }
    return await showMessages(ctx, newest.toReversed());
  },
});

/** Pages of messages, newest first. A page ends early when its messages are large. */
export const page = query({
  args: { chatId: v.id("chats"), userId: v.id("users"), paginationOpts: paginationOptsValidator },
  handler: async (ctx, { chatId, userId, paginationOpts }) => {
    const chat = await ownChat(ctx, chatId, userId);
    const numItems = Math.min(paginationOpts.numItems, MESSAGES_PER_LIST);
    const result = await ctx.db
      .query("messages")
      // A chat in the bin has no live messages, and its reader need not be thrown out.
      .withIndex("by_chat_not_deleted", (q) => q.eq("chatId", chat._id).eq("deletedAt", undefined))
      .order("desc")
      .paginate({ ...paginationOpts, numItems, maximumBytesRead: WALK_BYTES_MAX });
    return { ...result, page: await showMessages(ctx, result.page) };
  },
});

/** A message of the user, and one of the assistant when there is one, perhaps only begun. */
export const send = mutation({
  args: sendArgs,
  returns: sendResult,
  handler: async (ctx, { chatId, userId, userMessage, assistantMessage }) => {
    const chat = await countedChat(ctx, await liveChat(ctx, chatId, userId));
    const { rules, inserted } = tally(chat);
    const userMessageId = await upsertMessage(ctx, { chatId, userId, role: "user", ...userMessage }, rules);
    const assistantMessageId =
      assistantMessage === undefined
        ? undefined
        : await upsertMessage(ctx, { chatId, userId, role: "assistant", ...assistantMessage }, rules);
    await book(ctx, chat, inserted);
    return { ok: true, userMessageId, ...(assistantMessageId === undefined ? {} : { assistantMessageId }) };
  },
});

/**
 * An answer as far as it has come. `ok` is false, and nothing is written, when the message was ended meanwhile (stopped by its reader,
 * say): whoever streams should end too.
 */
export const streamUpsert = mutation({
  args: streamArgs,
  returns: streamResult,
  handler: async (ctx, { status = "streaming", ...write }) => {
    let chat = await liveChat(ctx, write.chatId, write.userId);
    const existing = await findMessage(ctx, write);
    if (existing?.status !== undefined && existing.status !== "streaming")
      return { ok: false, messageId: existing._id };
    if (existing === null) chat = await countedChat(ctx, chat);
    const { rules, inserted } = tally(chat);
    const messageId = await writeMessage(ctx, existing, { ...write, status }, rules);
    if (inserted.length > 0 || status === "completed") await book(ctx, chat, inserted);
    return { ok: true, messageId };
  },
});

/** Ends an answer that is being streamed where it is. */
export const stop = mutation({
  args: { chatId: v.id("chats"), userId: v.id("users"), messageId: v.id("messages") },
  returns: v.object({ ok: v.boolean() }),
  handler: async (ctx, { chatId, userId, messageId }) => {
    await liveChat(ctx, chatId, userId);
    const message = await findMessage(ctx, { chatId, messageId });
    if (message?.status !== "streaming") return { ok: false };
    await ctx.db.patch("messages", messageId, { status: "stopped" });
    return { ok: true };
  },
});

/** Collects what is inserted, so that the counters are written once for all of it. */
function tally(chat: Doc<"chats">): { readonly rules: MessageRules; readonly inserted: Id<"messages">[] } {
  const inserted: Id<"messages">[] = [];
  const rules: MessageRules = {
    checkRoom: async () => checkRoom(chat, inserted.length),
    inserted: async (messageId) => {
      inserted.push(messageId);
    },
  };
  return { rules, inserted };
}

/** One write of the chat's row: whenever its counter moves, so does its place in the sidebar, and nothing else moves it. */
async function book(ctx: MutationCtx, chat: Doc<"chats">, inserted: readonly Id<"messages">[]): Promise<void> {
  const now = Date.now();
  const counted = await countChange(ctx, chat, 1, inserted);
  await ctx.db.patch("chats", chat._id, { ...counted, updatedAt: now, lastMessageAt: now });
  await incrementStat(
    ctx,
    "messages_total",
    inserted.map((id) => ({ table: "messages", id })),
  );
}
