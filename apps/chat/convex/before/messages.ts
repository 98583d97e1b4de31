/**
 * The *before* form of messages: whether a chat is full is found out by reading all of it, and so is what it says.
 */
import { v } from "convex/values";
import { mutation, query } from "../_generated/server.js";
import { liveChat } from "../model/access.ts";
import { refuse } from "../model/errors.ts";
import { MESSAGES_PER_CHAT_MAX } from "../model/limits.ts";
import { allMessages, wholeMessages } from "../model/reading.ts";
import {
  sendArgs,
  sendMessages,
  sendResult,
  streamArgs,
  streamMessage,
  streamResult,
  type RulesOf,
} from "../model/sending.ts";

/** The whole chat, oldest first, every field of every message. */
export const list = query({
  args: { chatId: v.id("chats"), userId: v.id("users") },
  handler: async (ctx, { chatId, userId }) => {
    await liveChat(ctx, chatId, userId);
    return await wholeMessages(ctx, await allMessages(ctx, chatId));
  },
});

export const send = mutation({
  args: sendArgs,
  returns: sendResult,
  handler: async (ctx, args) => await sendMessages(ctx, args, collecting),
});

export const streamUpsert = mutation({
  args: streamArgs,
  returns: streamResult,
  handler: async (ctx, args) => await streamMessage(ctx, args, collecting),
});

/** Reads the chat's messages to know how many there are. */
const collecting: RulesOf = (ctx, chatId) => ({
  checkRoom: async () => {
    const { length } = await allMessages(ctx, chatId);
    if (length >= MESSAGES_PER_CHAT_MAX) {
      refuse("add the message", `the chat has ${length} messages`, `at most ${MESSAGES_PER_CHAT_MAX} are allowed`);
    }
  },
  inserted: async () => {},
});
