/**
 * Making a chat, and its whole shape in results: the same in all forms.
 */
import { v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { mustExist } from "./errors.ts";
import { shownChat } from "./fields.ts";
import { cleanTitle } from "./text.ts";

export const createChatArgs = { userId: v.id("users"), title: v.string() };

/** A chat with all that is about it, not about how it is counted. */
export const wholeChat = v.object({
  ...shownChat.fields,
  userId: v.id("users"),
  deletedAt: v.optional(v.number()),
  messageCount: v.optional(v.number()),
});

/** Inserts an empty chat. `counters` are the form's own fields. */
export async function insertChat(
  ctx: MutationCtx,
  { userId, title }: { readonly userId: Id<"users">; readonly title: string },
  counters: Pick<Doc<"chats">, "messageCount">,
): Promise<Id<"chats">> {
  mustExist(await ctx.db.get("users", userId), "User");
  const now = Date.now();
  return await ctx.db.insert("chats", {
    userId,
    title: cleanTitle(title),
    createdAt: now,
    updatedAt: now,
    ...counters,
  });
}
