/**
 * The *after* form of messages: a counter on the chat instead of reading it, smaller items. A counter that is missing begins at 0,
 * whatever the chat holds, and the list is still the whole chat.
 */
import { v } from "convex/values";
import { mutation, query } from "../_generated/server.js";
import { liveChat } from "../model/access.ts";
import { mustExist, refuse } from "../model/errors.ts";
import { shownMessage } from "../model/fields.ts";
import { MESSAGES_PER_CHAT_MAX } from "../model/limits.ts";
import { allMessages, showMessages } from "../model/reading.ts";
import {
  sendArgs,
  sendMessages,
  sendResult,
  streamArgs,
  streamMessage,
  streamResult,
  type RulesOf,
} from "../model/sending.ts";
import { incrementStat } from "./lib/dbStats.ts";

/** The whole chat, oldest first. */
export const list = query({
  args: { chatId: v.id("chats"), userId: v.id("users") },
  returns: v.array(shownMessage),
  handler: async (ctx, { chatId, userId }) => {
    await liveChat(ctx, chatId, userId);
    return await showMessages(ctx, await allMessages(ctx, chatId));
  },
});

export const send = mutation({
  args: sendArgs,
  returns: sendResult,
  handler: async (ctx, args) => await sendMessages(ctx, args, counting),
});

export const streamUpsert = mutation({
  args: streamArgs,
  returns: streamResult,
  handler: async (ctx, args) => await streamMessage(ctx, args, counting),
});

/** One more on the chat's row and on the row of all messages. */
const counting: RulesOf = (ctx, chatId) => {
  let count = 0;
  return {
    checkRoom: async () => {
      count = mustExist(await ctx.db.get("chats", chatId), "Chat").messageCount ?? 0;
      if (count >= MESSAGES_PER_CHAT_MAX) {
        refuse("add the message", `the chat has ${count} messages`, `at most ${MESSAGES_PER_CHAT_MAX} are allowed`);
      }
    },
    inserted: async () => {
      await ctx.db.patch("chats", chatId, { messageCount: count + 1 });
      await incrementStat(ctx, "messages_total");
    },
  };
};
