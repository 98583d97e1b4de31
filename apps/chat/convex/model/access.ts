/**
 * Whose chat it is. As in the original app a client names its user, and a chat belongs to one.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { mustExist } from "./errors.ts";

/** The chat, deleted or not; a chat of somebody else is "not found" like one that never was. */
export async function ownChat(ctx: QueryCtx, chatId: Id<"chats">, userId: Id<"users">): Promise<Doc<"chats">> {
  const chat = await ctx.db.get("chats", chatId);
  return mustExist(chat?.userId === userId ? chat : null, "Chat");
}

/** The chat, when it is not deleted. */
export async function liveChat(ctx: QueryCtx, chatId: Id<"chats">, userId: Id<"users">): Promise<Doc<"chats">> {
  const chat = await ownChat(ctx, chatId, userId);
  return mustExist(chat.deletedAt === undefined ? chat : null, "Chat");
}
