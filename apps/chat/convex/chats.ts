/**
 * Chats of a user: the sidebar, the bin, and the way between them.
 */
import { v } from "convex/values";
import { internalMutation, mutation, query } from "./_generated/server.js";
import { incrementStat } from "./lib/dbStats.ts";
import { liveChat, ownChat } from "./model/access.ts";
import { removeChat, restoreChat, stepWork } from "./model/binning.ts";
import { createChatArgs, insertChat, wholeChat } from "./model/chatRules.ts";
import { shownChat } from "./model/fields.ts";
import { CHATS_PER_PAGE } from "./model/limits.ts";
import { listChatsArgs, pageOfChats, showChat } from "./model/reading.ts";

const ownArgs = { chatId: v.id("chats"), userId: v.id("users") };
const ok = v.object({ ok: v.boolean() });

export const create = mutation({
  args: createChatArgs,
  returns: v.object({ chatId: v.id("chats") }),
  handler: async (ctx, args) => {
    const chatId = await insertChat(ctx, args, { messageCount: 0 });
    await incrementStat(ctx, "chats_total", [{ table: "chats", id: chatId }]);
    return { chatId };
  },
});

/** A page of the user's chats, the one that changed last first. `nextCursor` is null behind the last page. */
export const list = query({
  args: listChatsArgs,
  returns: v.object({ chats: v.array(shownChat), nextCursor: v.nullable(v.string()) }),
  handler: async (ctx, args) => {
    const { page, isDone, continueCursor } = await pageOfChats(ctx, args);
    return { chats: page.map(showChat), nextCursor: isDone ? null : continueCursor };
  },
});

/** The newest of the bin. */
export const listDeleted = query({
  args: { userId: v.id("users") },
  returns: v.array(v.object({ ...shownChat.fields, deletedAt: v.number(), isMoving: v.boolean() })),
  handler: async (ctx, { userId }) => {
    const chats = await ctx.db
      .query("chats")
      .withIndex("by_user_not_deleted", (q) => q.eq("userId", userId).gt("deletedAt", 0))
      .order("desc")
      .take(CHATS_PER_PAGE);
    return chats.map((chat) => ({
      ...showChat(chat),
      deletedAt: chat.deletedAt ?? 0,
      isMoving: chat.work !== undefined,
    }));
  },
});

/** The chat, or null when it is not there, deleted, or somebody else's. */
export const get = query({
  args: ownArgs,
  returns: v.nullable(wholeChat),
  handler: async (ctx, { chatId, userId }) => {
    const chat = await ctx.db.get("chats", chatId);
    if (chat === null || chat.userId !== userId || chat.deletedAt !== undefined) return null;
    const { _creationTime, recount: _recount, work: _work, ...shown } = chat;
    return shown;
  },
});

/** Into the bin, with its messages. A large chat's messages follow in steps; the chat is gone from every list at once. */
export const remove = mutation({
  args: ownArgs,
  returns: ok,
  handler: async (ctx, { chatId, userId }) => {
    await removeChat(ctx, await liveChat(ctx, chatId, userId));
    return { ok: true };
  },
});

/** Out of the bin, with the messages that went in with it. */
export const restore = mutation({
  args: ownArgs,
  returns: ok,
  handler: async (ctx, { chatId, userId }) => {
    await restoreChat(ctx, await ownChat(ctx, chatId, userId));
    return { ok: true };
  },
});

/** The next step of a removal or restoration. Called by the step before. */
export const continueWork = internalMutation({
  args: { chatId: v.id("chats") },
  returns: v.null(),
  handler: async (ctx, { chatId }) => {
    const chat = await ctx.db.get("chats", chatId);
    if (chat !== null) await stepWork(ctx, chat);
    return null;
  },
});
