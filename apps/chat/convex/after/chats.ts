/**
 * The *after* form of chats: counters beside the rows, smaller items in lists. A removal still reads all that it removes, and
 * sets the chat's counter to 0, from where nothing brings it back.
 */
import { v } from "convex/values";
import { mutation } from "../_generated/server.js";
import { liveChat } from "../model/access.ts";
import { createChatArgs, insertChat } from "../model/chatRules.ts";
import { allMessages } from "../model/reading.ts";
import { incrementStat } from "./lib/dbStats.ts";

export { get, list } from "../chats.ts";

export const create = mutation({
  args: createChatArgs,
  returns: v.object({ chatId: v.id("chats") }),
  handler: async (ctx, args) => {
    const chatId = await insertChat(ctx, args, { messageCount: 0 });
    await incrementStat(ctx, "chats_total");
    return { chatId };
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
    await ctx.db.patch("chats", chatId, { deletedAt, messageCount: 0 });
    await incrementStat(ctx, "chats_soft_deleted");
    if (messages.length > 0) await incrementStat(ctx, "messages_soft_deleted", messages.length);
    return { ok: true };
  },
});
