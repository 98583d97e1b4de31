/**
 * The *before* form of chats: nothing is counted, lists give whole documents, and a removal reads all that it removes.
 */
import { v } from "convex/values";
import { mutation, query } from "../_generated/server.js";
import { liveChat } from "../model/access.ts";
import { createChatArgs, insertChat } from "../model/chatRules.ts";
import { allMessages, listChatsArgs, pageOfChats } from "../model/reading.ts";

export { get } from "../chats.ts";

export const create = mutation({
  args: createChatArgs,
  returns: v.object({ chatId: v.id("chats") }),
  handler: async (ctx, args) => ({ chatId: await insertChat(ctx, args, {}) }),
});

/** As the other forms', with every field of each chat. */
export const list = query({
  args: listChatsArgs,
  handler: async (ctx, args) => {
    const { page, isDone, continueCursor } = await pageOfChats(ctx, args);
    return { chats: page, nextCursor: isDone ? null : continueCursor };
  },
});

export const remove = mutation({
  args: { chatId: v.id("chats"), userId: v.id("users") },
  returns: v.object({ ok: v.boolean() }),
  handler: async (ctx, { chatId, userId }) => {
    await liveChat(ctx, chatId, userId);
    const deletedAt = Date.now();
    const messages = await allMessages(ctx, chatId);
    await Promise.all(messages.map((message) => ctx.db.patch("messages", message._id, { deletedAt })));
    await ctx.db.patch("chats", chatId, { deletedAt });
    return { ok: true };
  },
});
